"""Run pages of organisers: start and follow runs."""

from __future__ import annotations

from dataclasses import replace

from apiflask import APIBlueprint
from flask import flash, make_response, redirect, request, url_for
from flask.wrappers import Response as FlaskResponse
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, said
from api.pages import rendering
from api.pages.reading import FormReader
from api.pages.schedule import change_sentences
from scheduler.domain import fields
from scheduler.domain.entities import RequestState
from scheduler.domain.errors import InvalidInput, PublishingInProgress, RunAlreadyOpen, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.board import manual_drafts
from scheduler.services.delivery import email_queue
from scheduler.services.events import events, overnight_schedule, pending_work, results
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.runs import commitment_clashes, run_control
from scheduler.services.requests import request_lists
from scheduler.services.schedule import history
from workers import dispatch

blueprint = APIBlueprint("runs", __name__, enable_openapi=False, url_prefix="/events/<event_key>")

LABELS = {
    "seconds": gettext_lazy("Search time (seconds)"),
    "max_moved": gettext_lazy("Published meetings that may change"),
    "note": gettext_lazy("Purpose"),
}


@blueprint.get("/schedule")
@login_required
def show_schedule(event_key: str) -> str:
    actor = auth.team(event_key)
    with context.database().read() as db:
        newest = run_control.list_newest_runs(db, actor, limit=10)
        return rendering.render(
            db,
            actor,
            "schedule",
            "schedule/overview.html",
            run=newest[0] if newest else None,
            runs=newest,
            hand_drafts=manual_drafts.list_open_drafts(db, actor),
            versions=history.list_newest_versions(db, actor, limit=12),
            published=history.find_published_version(db, actor),
            requests=request_lists.count_requests(db, replace(actor, firm_id=None)).received,
            mails=email_queue.count_emails(db, actor),
            waiting=pending_work.count_pending_work(db, actor, now=context.now()),
            coming=overnight_schedule.get_overnight_settings(db, actor).coming,
            may_change=_may_change(db, actor),
            now=context.now(),
            states=RequestState,
        )


def _may_change(db: Session, actor: Actor) -> int:
    """Return the default of the form's change limit, from the event's priorities."""
    return (
        events.get_settings(db, actor).policy.get("max_moved") or 0 if actor.may(Right.CHANGE_SETTINGS) else 0
    )


@blueprint.post("/runs")
@login_required
def start_run(event_key: str) -> Response | tuple[str, int]:
    """Queue a run. The page then shows its progress."""
    actor = auth.organiser(event_key)
    try:
        read = FormReader(request.form)
        seconds = read.whole("seconds", fields.RunSeconds)
        max_moved = read.whole("max_moved", fields.MaxMoved) if "max_moved" in request.form else 0
        note = read.text("note", fields.RunNote)
        manual_draft = inputs.whole(request.form.get("manual_draft")) or None
        read.done()
        with context.database().write() as db:
            run_id = run_control.start_run(
                db,
                actor,
                seconds=seconds,
                max_moved=max_moved,
                manual_draft=manual_draft,
                note=note,
                now=context.now(),
            ).id
        dispatch.run(context.database(), run_id, app=context.celery())
    except InvalidInput as error:
        faults = {fault.path: gettext("%(fault)s.", fault=said(fault.message)) for fault in error.faults}
        return rendering.refused(actor, "schedule", faults, LABELS)
    except (RunAlreadyOpen, WrongState) as error:
        flash(said(error.user_message), "error")
    return redirect(url_for("runs.show_schedule", event_key=event_key))


@blueprint.get("/runs/<int:number>/panel")
@login_required
def show_run_panel(event_key: str, number: int) -> FlaskResponse:
    """Return the part of the page that shows a run. It polls while the run is open.

    When the run has ended, it triggers an update of the rest of the page.
    """
    actor = auth.team(event_key)
    with context.database().read() as db:
        run = run_control.get_run(db, actor, number)
        response = make_response(
            rendering.render(db, actor, "schedule", "schedule/_run.html", run=run, now=context.now())
        )
    if not run.is_open:
        response.headers["HX-Trigger"] = "run-ended"
    return response


@blueprint.get("/runs/<int:number>")
@login_required
def show_run(event_key: str, number: int) -> str:
    actor = auth.team(event_key)
    with context.database().read() as db:
        found = run_control.get_run(db, actor, number)
        return rendering.render(
            db,
            actor,
            "schedule",
            "schedule/run.html",
            run=found,
            version=history.show_version(db, actor, found.version) if found.version else None,
            results=results.get_results(db, actor, found.version) if found.version else None,
            clashes=commitment_clashes.list_run_clashes(db, actor, number),
            changed=None if found.changed is None else list(change_sentences.sentences(found.changed)),
            now=context.now(),
        )


@blueprint.post("/runs/<int:number>/cancel")
@login_required
def cancel_run(event_key: str, number: int) -> Response:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        run_control.cancel_run(db, actor, number, now=context.now())
    flash(gettext("Run %(number)s is being cancelled.", number=str(number)))
    return redirect(url_for("runs.show_schedule", event_key=event_key))


@blueprint.post("/runs/<int:number>/stop")
@login_required
def stop_run(event_key: str, number: int) -> Response:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        run_control.stop_run(db, actor, number, now=context.now())
    flash(gettext("Run %(number)s ends now. Its best schedule becomes a draft.", number=str(number)))
    return redirect(url_for("runs.show_schedule", event_key=event_key))


@blueprint.post("/emails/<any(pause, go_on, stop, send):step>")
@login_required
def change_sending(event_key: str, step: str) -> Response:
    """Pause or resume queued emails, stop them, or send stopped ones."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            done = _steer(db, actor, step)
        flash(done, "good")
    except PublishingInProgress as error:
        flash(
            gettext("%(error)s You can pause emails in the meantime.", error=said(error.user_message)),
            "error",
        )
    dispatch.deliver(app=context.celery())
    return redirect(url_for("runs.show_schedule", event_key=event_key))


def _steer(db: Session, actor: Actor, step: str) -> str:
    if step == "pause":
        email_queue.pause_emails(db, actor, now=context.now())
        return gettext(
            "Emails for this event are paused. An email that was already being sent still went out."
        )
    if step == "go_on":
        email_queue.resume_emails(db, actor, now=context.now())
        return gettext("Emails resumed.")
    if step == "stop":
        count = email_queue.stop_emails(db, actor, now=context.now())
        return gettext(
            "Emails stopped: %(count)s. Their recipients are not notified until you send "
            "them or publish again.",
            count=count,
        )
    count = email_queue.requeue_stopped_emails(db, actor, now=context.now())
    return gettext("Emails queued again: %(count)s.", count=count)
