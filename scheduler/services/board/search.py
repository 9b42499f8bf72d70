"""Search on the board: accepted requests of a firm, and the meetings that an absent person would miss."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import fields
from scheduler.domain.entities import RequestState
from scheduler.domain.manual_edits import LockKind
from scheduler.i18n import display_name, place_label
from scheduler.services.board.board_cells import select_meetings, select_requests
from scheduler.services.board.board_view import AFTERNOON_START
from scheduler.services.directory.references import find_person
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions
from scheduler.services.text import is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Event,
    Firm,
    Hall,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)

MAX_FOUND = 20


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """A request that matches the search. `start` is None if it is unscheduled."""

    key: str
    sender: str
    receiver: str
    start: datetime | None
    place_name: str
    at: Mapping[str, str]
    """Board position: day, half and hall."""


def find_requests(session: Session, actor: Actor, number: int, text: str) -> Sequence[FoundRequest]:
    """Return accepted requests of firms whose names contain the text, at most `MAX_FOUND`."""
    actor.require(Right.READ_VERSIONS)
    words = text.strip()[: fields.limits(fields.Search).most]
    if not words or not is_storable(words):
        return ()
    version = versions.get_version(session, actor.event_id, number)
    firms = select(Firm.id).where(
        Firm.event_id == actor.event_id,
        or_(Firm.latin_name.icontains(words, autoescape=True), Firm.name.icontains(words, autoescape=True)),
    )
    held = aliased(PlannedMeeting)
    rows = session.execute(
        select_requests()
        .add_columns(Slot.start, Hall.key, Place.name)
        .outerjoin(held, (held.request_id == MeetingRequest.id) & (held.version_id == version.id))
        .outerjoin(Slot, Slot.id == held.slot_id)
        .outerjoin(Place, Place.id == held.place_id)
        .outerjoin(Hall, Hall.id == Place.hall_id)
        .where(
            MeetingRequest.event_id == actor.event_id,
            MeetingRequest.state == RequestState.ACCEPTED,
            or_(MeetingRequest.from_firm_id.in_(firms), MeetingRequest.to_firm_id.in_(firms)),
        )
        .order_by(held.id.is_not(None), Slot.position, MeetingRequest.id)
        .limit(MAX_FOUND)
    )
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    return [
        FoundRequest(
            found[1],
            display_name(*found[2:4]),
            display_name(*found[4:6]),
            start,
            place_label(place) if place else "",
            _at(start, hall, zone),
        )
        for *found, start, hall, place in rows
    ]


def _at(start: datetime | None, hall: str | None, zone: ZoneInfo) -> dict[str, str]:
    if start is None or hall is None:
        return {}
    local = start.astimezone(zone)
    half = "morning" if local.time() < AFTERNOON_START else "afternoon"
    return {"day": local.date().isoformat(), "half": half, "hall": hall}


@dataclass(frozen=True, slots=True)
class MissedMeeting:
    """A meeting of a draft at a time when one of its people is absent."""

    request: str
    sender: str
    receiver: str
    start: datetime
    place_name: str
    is_locked: bool


@dataclass(frozen=True, slots=True)
class AbsentPerson:
    """A person with the meetings that they miss, in time order."""

    key: str
    name: str
    missed: tuple[MissedMeeting, ...]


def list_missed_meetings(
    session: Session, actor: Actor, number: int, key: str, slots: Collection[str]
) -> AbsentPerson:
    """Return the meetings that a person misses if absent in these slots.

    Constant number of queries. Raises NotFound.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    person = find_person(session, actor.event_id, key)
    wanted = Slot.event_id == actor.event_id, in_chunks(Slot.key, filter(is_storable, slots))
    positions = set(session.scalars(select(Slot.position).where(*wanted)))
    rows = session.execute(
        select_meetings(version.id)
        .add_columns(Slot.start)
        .join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)
        .where(PlannedAttendee.attendee_id == person.id)
        .order_by(Slot.position)
    )
    missed = tuple(
        MissedMeeting(
            found[1],
            display_name(*found[2:4]),
            display_name(*found[4:6]),
            start,
            place_label(place),
            mark is LockKind.LOCKED,
        )
        for *found, first, length, _, place, mark, start in rows
        if not positions.isdisjoint(range(first, first + length))
    )
    return AbsentPerson(person.key, display_name(person.name, person.latin_name), missed)
