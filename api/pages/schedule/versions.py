"""The organiser's pages of a schedule version: its change set, publishing it, rolling back."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import flash, make_response, redirect, render_template, request, url_for
from flask.wrappers import Response as FlaskResponse
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.errands import fresh_sign_in
from api.pages import rendering
from api.pages.presentation import local_moment
from scheduler.domain.changes import ChangeKind
from scheduler.domain.entities import JobKind, JobState, VersionState
from scheduler.domain.errors import PublishingOpen, VersionConflict, WrongState
from scheduler.services.delivery import arrival
from scheduler.services.delivery.arrival import Arrival
from scheduler.services.publishing import comparisons, hold, outlook, release, version_jobs
from scheduler.services.requests import locks, not_held
from scheduler.services.schedule import versions
from scheduler.services.schedule.labels import labels
from scheduler.storage.models import Comparison, Event, ScheduleVersion, VersionJob
from workers import dispatch

blueprint = APIBlueprint(
    "versions", __name__, enable_openapi=False, url_prefix="/events/<event_key>/versions"
)

SHOWN = 50
"""Rows of a change set or of the unscheduled that one page lists."""
MAX_PAGE = 100_000


@blueprint.get("/<int:number>")
@login_required
def show(event_key: str, number: int) -> str:
    """A version: its figures, what publishing it changes for people, and what did not fit.

    What publishing does is worked out by a worker and kept; the page follows that, and reads its own rows.
    """
    actor = auth.organiser(event_key)
    job_id = _ask_if_needed(actor.event_id, number, actor.account_id)
    if job_id is not None:
        dispatch.version_job(job_id, app=context.celery())
    kind = request.args.get("kind", "")
    page = min(max(1, inputs.whole(request.args.get("page"))), MAX_PAGE)
    with context.database().read() as db:
        version = versions.get(db, actor.event_id, number)
        found = comparisons.last(db, version)
        shown = _shown(db, version, found, kind, page)
        return render_template(
            "organiser/version.html",
            event=db.get_one(Event, actor.event_id),
            actor=actor,
            here="organiser",
            version=version,
            found=found,
            gains=versions.gains(db, version),
            arrival=_arrival(db, actor.event_id, version, found),
            **_jobs(db, version),
            **shown,
        )


def _arrival(
    db: Session, event_id: int, version: ScheduleVersion, found: Comparison | None
) -> Arrival | None:
    """How long the mails of a draft would take."""
    if version.state is not VersionState.DRAFT or found is None or not found.mails:
        return None
    event = db.get_one(Event, event_id)
    rates, now = context.settings().rates, context.now()
    return arrival.of_publishing(db, event, version.id, found.mails, rates=rates, now=now)


@blueprint.get("/<int:number>/panel")
@login_required
def panel(event_key: str, number: int) -> FlaskResponse:
    """The part of the page that follows a job; once it has ended, the page is loaded anew."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        version = versions.get(db, actor.event_id, number)
        jobs = _jobs(db, version)
        event = db.get_one(Event, actor.event_id)
        text = render_template("organiser/_version_job.html", event=event, version=version, **jobs)
    response = make_response(text)
    if not jobs["is_open"]:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<int:number>/compare")
@login_required
def compare(event_key: str, number: int) -> Response:
    """Work out anew what publishing does."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        version = versions.get(db, actor.event_id, number)
        job_id = version_jobs.ask_to_compare(db, version, by=actor.account_id, now=context.now()).id
    dispatch.version_job(job_id, app=context.celery())
    return redirect(url_for("versions.show", event_key=event_key, number=number))


@blueprint.get("/<int:number>/publish")
@login_required
def look_twice(event_key: str, number: int) -> str | Response:
    """Before the press: who is told what, the largest change, how long it takes, a trial to oneself."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        version = versions.get(db, actor.event_id, number)
        found = comparisons.kept(db, version)
        if version.state is not VersionState.DRAFT or found is None or found.told is None:
            return redirect(url_for("versions.show", event_key=event_key, number=number))
        return rendering.render(
            db,
            actor,
            "organiser",
            "organiser/publish.html",
            version=version,
            found=found,
            outlook=outlook.read(db, version, found, most=SHOWN),
            arrival=_arrival(db, actor.event_id, version, found),
            **_jobs(db, version),
        )


@blueprint.post("/<int:number>/trial")
@login_required
@fresh_sign_in("send a trial to yourself")
def trial(event_key: str, number: int) -> Response:
    """A sample of each kind of mail to the organiser's own address."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        version = versions.get(db, actor.event_id, number)
        found = comparisons.kept(db, version)
        if found is not None and found.told:
            address, count = outlook.queue_trial(
                db, actor, version, found, settings=context.settings(), now=context.now()
            )
            flash(f"Test mails to {address}: {count}. Nobody else gets them.", "good")
    dispatch.deliver_urgent(app=context.celery())
    return redirect(url_for("versions.look_twice", event_key=event_key, number=number))


@blueprint.post("/<int:number>/take-back")
@login_required
def take_back(event_key: str, number: int) -> Response:
    """Take a publishing back that has not begun."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            hold.take_back(db, versions.get(db, actor.event_id, number), now=context.now())
        flash(f"Version {number} is a draft again. Nobody was told anything.", "good")
    except WrongState as error:
        flash(f"{error} People may have been told already.", "error")
    return redirect(url_for("versions.show", event_key=event_key, number=number))


