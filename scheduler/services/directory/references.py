"""References to firms, people and slots, and lookup by key within an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import SQLColumnExpression, bindparam, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound
from scheduler.i18n import VenueLabel, venue_label
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.text import is_storable
from scheduler.storage.base import parse_utc
from scheduler.storage.cache.cache_keys import new_digest, read_text, split_text, text_query
from scheduler.storage.cache.memoization import memoize
from scheduler.storage.database import once_per_session
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, Hall, Slot
from scheduler.storage.rows import rows_of

Keyed = TypeVar("Keyed", Firm, Attendee)


@dataclass(frozen=True, slots=True)
class FirmRef:
    """A firm by name."""

    key: str
    name: str
    latin_name: str
    """For people who read other scripts."""
    country: str
    """ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person's names and job title."""

    key: str
    name: str
    latin_name: str
    title: str


@dataclass(frozen=True, slots=True)
class SlotRef:
    """A meeting slot, a half-open interval. Slots of a block are contiguous."""

    key: str
    start: datetime
    end: datetime
    block: str


def list_firm_refs(session: Session, actor: Actor, keys: Iterable[str]) -> dict[str, FirmRef]:
    """Return the event's firms among `keys`, by key."""
    actor.require(Right.READ_DIRECTORY)
    known = Firm.event_id == actor.event_id, in_chunks(Firm.key, filter(is_storable, keys))
    rows = session.execute(select(Firm.key, Firm.name, Firm.latin_name, Firm.country).where(*known))
    return {row[0]: FirmRef(*row) for row in rows}


def slot_ref(slot: Slot) -> SlotRef:
    return SlotRef(slot.key, slot.start, slot.end, slot.block)


_EVERY_SLOT = (
    select(Slot.key, Slot.start, Slot.end, Slot.block)
    .where(Slot.event_id == bindparam("event"))
    .order_by(Slot.position)
)


def list_slots(session: Session, event_id: int, *, with_retired: bool = False) -> list[SlotRef]:
    """Return the slots of an event, in order. With `with_retired` also retired ones, for past schedules."""
    if not with_retired:
        return list(load_slots(session, event_id).by_id.values())
    return [SlotRef(*row) for row in rows_of(session, _EVERY_SLOT, event=event_id)]


@dataclass(frozen=True, slots=True)
class EventSlots:
    """The slots of an event by id, in order, and their digest."""

    fingerprint: str
    by_id: Mapping[int, SlotRef]


_SLOTS = text_query(
    (Slot.position, Slot.id, Slot.key, Slot.start, Slot.end, Slot.block), Slot.of(bindparam("event"))
)


def load_slots(session: Session, event_id: int) -> EventSlots:
    """Load the slots of an event, with one query. The text is parsed again only if a slot changed."""

    def read() -> EventSlots:
        text = read_text(session, _SLOTS, event=event_id)
        fingerprint = new_digest(text)
        return memoize("slots", fingerprint, lambda: EventSlots(fingerprint, _slots(text)))

    return once_per_session(session, f"slots {event_id}", read)


def _slots(text: str) -> dict[int, SlotRef]:
    rows = split_text(text)
    return {int(row[1]): SlotRef(row[2], parse_utc(row[3]), parse_utc(row[4]), row[5]) for row in rows}


def load_hall_labels(session: Session, event_id: int) -> dict[int, VenueLabel]:
    """Return the label of each hall by id, loaded once per session, so that rows need not join halls."""

    def read() -> dict[int, VenueLabel]:
        rows = session.execute(select(Hall.id, Hall.name, Hall.names).where(Hall.event_id == event_id))
        return {hall: venue_label(name, others) for hall, name, others in rows}

    return once_per_session(session, f"halls {event_id}", read)


def firm_ref(firm: Firm) -> FirmRef:
    return FirmRef(firm.key, firm.name, firm.latin_name, firm.country)


def person_ref(person: Attendee) -> PersonRef:
    return PersonRef(person.key, person.name, person.latin_name, person.title)


def firm_columns(firm: type[Firm]) -> tuple[SQLColumnExpression[str], ...]:
    """Return the columns of FirmRef, in order.

    They are cheaper to load than a Firm and create no ORM object.
    """
    return (firm.key, firm.name, firm.latin_name, firm.country)


def person_columns(person: type[Attendee]) -> tuple[SQLColumnExpression[str], ...]:
    """Return the columns of PersonRef, in order."""
    return (person.key, person.name, person.latin_name, person.title)


def find_firm(session: Session, event_id: int, key: str) -> Firm:
    """Return a firm of the event. Raises NotFound, also for a firm of another event."""
    return _find(session, Firm, "firm", event_id, key)


def find_person(session: Session, event_id: int, key: str) -> Attendee:
    """Return an attendee of the event. Raises NotFound, also for an attendee of another event."""
    return _find(session, Attendee, "person", event_id, key)


def find_requested_firm(session: Session, actor: Actor, right: Right, key: str | None) -> int | None:
    """Return the id of the firm that the actor queries with a right: by default the own firm.

    None stands for the whole event. Raises NotFound if the event has no such firm, and NotAllowed if the firm
    is not the actor's.
    """
    firm_id = actor.firm_id if key is None else find_firm(session, actor.event_id, key).id
    none, another = "You do not belong to a firm of this event.", "This belongs to another firm."
    actor.require(right, firm_id=firm_id, sentence=none if firm_id is None else another)
    return firm_id


def _find(session: Session, table: type[Keyed], what: str, event_id: int, key: str) -> Keyed:
    found = None
    if is_storable(key):
        found = session.scalar(select(table).where(table.event_id == event_id, table.key == key))
    if found is None:
        raise NotFound(what, key)
    return found
