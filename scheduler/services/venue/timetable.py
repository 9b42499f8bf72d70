"""Timetable changes: equal slots are kept, others are retired, and new ones are created."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import OPEN_REQUESTS
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import PauseName
from scheduler.i18n import gettext_lazy, ngettext_lazy
from scheduler.services.text import clean_line
from scheduler.services.venue import day_labels
from scheduler.services.venue.change_types import ChangeDays, ChangeResult, DayInput, PauseInput
from scheduler.services.venue.days import (
    SlotSpan,
    Span,
    VenueDays,
    VenuePause,
    build_days,
    build_slots,
    find_overlapping,
)
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    AttendeeBusy,
    Event,
    InterpreterAssignment,
    InterpreterBusy,
    MeetingRequest,
    Pause,
    PlaceClosure,
    Slot,
)

MAX_SLOTS = 500
MAX_DAYS = 31
MAX_PAUSES = 20
_MARKS: Sequence[tuple[Any, str]] = (
    (AttendeeBusy, "attendee_id"),
    (InterpreterBusy, "interpreter_id"),
    (InterpreterAssignment, "interpreter_id"),
    (PlaceClosure, "place_id"),
)
_APART = 10**8
"""Offset of temporary positions while slots are renumbered."""


def read_days(session: Session, event: Event) -> VenueDays:
    """Return the event's current days."""
    slots = session.execute(
        select(Slot.key, Slot.start, Slot.end, Slot.block).where(Slot.of(event.id)).order_by(Slot.position)
    )
    pauses = session.execute(
        select(Pause.kind, Pause.name, Pause.start, Pause.end).where(Pause.event_id == event.id)
    )
    return build_days(
        [SlotSpan(*row) for row in slots], [VenuePause(*row) for row in pauses], ZoneInfo(event.timezone)
    )


def change_days(session: Session, event: Event, change: ChangeDays, *, now: datetime) -> ChangeResult:
    """Replace the days. Raises InvalidInput, also if a slot would be removed that has started."""
    before = read_days(session, event)
    change = replace(change, days=tuple(sorted(map(_clean_day, change.days), key=lambda day: day.on)))
    if faults := list(_faults(change)):
        raise InvalidInput(faults)
    zone = ZoneInfo(event.timezone)
    wanted = assign_blocks(change, zone)
    if not 1 <= len(wanted) <= MAX_SLOTS:
        raise InvalidInput(
            [
                Fault(
                    "days",
                    gettext_lazy(
                        "plan 1 to %(most)s slots, because these days would have %(count)s",
                        count=len(wanted),
                        most=MAX_SLOTS,
                    ),
                )
            ]
        )
    gone, new = _replace(session, event.id, wanted, now, zone)
    _pauses(session, event.id, change.days, zone)
    _carry_marks(session, gone, new)
    notes = _requests(session, event.id, gone, new)
    session.flush()
    session.expire(event, ["slots"])
    after = read_days(session, event)
    return ChangeResult(
        tuple(day_labels.describe_changes(before, after)),
        notes,
        day_labels.audit_values(before),
        day_labels.audit_values(after),
    )


def _clean_day(day: DayInput) -> DayInput:
    pauses = (replace(pause, name=clean_line(pause.name)) for pause in day.pauses)
    return replace(day, pauses=tuple(sorted(pauses, key=lambda pause: (pause.start, pause.end))))


def _faults(change: ChangeDays) -> Iterator[Fault]:
    yield from fields.check_form(change)
    if change.changeover_minutes >= change.slot_minutes:
        yield Fault("changeover_minutes", gettext_lazy("enter fewer minutes than the slot length"))
    if not 1 <= len(change.days) <= MAX_DAYS:
        yield Fault("days", gettext_lazy("enter %(least)s to %(most)s", least=1, most=MAX_DAYS))
    seen: set[date] = set()
    for i, day in enumerate(change.days):
        if day.on in seen:
            yield Fault(f"days[{i}].on", gettext_lazy("enter %(name)s only once", name=str(day.on)))
        seen.add(day.on)
        if day.closes <= day.opens:
            yield Fault(f"days[{i}].closes", gettext_lazy("enter a time after the day's start time"))
        if len(day.pauses) > MAX_PAUSES:
            yield Fault(f"days[{i}].pauses", gettext_lazy("enter at most %(most)s", most=MAX_PAUSES))
        for j, pause in enumerate(day.pauses):
            yield from _pause_faults(f"days[{i}].pauses[{j}]", day, pause)


def _pause_faults(path: str, day: DayInput, pause: PauseInput) -> Iterator[Fault]:
    most = fields.limits(PauseName).most
    if len(pause.name) > most:
        yield Fault(f"{path}.name", gettext_lazy("enter at most %(most)s characters", most=most))
    if pause.kind.value == "special" and not pause.name:
        yield Fault(f"{path}.name", gettext_lazy("enter a name that says what takes place then"))
    if pause.end <= pause.start:
        yield Fault(f"{path}.end", gettext_lazy("enter a time after the start time"))
    elif pause.start < day.opens or pause.end > day.closes:
        yield Fault(
            f"{path}.start",
            gettext_lazy("enter a time within the day's hours, %(hours)s", hours=day_labels.hours_label(day)),
        )


def assign_blocks(change: ChangeDays, zone: ZoneInfo) -> dict[Span, str]:
    """Return the block name of each desired slot."""
    step, changeover = timedelta(minutes=change.slot_minutes), timedelta(minutes=change.changeover_minutes)
    return {
        span: f"{day.on:%m%d}b{block}"
        for day in change.days
        for span, block in build_slots(day, step, changeover, zone)
    }


