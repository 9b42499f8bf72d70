"""Publication of a draft in the test's own session, with the same steps as the job."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import JobState, VersionState
from scheduler.domain.plan import Meeting
from scheduler.services.delivery import claims
from scheduler.services.publishing import comparisons, job_execution, release, summaries
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Comparison, VersionJob
from tests.support.factories import NOW, SECRET_KEY, Expo, make_version

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
    """Publish, and return the number of emails."""
    version = release.make_published(
        session, event_id=event_id, number=number, compared_with=compared_with, by=by, now=now
    )
    seen = release.plan_invitations(session, version, settings, now=now)
    waiting = summaries.find_summary_attendees(session, event_id)
    mails = sum(
        release.queue_publish_emails(session, seen, number, people) for people in seen.portions(waiting)
    )
    return mails + release.queue_interpreter_notices(session, version, settings, now=now)


def preview(session: Session, *, event_id: int, number: int, now: datetime = NOW) -> Comparison:
    """Return the effect of publishing a version."""
    version = versions.get_version(session, event_id, number)
    return comparisons.compute_comparison(session, version, SETTINGS, now=now).comparison


def carry_out(database: Database, *, settings: Settings = SETTINGS) -> list[job_execution.JobEnding]:
    """Execute all requested jobs, as a worker does."""
    with database.read() as session:
        asked = session.scalars(select(VersionJob.id).where(VersionJob.state == JobState.QUEUED)).all()
    return [job_execution.execute_job(database, job_id, worker="w", settings=settings) for job_id in asked]


def draft(session: Session, expo: Expo, meetings: list[Meeting]) -> int:
    return make_version(session, expo, meetings, state=VersionState.DRAFT).number


def publish(session: Session, expo: Expo, number: int, compared_with: int | None, minutes: float = 0) -> int:
    """Publish, and return the number of emails."""
    return publish_version(
        session,
        event_id=expo.event.id,
        number=number,
        compared_with=compared_with,
        by=expo.organiser.id,
        now=NOW + timedelta(minutes=minutes),
    )


def send_all(session: Session, expo: Expo, minutes: int = 0) -> list[tuple[str, str, int]]:
    """Send queued emails. Return (address, method, SEQUENCE) of each calendar message."""
    now = NOW + timedelta(minutes=minutes)
    expo.event.mail_per_minute, expo.event.mail_ready_at = 60_000, None
    session.flush()
    rows = claims.claim_emails(session, worker="w", limit=500, secret_key=SECRET_KEY, now=now)
    for row in rows:
        claims.mark_sent(session, row.id, worker="w", now=now)
    messages = [(row.to_address, row.payload) for row in rows if "method" in row.payload]
    return sorted((address, message["method"], message["sequence"]) for address, message in messages)
