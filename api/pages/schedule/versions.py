"""Schedule version pages of organisers: changes, publication, restoring."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import flash, make_response, redirect, request, url_for
from flask.wrappers import Response as FlaskResponse
from flask_login import login_required
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import auth, context, inputs
from api.language.speaking import gettext, said
from api.pages import paging, rendering
from api.pages.planning.fairness.groups import group_label
from scheduler.domain.entities import JobState
from scheduler.domain.errors import (
    EditConflict,
    PublishingInProgress,
    VenueChanged,
    VersionConflict,
    WrongState,
)
from scheduler.services.events import results
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.fairness import shares
from scheduler.services.planning.runs import commitment_clashes
from scheduler.services.planning.runs.frozen_conflicts import list_frozen_conflicts
from scheduler.services.publishing import version_actions, version_overview
from scheduler.services.publishing.version_overview import ChangeList, VersionJobs
from scheduler.services.requests import locks
from workers import dispatch

blueprint = APIBlueprint(
    "versions", __name__, enable_openapi=False, url_prefix="/events/<event_key>/versions"
)

SHOWN = 50
"""Rows of changes or unscheduled requests on a page."""


@blueprint.get("/<int:number>")
@login_required
def show_version(event_key: str, number: int) -> str | Response:
    """Show a version: its figures, what publishing it changes, and unscheduled requests.

    A worker computes and stores the comparison. The page shows its progress, then the result.
    """
    actor = auth.team(event_key)
    if request.args.get("kind") == "unscheduled":  # for links in emails and bookmarks
        return redirect(url_for("fixes.show_fixes", event_key=event_key, number=number))
    with context.database().read() as db:
        if not version_actions.needs_comparison(db, actor, number):
            return _version_page(db, actor, number)
    with context.database().write() as db:
        job_id = version_actions.request_comparison(db, actor, number, now=context.now()).id
    dispatch.version_job(job_id, app=context.celery())
    with context.database().read() as db:
        return _version_page(db, actor, number)


@blueprint.get("/<int:number>/panel")
@login_required
def show_panel(event_key: str, number: int) -> FlaskResponse:
    """Return the part of the page that shows a job's progress. When it has ended, htmx reloads the page."""
    actor = auth.team(event_key)
    with context.database().read() as db:
        version, jobs = version_overview.version_jobs_of(db, actor, number)
        text = rendering.render(
            db, actor, "schedule", "schedule/_version_job.html", version=version, **_jobs(jobs)
        )
    response = make_response(text)
    if not jobs.is_open:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<int:number>/compare")
@login_required
def compare_version(event_key: str, number: int) -> Response:
    """Compute the comparison again."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        job_id = version_actions.request_comparison(db, actor, number, now=context.now()).id
    dispatch.version_job(job_id, app=context.celery())
    return redirect(url_for("versions.show_version", event_key=event_key, number=number))


@blueprint.get("/<int:number>/publish")
@login_required
def confirm_publish(event_key: str, number: int) -> str | Response:
    """Show the confirmation before publishing: notifications, the largest change, duration, test emails."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        seen = version_overview.confirm_publish(
            db, actor, number, most=SHOWN, rates=context.settings().rates, now=context.now()
        )
        if seen is None:
            return redirect(url_for("versions.show_version", event_key=event_key, number=number))
        return rendering.render(
            db,
            actor,
            "schedule",
            "schedule/publish.html",
            version=seen.version,
            found=seen.found,
            revision=seen.revision,
            outlook=seen.preview,
            arrival=seen.arrival,
            **_jobs(seen.jobs),
        )


@blueprint.post("/<int:number>/trial")
@login_required
def send_trial_emails(event_key: str, number: int) -> Response:
    """Send a sample of each kind of email to the organiser's own address."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        queued = version_actions.queue_sample_emails(
            db, actor, number, settings=context.settings(), now=context.now()
        )
        if queued is not None:
            address, count = queued
            flash(
                gettext(
                    "Test emails for %(address)s: %(count)s. No one else gets them.",
                    address=address,
                    count=count,
                ),
                "good",
            )
    dispatch.deliver_urgent(app=context.celery())
    return redirect(url_for("versions.confirm_publish", event_key=event_key, number=number))


@blueprint.post("/<int:number>/revoke")
@login_required
def revoke_publication(event_key: str, number: int) -> Response:
    """Cancel a publication that is still on hold."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            version_actions.cancel_publishing(db, actor, number, now=context.now())
        flash(
            gettext("Version %(number)s is a draft again. No one was notified.", number=str(number)),
            "good",
        )
    except WrongState as error:
        flash(
            gettext("%(error)s Some people may already have been notified.", error=said(error.user_message)),
            "error",
        )
    return redirect(url_for("versions.show_version", event_key=event_key, number=number))


