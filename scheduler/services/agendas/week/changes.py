"""Changes in a firm's meetings since a person last viewed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, aliased

from scheduler.domain.errors import NotFound
from scheduler.i18n import place_label, venue_label
from scheduler.services.directory.references import FirmRef, PersonRef, firm_columns, person_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule.agendas import Agenda, AgendaItem
from scheduler.storage.models import (
    Attendee,
    Firm,
    Hall,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
)
from scheduler.storage.planned_meetings import TIME_AND_PLACE, with_time_and_place


class WeekChangeKind(StrEnum):
    """Kind of change as the firm sees it. If a meeting has several, the first in this order counts."""

    NEW = "new"
    MOVED = "moved"
    RELOCATED = "relocated"
    REASSIGNED = "reassigned"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class FormerMeeting:
    """A meeting as it was in an earlier version. `people` are those of the firm."""

    partner: FirmRef
    start: datetime
    place: str
    hall: str
    people: tuple[PersonRef, ...]


@dataclass(frozen=True, slots=True)
class WeekChange:
    """A change to one meeting. `before` is None for a new meeting, `item` for a cancelled one."""

    kind: WeekChangeKind
    request_key: str
    partner: FirmRef
    start: datetime
    before: FormerMeeting | None
    item: AgendaItem | None


def list_changes(session: Session, actor: Actor, agenda: Agenda) -> tuple[WeekChange, ...]:
    """Return the changes in the firm's agenda since the version that the actor last viewed, by time.

    If the actor has not marked any version as seen, compare with the previously published one. Takes at most
    four queries.
    """
    base = _base(session, actor, agenda)
    if base is None or actor.firm_id is None:
        return ()
    held = _held(session, actor.firm_id, base)
    now = {item.request_key: item for item in agenda.items}
    found = [
        WeekChange(kind, key, item.partner, item.start, held.get(key), item)
        for key, item in now.items()
        if (kind := _kind(held.get(key), item)) is not None
    ]
    gone = [
        WeekChange(WeekChangeKind.CANCELLED, key, was.partner, was.start, was, None)
        for key, was in held.items()
        if key not in now
    ]
    return tuple(sorted((*found, *gone), key=lambda change: (change.start, change.request_key)))


def mark_seen(session: Session, actor: Actor, number: int) -> None:
    """Mark everything up to this version as seen by the actor.

    Raises NotFound for a version that was never published.
    """
    version_id = session.scalar(
        select(ScheduleVersion.id).where(
            ScheduleVersion.event_id == actor.event_id,
            ScheduleVersion.number == number,
            ScheduleVersion.published_at.is_not(None),
        )
    )
    attendee_id = actor.own(Right.READ_AGENDAS)
    if version_id is None or attendee_id is None:
        raise NotFound("schedule version", number)
    seen = {"seen_version_id": version_id, "updated_at": Attendee.updated_at}  # no list of updates shows it
    session.execute(update(Attendee).where(Attendee.id == attendee_id).values(seen))


def _base(session: Session, actor: Actor, agenda: Agenda) -> int | None:
    """Return the id of the version to compare with, or None if it is the present one or there is none."""
    if agenda.version is None or actor.attendee_id is None:
        return None
    of_event = select(ScheduleVersion.id).where(
        ScheduleVersion.event_id == actor.event_id, ScheduleVersion.published_at.is_not(None)
    )
    seen = session.scalar(select(Attendee.seen_version_id).where(Attendee.id == actor.attendee_id))
    present = session.scalar(of_event.where(ScheduleVersion.number == agenda.version))
    if seen is not None:
        return seen if seen != present else None
    before = of_event.where(ScheduleVersion.number < agenda.version)
    return session.scalar(before.order_by(ScheduleVersion.number.desc()).limit(1))


_Sender, _Receiver = aliased(Firm), aliased(Firm)


def _held(session: Session, firm_id: int, version_id: int) -> Mapping[str, FormerMeeting]:
    of_firm = or_(MeetingRequest.from_firm_id == firm_id, MeetingRequest.to_firm_id == firm_id)
    query = (
        select(
            PlannedMeeting.id,
            MeetingRequest.key,
            _Sender.id,
            *firm_columns(_Sender),
            *firm_columns(_Receiver),
            *TIME_AND_PLACE,
            Hall.names,
        )
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(_Sender, _Sender.id == MeetingRequest.from_firm_id)
        .join(_Receiver, _Receiver.id == MeetingRequest.to_firm_id)
        .where(PlannedMeeting.version_id == version_id, of_firm)
    )
    rows = session.execute(with_time_and_place(query)).all()
    people: dict[int, list[PersonRef]] = {}
    sitting = (
        select(PlannedAttendee.meeting_id, *person_columns(Attendee))
        .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .where(PlannedMeeting.version_id == version_id, Attendee.firm_id == firm_id)
        .order_by(Attendee.id)
    )
    for meeting_id, *person in session.execute(sitting):
        people.setdefault(meeting_id, []).append(PersonRef(*person))
    return {
        key: FormerMeeting(
            partner=FirmRef(*(names[4:] if sender_id == firm_id else names[:4])),
            start=start,
            place=place_label(place),
            hall=venue_label(hall, hall_names),
            people=tuple(people.get(meeting_id, ())),
        )
        for meeting_id, key, sender_id, *names, start, _, place, hall, hall_names in rows
    }


def _kind(was: FormerMeeting | None, item: AgendaItem) -> WeekChangeKind | None:
    if was is None:
        return WeekChangeKind.NEW
    if was.start != item.start:
        return WeekChangeKind.MOVED
    if (was.place, was.hall) != (item.place, item.hall):
        return WeekChangeKind.RELOCATED
    if {person.key for person in was.people} != {person.key for person in item.people}:
        return WeekChangeKind.REASSIGNED
    return None
