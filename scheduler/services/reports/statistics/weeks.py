"""Week view of a person, firm or booth in a version: meetings, absences and closures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound
from scheduler.domain.names import display_both
from scheduler.i18n import join_texts, place_label, venue_label
from scheduler.services.availability import unavailable_slots
from scheduler.services.exports import meeting_list
from scheduler.services.exports.meeting_list import ListedMeeting
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions
from scheduler.services.text import is_storable
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Hall,
    MeetingRequest,
    Place,
    PlaceClosure,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)


class WeekOwner(StrEnum):
    """Kind of owner of a week."""

    PERSON = "people"
    FIRM = "firms"
    PLACE = "places"


@dataclass(frozen=True, slots=True)
class WeekRows:
    """Data of a week. Times are in the event's time zone. `starts` are those of all slots in order, `away`
    the unavailable ones.

    `own` is the key of the firm whose partners are shown, None for a place. A firm is never unavailable.
    """

    name: str
    own: str | None
    starts: Sequence[datetime]
    away: frozenset[datetime]
    meetings: Sequence[ListedMeeting]


def get_week(
    session: Session, actor: Actor, number: int, of: WeekOwner, key: str, *, language: str = "en"
) -> WeekRows:
    """Return the week of one owner in a version, without cancelled meetings. The number of queries is
    constant.

    Raises NotFound. Names are in the form for readers of `language`.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    columns = select(Slot.id, Slot.start).where(Slot.of(actor.event_id)).order_by(Slot.position)
    slots = {slot_id: start.astimezone(zone) for slot_id, start in session.execute(columns)}
    name, own, which, away = _of(session, actor, of, key, language)
    return WeekRows(
        name=name,
        own=own,
        starts=list(slots.values()),
        away=frozenset(slots[slot_id] for slot_id in away if slot_id in slots),
        meetings=meeting_list.select_meetings(
            session, zone, PlannedMeeting.version_id == version.id, which, language=language
        ),
    )


def _of(
    session: Session, actor: Actor, of: WeekOwner, key: str, language: str
) -> tuple[str, str | None, ColumnElement[bool], set[int]]:
    """Return name, own firm's key, SQL condition of the meetings, and ids of unavailable slots."""
    found = _person if of is WeekOwner.PERSON else _firm if of is WeekOwner.FIRM else _place
    row = found(session, actor.event_id, key, language) if is_storable(key) else None
    if row is None:
        raise NotFound(
            {WeekOwner.PERSON: "attendee", WeekOwner.FIRM: "firm", WeekOwner.PLACE: "place"}[of], key
        )
    return row


Found = tuple[str, str | None, ColumnElement[bool], set[int]] | None


def _person(session: Session, event_id: int, key: str, language: str) -> Found:
    query = select(Attendee.id, Attendee.name, Attendee.latin_name, Firm.key).join(Firm)
    row = session.execute(query.where(Attendee.event_id == event_id, Attendee.key == key)).first()
    if row is None:
        return None
    sits = select(PlannedAttendee.meeting_id).where(PlannedAttendee.attendee_id == row[0])
    away = unavailable_slots.list_unavailable_slots(session, event_id, [row[0]]).get(row[0], set())
    return display_both(row[1], row[2], language), row[3], PlannedMeeting.id.in_(sits), away


def _firm(session: Session, event_id: int, key: str, language: str) -> Found:
    query = select(Firm.id, Firm.name, Firm.latin_name)
    row = session.execute(query.where(Firm.event_id == event_id, Firm.key == key)).first()
    if row is None:
        return None
    both = or_(MeetingRequest.from_firm_id == row[0], MeetingRequest.to_firm_id == row[0])
    requests = select(MeetingRequest.id).where(both)
    return display_both(row[1], row[2], language), key, PlannedMeeting.request_id.in_(requests), set()


def _place(session: Session, event_id: int, key: str, _language: str) -> Found:
    query = select(Place.id, Hall.name, Hall.names, Place.name).join(Hall, Hall.id == Place.hall_id)
    row = session.execute(query.where(Place.event_id == event_id, Place.key == key)).first()
    if row is None:
        return None
    shut = set(session.scalars(select(PlaceClosure.slot_id).where(PlaceClosure.place_id == row[0])))
    return (
        join_texts((venue_label(row[1], row[2]), place_label(row[3]))),
        None,
        PlannedMeeting.place_id == row[0],
        shut,
    )
