"""Schedule versions: review changes, publish, discard, restore. For organisers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, later, operation
from api.v1.schedule.schemas import (
    ChangeQuery,
    ChangeSetOut,
    PublishIn,
    PublishingOut,
    UnscheduledOut,
    VersionMeetingOut,
    VersionOut,
)
from api.v1.schemas.base import Listing, PageQuery
from api.v1.schemas.headers import Created, Followed
from scheduler.domain.errors import ComparisonNotReady
from scheduler.services.identity.actors import Actor
from scheduler.services.publishing import version_actions, version_overview
from scheduler.services.publishing.version_actions import JobCard
from scheduler.services.schedule import history
from scheduler.services.schedule.labels import load_labels
from workers import dispatch

TAG = "Schedule versions"
READ, PUBLISH = "schedule:read", "schedule:publish"
ONE = "/versions/<int:number>"


@blueprint.get("/versions")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(PageQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[VersionOut])
def list_versions(db: Session, actor: Actor, query: PageQuery) -> Any:
    """List the event's schedule versions, newest first"""
    return history.list_versions(db, actor, **dict(query))


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(VersionOut)
def show_version(db: Session, actor: Actor, number: int) -> Any:
    """Show a version with its score, bound and terms"""
    return history.show_version(db, actor, number)


@blueprint.get(f"{ONE}/meetings")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(PageQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[VersionMeetingOut])
def list_meetings(db: Session, actor: Actor, query: PageQuery, number: int) -> Any:
    """List the meetings of a version in time order"""
    page = history.list_meetings(db, actor, number, **dict(query))
    slots = load_labels(db, actor, ()).slots
    return page.of(m.to_json() | {"start": slots[m.slot].start} for m in page.items)


@blueprint.get(f"{ONE}/unscheduled")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(PageQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[UnscheduledOut])
def list_unscheduled(db: Session, actor: Actor, query: PageQuery, number: int) -> Any:
    """List the accepted requests that a version does not schedule, with reasons"""
    return history.list_unscheduled(db, actor, number, **dict(query))


@blueprint.get(f"{ONE}/changes")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(ChangeQuery, location="query", arg_name="query")
@operation(tag=TAG, also=(503,))
@blueprint.output(ChangeSetOut)
def list_changes(db: Session, actor: Actor, query: ChangeQuery, number: int) -> dict[str, Any]:
    """List the changes of a version: to the published schedule, or those it made when published

    A worker calculates them. Until then the response is 503 with Retry-After.
    """
    seen = version_overview.list_version_changes(
        db, actor, number, query.kind, cursor=query.cursor, limit=query.limit
    )
    if seen is None:
        _have_compared(actor, number)
        raise ComparisonNotReady(number)
    found, page = seen.found, seen.page
    return {
        "items": page.items,
        "next_cursor": page.next_cursor,
        "total": page.total,
        "compared_with": found.compared_with,
        "counts": found.counts,
        "affected": found.touched,
        "people_notified": found.people_notified,
        "omitted": found.left_out,
        "emails": found.mails,
    }


@blueprint.post(f"{ONE}/publish")
@blueprint.auth_required(token, roles=[PUBLISH])
@blueprint.input(PublishIn, arg_name="body")
@operation(tag=TAG, writes=True, follow="v1.show_publishing", also=(409,))
@blueprint.output(PublishingOut, 202, headers=Followed)
def publish_version(db: Session, actor: Actor, body: PublishIn, number: int) -> dict[str, Any]:
    """Publish a draft, and notify the people with changed meetings

    A worker publishes it: follow the job at the response's Location. It starts after the event's delay.
    Until then it can be cancelled. Refused if another version was published since the change set was made.
    Requested twice, it is done once.
    """
    job = version_actions.request_publishing(
        db, actor, number, compared_with=body.compared_with, now=context.now()
    )
    if not job.is_held:
        later(_work, job.id)
    return _job(job, number)


@blueprint.get(f"{ONE}/publishing")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(PublishingOut)
def show_publishing(db: Session, actor: Actor, number: int) -> dict[str, Any]:
    """Show the progress of publishing a version; poll until its state is done, failed or cancelled"""
    return _job(version_overview.find_publishing(db, actor, number), number)


@blueprint.post(f"{ONE}/publishing/cancel")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(PublishingOut)
def cancel_publishing(db: Session, actor: Actor, number: int) -> dict[str, Any]:
    """Cancel a publication that has not started: the version stays a draft, and no one is notified"""
    return _job(version_actions.cancel_publishing(db, actor, number, now=context.now()), number)


@blueprint.post(f"{ONE}/publishing/start")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(PublishingOut)
def start_publishing(db: Session, actor: Actor, number: int) -> dict[str, Any]:
    """Start a publishing now, before the end of its hold"""
    job = version_actions.skip_hold(db, actor, number, now=context.now())
    later(_work, job.id)
    return _job(job, number)


@blueprint.post(f"{ONE}/discard")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(VersionOut)
def discard_version(db: Session, actor: Actor, number: int) -> Any:
    """Discard a draft; no one is notified"""
    return version_actions.discard_draft(db, actor, number, now=context.now())


@blueprint.post(f"{ONE}/restore-draft")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(VersionOut)
def restore_draft(db: Session, actor: Actor, number: int) -> Any:
    """Restore a discarded draft"""
    return version_actions.restore_draft(db, actor, number, now=context.now())


@blueprint.post(f"{ONE}/restore")
@blueprint.auth_required(token, roles=[PUBLISH])
@operation(tag=TAG, writes=True, creates="v1.show_version")
@blueprint.output(VersionOut, 201, headers=Created)
def restore_version(db: Session, actor: Actor, number: int) -> Any:
    """Restore a superseded version as a new draft"""
    return version_actions.restore_version(db, actor, number, now=context.now())


def _have_compared(actor: Actor, number: int) -> None:
    """In a transaction of its own, as the answer is an error."""
    with context.database().write() as own:
        job_id = version_actions.request_comparison(own, actor, number, now=context.now()).id
    _work(job_id)


def _work(job_id: int) -> None:
    dispatch.version_job(job_id, app=context.celery())


def _job(job: JobCard, number: int) -> dict[str, Any]:
    return {**asdict(job), "number": number}
