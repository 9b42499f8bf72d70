"""Cells of the board: the meetings of a day by place or by person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.manual_edits import LockKind
from scheduler.i18n import display_name, pair_label, place_label
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Firm,
    MeetingLock,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)


@dataclass(frozen=True, slots=True)
class BoardSlot:
    """A column: a start time in the event's time zone."""

    key: str
    start: datetime
    position: int


@dataclass(frozen=True, slots=True)
class BoardMeeting:
    """A meeting in a cell. `continues`: it started in an earlier cell of the row."""

    request: str
    sender: str
    receiver: str
    place: str
    place_name: str
    is_locked: bool
    continues: bool


@dataclass(frozen=True, slots=True)
class BoardCell:
    """One time in one row. `is_away`: the place is closed or the person absent."""

    slot: str
    meetings: tuple[BoardMeeting, ...]
    is_away: bool = False


MeetingsAt = dict[int, dict[int, list[BoardMeeting]]]
"""Meetings by row id and position of each slot they take."""


def list_day_meetings(
    session: Session, version_id: int, by: Any, ids: Collection[int], of_day: Sequence[BoardSlot]
) -> MeetingsAt:
    """Return the meetings of one day, at places or of people."""
    query = (
        select_meetings(version_id)
        .add_columns(by)
        .where(
            in_chunks(by, ids),
            Slot.position.between(of_day[0].position, of_day[-1].position) if of_day else Slot.id.is_(None),
        )
        .order_by(Slot.position, MeetingRequest.key)
    )
    if by is PlannedAttendee.attendee_id:
        query = query.join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)
    found: MeetingsAt = defaultdict(lambda: defaultdict(list))
    for _, request, *both, position, length, place, place_name, mark, row_id in session.execute(query):
        asking, asked = display_name(*both[:2]), display_name(*both[2:])
        for k in range(length):
            meeting = BoardMeeting(
                request,
                asking,
                asked,
                place,
                place_label(place_name),
                mark is LockKind.LOCKED,
                continues=k > 0,
            )
            found[row_id][position + k].append(meeting)
    return found


def make_cells(
    held: Mapping[int, list[BoardMeeting]], away: Collection[str], shown: Sequence[BoardSlot]
) -> tuple[BoardCell, ...]:
    """Build the cells of one row."""
    return tuple(
        BoardCell(slot.key, tuple(held.get(slot.position, ())), is_away=slot.key in away) for slot in shown
    )


def request_label(found: Sequence[Any]) -> str:
    """Return the names of the two firms in a row of `select_requests`."""
    return pair_label(display_name(*found[2:4]), display_name(*found[4:6]))


def select_requests() -> Select[*tuple[Any, ...]]:
    """Select id, key and both names of both firms of requests. Callers can add columns."""
    sender, receiver = aliased(Firm), aliased(Firm)
    return (
        select(
            MeetingRequest.id,
            MeetingRequest.key,
            sender.name,
            sender.latin_name,
            receiver.name,
            receiver.latin_name,
        )
        .join(sender, sender.id == MeetingRequest.from_firm_id)
        .join(receiver, receiver.id == MeetingRequest.to_firm_id)
    )


def select_meetings(version_id: int) -> Select[*tuple[Any, ...]]:
    """Select the meetings of a version.

    Columns: those of `select_requests`, position, length, place (key, name), mark. Callers can add columns.
    """
    return (
        select_requests()
        .add_columns(Slot.position, PlannedMeeting.length, Place.key, Place.name, MeetingLock.kind)
        .join(PlannedMeeting, PlannedMeeting.request_id == MeetingRequest.id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .outerjoin(
            MeetingLock,
            (MeetingLock.version_id == PlannedMeeting.version_id)
            & (MeetingLock.request_id == PlannedMeeting.request_id),
        )
        .where(PlannedMeeting.version_id == version_id)
    )