@blueprint.post("/<int:number>/end-hold")
@login_required
def end_hold(event_key: str, number: int) -> Response:
    """Skip the hold of a publication."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            job_id = version_actions.skip_hold(db, actor, number, now=context.now()).id
        dispatch.version_job(job_id, app=context.celery())
    except WrongState as error:
        flash(said(error.user_message), "error")
    return redirect(url_for("versions.show_version", event_key=event_key, number=number))


@blueprint.post("/<int:number>/publish")
@login_required
def publish_version(event_key: str, number: int) -> Response:
    """Publish the version as reviewed. If another version was published since, compare again."""
    actor = auth.organiser(event_key)
    compared_with = inputs.whole(request.form.get("compared_with")) or None
    revision = inputs.whole(request.form.get("revision"), -1)
    seen = revision if revision >= 0 else None
    try:
        with context.database().write() as db:
            job = version_actions.request_publishing(
                db, actor, number, compared_with=compared_with, revision=seen, now=context.now()
            )
        if not job.is_held:
            dispatch.version_job(job.id, app=context.celery())
    except (VersionConflict, VenueChanged, PublishingInProgress, EditConflict) as error:
        flash(said(error.user_message), "error")
    return redirect(url_for("versions.show_version", event_key=event_key, number=number))


@blueprint.post("/<int:number>/unlock")
@login_required
def unlock_request(event_key: str, number: int) -> Response:
    """Unlock a request, so that the next run may schedule it at any of its times."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        locks.unlock_request(db, actor, request.form.get("request", ""), now=context.now())
    flash(gettext("Request unlocked. The next run can schedule it at any of its times."), "good")
    return redirect(
        rendering.back(event_key, url_for("fixes.show_fixes", event_key=event_key, number=number))
    )


@blueprint.post("/draft-for-partners")
@login_required
def draft_for_partners(event_key: str) -> Response:
    """Create a draft of the published version without cancelled meetings; publishing it notifies partners."""
    actor = auth.organiser(event_key)
    try:
        with context.database().write() as db:
            made = version_actions.draft_cancellations(db, actor, now=context.now()).number
        flash(
            gettext(
                "Version %(number)s is the published schedule without the cancelled meetings. Publish it.",
                number=str(made),
            )
        )
        return redirect(url_for("versions.show_version", event_key=event_key, number=made))
    except WrongState as error:
        flash(said(error.user_message), "error")
        return redirect(url_for("organiser_dashboard.show_dashboard", event_key=event_key))


@blueprint.post("/<int:number>/restore")
@login_required
def restore_version(event_key: str, number: int) -> Response:
    """Create a draft with the content of an earlier version, to review and publish."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        made = version_actions.restore_version(db, actor, number, now=context.now()).number
    flash(
        gettext(
            "Version %(made)s restores version %(number)s as a draft. Review the changes, then publish it.",
            made=str(made),
            number=str(number),
        )
    )
    return redirect(url_for("versions.show_version", event_key=event_key, number=made))


def _version_page(db: Session, actor: Actor, number: int) -> str:
    seen = version_overview.show_version(
        db,
        actor,
        number,
        kind=request.args.get("kind", ""),
        page=paging.asked_number(),
        limit=SHOWN,
        rates=context.settings().rates,
        now=context.now(),
    )
    return rendering.render(
        db,
        actor,
        "schedule",
        "schedule/version.html",
        version=seen.version,
        results=results.get_results(db, actor, number),
        found=seen.found,
        gains=seen.gains,
        groups=shares.get_group_shares(db, actor, number),
        group_label=group_label,
        arrival=seen.arrival,
        clashes=commitment_clashes.list_version_clashes(db, actor, number),
        too_soon=list_frozen_conflicts(db, actor, number, now=context.now()),
        **_lists(seen.shown),
        **_jobs(seen.jobs),
    )


def _lists(shown: ChangeList) -> dict[str, Any]:
    """Return the selected list of a version, and the names of the others."""
    return {
        "lists": shown.lists,
        "kind": shown.kind,
        "page": shown.page,
        "labels": shown.labels,
    }


def _jobs(found: VersionJobs) -> dict[str, Any]:
    """Return the job whose progress or end the page shows."""
    return {
        "publishing": found.publishing,
        "comparing": found.comparing,
        "is_open": found.is_open,
        "is_held": found.is_held,
        "now": context.now(),
        "states": JobState,
    }
