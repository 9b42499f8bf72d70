"""Availability grid of the actor by day: unavailable slots, reasons, and affected published meetings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from scheduler.i18n import gettext_lazy
from scheduler.invites.busy import Busy, BusyKind
from scheduler.services.availability import busy_times, unavailable_slots
from scheduler.services.availability.busy_times import BusyCalendar
from scheduler.services.directory.references import SlotRef, list_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.schedule import agendas
from scheduler.services.schedule.agendas import Agenda, AgendaItem
from scheduler.storage.models import AttendeeBusy, BusySource, Event, InterpreterBusy, Slot
from scheduler.storage.rows import rows_of

WHY = {
    BusyKind.EVENT: gettext_lazy("calendar event"),
    BusyKind.ALL_DAY: gettext_lazy("all-day event"),
    BusyKind.FREE_BUSY: gettext_lazy("busy time"),
    BusyKind.UNAVAILABLE: gettext_lazy("outside your available hours"),
}
MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One slot on a `day` in the venue's time zone.

    `calendars` are the saved calendars that block it. `reasons` are the entries of a preview that would block
    it.
    """

    slot: SlotRef
    day: date
    is_marked: bool
    calendars: tuple[str, ...]
    reasons: tuple[str, ...]
    meeting: AgendaItem | None

    @property
    def is_taken(self) -> bool:
        return bool(self.is_marked or self.calendars or self.reasons)


@dataclass(frozen=True, slots=True)
class Clash:
    """A published meeting at an unavailable time. `is_frozen`: it starts too soon to be moved."""

    meeting: AgendaItem
    is_frozen: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """Availability by day. `rows` are times of day in the venue's zone.

    Each row has one cell per day, or None where there is no slot.
    """

    days: tuple[date, ...]
    rows: tuple[tuple[time, time, tuple[Cell | None, ...]], ...]
    clashes: tuple[Clash, ...]

    def cells(self) -> list[Cell]:
        return [cell for _, _, cells in self.rows for cell in cells if cell is not None]


_MARKED = (
    select(Slot.key)
    .join(AttendeeBusy, AttendeeBusy.slot_id == Slot.id)
    .where(AttendeeBusy.attendee_id == bindparam("person"))
)


def list_marked_slots(session: Session, actor: Actor) -> set[str]:
    """Return the keys of the slots that the actor marked as unavailable. One query."""
    interpreter_id = busy_times.interpreter_id_of(actor)
    if interpreter_id is not None:
        return set(rows_of(session, _MARKED_BY_INTERPRETER, person=interpreter_id).scalars())
    return set(rows_of(session, _MARKED, person=busy_times.attendee_id_of(actor)).scalars())


_MARKED_BY_INTERPRETER = (
    select(Slot.key)
    .join(InterpreterBusy, InterpreterBusy.slot_id == Slot.id)
    .where(InterpreterBusy.interpreter_id == bindparam("person"))
)


_SAVED = (
    select(BusySource.name, BusySource.found)
    .where(BusySource.attendee_id == bindparam("person"), BusySource.is_saved)
    .order_by(BusySource.id)
)


def show_grid(
    session: Session,
    actor: Actor,
    *,
    now: datetime,
    preview: BusyCalendar | None = None,
    agenda: Agenda | None = None,
) -> Grid:
    """Return the actor's slots, with those that a preview would block.

    `agenda` is the actor's, if already loaded. Interpreters have marked slots but no calendars. Raises
    NotFound if the actor has no busy times.
    """
    event = session.get_one(Event, actor.event_id)
    slots, zone = list_slots(session, event.id), ZoneInfo(event.timezone)
    marked = list_marked_slots(session, actor)
    saved: list[tuple[str, list[unavailable_slots.Span]]] = []
    if busy_times.interpreter_id_of(actor) is None:
        calendars = rows_of(session, _SAVED, person=busy_times.attendee_id_of(actor))
        saved = [(name, unavailable_slots.busy_spans(found)) for name, found in calendars]
        meetings = (agenda or agendas.attendee_agenda(session, actor)).items
    else:
        meetings = (agenda or agendas.interpreter_agenda(session, actor)).items
    found = busy_times.from_json(preview.found).busy if preview else ()
    cells = [
        Cell(
            slot,
            slot.start.astimezone(zone).date(),
            slot.key in marked,
            tuple(name for name, spans in saved if unavailable_slots.overlaps(slot.start, slot.end, spans)),
            _reasons(slot, found),
            _meeting(slot, meetings),
        )
        for slot in slots
    ]
    days, rows = _arranged(cells, zone)
    return Grid(days, rows, _clashes(cells, event.frozen_until(now)))


def _reasons(slot: SlotRef, found: Sequence[Busy]) -> tuple[str, ...]:
    """Return the entries that block the slot, by title or kind; at most `MOST_REASONS`."""
    taking = [each for each in found if each.start < slot.end and each.end > slot.start]
    return tuple(dict.fromkeys(each.title or WHY[each.kind] for each in taking))[:MOST_REASONS]


def _meeting(slot: SlotRef, meetings: Sequence[AgendaItem]) -> AgendaItem | None:
    return next((each for each in meetings if each.start < slot.end and each.end > slot.start), None)


def _clashes(cells: Sequence[Cell], frozen_until: datetime) -> tuple[Clash, ...]:
    taken = {cell.meeting.request_key: cell.meeting for cell in cells if cell.is_taken and cell.meeting}
    going = [meeting for meeting in taken.values() if not meeting.is_called_off]
    return tuple(Clash(meeting, meeting.start < frozen_until) for meeting in going)


def _arranged(
    cells: Sequence[Cell], zone: ZoneInfo
) -> tuple[tuple[date, ...], tuple[tuple[time, time, tuple[Cell | None, ...]], ...]]:
    placed: dict[tuple[time, time], dict[date, Cell]] = {}
    for cell in cells:
        start, end = cell.slot.start.astimezone(zone), cell.slot.end.astimezone(zone)
        placed.setdefault((start.time(), end.time()), {})[start.date()] = cell
    days = tuple(sorted({day for by_day in placed.values() for day in by_day}))
    return days, tuple(
        (start, end, tuple(by_day.get(day) for day in days))
        for (start, end), by_day in sorted(placed.items(), key=lambda each: each[0])
    )
