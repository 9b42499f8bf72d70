"""Run history of overnight runs: inputs, duration and changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AfterRun, AlertKind, JobKind, JobState, RunState, VersionState
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.operations import alerts
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.planning.runs.run_control import NO_PLAN
from scheduler.services.publishing.overnight.overnight_budget import OvernightBudget
from scheduler.services.schedule import versions
from scheduler.storage.models import Comparison, Run, ScheduleVersion, VersionJob

LAST_RUNS = 6
_NEWEST = Order("nights", (Run.number,), (int,), descending=True)


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """Numbers of changes in a version compared with the one published at that time.

    `people` would be notified if a draft were published. For a published version they are the people whose
    meetings changed. `before` and `after` are the numbers of meetings in the two versions.
    """

    new: int
    moved: int
    changed: int
    cancelled: int
    people: int
    before: int
    after: int

    @property
    def all(self) -> int:
        return self.new + self.moved + self.changed + self.cancelled


@dataclass(frozen=True, slots=True)
class OvernightRun:
    """An overnight run: inputs, duration and outcome. `changes` is None until the version is compared."""

    number: int
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    state: RunState
    then: AfterRun
    budget: OvernightBudget | None
    requested_seconds: int
    seconds: float | None
    score: float | None
    bound: float | None
    version: int | None
    version_state: VersionState | None
    changes: ChangeCounts | None
    error: str

    @property
    def outcome(self) -> str:
        """State of the version that the run created, NO_PLAN if it created none, else the run's state."""
        if self.version_state is not None:
            return self.version_state
        return NO_PLAN if self.state is RunState.FINISHED else self.state


@dataclass(frozen=True, slots=True)
class SkippedRun:
    """An overnight run that did not take place, when that was noticed, and why."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class LastNight:
    """The newest overnight run, and the skipped runs of the last weeks, newest first.

    `note` says why a run that was to publish only created a draft, if so. `emails` were queued by publishing.
    """

    run: OvernightRun | None
    note: str
    emails: int
    skipped: tuple[SkippedRun, ...]

    @property
    def missed(self) -> SkippedRun | None:
        """The newest skipped run, if no run has taken place since."""
        newest = self.skipped[0] if self.skipped else None
        is_newer = newest is not None and (self.run is None or newest.at > self.run.queued_at)
        return newest if is_newer else None


def get_last_night(session: Session, actor: Actor) -> LastNight:
    """Return what became of the newest overnight run, and which runs were skipped. Runs three queries."""
    run = next(iter(list_last_runs(session, actor, limit=1)), None)
    kinds = AlertKind.RUN_MISSED, AlertKind.NOT_PUBLISHED
    found = alerts.list_latest_alerts(session, actor.event_id, kinds, limit=LAST_RUNS)
    skipped = tuple(SkippedRun(each.opened_at, each.reason) for each in found if each.kind is kinds[0])
    if run is None:
        return LastNight(None, "", 0, skipped)
    late = [each.reason for each in found if each.about == f"run {run.number}"]
    job = session.execute(
        select(VersionJob.state, VersionJob.error, VersionJob.mails)
        .join(ScheduleVersion, ScheduleVersion.id == VersionJob.version_id)
        .where(
            VersionJob.event_id == actor.event_id,
            VersionJob.kind == JobKind.PUBLISH,
            ScheduleVersion.number == run.version,
        )
        .order_by(VersionJob.id.desc())
        .limit(1)
    ).first()
    failed = [job.error or ""] if job is not None and job.state is JobState.FAILED else []
    note = next(iter(failed + late), "") if run.version_state is VersionState.DRAFT else ""
    return LastNight(run, note, job.mails if job is not None else 0, skipped)


def list_last_runs(session: Session, actor: Actor, *, limit: int = LAST_RUNS) -> tuple[OvernightRun, ...]:
    """Return the last overnight runs, newest first."""
    rows = session.execute(_select_runs(actor).order_by(Run.number.desc()).limit(limit))
    return tuple(_overnight_run(*row) for row in rows)


def list_runs(session: Session, actor: Actor, *, number: int = 1, limit: int = 30) -> Page[OvernightRun]:
    """Return all overnight runs in numbered pages, newest first."""
    page: Page[Any] = fetch_page(session, _select_runs(actor), _NEWEST, number=number, limit=limit)
    return page.of(_overnight_run(*row[:3]) for row in page.items)


def _select_runs(actor: Actor) -> Select[Run, ScheduleVersion | None, Comparison | None]:
    actor.require(Right.READ_RUNS)
    return (
        select(Run, ScheduleVersion, Comparison)
        .outerjoin(ScheduleVersion, versions.made_by_run(Run))
        .outerjoin(Comparison, Comparison.version_id == ScheduleVersion.id)
        .where(Run.event_id == actor.event_id, Run.start_by.is_not(None))
    )


def count_changes(found: Comparison) -> ChangeCounts:
    """Return the counts of a comparison."""
    counts = found.counts
    return ChangeCounts(
        new=counts.get("added", 0),
        moved=counts.get("moved", 0),
        changed=counts.get("relocated", 0) + counts.get("reassigned", 0),
        cancelled=counts.get("cancelled", 0),
        people=found.people_notified if found.people is None else found.people,
        before=sum(counts.values()) - counts.get("added", 0),
        after=sum(counts.values()) - counts.get("cancelled", 0),
    )


def _overnight_run(run: Run, version: ScheduleVersion | None, found: Comparison | None) -> OvernightRun:
    took = (run.finished_at - run.started_at).total_seconds() if run.started_at and run.finished_at else None
    return OvernightRun(
        number=run.number,
        queued_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        state=run.state,
        seconds=took,
        then=run.then,
        budget=OvernightBudget(**run.change_budget) if run.change_budget else None,
        requested_seconds=run.seconds,
        score=version.score if version else None,
        bound=version.bound if version else None,
        version=version.number if version else None,
        version_state=version.state if version else None,
        changes=count_changes(found) if found else None,
        error=run.error or "",
    )
