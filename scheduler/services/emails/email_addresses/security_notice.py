"""Security notice to the old and new address when someone else changes a person's address.

It is sent whatever was chosen about notifications, so that the owner learns about a takeover through an
organiser's session.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.domain.entities import OutboxKind
from scheduler.invites.catalogue import choose_language
from scheduler.services.delivery.address_reports import Reader
from scheduler.services.identity.interpreters import interpreter_language
from scheduler.services.outbox import letters, payloads
from scheduler.services.outbox.letters import NewLetter
from scheduler.storage.models import (
    Account,
    Attendee,
    Event,
    Interpreter,
    InterpreterFeed,
    Invitation,
    OutboxEmail,
)

_LETTER = "address"


def queue_notices(session: Session, person: Reader, address: str, *, now: datetime) -> int:
    """Queue the notices about a change of address, before the change is made. Return their number.

    No notice goes to a person who has not been notified of the event yet, nor to an old address that bounces.
    """
    if not knows_event(session, person):
        return 0
    event = session.get_one(Event, person.event_id)
    readers = [address] if person.bounced_at is not None else [person.email, address]
    made = [_letter(event, person, reader) for reader in readers if reader]
    letters.queue_letters(session, made, now=now)
    return len(made)


def knows_event(session: Session, person: Reader) -> bool:
    """Return True if the person was invited, got an email about the event, or has signed in."""
    if isinstance(person, Interpreter):
        return _is_known_to_interpreter(session, person)
    if person.first_sign_in_at is not None or person.invited_at is not None:
        return True
    return session.scalar(select(exists().where(Invitation.attendee_id == person.id))) is True


def count_queued(session: Session, event_id: int, now: datetime) -> int:
    """Count the notices that were queued at this time."""
    which = select(OutboxEmail.id).where(
        OutboxEmail.about_event_id == event_id,
        OutboxEmail.kind == OutboxKind.DESK,
        OutboxEmail.created_at == now,
        payloads.is_letter_condition(_LETTER),
    )
    return len(session.scalars(which).all())


def _is_known_to_interpreter(session: Session, interpreter: Interpreter) -> bool:
    """Return True if the interpreter got an email or feed of the event, or has an account from signing in.

    An attendee's account exists before they sign in, so it does not count.
    """
    waits = exists().where(Attendee.account_id == Account.id, Attendee.first_sign_in_at.is_(None))
    ways = (
        exists().where(OutboxEmail.interpreter_id == interpreter.id),
        exists().where(
            OutboxEmail.about_event_id == interpreter.event_id, OutboxEmail.to_address == interpreter.email
        ),
        exists().where(InterpreterFeed.interpreter_id == interpreter.id),
        exists().where(Account.email == interpreter.email, ~waits),
    )
    return any(session.scalar(select(way)) for way in ways)


def _letter(event: Event, person: Reader, reader: str) -> NewLetter:
    language = _language(event, person)
    # A bounce from the old address must not mark the new one.
    is_new = isinstance(person, Attendee) and reader != person.email
    return NewLetter(
        letter=_LETTER,
        to_address=reader,
        to_name=person.name,
        language=language,
        event=event.name,
        values={"name": names.display_single(person.name, person.latin_name, language)},
        path=f"/events/{event.key}",
        about_event_id=event.id,
        attendee_id=person.id if is_new else None,
    )


def _language(event: Event, person: Reader) -> str:
    if isinstance(person, Interpreter):
        return interpreter_language(person.mail_language, person.name, person.languages, event.language)
    return choose_language(person.mail_language, person.languages, event.language)
