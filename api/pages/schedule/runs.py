"""The organiser's pages: run the scheduling, and follow runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import flash, make_response, redirect, render_template, request, url_for
from flask.wrappers import Response as FlaskResponse
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context
from api.pages.reading import FormReader
from scheduler.domain import fields
from scheduler.domain.entities import AfterRun, RequestState
from scheduler.domain.errors import InvalidInput, PublishingOpen, RunAlreadyOpen
from scheduler.services.access.actors import Actor
from scheduler.services.delivery import mail_queue
from scheduler.services.events import waiting
from scheduler.services.outbox import outbox
from scheduler.services.publishing import release
from scheduler.services.requests import lists
from scheduler.services.runs import runs
from scheduler.services.schedule import versions
from scheduler.storage.models import Event, Run, ScheduleVersion
from workers import dispatch

blueprint = APIBlueprint("organiser", __name__, enable_openapi=False, url_prefix="/events/<event_key>")

LABELS = {"seconds": "Seconds to search", "max_moved": "Meetings that may change"}


@blueprint.get("/schedule")
@login_required
def overview(event_key: str) -> str:
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        newest = runs.listing(db, actor.event_id, limit=10)
        return render_template(
            "organiser/overview.html",
            event=db.get_one(Event, actor.event_id),
            actor=actor,
            here="organiser",
            run=newest[0] if newest else None,
            runs=newest,
            versions=versions.listing(db, actor.event_id, limit=12),
            published=versions.published(db, actor.event_id),
            requests=lists.counts(db, replace(actor, firm_id=None)).received,
            mails=outbox.counts(db, actor.event_id),
            waiting=waiting.waiting(db, actor),
            now=context.now(),
            states=RequestState,
        )


@blueprint.post("/runs")
@login_required
def start_run(event_key: str) -> Response:
    """Queue a run; the page then follows it."""
    actor = auth.organiser(event_key)
    try:
        read = FormReader(request.form)
        seconds = read.whole("seconds", fields.RunSeconds)
        max_moved = read.whole("max_moved", fields.MaxMoved) if "max_moved" in request.form else 0
        read.done()
        with context.database().write() as db:
            run = runs.queue(
                db,
                actor.event_id,
                asked_by=actor.account_id,
                seconds=seconds,
                then=AfterRun.DRAFT,
                max_moved=max_moved,
                now=context.now(),
            )
            run_id = run.id
        dispatch.run(context.database(), run_id, app=context.celery())
    except InvalidInput as error:
        flash(" ".join(f"{LABELS[fault.path]} {fault.message}." for fault in error.faults), "error")
    except RunAlreadyOpen as error:
        flash(str(error), "error")
    return redirect(url_for("organiser.overview", event_key=event_key))


@blueprint.get("/runs/<int:number>/panel")
@login_required
def run_panel(event_key: str, number: int) -> FlaskResponse:
    """The part of the page that follows a run; it asks for itself again while the run is open.

    Once the run has ended, it has the rest of the page asked for anew.
    """
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        run = runs.show(db, actor.event_id, number)
        event = db.get_one(Event, actor.event_id)
        draft = _draft_of(db, run)
        response = make_response(
            render_template(
                "organiser/_run.html", event=event, actor=actor, run=run, draft=draft, now=context.now()
            )
        )
    if run.state not in runs.OPEN:
        response.headers["HX-Trigger"] = "run-ended"
    return response


@blueprint.get("/runs/<int:number>")
@login_required
def run(event_key: str, number: int) -> str:
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        found = runs.show(db, actor.event_id, number)
        return render_template(
            "organiser/run.html",
            event=db.get_one(Event, actor.event_id),
            actor=actor,
            here="organiser",
            run=found,
            draft=_draft_of(db, found),
            curve=_curve(found),
            now=context.now(),
        )


@blueprint.post("/runs/<int:number>/cancel")
@login_required
def cancel_run(event_key: str, number: int) -> Response:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        runs.cancel(db, actor.event_id, number, now=context.now())
    flash(f"Run {number} is being cancelled.")
    return redirect(url_for("organiser.overview", event_key=event_key))


@blueprint.post("/drafts/discard")
@login_required
def discard_drafts(event_key: str) -> Response:
    """Put the drafts away that nobody will publish any more."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        count = release.discard_old(db, actor.event_id)
    flash(f"Drafts discarded: {count:,}. Nobody was told anything.")
    return redirect(url_for("organiser.overview", event_key=event_key))


@blueprint.post("/mails/<any(pause, go_on, stop, send):step>")
@login_required
def steer_mails(event_key: str, step: str) -> Response:
    """Pause the mails that wait, let them go on, stop them, or send those that were stopped."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            said = _steer(db, actor, step)
        flash(said, "good")
    except PublishingOpen as error:
        flash(f"{error} You can pause the mails meanwhile.", "error")
    dispatch.deliver(app=context.celery())
    return redirect(url_for("organiser.overview", event_key=event_key))


def _steer(db: Session, actor: Actor, step: str) -> str:
    if step == "pause":
        mail_queue.pause(db, actor, now=context.now())
        return "The mails of this event are paused. A mail that was just being handed over still went."
    if step == "go_on":
        mail_queue.go_on(db, actor)
        return "The mails go on."
    if step == "stop":
        count = mail_queue.stop(db, actor, now=context.now())
        return f"Mails stopped: {count:,}. Their readers are not told, until you send them or publish again."
    return f"Mails queued again: {mail_queue.send_after_all(db, actor):,}."


def _draft_of(db: Any, run: Run) -> ScheduleVersion | None:
    """The version that a run made, if it still is a draft or was published."""
    return next((v for v in versions.listing(db, run.event_id) if v.run_id == run.id), None)


def _curve(run: Run) -> list[tuple[float, float]]:
    """Best score over time as points of a 600 by 160 picture, y down."""
    points = [(p["seconds"], p["score"]) for p in run.curve if p.get("score") is not None]
    if len(points) < 2:
        return []
    times, scores = [p[0] for p in points], [p[1] for p in points]
    wide = max(times) or 1
    low, high = min(scores), max(scores)
    tall = (high - low) or 1
    return [(round(600 * t / wide, 1), round(150 - 140 * (s - low) / tall, 1)) for t, s in points]
