"""Version overview for pages and the API: jobs, comparison, and the notifications that publishing sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.changes import Change, ChangeKind
from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import JobKind, JobState, VersionState
from scheduler.domain.errors import NotFound
from scheduler.services.delivery import delivery_estimates
from scheduler.services.delivery.delivery_estimates import DeliveryEstimate
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page, page_of_reader
from scheduler.services.publishing import comparisons, publish_preview, version_jobs
from scheduler.services.publishing.publish_preview import PublishPreview
from scheduler.services.publishing.version_actions import JobCard, job_card
from scheduler.services.schedule import history, unscheduled, versions
from scheduler.services.schedule.history import VersionCard
from scheduler.services.schedule.labels import Labels, load_labels
from scheduler.storage.models import Comparison, Event, ManualDraft, ScheduleVersion

UNSCHEDULED = "unscheduled"
"""Name of the list of unscheduled requests, beside the changes by kind."""


@dataclass(frozen=True, slots=True)
class ComparisonCard:
    """Effect of publishing a version, in numbers. `mails` is None for a version that is not a draft."""

    compared_with: int | None
    counts: Mapping[str, int]
    touched: int
    people_notified: int
    left_out: Sequence[str]
    mails: int | None
    summaries: int | None
    people: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class VersionJobs:
    """The jobs of a version that a page follows or reports."""

    publishing: JobCard | None
    comparing: JobCard | None
    """None if it is done: then its result is shown."""

    @property
    def is_open(self) -> bool:
        return any(job is not None and job.is_open for job in (self.publishing, self.comparing))

    @property
    def is_held(self) -> bool:
        return self.publishing is not None and self.publishing.is_held


@dataclass(frozen=True, slots=True)
class ChangeList:
    """A page of a version's changes of one kind.

    `lists` counts the changes of each kind, and unscheduled requests.
    """

    lists: Mapping[str, int]
    kind: str
    page: Page[Change]
    labels: Labels


@dataclass(frozen=True, slots=True)
class VersionOverview:
    """A version, the effect of publishing it as far as known, and its jobs."""

    version: VersionCard
    found: ComparisonCard | None
    gains: Sequence[tuple[str, float, float]]
    arrival: DeliveryEstimate | None
    jobs: VersionJobs
    shown: ChangeList


@dataclass(frozen=True, slots=True)
class PublishConfirmation:
    """Confirmation page before publishing. `revision` is that of a manual draft."""

    version: VersionCard
    revision: int | None
    found: ComparisonCard
    preview: PublishPreview
    arrival: DeliveryEstimate | None
    jobs: VersionJobs


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of a version's changes, with its comparison."""

    found: ComparisonCard
    page: Page[Change]


def show_version(
    session: Session,
    actor: Actor,
    number: int,
    *,
    kind: str,
    page: int,
    limit: int,
    rates: EmailRates,
    now: datetime,
) -> VersionOverview:
    """Return a version with a page of one of its lists: of `kind`, by default the first list that is not
    empty.
    """
    version = _version(session, actor, number)
    found = comparisons.last_comparison(session, version)
    return VersionOverview(
        version=history.build_card(version),
        found=_card(found) if found is not None else None,
        gains=versions.list_gains(session, version),
        arrival=_arrival(session, version, found, rates, now),
        jobs=_jobs(session, version),
        shown=_change_list(session, actor, version, found, kind, page, limit),
    )


def confirm_publish(
    session: Session, actor: Actor, number: int, *, most: int, rates: EmailRates, now: datetime
) -> PublishConfirmation | None:
    """Return the confirmation of a draft, with at most `most` firms, or None if there is no comparison
    yet.
    """
    version = _version(session, actor, number)
    found = comparisons.current_comparison(session, version)
    if version.state is not VersionState.DRAFT or found is None or found.told is None:
        return None
    return PublishConfirmation(
        version=history.build_card(version),
        revision=session.scalar(select(ManualDraft.revision).where(ManualDraft.version_id == version.id)),
        found=_card(found),
        preview=publish_preview.read_preview(session, version, found, most=most),
        arrival=_arrival(session, version, found, rates, now),
        jobs=_jobs(session, version),
    )


