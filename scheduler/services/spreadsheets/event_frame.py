"""Import of an event's chain areas and meeting times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets import row_keys
from scheduler.services.spreadsheets.changes import ImportResult, ImportTally, new_values
from scheduler.services.spreadsheets.columns import ImportKind, normalize_text
from scheduler.services.spreadsheets.meeting_times import EventTimes
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.services.spreadsheets.time_parsing import parse_dates, parse_time
from scheduler.services.spreadsheets.venue_sheets import merge_names, other_names
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import Event, Slot

MAX_TIMES = 500
MAX_AREA_LETTERS = 32
_CHANGEOVER = timedelta(minutes=20)
"""A longer pause between slots is a break: the next slot starts a new block."""


def import_areas(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Import chain areas and their names. Raises InvalidInput."""
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.AREAS, sheet, options)
    event = session.get_one(Event, actor.event_id)
    row_keys.fill_keys(
        table, "name", {normalize_text(name): key for key, name in event.areas.items()}, event.areas
    )
    most = fields.limits(fields.AreaNames).most
    for at, row in enumerate(table.rows):
        row.key()
        row.text("name", fields.AreaName)
        if at >= most:
            row.fault("name", gettext_lazy("an event can have at most %(most)s chain areas", most=most))
    said = {row.line: other_names(row, fields.AreaName) for row in table.rows}
    table.done()
    tally = ImportTally(table, frozenset(event.areas))
    areas, other = dict(event.areas), dict(event.area_names)
    for row in table.rows:
        key, name = row.values["key"], row.values["name"]
        before = areas.get(key)
        names, cells = merge_names(other.get(key, {}), said[row.line])
        renamed = {} if before == name else {"name": (before, name)}
        tally.add(row, renamed | cells, is_new=before is None)
        areas[key], other[key] = name, names
    event.areas, event.area_names = areas, {key: names for key, names in other.items() if names}
    session.flush()
    return tally.done()


def import_times(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Import the meeting times of an event without any; for other events, report differences as faults.

    Raises InvalidInput.
    """
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.TIMES, sheet, options)
    times = EventTimes.load(session, actor.event_id)
    there = {(slot.start, slot.end) for slot in times.slots}
    spans = {row.line: _span(row, times) for row in table.rows}
    last: datetime | None = None
    for at, row in enumerate(table.rows):
        for column in ("key", "block"):
            if len(row.values.get(column, "")) > MAX_AREA_LETTERS:
                row.fault(
                    column,
                    gettext_lazy("use at most %(most_letters)s characters", most_letters=MAX_AREA_LETTERS),
                )
        if at >= MAX_TIMES:
            row.fault(
                "start", gettext_lazy("an event can have at most %(max_times)s slots", max_times=MAX_TIMES)
            )
        span = spans[row.line]
        if span is None:
            continue
        if there and span not in there:
            row.fault(
                "start",
                gettext_lazy("enter a slot of this event, or change its slots on the venue page"),
            )
        if last is not None and span[0] < last:
            row.fault(
                "start",
                gettext_lazy("starts before the time in the row above ends; put the times in order"),
            )
        last = span[1]
    table.done()
    tally = ImportTally(table, frozenset())
    found = [(row, span) for row in table.rows if (span := spans[row.line]) is not None]
    if not there:
        session.add_all(_slots(actor.event_id, found))
    for row, _ in found:
        row.values["name"] = row.values["key"] = f"{row.values['day']} {row.values['start']}"
        tally.add(row, {} if there else new_values({"end": row.values["end"]}), is_new=not there)
    session.flush()
    return tally.done(missing=max(len(there) - len(found), 0))


def _slots(event_id: int, rows: list[tuple[Row, tuple[datetime, datetime]]]) -> list[Slot]:
    """Return slots with the keys and blocks of the rows, or else by day and number. Keys are unique."""
    made: list[Slot] = []
    days: list[date] = []
    number = block = 0
    last: datetime | None = None
    for row, (start, end) in rows:
        day = start.date()
        if day not in days:
            days.append(day)
            number = block = 0
            last = None
        number += 1
        block += last is None or start - last > _CHANGEOVER
        last = end
        key = row.values.get("key") or f"d{len(days)}s{number:02}"
        named = row.values.get("block") or f"d{len(days)}b{block}"
        made.append(Slot(event_id=event_id, position=len(made), key=key, start=start, end=end, block=named))
    return made


def _span(row: Row, times: EventTimes) -> tuple[datetime, datetime] | None:
    """Return start and end of a meeting time, or None with a fault."""
    text = row.values.get("day", "")
    found = {day for day in parse_dates(text, times.days) if not times.days or day in times.days}
    iso = {day for day in found if text.startswith(day.isoformat())}
    day = next(iter(iso or found)) if len(iso or found) == 1 else None
    if text and day is None:
        row.fault(
            "day", gettext_lazy("%(text)s is not one day; enter it like 2026-05-19", text=repr(text[:40]))
        )
    ends = [parse_time(row.values.get(column, "")) for column in ("start", "end")]
    for column, at in zip(("start", "end"), ends, strict=True):
        if row.values.get(column) and at is None:
            row.fault(
                column,
                gettext_lazy(
                    "%(value)s is not a time of day; enter it like 09:00", value=repr(row.values[column][:40])
                ),
            )
    start, end = ends
    if day is None or start is None or end is None:
        return None
    if end <= start:
        row.fault("end", gettext_lazy("enter a time after the start"))
    return (
        datetime.combine(day, start, times.zone).astimezone(UTC),
        datetime.combine(day, end, times.zone).astimezone(UTC),
    )
