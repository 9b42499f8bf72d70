"""Intervals of scheduled jobs: each runs once per interval, by the database's clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.storage.models import JobHeartbeat

TICK = "tick"


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


def record_run(session: Session, name: str, *, now: datetime) -> None:
    """Record that the job ran now."""
    session.merge(JobHeartbeat(name=name, at=now))
    session.flush()


def last_run_at(session: Session, name: str) -> datetime | None:
    """Return the time of the last run, or None."""
    return session.scalar(select(JobHeartbeat.at).where(JobHeartbeat.name == name))
