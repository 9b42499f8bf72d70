"""Intervals of scheduled jobs: each runs once per interval, by the database's clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.storage.models import JobHeartbeat

TICK = "tick"


def claim_interval(session: Session, name: str, *, every: timedelta, now: datetime) -> bool:
    """Whether it is due and the caller's to do: of several who ask at once, one is told so.

    A last time that lies ahead, after the database's clock was set back, does not keep it from its turn.
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
    except IntegrityError:  # another was first
        return False
    return True


def record_run(session: Session, name: str, *, now: datetime) -> None:
    """It was done now."""
    session.merge(JobHeartbeat(name=name, at=now))
    session.flush()


def last_run_at(session: Session, name: str) -> datetime | None:
    """The time when it was last done, or None if never."""
    return session.scalar(select(JobHeartbeat.at).where(JobHeartbeat.name == name))
