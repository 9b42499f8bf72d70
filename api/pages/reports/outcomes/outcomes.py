"""Outcome of a meeting: buttons on the pages of meetings, and a page with the amount."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext
from api.pages import rendering
from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.domain.fields import CURRENCIES
from scheduler.services.identity.actors import Actor
from scheduler.services.reports.outcomes import outcomes
from scheduler.services.reports.outcomes.outcomes import OutcomeForm

blueprint = APIBlueprint(
    "outcomes",
    __name__,
    enable_openapi=False,
    url_prefix="/events/<event_key>/meetings/<request_key>/outcome",
)


@blueprint.get("")
@login_required
def show_outcome_form(event_key: str, request_key: str) -> str | Response:
    """Show both firms' outcomes of a meeting, and the form with an amount."""
    actor = auth.actor(event_key)
    try:
        return _page(actor, request_key, None, {})
    except WrongState:
        _too_early()
        return redirect(url_for("my_day.show_day", event_key=event_key), 303)


@blueprint.post("")
@login_required
def save_outcome(event_key: str, request_key: str) -> Response | tuple[str, int]:
    """Report the outcome for the reader's firm, or show the form again with its errors."""
    actor, typed = auth.actor(event_key), request.form
    form = OutcomeForm(typed.get("kind", ""), typed.get("amount", ""), typed.get("currency", ""))
    try:
        with context.database().write() as db:
            outcomes.report_outcome(db, actor, request_key, form, now=context.now())
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return _page(actor, request_key, form, faults), 422
    except WrongState:
        _too_early()
    else:
        flash(gettext("Outcome saved. The other company and the organisers can see it."), "good")
    return _back(event_key, request_key)


@blueprint.post("/undo")
@login_required
def undo_outcome(event_key: str, request_key: str) -> Response:
    """Undo the latest report of the reader's firm."""
    actor = auth.actor(event_key)
    try:
        with context.database().write() as db:
            outcomes.withdraw_outcome(db, actor, request_key, now=context.now())
    except WrongState:
        _too_early()
    else:
        flash(gettext("Your latest outcome report was undone."), "good")
    return _back(event_key, request_key)


def _page(actor: Actor, request_key: str, typed: OutcomeForm | None, faults: dict[str, str]) -> str:
    with context.database().read() as db:
        found = outcomes.get_meeting(db, actor, request_key, now=context.now())
        own = found.words.own
        if typed is None and own is not None:
            amount = str(own.outcome.amount or "")
            typed = OutcomeForm(own.outcome.kind.value, amount, own.outcome.currency or "")
        return rendering.render(
            db,
            actor,
            "my_day",
            "reports/outcomes/show.html",
            meeting=found,
            typed=typed or OutcomeForm(""),
            faults=faults,
            currencies=CURRENCIES,
        )


def _too_early() -> None:
    flash(
        gettext("You can enter an outcome once the meeting has started, unless it was cancelled."),
        "error",
    )


def _back(event_key: str, request_key: str) -> Response:
    here = url_for("outcomes.show_outcome_form", event_key=event_key, request_key=request_key)
    return redirect(rendering.back(event_key, here), 303)
