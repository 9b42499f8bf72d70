"""Bookings of the published version: people and places per slot, unique to prevent double booking."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, delete, func, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import HolderKind
from scheduler.domain.errors import PlanRejected
from scheduler.storage.models import Booking, Place, PlannedAttendee, PlannedMeeting, ScheduleVersion, Slot

_COLUMNS = ("slot_id", "kind", "holder_id", "seat", "event_id", "meeting_id")
_Start, _Last = aliased(Slot), aliased(Slot)


def replace_bookings(session: Session, version: ScheduleVersion) -> None:
    """Replace the event's bookings by those of a version. The database copies the rows itself.

    Raises PlanRejected if a person or place is double-booked: the unique key rejects it.
    """
    session.execute(delete(Booking).where(Booking.event_id == version.event_id))
    try:
        for rows in (_places(version), _people(version), _interpreters(version)):
            session.execute(insert(Booking).from_select(_COLUMNS, rows))
    except IntegrityError as error:
        raise PlanRejected([f"version {version.number} books somebody twice"]) from error


def _slots(version: ScheduleVersion, kind: HolderKind, holder: Any, seat: Any) -> Select[*tuple[Any, ...]]:
    """Return the query with a row for each slot of each meeting of a version."""
    return (
        select(
            Slot.id,
            literal(kind.value),
            holder,
            seat,
            literal(version.event_id),
            PlannedMeeting.id,
        )
        .select_from(PlannedMeeting)
        .join(_Start, _Start.id == PlannedMeeting.slot_id)
        .join(_Last, _Last.id == PlannedMeeting.last_slot_id)
        .join(
            Slot,
            (Slot.event_id == _Start.event_id)
            & Slot.position.between(_Start.position, _Last.position)
            & Slot.is_retired.is_(False),
        )
        .where(PlannedMeeting.version_id == version.id)
    )


def _places(version: ScheduleVersion) -> Select[*tuple[Any, ...]]:
    """Return the query for bookings of places.

    A meeting beyond a place's capacity gets an occupied seat number, which the unique key rejects.
    """
    taken = func.row_number().over(
        partition_by=(Slot.id, PlannedMeeting.place_id), order_by=PlannedMeeting.id
    )
    capacity = func.coalesce(func.nullif(Place.capacity, 0), 1)
    rows = _slots(version, HolderKind.PLACE, PlannedMeeting.place_id, (taken - 1) % capacity)
    return rows.join(Place, Place.id == PlannedMeeting.place_id)


def _people(version: ScheduleVersion) -> Select[*tuple[Any, ...]]:
    rows = _slots(version, HolderKind.ATTENDEE, PlannedAttendee.attendee_id, literal(0))
    return rows.join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)


def _interpreters(version: ScheduleVersion) -> Select[*tuple[Any, ...]]:
    rows = _slots(version, HolderKind.INTERPRETER, PlannedMeeting.interpreter_id, literal(0))
    return rows.where(PlannedMeeting.interpreter_id.is_not(None))
