"""Calendar failures: linked calendars that cannot be read; the owner gets one email."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from scheduler.invites.catalogue import choose_language
from scheduler.services import links
from scheduler.services.directory.references import FirmRef, PersonRef, firm_columns, person_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.storage.models import Attendee, BusySource, Event, Firm
from scheduler.storage.rows import rows_of

PATIENCE: Final = timedelta(minutes=45)
"""The owner gets an email only after failures of this duration: one failed hourly fetch is ignored."""
QUIET: Final = timedelta(days=1)
"""A calendar that fails again within this time after an email is only shown on pages."""

CLEARED: Final[dict[str, Any]] = {"failure": "", "failing_since": None}
"""Column values of a source after a successful fetch."""


@dataclass(frozen=True, slots=True)
class FailingCalendar:
    """A linked calendar of the reader that fails since `since` and was last read at `read_at`."""

    name: str
    since: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class FailingPerson:
    """A person with a failing linked calendar. The calendar's name is private to its owner."""

    person: PersonRef
    firm: FirmRef
    since: datetime
    read_at: datetime


def record_failure(session: Session, source_id: int, *, now: datetime) -> bool:
    """Record a failed fetch of a source. Return True if an email to its owner was queued."""
    source = session.get(BusySource, source_id, with_for_update={"key_share": True}, populate_existing=True)
    if source is None:  # deleted meanwhile
        return False
    source.failing_since = source.failing_since or now
    if now - source.failing_since < PATIENCE:
        return False
    sent = source.failure_sent_at
    if sent is not None and (sent >= source.failing_since or sent > now - QUIET):
        return False
    person = session.get_one(Attendee, source.attendee_id)
    if person.withdrawn_at is not None:
        return False
    source.failure_sent_at = now
    letters.queue_letters(
        session, [_letter(session.get_one(Event, person.event_id), person, source)], now=now
    )
    return True


def _letter(event: Event, person: Attendee, source: BusySource) -> NewLetter:
    return NewLetter(
        letter="calendar",
        to_address=person.email,
        to_name=person.name,
        language=choose_language(person.mail_language, person.languages, event.language),
        event=event.name,
        values={"calendar": source.name},
        path=links.busy_times(event.key),
        event_id=event.id,
        attendee_id=person.id,
    )


_OWN = (
    select(BusySource.name, BusySource.failing_since, BusySource.read_at)
    .where(
        BusySource.attendee_id == bindparam("person"),
        BusySource.is_saved,
        BusySource.failing_since.is_not(None),
    )
    .order_by(BusySource.failing_since, BusySource.id)
)


def list_own_failures(session: Session, actor: Actor) -> tuple[FailingCalendar, ...]:
    """Return the actor's own failing calendars, oldest failure first."""
    if actor.attendee_id is None:
        return ()
    rows = rows_of(session, _OWN, person=actor.attendee_id)
    return tuple(FailingCalendar(name, since, read_at) for name, since, read_at in rows if since is not None)


def find_failing_person(session: Session, actor: Actor, key: str) -> FailingPerson | None:
    """Return the person with this key if a linked calendar of theirs fails. Raises NotAllowed."""
    return next((each for each in list_failing_people(session, actor) if each.person.key == key), None)


def list_failing_people(session: Session, actor: Actor) -> tuple[FailingPerson, ...]:
    """Return each person with a failing linked calendar once, oldest failure first. Raises NotAllowed."""
    actor.require(Right.READ_CALENDAR_STATUS)
    people, firms = person_columns(Attendee), firm_columns(Firm)
    rows = session.execute(
        select(BusySource.failing_since, BusySource.read_at, *people, *firms)
        .join(Attendee, Attendee.id == BusySource.attendee_id)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(
            Attendee.event_id == actor.event_id,
            Attendee.withdrawn_at.is_(None),
            BusySource.is_saved,
            BusySource.failing_since.is_not(None),
        )
        .order_by(BusySource.failing_since, BusySource.id)
    )
    found: dict[str, FailingPerson] = {}
    for since, read_at, *names in rows:
        person = PersonRef(*names[: len(people)])
        if since is not None and person.key not in found:
            found[person.key] = FailingPerson(person, FirmRef(*names[len(people) :]), since, read_at)
    return tuple(found.values())
