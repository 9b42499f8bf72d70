"""Broken meetings: published, but a person is unavailable or the place is closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from scheduler.domain.entities import HolderKind
from scheduler.services.schedule.scheduled import only_scheduled
from scheduler.storage.models import (
    AttendeeBusy,
    Booking,
    InterpreterBusy,
    MeetingRequest,
    PlaceClosure,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)

_MARKS: tuple[tuple[HolderKind, Any, Any], ...] = (
    (HolderKind.ATTENDEE, AttendeeBusy, AttendeeBusy.attendee_id),
    (HolderKind.INTERPRETER, InterpreterBusy, InterpreterBusy.interpreter_id),
    (HolderKind.PLACE, PlaceClosure, PlaceClosure.place_id),
)


def list_broken_requests(
    session: Session, version: ScheduleVersion, *, now: datetime, until: datetime | None = None
) -> list[str]:
    """Return the requests of published meetings that cannot take place, earliest first.

    Meetings that have started are left out. With `until`, only those that start before it.
    """
    meetings = union(
        *(
            select(Booking.meeting_id)
            .join(Slot, Slot.id == Booking.slot_id)
            .join(marks, (whose == Booking.holder_id) & (marks.slot_id == Booking.slot_id))
            .where(Booking.event_id == version.event_id, Booking.kind == kind, Slot.start > now)
            for kind, marks, whose in _MARKS
        )
    ).subquery()
    query = (
        select(MeetingRequest.key)
        .select_from(PlannedMeeting)
        .join(meetings, meetings.c.meeting_id == PlannedMeeting.id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .order_by(Slot.start, MeetingRequest.id)
    )
    if until is not None:
        query = query.where(Slot.start < until)
    return list(session.scalars(only_scheduled(query, version.id)))
