"""Overnight report: an email to the event's team about the changes that the run proposes or has published."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import JobKind, JobState, VersionState
from scheduler.services import links
from scheduler.services.identity import actors, preferences
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.schedule import scheduled, versions
from scheduler.storage.models import (
    Account,
    Comparison,
    Event,
    Run,
    ScheduleVersion,
    VersionJob,
)


def report_draft(session: Session, version: ScheduleVersion, *, now: datetime) -> int:
    """Report the draft of an overnight run, when it is compared for the first time.

    Sends nothing if the draft changes nothing or a person requested it. Return the number of emails.
    """
    if version.state is not VersionState.DRAFT or not is_from_overnight_run(session, version):
        return 0
    if _times_compared(session, version) != 1:
        return 0
    current = versions.find_published_version(session, version.event_id)
    return _queue_report(session, version, "morning", current.id if current else None, now)


def report_published(session: Session, version: ScheduleVersion, *, now: datetime) -> int:
    """Report the version that an overnight run has published, compared with the previous one.

    Return the number of emails.
    """
    return _queue_report(session, version, "published", version.compared_with_id, now)


def is_from_overnight_run(session: Session, version: ScheduleVersion) -> bool:
    """Return True if an overnight run made the version."""
    run = session.get(Run, version.run_id) if version.run_id is not None else None
    return run is not None and run.start_by is not None and version.copy_of_id is None


def _queue_report(
    session: Session, version: ScheduleVersion, letter: str, before: int | None, now: datetime
) -> int:
    """Queue the email to the event's organisers, if the version differs from `before`.

    Return the number of emails.
    """
    found = session.get(Comparison, version.id)
    counts = _counts(session, found, before) if found is not None else {}
    if not any(counts.values()):
        return 0
    event = session.get_one(Event, version.event_id)
    values = {
        "version": str(version.number),
        "held": f"{scheduled.count_scheduled(session, version.id):,}",
        "accepted": f"{scheduled.count_accepted(session, event.id):,}",
    }
    readers = (
        select(Account).where(Account.id.in_(actors.leading_accounts(now, event.id))).order_by(Account.id)
    )
    mails = [
        NewLetter(
            letter=letter,
            to_address=account.email,
            to_name=account.name,
            language=preferences.account_language(session, account.id, default=event.language),
            event=event.name,
            values=values,
            counts=counts,
            path=links.version(event.key, version.number),
        )
        for account in session.scalars(readers)
    ]
    letters.queue_letters(session, mails, now=now)
    return len(mails)


def _counts(session: Session, found: Comparison, before: int | None) -> dict[str, int]:
    """Count the changes by kind, and the meetings of version `before` that were declined since."""
    counts = found.counts
    return {
        "moved": counts.get("moved", 0),
        "changed": counts.get("relocated", 0) + counts.get("reassigned", 0),
        "new": counts.get("added", 0),
        "cancelled": counts.get("cancelled", 0),
        "declined": len(scheduled.list_withdrawn_requests(session, before)) if before else 0,
    }


def _times_compared(session: Session, version: ScheduleVersion) -> int:
    done = VersionJob.kind == JobKind.COMPARE, VersionJob.state == JobState.DONE
    query = select(func.count()).where(VersionJob.version_id == version.id, *done)
    return session.scalars(query).one()
