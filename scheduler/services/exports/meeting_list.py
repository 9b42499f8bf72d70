"""Meetings of a version with all names, for lists. Three queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import names
from scheduler.domain.names import translated_name, translated_place_name
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions
from scheduler.services.schedule.scheduled import IS_ACCEPTED
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Hall,
    Interpreter,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)
from scheduler.storage.planned_meetings import TIME_AND_PLACE, with_time_and_place


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A person in a meeting."""

    key: str
    name: str
    email: str
    phone: str
    title: str


@dataclass(frozen=True, slots=True)
class ListedSide:
    """A firm of a meeting, with its people."""

    key: str
    name: str
    country: str
    people: tuple[ListedPerson, ...]

    @property
    def people_names(self) -> list[str]:
        return [person.name for person in self.people]

    @property
    def names(self) -> str:
        return "; ".join(self.people_names)


@dataclass(frozen=True, slots=True)
class ListedMeeting:
    """A meeting of a version. `start` and `end` are in the event's time zone."""

    request: str
    topic: str
    priority: int
    start: datetime
    end: datetime
    hall: str
    place: str
    place_name: str
    interpreter: str
    interpreter_key: str
    sides: tuple[ListedSide, ListedSide]
    """The requesting firm, then the requested firm."""
    hall_names: Mapping[str, str]
    """The hall's names by language."""

    @property
    def when(self) -> tuple[str, str, str]:
        """Day, start and end as text."""
        return self.start.date().isoformat(), f"{self.start:%H:%M}", f"{self.end:%H:%M}"


def find_version(session: Session, actor: Actor, number: int | None) -> ScheduleVersion | None:
    """Return the version with this number, or by default the published one or None. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    if number is not None:
        return versions.get_version(session, actor.event_id, number)
    return versions.find_published_version(session, actor.event_id)


def list_meetings(
    session: Session,
    actor: Actor,
    version_id: int,
    *,
    only: Collection[str] | None = None,
    language: str = "",
) -> Sequence[ListedMeeting]:
    """Return the meetings of a version in time order, without those withdrawn since.

    Names are as in `select_meetings`. `only` are keys of people that the caller may show to the actor.
    """
    if only is None:
        actor.require(Right.READ_AGENDAS)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    return select_meetings(session, zone, PlannedMeeting.version_id == version_id, language=language)


_Sender, _Receiver = aliased(Firm), aliased(Firm)
_MEETINGS = with_time_and_place(
    select(
        PlannedMeeting.id,
        MeetingRequest.key,
        MeetingRequest.topics,
        MeetingRequest.priority,
        *TIME_AND_PLACE,
        Place.key,
        Interpreter.name,
        Interpreter.latin_name,
        Interpreter.key,
        _Sender.id,
        _Sender.key,
        _Sender.name,
        _Sender.latin_name,
        _Sender.country,
        _Receiver.id,
        _Receiver.key,
        _Receiver.name,
        _Receiver.latin_name,
        _Receiver.country,
        Hall.names,
    )
    .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
    .join(_Sender, _Sender.id == MeetingRequest.from_firm_id)
    .join(_Receiver, _Receiver.id == MeetingRequest.to_firm_id)
    .outerjoin(Interpreter, Interpreter.id == PlannedMeeting.interpreter_id)
).order_by(Slot.position, Place.key, MeetingRequest.id)


def select_meetings(
    session: Session,
    zone: ZoneInfo,
    *which: ColumnElement[bool],
    at: datetime | None = None,
    language: str = "",
) -> Sequence[ListedMeeting]:
    """Return the meetings that match the conditions, in time order. Two queries.

    Withdrawn meetings are left out, as of `at` if given. Names are as in lists, or for readers of `language`
    if given.
    """
    stood = IS_ACCEPTED if at is None else or_(IS_ACCEPTED, MeetingRequest.responded_at > at)
    rows = session.execute(_MEETINGS.where(stood, *which)).all()
    seated = _list_people(session, which, language)
    found = []
    for row in rows:
        meeting_id, request, topic, priority, start, end, *rest = row
        place_name, hall, place, interpreter, interpreter_latin, interpreter_key = rest[:6]
        sides = tuple(
            ListedSide(key, _name(name, latin, language), country, tuple(seated[meeting_id, firm_id]))
            for firm_id, key, name, latin, country in (rest[6:11], rest[11:16])
        )
        found.append(
            ListedMeeting(
                request,
                topic,
                priority,
                start.astimezone(zone),
                end.astimezone(zone),
                translated_name(hall, rest[16], language),
                place,
                translated_place_name(place_name, language),
                _name(interpreter or "", interpreter_latin or "", language),
                interpreter_key or "",
                (sides[0], sides[1]),
                rest[16],
            )
        )
    return found


def list_sides(meetings: Iterable[ListedMeeting]) -> Iterator[tuple[ListedMeeting, ListedSide, ListedSide]]:
    """Yield each meeting from both sides: the meeting, the own side, the partner's side."""
    for each in meetings:
        asks, asked = each.sides
        yield each, asks, asked
        yield each, asked, asks


def _list_people(
    session: Session, which: Sequence[ColumnElement[bool]], language: str
) -> dict[tuple[int, int], list[ListedPerson]]:
    """Return the people by meeting and firm."""
    query = (
        select(
            PlannedAttendee.meeting_id,
            Attendee.firm_id,
            Attendee.key,
            Attendee.name,
            Attendee.latin_name,
            Attendee.email,
            Attendee.phone,
            Attendee.title,
        )
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
        .where(*which)
        .order_by(Attendee.id)
    )
    found: dict[tuple[int, int], list[ListedPerson]] = defaultdict(list)
    for meeting_id, firm_id, key, name, latin, *columns in session.execute(query):
        found[meeting_id, firm_id].append(ListedPerson(key, _name(name, latin, language), *columns))
    return found


def _name(name: str, latin: str, language: str) -> str:
    return names.display_both(name, latin, language) if language else name
