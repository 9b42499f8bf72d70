"""A publishing that is held: for how long, taken back, begun now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import JobKind, JobState
from scheduler.domain.errors import WrongState
from scheduler.services.publishing.version_jobs import changed, latest, said
from scheduler.storage.models import Event, ScheduleVersion, VersionJob


def hold_of(session: Session, event_id: int) -> timedelta:
    """How long an event's publishings wait for a second thought."""
    minutes = session.scalar(select(Event.publish_hold).where(Event.id == event_id))
    return timedelta(minutes=minutes or 0)


def is_held(job: VersionJob | None) -> bool:
    """Whether a publishing has not begun and may still be taken back."""
    return job is not None and job.state is JobState.ASKED and job.begins_at is not None and not job.attempts


def take_back(session: Session, version: ScheduleVersion, *, now: datetime) -> VersionJob:
    """asked -> taken back: the version stays a draft, nobody was told. Raises WrongState if it has begun."""
    return _change_held_job(session, version, "taken back", state=JobState.TAKEN_BACK, finished_at=now)


def begin_now(session: Session, version: ScheduleVersion, *, now: datetime) -> VersionJob:
    """End the hold of a publishing. Send its task after the commit. Raises WrongState if it has begun."""
    return _change_held_job(session, version, "begun", begins_at=now, heartbeat_at=now)


def _change_held_job(session: Session, version: ScheduleVersion, step: str, **values: Any) -> VersionJob:
    """Against a worker that claims the job at the same time, one of the two finds it changed."""
    job = latest(session, version, JobKind.PUBLISH)
    held = update(VersionJob).where(
        VersionJob.id == (job.id if job else 0),
        VersionJob.state == JobState.ASKED,
        VersionJob.begins_at.is_not(None),
        VersionJob.attempts == 0,
    )
    if job is None or not changed(session, held.values(values)):
        if job is not None:
            session.refresh(job)
        raise WrongState("publishing of version", version.number, said(job), step)
    session.refresh(job)
    return job
