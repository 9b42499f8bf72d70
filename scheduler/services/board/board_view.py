"""Board view of a version: half a day of one hall, by place or person, one page of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind
from scheduler.i18n import display_name, gettext_lazy, place_label, venue_label
from scheduler.services.availability import unavailable_slots
from scheduler.services.board.board_cells import (
    BoardCell,
    BoardMeeting,
    BoardSlot,
    list_day_meetings,
    make_cells,
)
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page, page_of_reader
from scheduler.services.schedule import versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Hall,
    Place,
    PlaceClosure,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)

PAGE_SIZE = 50
"""Places or people per page."""
AFTERNOON_START = time(12)
"""Slots that start earlier belong to the morning."""


class RowsOf(StrEnum):
    """What the rows of the board are."""

    PLACE = "place"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A place or person of the hall. `note` is the kind of place, or the firm."""

    key: str
    name: str
    note: str
    cells: tuple[BoardCell, ...]
    is_booth: bool = False

    @property
    def is_empty_booth(self) -> bool:
        """True if it is a booth without meetings in this view."""
        return self.is_booth and not any(cell.meetings for cell in self.cells)


@dataclass(frozen=True, slots=True)
class BoardView:
    """A part of a version, and the other parts that can be shown."""

    days: tuple[date, ...]
    day: date
    is_afternoon: bool
    has_other_half: bool
    halls: Mapping[str, str]
    hall: str
    rows_of: RowsOf
    slots: tuple[BoardSlot, ...]
    page: Page[BoardRow]

    def beside(self, request: str) -> tuple[BoardMeeting, ...]:
        """Return the other meetings of the page in the same row or time, as candidates for a swap."""
        rows = [row.cells for row in self.page.items]
        own = [(n, c.slot) for n, row in enumerate(rows) for c in row if request in _requests(c)]
        at_rows, at_slots = {n for n, _ in own}, {slot for _, slot in own}
        cells = (c for n, row in enumerate(rows) for c in row if n in at_rows or c.slot in at_slots)
        found = {each.request: each for cell in cells for each in cell.meetings}
        return tuple(each for key, each in found.items() if key != request)


def _requests(cell: BoardCell) -> set[str]:
    return {each.request for each in cell.meetings}


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """Parameters of the board. Invalid values select the first option."""

    day: str = ""
    half: str = ""
    hall: str = ""
    rows_of: str = RowsOf.PLACE
    page: int = 1


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of a version to load: slots of the day, visible slots, and a page of rows."""

    event_id: int
    version_id: int
    hall: str
    of_day: Sequence[BoardSlot]
    shown: Sequence[BoardSlot]
    page: int


def get_board(session: Session, actor: Actor, number: int, wish: BoardQuery) -> BoardView:
    """Return the board of a version. The number of queries is constant. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    version_id = versions.get_version(session, actor.event_id, number).id
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    slots = _slots(session, actor.event_id, zone)
    days = tuple(dict.fromkeys(slot.start.date() for slot in slots))
    day = next((each for each in days if each.isoformat() == wish.day), days[0] if days else date.min)
    of_day = [slot for slot in slots if slot.start.date() == day]
    early = tuple(slot for slot in of_day if slot.start.time() < AFTERNOON_START)
    late = tuple(slot for slot in of_day if slot.start.time() >= AFTERNOON_START)
    is_afternoon = bool(late) and (wish.half == "afternoon" or not early)
    shown = late if is_afternoon else early
    halls = _halls(session, actor.event_id)
    hall = wish.hall if wish.hall in halls else next(iter(halls), "")
    rows_of = RowsOf.PERSON if wish.rows_of == RowsOf.PERSON else RowsOf.PLACE
    read = _people if rows_of is RowsOf.PERSON else _places
    page = read(session, _Part(actor.event_id, version_id, hall, of_day, shown, wish.page))
    return BoardView(
        days=days,
        day=day,
        is_afternoon=is_afternoon,
        has_other_half=bool(early) and bool(late),
        halls=halls,
        hall=hall,
        rows_of=rows_of,
        slots=shown,
        page=page,
    )


