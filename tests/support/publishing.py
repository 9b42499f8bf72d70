"""Publish a draft in a test's own session, by the same steps as the job that does it for people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import JobState
from scheduler.services.publishing import comparisons, publishing, release, summaries
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Comparison, VersionJob
from tests.support.factories import NOW, SECRET_KEY

SETTINGS = Settings(
    database_url="sqlite://",
    redis_url="redis://127.0.0.1:1",
    secret_key=SECRET_KEY,
    mail_domain="expo.example",
)


def publish_version(
    session: Session,
    *,
    event_id: int,
    number: int,
    compared_with: int | None,
    by: int | None = None,
    settings: Settings = SETTINGS,
    now: datetime = NOW,
) -> int:
    """Publish and give the number of mails."""
    version = release.make_published(
        session, event_id=event_id, number=number, compared_with=compared_with, by=by, now=now
    )
    seen = release.survey(session, version, settings, now=now)
    waiting = summaries.waiting_for(session, event_id)
    return sum(release.tell(session, seen, number, people) for people in seen.portions(waiting))


def preview(session: Session, *, event_id: int, number: int, now: datetime = NOW) -> Comparison:
    """What publishing the version would do."""
    version = versions.get(session, event_id, number)
    return comparisons.work_out(session, version, SETTINGS, now=now).comparison


def carry_out(database: Database, *, settings: Settings = SETTINGS) -> list[publishing.JobEnding]:
    """Do all the jobs that were asked for, as a worker does."""
    with database.read() as session:
        asked = session.scalars(select(VersionJob.id).where(VersionJob.state == JobState.ASKED)).all()
    return [publishing.execute(database, job_id, worker="w", settings=settings) for job_id in asked]
