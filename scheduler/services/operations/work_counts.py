"""Counts of runs, jobs, incoming emails, alerts and scheduled jobs of the whole installation, for monitoring.

They name no event and no person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, JobKind, JobState, MailOutcome, RunState
from scheduler.services.operations import job_intervals
from scheduler.services.operations.invariants import Invariant
from scheduler.storage.models import Alert, ImportJob, InboundEmail, JobHeartbeat, Run, VersionJob

OPEN = (JobState.QUEUED, JobState.RUNNING)
IMPORT = "import"
"""Kind of the jobs that import files, beside the kinds of version jobs."""


@dataclass(frozen=True, slots=True)
class WorkCounts:
    """Numbers by state, and ages in seconds of the oldest ones. A state without any has the age 0."""

    runs: Mapping[str, int]
    oldest_run_waiting: float
    jobs: Mapping[tuple[str, str], int]
    """By kind and state: queued or running."""
    oldest_job_waiting: float
    """Of jobs that may start."""
    inbound_unread: int
    """Received, and not processed yet."""
    inbound_for_organisers: int
    inbound_for_operators: int
    """Without an event."""
    oldest_inbound_waiting: float
    alerts: Mapping[str, int]
    """Open alerts by kind."""
    broken_invariants: Mapping[str, int]
    """1 for each invariant that the last check found broken, 0 for the others."""
    last_runs: Mapping[str, float]
    """Seconds since the last run of each scheduled job, without jobs of single events."""


def count_work(session: Session, *, now: datetime) -> WorkCounts:
    """Return the current counts."""
    waiting_since = select(func.min(func.coalesce(Run.heartbeat_at, Run.created_at)))
    runs = dict.fromkeys((state.value for state in RunState), 0)
    for state, number in session.execute(select(Run.state, func.count()).group_by(Run.state)):
        runs[state.value] = number
    jobs, oldest_job = _jobs(session, now)
    unread, organisers, operators, oldest_inbound = _inbound(session)
    alerts = dict.fromkeys((kind.value for kind in AlertKind), 0)
    open_alerts = select(Alert.kind, func.count()).where(Alert.open_key.is_not(None)).group_by(Alert.kind)
    for kind, number in session.execute(open_alerts):
        alerts[kind.value] = number
    last_runs = session.execute(
        select(JobHeartbeat.name, JobHeartbeat.at)
        .where(~job_intervals.IS_OF_EVENT)
        .order_by(JobHeartbeat.name)
    )
    broken = select(Alert.about).where(Alert.open_key.is_not(None), Alert.kind == AlertKind.INVARIANT_BROKEN)
    broken_invariants = dict.fromkeys((each.value for each in Invariant), 0) | dict.fromkeys(
        session.scalars(broken), 1
    )
    return WorkCounts(
        runs=runs,
        oldest_run_waiting=_age(session.scalar(waiting_since.where(Run.state == RunState.QUEUED)), now),
        jobs=jobs,
        oldest_job_waiting=oldest_job,
        inbound_unread=unread,
        inbound_for_organisers=organisers,
        inbound_for_operators=operators,
        oldest_inbound_waiting=_age(oldest_inbound, now),
        alerts=alerts,
        broken_invariants=broken_invariants,
        last_runs={name: _age(at, now) for name, at in last_runs},
    )


def _jobs(session: Session, now: datetime) -> tuple[dict[tuple[str, str], int], float]:
    versions = (
        select(VersionJob.kind, VersionJob.state, func.count())
        .where(VersionJob.state.in_(OPEN))
        .group_by(VersionJob.kind, VersionJob.state)
    )
    files = select(ImportJob.state, func.count()).where(ImportJob.state.in_(OPEN)).group_by(ImportJob.state)
    kinds = (*(kind.value for kind in JobKind), IMPORT)
    jobs = {(kind, state.name.lower()): 0 for kind in kinds for state in OPEN}
    jobs |= {(kind.value, state.name.lower()): number for kind, state, number in session.execute(versions)}
    jobs |= {(IMPORT, state.name.lower()): number for state, number in session.execute(files)}
    starts = func.coalesce(VersionJob.starts_at, VersionJob.requested_at)
    oldest = (
        session.scalar(select(func.min(starts)).where(VersionJob.state == JobState.QUEUED, starts <= now)),
        session.scalar(select(func.min(ImportJob.requested_at)).where(ImportJob.state == JobState.QUEUED)),
    )
    return jobs, max(_age(at, now) for at in oldest)


def _inbound(session: Session) -> tuple[int, int, int, datetime | None]:
    """Return the numbers of unread emails and of those that wait for a person, and since when."""
    has_event = InboundEmail.event_id.is_not(None)
    found = session.execute(
        select(InboundEmail.outcome, has_event, func.count(), func.min(InboundEmail.received_at))
        .where(InboundEmail.outcome.in_((MailOutcome.RECEIVED, MailOutcome.WAITING)))
        .group_by(InboundEmail.outcome, has_event)
    ).all()
    unread = sum(number for outcome, _, number, _ in found if outcome is MailOutcome.RECEIVED)
    waiting = {
        bool(of_event): number for outcome, of_event, number, _ in found if outcome is MailOutcome.WAITING
    }
    oldest = min((since for outcome, _, _, since in found if outcome is MailOutcome.WAITING), default=None)
    return unread, waiting.get(True, 0), waiting.get(False, 0), oldest


def _age(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())
