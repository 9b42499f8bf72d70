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
    """A firm by name. `latin_name` is for readers of other scripts, `country` is ISO 3166-1 alpha-2."""

    key: str
    name: str
    latin_name: str
    country: str


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person by name and job title."""

    key: str
    name: str
    latin_name: str
    title: str


@dataclass(frozen=True, slots=True)
class SlotRef:
    """A meeting slot, closed at the start and open at the end. Slots of a block follow each other."""

    key: str
    start: datetime
    end: datetime
    block: str


def list_firm_refs(session: Session, actor: Actor, keys: Iterable[str]) -> dict[str, FirmRef]:
    """The names of some firms by key, as far as the event has them."""
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
    """The meeting times of an event, in order; for what is history, also those that it had before."""
    if not with_retired:
        return list(load_slots(session, event_id).by_id.values())
    return [SlotRef(*row) for row in rows_of(session, _EVERY_SLOT, event=event_id)]


@dataclass(frozen=True, slots=True)
class EventSlots:
    """The meeting times of an event by id, in order, and a mark of what they are."""

    mark: str
    by_id: Mapping[int, SlotRef]


_SLOTS = text_query(
    (Slot.position, Slot.id, Slot.key, Slot.start, Slot.end, Slot.block), Slot.of(bindparam("event"))
)


def load_slots(session: Session, event_id: int) -> EventSlots:
    """The meeting times of an event, by one query. They are taken apart again only where one has changed."""

    def read() -> EventSlots:
        text = read_text(session, _SLOTS, event=event_id)
        mark = new_digest(text)
        return memoize("slots", mark, lambda: EventSlots(mark, _slots(text)))

    return once_per_session(session, f"slots {event_id}", read)


def _slots(text: str) -> dict[int, SlotRef]:
    rows = split_text(text)
    return {int(row[1]): SlotRef(row[2], parse_utc(row[3]), parse_utc(row[4]), row[5]) for row in rows}


def load_hall_labels(session: Session, event_id: int) -> dict[int, VenueLabel]:
    """The name of each hall of an event by id: many rows are in few halls, and have no names to be read."""

    def read() -> dict[int, VenueLabel]:
        rows = session.execute(select(Hall.id, Hall.name, Hall.names).where(Hall.event_id == event_id))
        return {hall: venue_label(name, others) for hall, name, others in rows}

    return once_per_session(session, f"halls {event_id}", read)


def firm_ref(firm: Firm) -> FirmRef:
    return FirmRef(firm.key, firm.name, firm.latin_name, firm.country)


def person_ref(person: Attendee) -> PersonRef:
    return PersonRef(person.key, person.name, person.latin_name, person.title)


def firm_columns(firm: type[Firm]) -> tuple[SQLColumnExpression[str], ...]:
    """The columns of FirmRef, in its order.

    They are less to read than a firm, and make no object of the session.
    """
    return (firm.key, firm.name, firm.latin_name, firm.country)


def person_columns(person: type[Attendee]) -> tuple[SQLColumnExpression[str], ...]:
    """The columns of PersonRef, in its order."""
    return (person.key, person.name, person.latin_name, person.title)


def find_firm(session: Session, event_id: int, key: str) -> Firm:
    """A firm of the event. Raises NotFound for one of another event too."""
    return _find(session, Firm, "firm", event_id, key)


def find_person(session: Session, event_id: int, key: str) -> Attendee:
    """An attendee of the event. Raises NotFound for one of another event too."""
    return _find(session, Attendee, "person", event_id, key)


def find_requested_firm(session: Session, actor: Actor, right: Right, key: str | None) -> int | None:
    """The firm that an actor asks about, with a right: the own firm by default.

    None stands for the whole event.

    Raises NotFound for a key that is not of the event, NotAllowed for a firm that is not the actor's.
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