@blueprint.post("/<int:number>/begin")
@login_required
@fresh_sign_in("publish the version")
def begin(event_key: str, number: int) -> Response:
    """End the hold of a publishing."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            version = versions.get(db, actor.event_id, number)
            job_id = hold.begin_now(db, version, now=context.now()).id
        dispatch.version_job(job_id, app=context.celery())
    except WrongState as error:
        flash(str(error), "error")
    return redirect(url_for("versions.show", event_key=event_key, number=number))


@blueprint.post("/<int:number>/publish")
@login_required
@fresh_sign_in("publish the version")
def publish(event_key: str, number: int) -> Response:
    """Have published what was looked at; if another version came between, say so and compare again."""
    actor = auth.organiser(event_key)
    compared_with = inputs.whole(request.form.get("compared_with")) or None
    try:
        with context.database().write() as db:
            job = version_jobs.ask_to_publish(
                db,
                event_id=actor.event_id,
                number=number,
                compared_with=compared_with,
                by=actor.account_id,
                hold=hold.hold_of(db, actor.event_id),
                now=context.now(),
            )
        if not hold.is_held(job):
            dispatch.version_job(job.id, app=context.celery())
    except (VersionConflict, PublishingOpen) as error:
        flash(str(error), "error")
    return redirect(url_for("versions.show", event_key=event_key, number=number))


@blueprint.post("/<int:number>/hold-there")
@login_required
def hold_there(event_key: str, number: int) -> Response:
    """Do a remedy of a request that is not held, and lock the request to its time."""
    actor = auth.organiser(event_key)
    key, remedy = request.form.get("request", ""), inputs.whole(request.form.get("remedy"), -1)
    try:
        with context.database().write() as db:
            version = versions.get(db, actor.event_id, number)
            start = locks.hold_there(db, actor, version, key, remedy, now=context.now()).start
            zone = db.get_one(Event, actor.event_id).timezone
        flash(f"Done. The next run holds it on {local_moment(start, zone)}, or says why it cannot.", "good")
    except (locks.NotDone, WrongState) as error:
        flash(str(error), "error")
    return redirect(url_for("versions.show", event_key=event_key, number=number, kind="unscheduled"))


@blueprint.post("/<int:number>/unlock")
@login_required
def unlock(event_key: str, number: int) -> Response:
    """Let the next run hold a locked request at any of its times."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        locks.unlock(db, actor, request.form.get("request", ""))
    flash("It is locked no more: the next run looks for a time.", "good")
    return redirect(url_for("versions.show", event_key=event_key, number=number, kind="unscheduled"))


@blueprint.post("/<int:number>/discard")
@login_required
def discard(event_key: str, number: int) -> Response:
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        release.discard(db, event_id=actor.event_id, number=number)
    flash(f"Version {number} is discarded. Nobody was told anything.")
    return redirect(url_for("organiser.overview", event_key=event_key))


@blueprint.post("/<int:number>/roll-back")
@login_required
@fresh_sign_in("roll back to the version")
def roll_back(event_key: str, number: int) -> Response:
    """A draft with the content of an earlier version, to look at and publish."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        made = release.roll_back(db, event_id=actor.event_id, number=number, now=context.now()).number
    flash(f"Version {made} repeats version {number}. Look at the change set, then publish it.")
    return redirect(url_for("versions.show", event_key=event_key, number=made))


def _ask_if_needed(event_id: int, number: int, account_id: int | None) -> int | None:
    """The job that compares the version anew, if its last comparison does not hold and nobody has asked."""
    with context.database().read() as db:
        version = versions.get(db, event_id, number)
        if not comparisons.is_wanted(db, version):
            return None
    with context.database().write() as db:
        return version_jobs.ask_to_compare(db, version, by=account_id, now=context.now()).id


def _jobs(db: Session, version: ScheduleVersion) -> dict[str, Any]:
    """The job that the page follows, or whose end it tells."""
    publishing = version_jobs.latest(db, version, JobKind.PUBLISH)
    comparing = version_jobs.latest(db, version, JobKind.COMPARE)
    open_jobs = [job for job in (publishing, comparing) if job is not None and job.state in version_jobs.OPEN]
    return {
        "publishing": publishing,
        "comparing": _told(comparing),
        "is_open": bool(open_jobs),
        "is_held": hold.is_held(publishing),
        "now": context.now(),
        "states": JobState,
    }


def _told(job: VersionJob | None) -> VersionJob | None:
    """A comparing that is done is told by what it found."""
    return None if job is None or job.state is JobState.DONE else job


def _shown(
    db: Session, version: ScheduleVersion, found: Comparison | None, kind: str, page: int
) -> dict[str, Any]:
    """A page of the chosen list; by default of the first list that is not empty."""
    kinds = [k for k in ChangeKind if k is not ChangeKind.UNCHANGED]
    lists = {str(k): found.counts[str(k)] for k in kinds} if found else {}
    lists["unscheduled"] = len(version.unscheduled)
    if kind not in lists:
        kind = next((name for name, n in lists.items() if n), "unscheduled")
    first = (page - 1) * SHOWN
    rows: list[Any]
    reasons = not_held.by_reason(version)
    reason = request.args.get("reason", "") if kind == "unscheduled" else ""
    reason = reason if reason in reasons else ""
    requests: list[str] = []
    meetings: list[Any] = []
    if kind == "unscheduled" or found is None:
        rows = list(not_held.listing(db, version, reason, first=first, most=SHOWN))
    else:
        rows = comparisons.changes(db, found, ChangeKind(kind), first=first, most=SHOWN)
        requests = [change.request for change in rows]
        meetings = [meeting for change in rows for meeting in (change.before, change.after) if meeting]
    return {
        "lists": lists,
        "kind": kind,
        "rows": rows,
        "labels": labels(db, version.event_id, requests, meetings),
        "page": page,
        "pages": max(1, -(-(reasons[reason] if reason else lists[kind]) // SHOWN)),
        "reason": reason,
        "reasons": reasons,
        "groups": not_held.GROUPS,
    }
