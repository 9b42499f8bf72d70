"""Import of closures, absences and interpreter stations: a row is a day and hours, stored by slot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets.cell_values import NameLookup
from scheduler.services.spreadsheets.changes import ImportResult, ImportTally
from scheduler.services.spreadsheets.columns import ImportKind, normalize_text
from scheduler.services.spreadsheets.meeting_times import EventTimes
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Interpreter,
    InterpreterAssignment,
    InterpreterBusy,
    Place,
    PlaceClosure,
    Slot,
)

Owner = tuple[Any, int]
"""A slot table, and the id of the record that owns the rows."""
PERSON_TABLES: Mapping[Any, Any] = {
    AttendeeBusy: Attendee,
    InterpreterBusy: Interpreter,
    InterpreterAssignment: Interpreter,
}
OWNER_COLUMNS = {PlaceClosure: "place_id", AttendeeBusy: "attendee_id", InterpreterBusy: "interpreter_id"}


def import_closures(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Close places in slots. The next run moves their meetings. Raises InvalidInput."""
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.CLOSURES, sheet, options)
    rows = session.execute(
        select(Place.id, Place.key, Place.name).where(Place.event_id == actor.event_id, ~Place.is_retired)
    ).all()
    places = NameLookup({row.key: row.name for row in rows})
    allowed, ids = places.allowed(), {row.key: row.id for row in rows}
    names = {(PlaceClosure, row.id): row.key for row in rows}

    def find(row: Row) -> Owner | None:
        text = row.meant("place", row.values.get("place", ""), places.find)
        key = places.find(text) if text else None
        if text and key is None:
            said = gettext_lazy(
                "%(text)s is not a table or booth of this event; enter an existing ID", text=repr(text[:80])
            )
            row.fault("place", said, allowed=allowed, of=(ImportKind.TABLES,))
        return None if key is None else (PlaceClosure, ids[key])

    return _SlotImport(session, actor.event_id, table, names).take(find)