def version_jobs_of(session: Session, actor: Actor, number: int) -> tuple[VersionCard, VersionJobs]:
    """Return a version and its jobs."""
    version = _version(session, actor, number)
    return history.build_card(version), _jobs(session, version)


def find_publishing(session: Session, actor: Actor, number: int) -> JobCard:
    """Return the latest publishing job of a version. Raises NotFound if there is none."""
    job = version_jobs.find_latest_job(session, _version(session, actor, number), JobKind.PUBLISH)
    if job is None:
        raise NotFound("publishing of version", number)
    return job_card(job)


def find_comparison(session: Session, actor: Actor, number: int) -> ComparisonCard | None:
    """Return the effect of publishing a version, or None until it is computed."""
    found = comparisons.current_comparison(session, _version(session, actor, number))
    return _card(found) if found is not None else None


def list_version_changes(
    session: Session, actor: Actor, number: int, kind: ChangeKind | None, *, cursor: str | None, limit: int
) -> ChangePage | None:
    """Return a page of the changes that publishing a version makes, or None until they are computed."""
    found = comparisons.current_comparison(session, _version(session, actor, number))
    if found is None:
        return None
    size = found.counts[str(kind)] if kind else comparisons.count_differences(found)

    def read(first: int, most: int) -> Sequence[Change]:
        return comparisons.list_changes(session, found, kind, first=first, most=most)

    name = f"changes {number} {kind or ''}"
    return ChangePage(_card(found), page_of_reader(name, read, size, cursor=cursor, limit=limit))


def _version(session: Session, actor: Actor, number: int) -> ScheduleVersion:
    actor.require(Right.READ_VERSIONS)
    return versions.get_version(session, actor.event_id, number)


def _card(found: Comparison) -> ComparisonCard:
    return ComparisonCard(**{name: getattr(found, name) for name in ComparisonCard.__dataclass_fields__})


def _jobs(session: Session, version: ScheduleVersion) -> VersionJobs:
    last = version_jobs.find_latest_job(session, version, JobKind.PUBLISH)
    comparing = version_jobs.find_latest_job(session, version, JobKind.COMPARE)
    told = comparing if comparing is not None and comparing.state is not JobState.DONE else None
    return VersionJobs(
        publishing=job_card(last) if last is not None else None,
        comparing=job_card(told) if told is not None else None,
    )


def _arrival(
    session: Session, version: ScheduleVersion, found: Comparison | None, rates: EmailRates, now: datetime
) -> DeliveryEstimate | None:
    """Return how long sending the emails of a draft would take."""
    if version.state is not VersionState.DRAFT or found is None or not found.mails:
        return None
    event = session.get_one(Event, version.event_id)
    return delivery_estimates.estimate_publishing(
        session, event, version.id, found.mails, rates=rates, now=now
    )


def _change_list(
    session: Session,
    actor: Actor,
    version: ScheduleVersion,
    found: Comparison | None,
    kind: str,
    number: int,
    limit: int,
) -> ChangeList:
    kinds = [each for each in ChangeKind if each is not ChangeKind.UNCHANGED]
    lists = {str(each): found.counts[str(each)] for each in kinds} if found else {}
    lists[UNSCHEDULED] = sum(unscheduled.count_by_reason(session, version.id).values())
    if kind not in kinds:
        kind = next((each for each in kinds if lists.get(each)), kinds[0])

    def read(first: int, most: int) -> Sequence[Change]:
        if found is None:
            return ()
        return comparisons.list_changes(session, found, ChangeKind(kind), first=first, most=most)

    page = page_of_reader(f"{kind} {version.number}", read, lists.get(kind, 0), number=number, limit=limit)
    requests = [change.request for change in page.items]
    meetings = [meeting for change in page.items for meeting in (change.before, change.after) if meeting]
    return ChangeList(
        lists=lists, kind=kind, page=page, labels=load_labels(session, actor, requests, meetings)
    )