def _replace(
    session: Session, event_id: int, wanted: Mapping[Span, str], now: datetime, zone: ZoneInfo
) -> tuple[list[Slot], list[Slot]]:
    """Create and retire slots so that exactly the desired ones are active. Return retired and new slots."""
    rows = list(session.scalars(select(Slot).where(Slot.event_id == event_id).order_by(Slot.position)))
    live = {(row.start, row.end): row for row in rows if not row.is_retired}
    gone = [row for span, row in live.items() if span not in wanted]
    begun = [row for row in gone if row.start <= now]
    if begun:
        at = begun[0].start.astimezone(zone)
        raise InvalidInput(
            [
                Fault(
                    "days",
                    day_labels.slot_begun_fault(at),
                )
            ]
        )
    retired = {(row.start, row.end): row for row in rows if row.is_retired}
    taken = {row.key for row in rows}
    session.execute(update(Slot).where(Slot.event_id == event_id).values(position=-Slot.id))
    for row in gone:
        row.is_retired = True
    new: list[Slot] = []
    for span, block in wanted.items():
        known = live.get(span) or retired.get(span)
        if known is None:
            key = _key(span[0].astimezone(zone), taken)
            taken.add(key)
            position = _APART + len(rows)
            row = Slot(event_id=event_id, key=key, start=span[0], end=span[1], position=position, block=block)
            session.add(row)
            rows.append(row)
        else:
            row = known
        if span not in live:
            new.append(row)
        row.block, row.is_retired = block, False
    session.flush()
    rows.sort(key=lambda row: (row.start, row.is_retired, row.id))
    session.execute(update(Slot), [{"id": row.id, "position": i} for i, row in enumerate(rows)])
    return gone, new


def _key(start: datetime, taken: Collection[str]) -> str:
    """Return an unused key: day and time, with a number if needed."""
    key = f"{start:%m%d-%H%M}"
    return next(each for each in (key, *(f"{key}-{i}" for i in range(2, 10**4))) if each not in taken)


def _pauses(session: Session, event_id: int, days: Sequence[DayInput], zone: ZoneInfo) -> None:
    """Store the named pauses. Unnamed ones are derived from the gaps between slots."""
    session.execute(delete(Pause).where(Pause.event_id == event_id))
    session.add_all(
        Pause(
            event_id=event_id,
            kind=pause.kind,
            name=pause.name,
            start=_moment(day.on, pause.start, zone),
            end=_moment(day.on, pause.end, zone),
        )
        for day in days
        for pause in day.pauses
        if pause.name
    )


def _moment(on: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, at, zone)


def _carry_marks(session: Session, gone: Sequence[Slot], new: Sequence[Slot]) -> None:
    """Copy absences and closures of retired slots to the new slots that overlap them."""
    spans = [(slot.start, slot.end) for slot in new]
    follow = {slot.id: [new[i].id for i in find_overlapping((slot.start, slot.end), spans)] for slot in gone}
    if not any(follow.values()):
        return
    for table, owner in _MARKS:
        column = getattr(table, owner)
        rest = [each for each in table.__table__.columns if each.name not in (owner, "slot_id")]
        there = select(column, table.slot_id, *rest)
        old = session.execute(there.where(in_chunks(table.slot_id, follow))).all()
        known = {
            tuple(row[:2])
            for row in session.execute(there.where(in_chunks(table.slot_id, [s.id for s in new])))
        }
        carried = {(row[0], slot_id): tuple(row[2:]) for row in old for slot_id in follow[row[1]]}
        names = [owner, "slot_id", *(each.name for each in rest)]
        added = [
            dict(zip(names, (*mark, *more), strict=True))
            for mark, more in sorted(carried.items())
            if mark not in known
        ]
        if added:
            session.execute(insert(table), added)


def _requests(session: Session, event_id: int, gone: Sequence[Slot], new: Sequence[Slot]) -> list[str]:
    """Replace retired slots in requests by the new ones that overlap. Return notes on the consequences."""
    if not gone:
        return []
    spans = [(slot.start, slot.end) for slot in new]
    follow = {
        slot.key: [new[i].key for i in find_overlapping((slot.start, slot.end), spans)] for slot in gone
    }
    starts = {slot.start: slot for slot in new}
    ids = {slot.id: slot for slot in gone}
    open_now = MeetingRequest.event_id == event_id, MeetingRequest.state.in_(OPEN_REQUESTS)
    free = unlocked = 0
    for request in session.scalars(
        select(MeetingRequest).where(*open_now, MeetingRequest.slots.is_not(None))
    ):
        if not follow.keys() & set(request.slots or ()):
            continue
        named = [each for key in request.slots or () for each in follow.get(key, (key,))]
        request.slots = list(dict.fromkeys(named)) or None
        free += request.slots is None
    for request in session.scalars(
        select(MeetingRequest).where(*open_now, in_chunks(MeetingRequest.fixed_slot_id, ids))
    ):
        other = starts.get(ids[request.fixed_slot_id or 0].start)
        if other is not None:
            request.fixed_slot_id = other.id
            continue
        request.fixed_slot_id, request.fixed_place_id, request.is_locked = None, None, False
        unlocked += 1
    notes: list[str] = []
    if free:
        notes.append(
            ngettext_lazy(
                "%(num)s request could start only in removed slots. It can now be scheduled at any time.",
                "%(num)s requests could start only in removed slots. They can now be scheduled at any time.",
                free,
            )
        )
    if unlocked:
        notes.append(
            ngettext_lazy(
                "%(num)s request was locked to a removed slot. It is no longer locked.",
                "%(num)s requests were locked to removed slots. They are no longer locked.",
                unlocked,
            )
        )
    return notes
