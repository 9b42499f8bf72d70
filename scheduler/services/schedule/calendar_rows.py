"""Rows of a version from which calendar entries are built, with names and times."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.names import join_scripts
from scheduler.invites.catalogue import choose_language
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    ExcludedPerson,
    Firm,
    Hall,
    Interpreter,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)

CHUNK = 5_000
"""Rows per batch of a large query."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An attendee, with the name in both scripts, the language, and the data that determine their time zone.

    `language` is empty if it is the event's. `timezone` is empty if the person has not chosen one.
    """

    id: int
    firm_id: int
    name: str
    language: str
    timezone: str
    country: str


class MeetingRow(NamedTuple):
    """A stored meeting: a few hundred bytes, so that 35,000 of them fit in memory."""

    id: int
    request_id: int
    slot_id: int
    last_slot_id: int
    place_id: int
    interpreter_id: int | None
    key: str
    uid: str
    topic: str
    from_firm_id: int
    to_firm_id: int


def stream_rows(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """Yield the rows of a large query in batches, so that they are never all in memory twice."""
    return iter(session.execute(query, execution_options={"yield_per": CHUNK}))


def meeting_rows_query(version_id: int) -> Select[*tuple[Any, ...]]:
    """Return the query for the columns of `MeetingRow`, in time order."""
    return (
        select(
            PlannedMeeting.id,
            PlannedMeeting.request_id,
            PlannedMeeting.slot_id,
            PlannedMeeting.last_slot_id,
            PlannedMeeting.place_id,
            PlannedMeeting.interpreter_id,
            MeetingRequest.key,
            MeetingRequest.uid,
            MeetingRequest.topics,
            MeetingRequest.from_firm_id,
            MeetingRequest.to_firm_id,
        )
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .where(PlannedMeeting.version_id == version_id, MeetingRequest.state == RequestState.ACCEPTED)
        .order_by(Slot.position, MeetingRequest.id)
    )


def seats_query(version_id: int) -> Select[int, int]:
    """Return the query for the attendees of each request, without excluded ones."""
    return (
        select(PlannedMeeting.request_id, PlannedAttendee.attendee_id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .outerjoin(
            ExcludedPerson,
            (ExcludedPerson.request_id == PlannedMeeting.request_id)
            & (ExcludedPerson.attendee_id == PlannedAttendee.attendee_id),
        )
        .where(PlannedMeeting.version_id == version_id, ExcludedPerson.attendee_id.is_(None))
        .order_by(PlannedAttendee.attendee_id)
    )


def read_people(session: Session, event_id: int, ids: Collection[int] | None) -> dict[int, Recipient]:
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
        query = query.where(in_chunks(Attendee.id, ids))
    return {
        person_id: Recipient(
            id=person_id,
            firm_id=firm_id,
            name=join_scripts(name, latin_name),
            language=choose_language(chosen, spoken, ""),
            timezone=timezone,
            country=country,
        )
        for person_id, firm_id, name, latin_name, chosen, spoken, timezone, country in stream_rows(
            session, query
        )
    }


def read_firm_names(session: Session, event_id: int) -> dict[int, str]:
    rows = session.execute(select(Firm.id, Firm.name, Firm.latin_name).where(Firm.event_id == event_id))
    return {firm_id: join_scripts(name, latin) for firm_id, name, latin in rows}


PlaceNames = tuple[str, str, Mapping[str, str]]
"""A place, its hall, and the hall's names by language."""


def read_place_names(session: Session, event_id: int) -> dict[int, PlaceNames]:
    rows = session.execute(
        select(Place.id, Place.name, Hall.name, Hall.names)
        .join(Hall, Hall.id == Place.hall_id)
        .where(Place.event_id == event_id)
    )
    return {place_id: (name, hall, names) for place_id, name, hall, names in rows}


def read_slot_times(session: Session, event_id: int) -> dict[int, tuple[datetime, datetime]]:
    """Return start and end of each slot by id, including retired slots."""
    rows = session.execute(select(Slot.id, Slot.start, Slot.end).where(Slot.event_id == event_id))
    return {slot_id: (start, end) for slot_id, start, end in rows}


def read_interpreter_names(session: Session, event_id: int) -> dict[int, str]:
    rows = session.execute(
        select(Interpreter.id, Interpreter.name, Interpreter.latin_name).where(
            Interpreter.event_id == event_id
        )
    )
    return {person_id: join_scripts(name, latin) for person_id, name, latin in rows}