def _slots(session: Session, event_id: int, zone: ZoneInfo) -> list[BoardSlot]:
    rows = session.execute(
        select(Slot.key, Slot.start, Slot.position).where(Slot.of(event_id)).order_by(Slot.position)
    )
    return [BoardSlot(key, start.astimezone(zone), position) for key, start, position in rows]


def _halls(session: Session, event_id: int) -> dict[str, str]:
    rows = session.execute(
        select(Hall.key, Hall.name, Hall.names)
        .where(Hall.event_id == event_id)
        .order_by(Hall.position, Hall.id)
    )
    return {key: venue_label(name, names) for key, name, names in rows}


def _places(session: Session, part: _Part) -> Page[BoardRow]:
    """Return a page of places: tables first, then booths, by name."""
    query = (
        select(Place.id, Place.key, Place.name, Place.kind, Firm.name, Firm.latin_name)
        .join(Hall, Hall.id == Place.hall_id)
        .outerjoin(Firm, Firm.id == Place.firm_id)
        .where(Place.event_id == part.event_id, Hall.key == part.hall, Place.is_retired.is_(False))
        .order_by(Place.kind.desc(), Place.name, Place.id)
    )

    def read(first: int, most: int) -> Sequence[BoardRow]:
        found = session.execute(query.offset(first).limit(most)).all()
        at = PlannedMeeting.place_id
        held = list_day_meetings(session, part.version_id, at, [row[0] for row in found], part.of_day)
        closed = _closed(session, [row[0] for row in found])
        return [
            BoardRow(
                key,
                place_label(name),
                _owner(kind, own, latin),
                make_cells(held[place_id], closed.get(place_id, set()), part.shown),
                is_booth=kind is PlaceKind.BOOTH,
            )
            for place_id, key, name, kind, own, latin in found
        ]

    return page_of_reader("places", read, _count(session, query), number=part.page, limit=PAGE_SIZE)


def _owner(kind: PlaceKind, own: str | None, latin: str | None) -> str:
    """Return the note of a place: "table", the booth's firm, or "booth"."""
    if kind is PlaceKind.TABLE:
        return gettext_lazy("table")
    return display_name(own, latin or "") if own else gettext_lazy("booth")


def _people(session: Session, part: _Part) -> Page[BoardRow]:
    """Return a page of people of the hall's firms, by name."""
    query = (
        select(Attendee.id, Attendee.key, Attendee.name, Attendee.latin_name, Firm.name, Firm.latin_name)
        .join(Firm, Firm.id == Attendee.firm_id)
        .join(Hall, Hall.id == Firm.hall_id)
        .where(
            Attendee.event_id == part.event_id,
            Hall.key == part.hall,
            Attendee.withdrawn_at.is_(None),
            Firm.withdrawn_at.is_(None),
        )
        .order_by(Attendee.latin_name, Attendee.id)
    )

    def read(first: int, most: int) -> Sequence[BoardRow]:
        found = session.execute(query.offset(first).limit(most)).all()
        ids = [row[0] for row in found]
        held = list_day_meetings(session, part.version_id, PlannedAttendee.attendee_id, ids, part.of_day)
        away = unavailable_slots.list_unavailable_slots(session, part.event_id, ids)
        keys = _slot_keys(session, {slot for slots in away.values() for slot in slots})
        return [
            BoardRow(
                key,
                display_name(name, latin),
                display_name(*firm),
                make_cells(held[person_id], {keys[slot] for slot in away.get(person_id, ())}, part.shown),
            )
            for person_id, key, name, latin, *firm in found
        ]

    return page_of_reader("people", read, _count(session, query), number=part.page, limit=PAGE_SIZE)


def _count(session: Session, query: Select[*tuple[Any, ...]]) -> int:
    return session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _closed(session: Session, places: Collection[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for place_id, key in session.execute(
        select(PlaceClosure.place_id, Slot.key)
        .join(Slot, Slot.id == PlaceClosure.slot_id)
        .where(in_chunks(PlaceClosure.place_id, places))
    ):
        found[place_id].add(key)
    return found


def _slot_keys(session: Session, ids: Collection[int]) -> dict[int, str]:
    rows = session.execute(select(Slot.id, Slot.key).where(in_chunks(Slot.id, ids)))
    return {slot_id: key for slot_id, key in rows}  # noqa: C416 -- dict(rows) loses the types
