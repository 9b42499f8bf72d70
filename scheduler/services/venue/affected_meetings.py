"""Published meetings that a venue change may affect: only these are loaded and checked.

The selection is conservative: other meetings are never affected, and `effects` decides for those selected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import PlaceKind
from scheduler.services.problems import scope
from scheduler.services.problems.scope import Scope
from scheduler.services.venue import timetable
from scheduler.services.venue.change_types import (
    ChangeDays,
    ChangePlaces,
    ChangeWalks,
    ClosePlaces,
    RemoveTables,
    VenueChange,
)
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Event,
    Hall,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
    WalkingTime,
)


@dataclass(frozen=True, slots=True)
class AffectedRequests:
    """Ids of requests whose published meetings may break.

    `lost` ones certainly do, because their time is removed.
    """

    requests: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()

    @property
    def staying(self) -> frozenset[int]:
        return self.requests - self.lost


def find_affected(session: Session, event: Event, version_id: int, change: VenueChange) -> AffectedRequests:
    """Return the requests of a version that a change may affect, before it is applied.

    Empty for an invalid change.
    """
    planned = PlannedMeeting.version_id == version_id
    match change:
        case ClosePlaces(closed=True):
            times = _ids(session, event.id, change.slots)
            found = _held(session, planned, _at(event.id, change.places))
            reach = _reach(session, version_id, event.id, times)
            return AffectedRequests(frozenset(one.request for one in found if one.slot in reach))
        case RemoveTables():
            return _all(_held(session, planned, _at(event.id, change.places)))
        case ChangePlaces():
            found = _held(session, planned, _at(event.id, list(_made_worse(session, event.id, change))))
            near = _find_neighbours(session, version_id, {one.meeting for one in found})
            return AffectedRequests(frozenset(one.request for one in found) | near)
        case ChangeWalks():
            return AffectedRequests(frozenset(_apart(session, event.id, version_id, change)))
        case ChangeDays():
            return _in_days(session, event, version_id, change)
        case _:
            return AffectedRequests()


def load_scope(session: Session, event: Event, version_id: int, requests: Collection[int]) -> Scope:
    """Return the scope that decides if these requests can take place as published, or at another place at
    their time.

    It contains their people's meetings on the same days, and meetings at the same times at tables, their
    firms' booths and the same places.
    """
    slots = session.execute(
        select(Slot.id, Slot.start, Slot.position).where(Slot.event_id == event.id).order_by(Slot.position)
    ).all()
    zone = ZoneInfo(event.timezone)
    day_of = {row.id: row.start.astimezone(zone).date() for row in slots}
    planned = PlannedMeeting.version_id == version_id
    mine = _held(session, planned, in_chunks(PlannedMeeting.request_id, requests))
    days = {day_of[one.slot] for one in mine}
    same_days = [slot for slot, day in day_of.items() if day in days]
    people = select(PlannedAttendee.attendee_id).where(
        in_chunks(PlannedAttendee.meeting_id, [one.meeting for one in mine])
    )
    tables = session.scalars(
        select(Place.id).where(Place.event_id == event.id, Place.kind == PlaceKind.TABLE)
    ).all()
    hosts = select(MeetingRequest.to_firm_id).where(in_chunks(MeetingRequest.id, requests))
    booths = session.scalars(select(Place.id).where(Place.event_id == event.id, Place.firm_id.in_(hosts)))
    at = {*tables, *booths, *(one.place for one in mine)}
    near = _reach(session, version_id, event.id, {slot for one in mine for slot in (one.slot, one.last)})
    beside = (
        select(PlannedMeeting.request_id)
        .where(planned, in_chunks(PlannedMeeting.place_id, at), in_chunks(PlannedMeeting.slot_id, near))
        .union(
            select(PlannedMeeting.request_id)
            .join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)
            .where(
                planned,
                in_chunks(PlannedAttendee.attendee_id, session.scalars(people.distinct()).all()),
                in_chunks(PlannedMeeting.slot_id, same_days),
            )
        )
    )
    inside = {*requests, *session.scalars(beside)}
    return scope.scope_with_neighbours(session, event.id, version_id, inside, at)


@dataclass(frozen=True, slots=True)
class _Held:
    """A planned meeting, by row ids."""

    meeting: int
    request: int
    slot: int
    last: int
    place: int


def _held(session: Session, *where: ColumnElement[bool]) -> list[_Held]:
    columns = (
        PlannedMeeting.id,
        PlannedMeeting.request_id,
        PlannedMeeting.slot_id,
        PlannedMeeting.last_slot_id,
        PlannedMeeting.place_id,
    )
    return [_Held(*row) for row in session.execute(select(*columns).where(*where))]


def _all(held: Sequence[_Held]) -> AffectedRequests:
    return AffectedRequests(frozenset(one.request for one in held))


def _at(event_id: int, keys: Sequence[str]) -> ColumnElement[bool]:
    places = select(Place.id).where(Place.event_id == event_id, in_chunks(Place.key, keys))
    return PlannedMeeting.place_id.in_(places)


def _ids(session: Session, event_id: int, keys: Sequence[str]) -> list[int]:
    return list(session.scalars(select(Slot.id).where(Slot.of(event_id), in_chunks(Slot.key, keys))))


def _reach(session: Session, version_id: int, event_id: int, slots: Collection[int]) -> set[int]:
    """Return the slots in which a meeting of the version can start that occupies one of these."""
    longest = session.scalar(
        select(func.max(PlannedMeeting.length)).where(PlannedMeeting.version_id == version_id)
    )
    ordered = session.scalars(select(Slot.id).where(Slot.event_id == event_id).order_by(Slot.position)).all()
    wanted = set(slots)
    return {
        ordered[before]
        for i, slot in enumerate(ordered)
        if slot in wanted
        for before in range(max(0, i - (longest or 1) + 1), i + 1)
    }


def _made_worse(session: Session, event_id: int, change: ChangePlaces) -> Iterator[str]:
    """Yield keys of places whose capacity is reduced or whose hall changes."""
    rows = session.execute(
        select(Place.key, Place.capacity, Hall.key)
        .join(Hall, Hall.id == Place.hall_id)
        .where(Place.event_id == event_id, in_chunks(Place.key, [place.key for place in change.places]))
    )
    known = {key: (capacity, hall) for key, capacity, hall in rows}
    for wanted in change.places:
        capacity, hall = known.get(wanted.key, (0, None))
        if wanted.capacity < capacity or wanted.hall not in (None, hall):
            yield wanted.key


def _find_neighbours(session: Session, version_id: int, meetings: Collection[int]) -> frozenset[int]:
    """Return the requests of the meetings just before and after these, of their attendees and interpreters.

    A place in another hall has other walks, and of two meetings too far apart the later one is broken.
    """
    planned = PlannedMeeting.id, PlannedMeeting.request_id, Slot.position
    mine = in_chunks(PlannedMeeting.id, meetings)
    attendees = select(PlannedAttendee.attendee_id).where(in_chunks(PlannedAttendee.meeting_id, meetings))
    interpreters = select(PlannedMeeting.interpreter_id).where(
        mine, PlannedMeeting.interpreter_id.is_not(None)
    )
    agendas = [
        (PlannedMeeting.interpreter_id, interpreters, select(PlannedMeeting.interpreter_id, *planned)),
        (
            PlannedAttendee.attendee_id,
            attendees,
            select(PlannedAttendee.attendee_id, *planned).join(
                PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id
            ),
        ),
    ]
    found: set[int] = set()
    for person, people, meetings_of in agendas:
        rows = session.execute(
            meetings_of.join(Slot, Slot.id == PlannedMeeting.slot_id)
            .where(PlannedMeeting.version_id == version_id)
            .where(in_chunks(person, session.scalars(people.distinct()).all()))
            .order_by(person, Slot.position)
        )
        for earlier, later in pairwise(rows):
            if earlier[0] == later[0] and (earlier[1] in meetings or later[1] in meetings):
                found |= {earlier[2], later[2]}
    return frozenset(found)


def _apart(session: Session, event_id: int, version_id: int, change: ChangeWalks) -> Iterator[int]:
    """Yield requests of a person's consecutive meetings in two halls, if the gap is too short for a longer
    walk.
    """
    minutes = _longer(session, event_id, change)
    halls = {hall for pair in minutes for hall in pair}
    rows = _agendas(session, version_id, halls) if halls else {}
    spans = {
        row.id: (row.start, row.end)
        for row in session.execute(select(Slot.id, Slot.start, Slot.end).where(Slot.event_id == event_id))
    }
    for meetings in rows.values():
        meetings.sort(key=lambda each: spans[each[1]])
        for (one, _, last, hall), (two, slot, _, other) in pairwise(meetings):
            walk = minutes.get((hall, other))
            if walk is not None and spans[slot][0] - spans[last][1] < walk:
                yield one
                yield two


def _longer(session: Session, event_id: int, change: ChangeWalks) -> Mapping[tuple[int, int], timedelta]:
    """Return the walks that get longer, in both directions, by ids of halls."""
    ids: dict[str, int] = dict(
        session.execute(select(Hall.key, Hall.id).where(Hall.event_id == event_id)).all()
    )
    walks = session.scalars(select(WalkingTime).where(in_chunks(WalkingTime.from_hall_id, ids.values())))
    known = {frozenset((row.from_hall_id, row.to_hall_id)): row.minutes for row in walks}
    longer = {}
    for walk in change.walks:
        one, two = ids.get(walk.from_hall), ids.get(walk.to_hall)
        if one is None or two is None or walk.minutes <= known.get(frozenset((one, two)), 0):
            continue
        longer[one, two] = longer[two, one] = timedelta(minutes=walk.minutes)
    return longer


def _agendas(
    session: Session, version_id: int, halls: Collection[int]
) -> Mapping[tuple[str, int], list[tuple[int, int, int, int]]]:
    """Return request, slot, last slot and hall of each meeting in these halls, by attendee and by
    interpreter.
    """
    columns = (
        PlannedMeeting.request_id,
        PlannedMeeting.slot_id,
        PlannedMeeting.last_slot_id,
        Place.hall_id,
    )
    here = PlannedMeeting.version_id == version_id, in_chunks(Place.hall_id, halls)
    of_place = Place.id == PlannedMeeting.place_id
    seated = (
        select(PlannedAttendee.attendee_id, *columns)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(Place, of_place)
    )
    spoken = select(PlannedMeeting.interpreter_id, *columns).join(Place, of_place)
    spoken = spoken.where(PlannedMeeting.interpreter_id.is_not(None))
    found: dict[tuple[str, int], list[tuple[int, int, int, int]]] = defaultdict(list)
    for kind, query in (("attendee", seated), ("interpreter", spoken)):
        for person, request, slot, last, hall in session.execute(query.where(*here)):
            found[kind, person or 0].append((request, slot, last, hall))
    return found


def _in_days(session: Session, event: Event, version_id: int, change: ChangeDays) -> AffectedRequests:
    """Return meetings at removed times, and meetings of several slots on changed days."""
    if change.changeover_minutes >= change.slot_minutes or any(True for _ in fields.check_form(change)):
        return AffectedRequests()
    zone = ZoneInfo(event.timezone)
    wanted = timetable.assign_blocks(change, zone)
    rows = session.scalars(select(Slot).where(Slot.of(event.id))).all()
    gone = [row.id for row in rows if (row.start, row.end) not in wanted]
    changed = {
        start.astimezone(zone).date()
        for (start, end), block in {*wanted.items()} ^ {((row.start, row.end), row.block) for row in rows}
    }
    on = [row.id for row in rows if row.start.astimezone(zone).date() in changed]
    planned = PlannedMeeting.version_id == version_id
    ends = or_(in_chunks(PlannedMeeting.slot_id, gone), in_chunks(PlannedMeeting.last_slot_id, gone))
    lost = {one.request for one in _held(session, planned, ends)}
    longer = _held(session, planned, PlannedMeeting.length > 1, in_chunks(PlannedMeeting.slot_id, on))
    return AffectedRequests(frozenset(lost | {one.request for one in longer}), frozenset(lost))
