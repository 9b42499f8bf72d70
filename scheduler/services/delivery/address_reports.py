"""Reports of nonexistent addresses.

An address is marked as dead after two reports, at least ten minutes apart. One report is not enough: a
provider whose directory fails for a short time rejects every email to every user as "no such user". So after
the first report the email is sent again half an hour later. The cost for an address that is really dead: one
more email, and half an hour until it is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import AddressReport, Attendee, Event, Interpreter, OutboxEmail

Reader = Attendee | Interpreter
"""Recipients whose address may be marked as dead."""
R = TypeVar("R", Attendee, Interpreter)
APART = timedelta(minutes=10)
"""Reports within this time count as one, because they share a cause."""
ONCE_MORE, AFTER_THAT = timedelta(minutes=30), timedelta(hours=1)
"""Delay before an email is sent again: after a first report, and after further ones, when it may be held."""


def find_readers(session: Session, mail: OutboxEmail) -> Sequence[Reader]:
    """Return the recipients of an email whose address may be marked.

    A sign-in email goes to an account, which can be an attendee or interpreter in each of several events.
    """
    if mail.interpreter_id is not None:
        return [session.get_one(Interpreter, mail.interpreter_id)]
    if mail.attendee_id is not None:
        return [session.get_one(Attendee, mail.attendee_id)]
    if mail.sign_in_link_id is None:
        return []
    return [*_called(session, Attendee, mail.to_address), *_called(session, Interpreter, mail.to_address)]


def _called(session: Session, kind: type[R], address: str) -> Sequence[R]:
    """Return the active participants with this address in events that are not archived."""
    return session.scalars(
        select(kind)
        .join(Event, Event.id == kind.event_id)
        .where(kind.email == address, kind.withdrawn_at.is_(None), Event.archived_at.is_(None))
        .order_by(kind.id)
    ).all()


def held_emails() -> ColumnElement[bool]:
    """Condition: the email's recipient has an address that is marked as dead."""
    attendees = select(Attendee.id).where(
        Attendee.id == OutboxEmail.attendee_id, Attendee.bounced_at.is_not(None)
    )
    interpreters = select(Interpreter.id).where(
        Interpreter.id == OutboxEmail.interpreter_id, Interpreter.bounced_at.is_not(None)
    )
    return attendees.exists() | interpreters.exists()


def record_report(session: Session, reader: Reader, said: str, *, now: datetime) -> timedelta | None:
    """Record a mail server's report, with its text, that the recipient's address does not exist.

    Return the delay after which the email is sent again. None means that this is the second report: the
    address is marked and gets no more emails.
    """
    earlier = session.scalar(
        select(func.min(AddressReport.reported_at)).where(
            _about(type(reader), {reader.id}), AddressReport.address == reader.email
        )
    )
    column = _column(type(reader)).key
    session.add(
        AddressReport(address=reader.email, diagnostic=said[:300], reported_at=now, **{column: reader.id})
    )
    if earlier is not None and earlier <= now - APART:
        mark_dead(session, reader, said, now=now)
        return None
    session.flush()
    return ONCE_MORE if earlier is None else AFTER_THAT


def mark_dead(session: Session, reader: Reader, said: str, *, now: datetime) -> None:
    """Mark the address as dead. Emails to it are held until it is corrected or an organiser resends one."""
    reader.bounced_at, reader.bounce = now, said[:300]
    session.flush()


def marked_interpreters(event_id: ColumnElement[int] | int) -> Select[int]:
    """Query for the number of the event's interpreters with a dead address."""
    marked = Interpreter.bounced_at.is_not(None) & Interpreter.withdrawn_at.is_(None)
    return select(func.count()).select_from(Interpreter).where(Interpreter.event_id == event_id, marked)


def delete_reports(session: Session, kind: type[Reader], ids: set[int]) -> None:
    """Delete the reports of these recipients, because their addresses work or were corrected."""
    session.execute(delete(AddressReport).where(_about(kind, ids)))


def mark_working(session: Session, reader: Reader) -> None:
    """Remove the mark from an address that was corrected or confirmed to work."""
    reader.bounced_at, reader.bounce = None, ""
    delete_reports(session, type(reader), {reader.id})


def mark_many_working(session: Session, kind: type[Reader], ids: set[int]) -> None:
    """Remove marks and reports from those of these recipients whose address is marked."""
    marked = update(kind).where(in_chunks(kind.id, ids), kind.bounced_at.is_not(None))
    delete_reports(
        session, kind, set(session.scalars(marked.values(bounced_at=None, bounce="").returning(kind.id)))
    )


def _column(kind: type[Reader]) -> InstrumentedAttribute[int | None]:
    return AddressReport.interpreter_id if kind is Interpreter else AddressReport.attendee_id


def _about(kind: type[Reader], ids: Iterable[int]) -> ColumnElement[bool]:
    return in_chunks(_column(kind), ids)
