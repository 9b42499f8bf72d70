"""Operators of the installation, for operators."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context, proxies
from api.language.speaking import gettext
from api.pages import paging
from scheduler.domain import fields
from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.services.operations import site_pause
from scheduler.services.operations.site_pause import RestoredDatabase
from scheduler.services.publishing import restored_calendars
from scheduler.services.team import operators
from scheduler.services.team.operators import LastOperator
from workers import dispatch

blueprint = APIBlueprint("operators", __name__, enable_openapi=False, url_prefix="/operators")


@blueprint.get("")
@login_required
def list_operators() -> str:
    """List the operators."""
    return _page()


@blueprint.post("")
@login_required
def add_operator() -> Response | tuple[str, int]:
    """Make an address an operator."""
    _require()
    email = request.form.get("email", "")
    try:
        with context.database().write() as db:
            address = operators.add_operator(
                db, auth.user().session, email, settings=context.settings(), now=context.now()
            )
    except InvalidInput as error:
        return _page(email=email, faults={fault.path: fault.message for fault in error.faults}), 422
    dispatch.deliver_urgent(app=context.celery())
    flash(gettext("%(address)s is now an operator and will be notified by email.", address=address), "good")
    return redirect(url_for("operators.list_operators"), 303)


@blueprint.post("/<int:account_id>/remove")
@login_required
def remove_operator(account_id: int) -> Response | tuple[str, int]:
    """Revoke an operator's role."""
    _require()
    try:
        with context.database().write() as db:
            operators.remove_operator(db, auth.user().session, account_id, now=context.now())
    except LastOperator as error:
        return _page(refused=str(error)), 409
    flash(gettext("Operator removed."), "good")
    to = (
        "organiser_dashboard.list_own_events"
        if account_id == auth.user().account_id
        else "operators.list_operators"
    )
    return redirect(url_for(to), 303)


@blueprint.post("/pause")
@login_required
def pause_site() -> Response | tuple[str, int]:
    """Pause the site."""
    _require()
    reason = request.form.get("reason", "")
    try:
        fields.require_valid("reason", reason, fields.PauseReason)
    except InvalidInput as error:
        return _page(reason=reason, faults={fault.path: fault.message for fault in error.faults}), 422
    with context.database().write() as db:
        site_pause.pause_site(db, auth.user().session, reason, now=context.now())
    flash(gettext("Site paused."), "good")
    return redirect(url_for("operators.list_operators"), 303)


@blueprint.post("/resume")
@login_required
def resume_site() -> Response | tuple[str, int]:
    """Resume the site, and send what waits. `accept` confirms that a restored or copied database is used."""
    _require()
    accepts, asker = request.form.get("accept") == "1", auth.user().session
    try:
        with context.database().write() as db:
            now = context.now()
            jobs = restored_calendars.accept_copy(db, asker, context.settings(), now=now) if accepts else []
            site_pause.resume_site(db, asker, now=now)
    except RestoredDatabase as error:
        return _page(refused=str(error)), 409
    for job_id in jobs:
        dispatch.version_job(job_id, app=context.celery())
    dispatch.deliver_urgent(app=context.celery())
    dispatch.deliver(app=context.celery())
    flash(gettext("Site resumed. Waiting emails are being sent."), "good")
    return redirect(url_for("operators.list_operators"), 303)


@blueprint.get("/restored")
@login_required
def show_restored() -> Response | str:
    """Show what calendars have and a restored database does not, and the emails that correct it."""
    _require()
    asker = auth.user().session
    with context.database().write() as db:  # the correction is tried and undone
        pause = site_pause.find_pause(db)
        if pause is None or not pause.is_copy:
            return redirect(url_for("operators.list_operators"), 303)
        report = restored_calendars.report_restore(
            db, asker, context.settings(), now=context.now(), number=paging.asked_number()
        )
        waiting = site_pause.count_waiting_emails(db, asker)
    return render_template("team/restored.html", report=report, waiting=waiting)


def _require() -> None:
    """Raise NotFound unless the user is an operator."""
    if not auth.user().is_operator:
        raise NotFound("page", "operators")


def _page(
    *, email: str = "", reason: str = "", faults: dict[str, str] | None = None, refused: str = ""
) -> str:
    _require()
    with context.database().read() as db:
        return render_template(
            "team/operators.html",
            operators=operators.list_operators(db, auth.user().session),
            pause=site_pause.find_pause(db),
            waiting=site_pause.count_waiting_emails(db, auth.user().session),
            typed={"email": email, "reason": reason},
            faults=faults or {},
            refused=refused,
            proxy_fault=proxies.watched().fault,
        )
