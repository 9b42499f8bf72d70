"""The people, firms, places, slots and interpreters of an event, as entries of calendars name them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from scheduler.domain.names import joined
from scheduler.invites.catalogue import language_of
from scheduler.storage.among import among
from scheduler.storage.models import (
    Attendee,
    Firm,
    Hall,
    Interpreter,
    Place,
    Slot,
)

CHUNK = 5_000
"""Rows that a long query hands over at a time."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An attendee with both forms of the name joined, the language, and the data that give their time zone.

    `language` is empty if it is the event's. `timezone` is empty if it was not chosen.
    """

    id: int
    firm_id: int
    name: str
    language: str
    timezone: str
    country: str


def streamed(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """Rows of a long query, some at a time, so that they are never all in memory twice."""
    return iter(session.execute(query, execution_options={"yield_per": CHUNK}))


def people_of(session: Session, event_id: int, ids: Collection[int] | None) -> dict[int, Recipient]:
    query = (
        select(
            Attendee.id,
            Attendee.firm_id,
            Attendee.name,
            Attendee.latin_name,
            Attendee.mail_language,
            Attendee.languages,
            Attendee.timezone,
            Firm.country,
        )
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(Attendee.event_id == event_id)
    )
    if ids is not None:
        query = query.where(among(Attendee.id, ids))
    return {
        person_id: Recipient(
            id=person_id,
            firm_id=firm_id,
            name=joined(name, latin_name),
            language=language_of(chosen, spoken, ""),
            timezone=timezone,
            country=country,
        )
        for person_id, firm_id, name, latin_name, chosen, spoken, timezone, country in streamed(
            session, query
        )
    }


def firm_names(session: Session, event_id: int) -> dict[int, str]:
    rows = session.execute(select(Firm.id, Firm.name, Firm.latin_name).where(Firm.event_id == event_id))
    return {firm_id: joined(name, latin) for firm_id, name, latin in rows}


def places_of(session: Session, event_id: int) -> dict[int, tuple[str, str]]:
    rows = session.execute(
        select(Place.id, Place.name, Hall.name)
        .join(Hall, Hall.id == Place.hall_id)
        .where(Place.event_id == event_id)
    )
    return {place_id: (name, hall) for place_id, name, hall in rows}


def slot_times(session: Session, event_id: int) -> dict[int, tuple[datetime, datetime]]:
    """Start and end of each slot by id, with those that are retired."""
    rows = session.execute(select(Slot.id, Slot.start, Slot.end).where(Slot.event_id == event_id))
    return {slot_id: (start, end) for slot_id, start, end in rows}


def interpreter_names(session: Session, event_id: int) -> dict[int, str]:
    rows = session.execute(
        select(Interpreter.id, Interpreter.name, Interpreter.latin_name).where(
            Interpreter.event_id == event_id
        )
    )
    return {person_id: joined(name, latin) for person_id, name, latin in rows}