def import_absences(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Import absences of attendees and interpreters. Raises InvalidInput."""
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.ABSENCES, sheet, options)
    people = PersonLookup.load(session, actor, AttendeeBusy, InterpreterBusy)
    find = partial(people.find, column="person")
    return _SlotImport(session, actor.event_id, table, people.keys).take(find)


@dataclass(slots=True)
class PersonLookup:
    """Lookup of people by the text of a cell: a key, an email address or a unique name."""

    keys: dict[Owner, str] = field(default_factory=dict)
    known: dict[str, set[Owner]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def load(cls, session: Session, actor: Actor, *tables: Any) -> PersonLookup:
        """Load the people who can own rows in these slot tables."""
        made = cls()
        for marks in tables:
            kind = PERSON_TABLES[marks]
            columns = kind.id, kind.key, kind.email, kind.name, kind.latin_name
            for person in session.execute(select(*columns).where(kind.event_id == actor.event_id)):
                made.keys[marks, person.id] = person.key
                for text in (
                    person.key,
                    person.email,
                    normalize_text(person.name),
                    normalize_text(person.latin_name),
                ):
                    made.known[text].add((marks, person.id))
        return made

    def find(self, row: Row, column: str) -> Owner | None:
        text = row.meant(column, row.values.get(column, ""), lambda text: len(self._found(text)) == 1)
        found = self._found(text)
        if text and len(found) != 1:
            name = repr(text[:80])
            why = (
                gettext_lazy(
                    "%(name)s is the name of several people; enter an ID or email address", name=name
                )
                if found
                else gettext_lazy(
                    "%(name)s is not a person of this event; enter an ID, email address or name", name=name
                )
            )
            row.fault(column, why, of=() if found else (ImportKind.PEOPLE, ImportKind.INTERPRETERS))
        return next(iter(found)) if len(found) == 1 else None

    def _found(self, text: str) -> set[Owner]:
        known = self.known
        return known.get(text) or known.get(text.lower()) or known.get(normalize_text(text)) or set()


@dataclass(slots=True)
class _SlotImport:
    """Import of slots by owner, from the rows of a table."""

    session: Session
    event_id: int
    table: Table
    names: Mapping[Owner, str]

    def take(self, find: Callable[[Row], Owner | None]) -> ImportResult:
        times = EventTimes.load(self.session, self.event_id)
        wanted = [(row, find(row), times.of_row(row)) for row in self.table.rows]
        self.table.done()
        there = self._there()
        given: dict[Owner, set[int]] = defaultdict(set)
        new: list[tuple[Owner, int]] = []
        tally = ImportTally(self.table, frozenset())
        for row, owner, slots in wanted:
            if owner is None or row.is_wrong:
                continue
            ids = {slot.id for slot in slots}
            fresh = ids - there[owner] - given[owner]
            given[owner] |= ids
            new += [(owner, slot_id) for slot_id in sorted(fresh)]
            said = "; ".join(f"{day} {start}–{end}" for day, start, end in times.spans(fresh))
            row.values["key"] = row.values["name"] = self.names[owner]
            tally.add(row, {"times": ("", said)} if fresh else {}, is_new=fresh == ids and bool(fresh))
        self._insert(new)
        gone = {owner: slots - given[owner] for owner, slots in there.items() if slots - given[owner]}
        if self.table.kind in self.table.options.withdraw:
            for owner, slot_ids in sorted(gone.items(), key=lambda item: self.names[item[0]]):
                said = "; ".join(f"{day} {start}–{end}" for day, start, end in times.spans(slot_ids))
                tally.withdraw(self.names[owner], self.names[owner], {"times": (said, "")})
            self._delete(gone)
            gone = {}
        return tally.done(missing=len(gone))

    def _there(self) -> dict[Owner, set[int]]:
        """Return the stored slot ids of each owner."""
        found: dict[Owner, set[int]] = defaultdict(set)
        for marks in {owner[0] for owner in self.names}:
            column = getattr(marks, OWNER_COLUMNS[marks])
            in_event = select(column, marks.slot_id).join(Slot, Slot.id == marks.slot_id)
            for owner_id, slot_id in self.session.execute(in_event.where(Slot.of(self.event_id))):
                if (marks, owner_id) in self.names:
                    found[marks, owner_id].add(slot_id)
        return found

    def _insert(self, new: Iterable[tuple[Owner, int]]) -> None:
        self.session.add_all(
            marks(**{OWNER_COLUMNS[marks]: owner_id, "slot_id": slot_id})
            for (marks, owner_id), slot_id in new
        )
        self.session.flush()

    def _delete(self, gone: Mapping[Owner, set[int]]) -> None:
        for (marks, owner_id), slot_ids in gone.items():
            owned = getattr(marks, OWNER_COLUMNS[marks]) == owner_id
            for row in self.session.scalars(select(marks).where(owned, marks.slot_id.in_(slot_ids))):
                self.session.delete(row)
        self.session.flush()


Seats = dict[int, dict[int, InterpreterAssignment]]
"""Stations by interpreter and slot."""


def import_stations(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Assign interpreters to tables in slots, replacing earlier assignments.

    The next run moves published meetings that they interpret at another table. Raises InvalidInput.
    """
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.STATIONS, sheet, options)
    people = PersonLookup.load(session, actor, InterpreterAssignment)
    tables, times = _TableLookup(session, actor), EventTimes.load(session, actor.event_id)
    asked: dict[int, dict[int, int]] = defaultdict(dict)
    wanted = []
    for row in table.rows:
        owner, place = people.find(row, "interpreter"), tables.find(row)
        slots = times.of_row(row)
        if owner is None or place is None or row.is_wrong:
            continue
        mine = asked[owner[1]]
        if any(mine.get(slot.id, place) != place for slot in slots):
            row.fault("table", gettext_lazy("use the same table as an earlier row for these times"))
            continue
        mine.update((slot.id, place) for slot in slots)
        wanted.append((row, owner, place, {slot.id for slot in slots}))
    table.done()
    there, tally = _stored_seats(session, actor.event_id), ImportTally(table, frozenset())
    for row, owner, place, slot_ids in wanted:
        before = there[owner[1]]
        fresh = {id for id in slot_ids if id not in before or before[id].place_id != place}
        is_new = fresh == slot_ids and not slot_ids & before.keys() and bool(fresh)
        _set_seat(session, owner[1], place, fresh, before)
        said = "; ".join(f"{day} {start}–{end}" for day, start, end in times.spans(fresh))
        row.values["key"] = row.values["name"] = people.keys[owner]
        tally.add(row, {"times": ("", f"{tables.keys[place]}: {said}")} if fresh else {}, is_new=is_new)
    gone = {
        interpreter: {id: seat for id, seat in seats.items() if id not in asked[interpreter]}
        for interpreter, seats in there.items()
    }
    gone = {interpreter: seats for interpreter, seats in gone.items() if seats}
    if ImportKind.STATIONS not in options.withdraw:
        return tally.done(missing=len(gone))
    for interpreter, seats in gone.items():
        key = people.keys[InterpreterAssignment, interpreter]
        said = "; ".join(f"{day} {start}–{end}" for day, start, end in times.spans(seats))
        tally.withdraw(key, key, {"times": (said, "")})
        for seat in seats.values():
            session.delete(seat)
    session.flush()
    return tally.done(missing=0)


def _stored_seats(session: Session, event_id: int) -> Seats:
    found: Seats = defaultdict(dict)
    mine = select(InterpreterAssignment).join(Slot, Slot.id == InterpreterAssignment.slot_id)
    for seat in session.scalars(mine.where(Slot.of(event_id)).order_by(InterpreterAssignment.interpreter_id)):
        found[seat.interpreter_id][seat.slot_id] = seat
    return found


def _set_seat(
    session: Session, interpreter: int, place: int, fresh: set[int], before: dict[int, InterpreterAssignment]
) -> None:
    for slot_id in sorted(fresh):
        if slot_id in before:
            before[slot_id].place_id = place
        else:
            seat = InterpreterAssignment(interpreter_id=interpreter, slot_id=slot_id, place_id=place)
            session.add(seat)
            before[slot_id] = seat
    session.flush()


class _TableLookup:
    """Lookup of an event's tables by the text of a cell."""

    def __init__(self, session: Session, actor: Actor) -> None:
        rows = session.execute(
            select(Place.id, Place.key, Place.name).where(
                Place.event_id == actor.event_id, Place.kind == PlaceKind.TABLE, ~Place.is_retired
            )
        ).all()
        self.known = NameLookup({row.key: row.name for row in rows})
        self.ids = {row.key: row.id for row in rows}
        self.keys = {row.id: row.key for row in rows}

    def find(self, row: Row) -> int | None:
        text = row.meant("table", row.values.get("table", ""), self.known.find)
        key = self.known.find(text) if text else None
        if text and key is None:
            said = gettext_lazy(
                "%(text)s is not a table of this event; enter an existing ID", text=repr(text[:80])
            )
            row.fault("table", said, allowed=self.known.allowed(), of=(ImportKind.TABLES,))
        return None if key is None else self.ids[key]
