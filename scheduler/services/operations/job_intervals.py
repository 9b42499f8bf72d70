"""Intervals of scheduled jobs: each runs once per interval, by the database's clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.storage.models import JobHeartbeat

TICK = "tick"
_EVENT: Final = ":"
"""Separates a job's name from the event's id, if each event has its own interval."""
IS_OF_EVENT: Final = JobHeartbeat.name.contains(_EVENT)
"""Condition on rows of single events. Metrics leave them out: no label names an event."""
INVARIANTS = "invariants"
MAIL_CHECK = "mail_check"


def claim_interval(session: Session, name: str, *, every: timedelta, now: datetime) -> bool:
    """Return True if the job is due and this caller claimed it. Of concurrent callers one gets True.

    A last run in the future, after the database's clock was set back, does not delay the job.
    """
    due = (JobHeartbeat.at <= now - every) | (JobHeartbeat.at > now + every)
    claimed = (
        update(JobHeartbeat).where(JobHeartbeat.name == name, due).values(at=now).returning(JobHeartbeat.name)
    )
    if session.scalar(claimed) is not None:
        return True
    if session.get(JobHeartbeat, name) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(JobHeartbeat(name=name, at=now))
    except IntegrityError:  # another process inserted it first
        return False
    return True


def claim_event_interval(
    session: Session, name: str, event_id: int, *, every: timedelta, now: datetime
) -> bool:
    """Claim a job for one event, as `claim_interval` does. Call `delete_event_intervals` now and then."""
    return claim_interval(session, f"{name}{_EVENT}{event_id}", every=every, now=now)


def delete_event_intervals(session: Session, name: str, *, before: datetime) -> None:
    """Delete a job's intervals of single events that were claimed before a time."""
    prefix = JobHeartbeat.name.startswith(f"{name}{_EVENT}", autoescape=True)
    session.execute(delete(JobHeartbeat).where(prefix, JobHeartbeat.at < before))


def record_run(session: Session, name: str, *, now: datetime) -> None:
    """Record that the job ran now."""
    session.merge(JobHeartbeat(name=name, at=now))
    session.flush()


def last_run_at(session: Session, name: str) -> datetime | None:
    """Return the time of the last run, or None."""
    return session.scalar(select(JobHeartbeat.at).where(JobHeartbeat.name == name))
