"""Seat counts: meetings per attendee of a version, and the halls and slots they are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.services.emails.calendar_status.people import BoardVersion
from scheduler.services.emails.calendar_status.tallies import MeetingSelection, selection_condition
from scheduler.storage.cache.cache_keys import venue_digest
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.models import Place, PlannedAttendee, PlannedMeeting, ScheduleVersion, Slot


@dataclass(frozen=True, slots=True)
class SeatCounts:
    """`people` are attendees with their number of meetings and the position of their first slot.

    `where` are pairs of a hall id and a slot position with at least one meeting.
    """

    people: list[tuple[int, int, int]]
    where: list[tuple[int, int]]


def count_seats(session: Session, version: BoardVersion) -> SeatCounts:
    """Count the seats of all meetings of a version. Cached."""

    def work_out() -> dict[str, Any]:
        return {
            "people": count_chosen_seats(session, version, MeetingSelection()),
            "where": _where(session, version),
        }

    row = session.get_one(ScheduleVersion, version.id)
    return SeatCounts(
        **cached_statistic(session, row, "calendars", [venue_digest(session, version.event_id)], work_out)
    )


def count_chosen_seats(
    session: Session, version: BoardVersion, chosen: MeetingSelection
) -> list[tuple[int, int, int]]:
    """Count the seats of the selected meetings, in the format of `SeatCounts.people`."""
    query = (
        select(PlannedAttendee.attendee_id, func.count(), func.min(Slot.position))
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .where(PlannedMeeting.version_id == version.id, *selection_condition(chosen))
        .group_by(PlannedAttendee.attendee_id)
        .order_by(PlannedAttendee.attendee_id)
    )
    return [(who, number, first) for who, number, first in session.execute(query)]


def _where(session: Session, version: BoardVersion) -> list[tuple[int, int]]:
    query = (
        select(Place.hall_id, Slot.position)
        .select_from(PlannedMeeting)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .where(PlannedMeeting.version_id == version.id)
        .distinct()
    )
    return [(hall, position) for hall, position in session.execute(query)]
