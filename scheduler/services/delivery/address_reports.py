"""Reports of nonexistent addresses. An address is marked after two reports, some time apart.

One is not enough. A provider whose directory fails for a minute says of everybody that there is no such
user, about each of a person's mails. So the mail of a first report is sent once more, half an hour later.

An address is dead after two reports with ten minutes between them: a directory that fails for seconds says of
everybody, and of each email, that there is no such user. After the first report the email is sent once more
half an hour later. A really dead address gets one email more, and is known half an hour later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import AddressReport, Attendee, Event, Interpreter, OutboxMail

Reader = Attendee | Interpreter
"""Whose address may be marked."""
R = TypeVar("R", Attendee, Interpreter)
APART = timedelta(minutes=10)
"""Two reports that come within this time are one: they have one cause."""
ONCE_MORE, AFTER_THAT = timedelta(minutes=30), timedelta(hours=1)
"""When a mail is sent again after a first report: the first one, and others, which then may be held."""


def find_readers(session: Session, mail: OutboxMail) -> Sequence[Reader]:
    """Whom a mail is to, as far as they are people whose address may be marked.

    A sign-in is to an account, which is somebody in each of its events.
    """
    if mail.interpreter_id is not None:
        return [session.get_one(Interpreter, mail.interpreter_id)]
    if mail.attendee_id is not None:
        return [session.get_one(Attendee, mail.attendee_id)]
    if mail.sign_in_link_id is None:
        return []
    return [*_called(session, Attendee, mail.to_address), *_called(session, Interpreter, mail.to_address)]


def _called(session: Session, kind: type[R], address: str) -> Sequence[R]:
    """Those of this address who take part in an event that goes on."""
    return session.scalars(
        select(kind)
        .join(Event, Event.id == kind.event_id)
        .where(kind.email == address, kind.withdrawn_at.is_(None), Event.archived_at.is_(None))
        .order_by(kind.id)
    ).all()


def held_emails() -> ColumnElement[bool]:
    """Mails of the outbox to addresses that are marked."""
    attendees = select(Attendee.id).where(
        Attendee.id == OutboxMail.attendee_id, Attendee.bounced_at.is_not(None)
    )
    interpreters = select(Interpreter.id).where(
        Interpreter.id == OutboxMail.interpreter_id, Interpreter.bounced_at.is_not(None)
    )
    return attendees.exists() | interpreters.exists()


def record_report(session: Session, reader: Reader, said: str, *, now: datetime) -> timedelta | None:
    """Record a mail server's report, with its words, that the reader's address does not exist.

    Returns the time after which the mail is sent once more. None means that this is the second report: the
    reader is marked, and no more mails go there.
    """
    earlier = session.scalar(
        select(func.min(AddressReport.reported_at)).where(
            _about(type(reader), {reader.id}), AddressReport.address == reader.email
        )
    )
    column = _column(type(reader)).key
    session.add(AddressReport(address=reader.email, said=said[:300], reported_at=now, **{column: reader.id}))
    if earlier is not None and earlier <= now - APART:
        mark_dead(session, reader, said, now=now)
        return None
    session.flush()
    return ONCE_MORE if earlier is None else AFTER_THAT


def mark_dead(session: Session, reader: Reader, said: str, *, now: datetime) -> None:
    """The address is dead: mails to it are held until it is corrected, or tried again by hand."""
    reader.bounced_at, reader.bounce = now, said[:300]
    session.flush()


def marked_interpreters(event_id: ColumnElement[int] | int) -> Select[int]:
    """A query: how many interpreters of the event have an address that takes no mail."""
    marked = Interpreter.bounced_at.is_not(None) & Interpreter.withdrawn_at.is_(None)
    return select(func.count()).select_from(Interpreter).where(Interpreter.event_id == event_id, marked)


def delete_reports(session: Session, kind: type[Reader], ids: set[int]) -> None:
    """The addresses work, or were corrected: what was reported counts no more."""
    session.execute(delete(AddressReport).where(_about(kind, ids)))


def mark_working(session: Session, reader: Reader) -> None:
    """The address was corrected, or somebody says that it works: it has no mark any more."""
    reader.bounced_at, reader.bounce = None, ""
    delete_reports(session, type(reader), {reader.id})


def mark_many_working(session: Session, kind: type[Reader], ids: set[int]) -> None:
    """The addresses of those of these who are marked work: the mark goes, and so do the reports."""
    marked = update(kind).where(in_chunks(kind.id, ids), kind.bounced_at.is_not(None))
    delete_reports(
        session, kind, set(session.scalars(marked.values(bounced_at=None, bounce="").returning(kind.id)))
    )


def _column(kind: type[Reader]) -> InstrumentedAttribute[int | None]:
    return AddressReport.interpreter_id if kind is Interpreter else AddressReport.attendee_id


def _about(kind: type[Reader], ids: Iterable[int]) -> ColumnElement[bool]:
    return in_chunks(_column(kind), ids)
