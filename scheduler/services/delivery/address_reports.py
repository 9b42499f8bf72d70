"""Reports that an attendee's address does not exist. It takes two reports of a mail server, some time apart.

One is not enough. A provider whose directory fails for a minute says of everybody that there is no such
user, about each of a person's mails. So the mail of a first report is sent once more, half an hour later.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from scheduler.storage.among import among
from scheduler.storage.models import AddressReport, Attendee

APART = timedelta(minutes=10)
"""Two reports that come within this time are one: they have one cause."""
ONCE_MORE, AFTER_THAT = timedelta(minutes=30), timedelta(hours=1)
"""When a mail is sent again after a first report: the first one, and others, which then may be held."""


def report(session: Session, attendee: Attendee, said: str, *, now: datetime) -> timedelta | None:
    """Record a mail server's report, with its words, that the attendee's address does not exist.

    Returns the time after which the mail is sent once more. None means that this is the second report: the
    attendee is marked, and no more mails go there.
    """
    earlier = session.scalar(
        select(func.min(AddressReport.reported_at)).where(
            AddressReport.attendee_id == attendee.id, AddressReport.address == attendee.email
        )
    )
    session.add(
        AddressReport(attendee_id=attendee.id, address=attendee.email, said=said[:300], reported_at=now)
    )
    if earlier is not None and earlier <= now - APART:
        mark(session, attendee, said, now=now)
        return None
    session.flush()
    return ONCE_MORE if earlier is None else AFTER_THAT


def mark(session: Session, attendee: Attendee, said: str, *, now: datetime) -> None:
    """The address is dead: mails to it are held until it is corrected, or tried again by hand."""
    attendee.bounced_at, attendee.bounce = now, said[:300]
    session.flush()


def forget(session: Session, attendee_ids: set[int]) -> None:
    """The addresses work, or were corrected: what was reported counts no more."""
    session.execute(delete(AddressReport).where(among(AddressReport.attendee_id, attendee_ids)))
