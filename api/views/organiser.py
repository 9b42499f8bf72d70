"""The organiser's pages: run the scheduling, look at the draft and its change set, publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from api import auth, context
from api.errands import fresh_sign_in
from api.reading import FormReader
from scheduler.domain.changes import Change, ChangeKind, ChangeSet
from scheduler.domain.entities import AfterRun, RequestState
from scheduler.domain.errors import InvalidInput, NotFound, PlanRejected, RunAlreadyOpen, VersionConflict
from scheduler.services import outbox, release, request_lists, runs, versions
from scheduler.services.access import Actor
from scheduler.services.labels import labels
from scheduler.storage.models import Event, Run, ScheduleVersion, Slot
from workers import dispatch

blueprint = APIBlueprint("organiser", __name__, enable_openapi=False, url_prefix="/events/<event_key>")

SHOWN = 50
"""Rows of a change set or of the unscheduled that one page lists."""


def _organiser(event_key: str) -> Actor:
    """The actor, if an organiser; to everybody else these pages do not exist."""
    actor = auth.actor(event_key)
    if not actor.is_organiser:
        raise NotFound("event", event_key)
    return actor


@blueprint.get("/schedule")
@login_required
def overview(event_key: str) -> str:
    actor = _organiser(event_key)
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
            requests=request_lists.counts(db, replace(actor, firm_id=None)).received,
            mails=outbox.counts(db, actor.event_id),
            now=context.now(),
            states=RequestState,
        )


@blueprint.post("/runs")
@login_required
def start_run(event_key: str) -> Response:
    """Queue a run; the page then follows it."""
    actor = _organiser(event_key)
    try:
        read = FormReader(request.form)
        seconds = read.whole("seconds", 1, runs.MAX_SECONDS)
        read.done()
        with context.database().write() as db:
            run = runs.queue(
                db,
                actor.event_id,
                asked_by=actor.account_id,
                seconds=seconds,
                then=AfterRun.DRAFT,
                now=context.now(),
            )
            run_id = run.id
        dispatch.run(context.database(), run_id, app=context.celery())
    except (RunAlreadyOpen, InvalidInput) as error:
        flash(str(error), "error")
    return redirect(url_for("organiser.overview", event_key=event_key))


@blueprint.get("/runs/<int:number>/panel")
@login_required
def run_panel(event_key: str, number: int) -> str:
    """The part of the page that follows a run; it asks for itself again while the run is open."""
    actor = _organiser(event_key)
    with context.database().read() as db:
        run = runs.show(db, actor.event_id, number)
        event = db.get_one(Event, actor.event_id)
        draft = _draft_of(db, run)
        return render_template(
            "organiser/_run.html", event=event, actor=actor, run=run, draft=draft, now=context.now()
        )


@blueprint.get("/runs/<int:number>")
@login_required
def run(event_key: str, number: int) -> str:
    actor = _organiser(event_key)
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
    actor = _organiser(event_key)
    with context.database().write() as db:
        runs.cancel(db, actor.event_id, number, now=context.now())
    flash(f"Run {number} is being cancelled.")
    return redirect(url_for("organiser.overview", event_key=event_key))


@blueprint.get("/versions/<int:number>")
@login_required
def version(event_key: str, number: int) -> str:
    """A version: its figures, what publishing it changes for people, and what did not fit."""
    actor = _organiser(event_key)
    kind, page = request.args.get("kind", ""), max(1, request.args.get("page", 1, type=int))
    with context.database().read() as db:
        preview = release.comparison(
            db, event_id=actor.event_id, number=number, settings=context.settings(), now=context.now()
        )
        found, changes = preview.version, preview.change_set
        positions = dict(
            db.execute(select(Slot.key, Slot.position).where(Slot.event_id == actor.event_id)).all()
        )
        shown = _shown(changes, kind, found.unscheduled, page, positions)
        return render_template(
            "organiser/version.html",
            event=db.get_one(Event, actor.event_id),
            actor=actor,
            here="organiser",
            version=found,
            preview=preview,
            changes=changes,
            compared_with=preview.compared_with,
            labels=labels(db, actor.event_id, {row["request"] for row in shown["rows"]}),
            kinds=[k for k in ChangeKind if k is not ChangeKind.UNCHANGED],
            **shown,
        )


@blueprint.post("/versions/<int:number>/publish")
@login_required
@fresh_sign_in("publish the version")
def publish(event_key: str, number: int) -> Response:
    """Publish what was looked at; if another version came between, say so and show the new comparison."""
    actor = _organiser(event_key)
    compared_with = request.form.get("compared_with", type=int)
    try:
        with context.database().write() as db:
            done = release.publish(
                db,
                event_id=actor.event_id,
                number=number,
                compared_with=compared_with,
                by=actor.account_id,
                settings=context.settings(),
                now=context.now(),
            )
    except (VersionConflict, PlanRejected) as error:
        flash(str(error), "error")
        return redirect(url_for("organiser.version", event_key=event_key, number=number))
    if done.mails:
        dispatch.deliver(app=context.celery())
    flash(f"Version {number} is published. {done.mails:,} mails are on their way.", "good")
    return redirect(url_for("organiser.overview", event_key=event_key))


@blueprint.post("/versions/<int:number>/discard")
@login_required
def discard(event_key: str, number: int) -> Response:
    actor = _organiser(event_key)
    with context.database().write() as db:
        release.discard(db, event_id=actor.event_id, number=number)
    flash(f"Version {number} is discarded. Nobody was told anything.")
    return redirect(url_for("organiser.overview", event_key=event_key))


@blueprint.post("/versions/<int:number>/roll-back")
@login_required
@fresh_sign_in("roll back to the version")
def roll_back(event_key: str, number: int) -> Response:
    """A draft with the content of an earlier version, to look at and publish."""
    actor = _organiser(event_key)
    with context.database().write() as db:
        draft = release.roll_back(db, event_id=actor.event_id, number=number, now=context.now())
        made = draft.number
    flash(f"Version {made} repeats version {number}. Look at the change set, then publish it.")
    return redirect(url_for("organiser.version", event_key=event_key, number=made))


def _draft_of(db: Any, run: Run) -> ScheduleVersion | None:
    """The version that a run made, if it still is a draft or was published."""
    return next((v for v in versions.listing(db, run.event_id) if v.run_id == run.id), None)


def _slot_of(change: Change) -> str:
    """The slot by which a change is listed: where the meeting is now, else where it was."""
    meeting = change.after or change.before
    return meeting.slot if meeting else ""


def _shown(
    changes: ChangeSet, kind: str, unscheduled: list[Any], page: int, positions: Mapping[str, int]
) -> dict[str, Any]:
    """A page of the chosen list, in time order; by default of the first list that is not empty."""
    counts = {k: n for k, n in changes.counts.items() if k is not ChangeKind.UNCHANGED}
    lists = {str(k): n for k, n in counts.items()} | {"unscheduled": len(unscheduled)}
    if kind not in lists:
        kind = next((name for name, n in lists.items() if n), "unscheduled")
    rows: list[dict[str, Any]]
    if kind == "unscheduled":
        rows = list(unscheduled)
    else:
        rows = [
            {"request": c.request, "before": c.before, "after": c.after, "details": c.details}
            for c in sorted(changes.of(ChangeKind(kind)), key=lambda c: positions.get(_slot_of(c), 0))
        ]
    first = (page - 1) * SHOWN
    return {
        "lists": lists,
        "kind": kind,
        "rows": rows[first : first + SHOWN],
        "page": page,
        "pages": max(1, -(-len(rows) // SHOWN)),
    }


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
