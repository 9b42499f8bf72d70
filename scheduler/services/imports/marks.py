"""When a place is closed, and when a person is away: rows of a day and hours, kept slot by slot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.saying import say
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.cells.changes import Imported, ImportTally
from scheduler.services.cells.columns import ImportKind, plain
from scheduler.services.cells.options import PLAIN, ImportOptions
from scheduler.services.cells.table import Row, Table
from scheduler.services.cells.times import EventTimes
from scheduler.services.cells.values import NamedThings
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Interpreter,
    InterpreterBusy,
    Place,
    PlaceBusy,
    Slot,
)

Owner = tuple[Any, int]
"""A table of slots, and the id of whose they are."""
OWNERS = {PlaceBusy: "place_id", AttendeeBusy: "attendee_id", InterpreterBusy: "interpreter_id"}


def import_closures(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = PLAIN
) -> Imported:
    """Close places in slots. The next run moves the meetings there. Raises InvalidInput."""
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.CLOSURES, sheet, options)
    rows = session.execute(
        select(Place.id, Place.key, Place.name).where(Place.event_id == actor.event_id, ~Place.is_retired)
    ).all()
    places = NamedThings({row.key: row.name for row in rows})
    allowed, ids = places.allowed(), {row.key: row.id for row in rows}
    names = {(PlaceBusy, row.id): row.key for row in rows}

    def find(row: Row) -> Owner | None:
        text = row.values.get("place", "")
        key = places.find(text) if text else None
        if text and key is None:
            said = say("%(text)s is no table or booth of this event; write its key", text=repr(text[:80]))
            row.fault("place", said, allowed=allowed)
        return None if key is None else (PlaceBusy, ids[key])

    return _Marks(session, actor.event_id, table, names).take(find)


def import_absences(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = PLAIN
) -> Imported:
    """Mark when attendees and interpreters are away. Raises InvalidInput."""
    actor.require(Right.IMPORT)
    table = Table.read(ImportKind.ABSENCES, sheet, options)
    known: dict[str, set[Owner]] = defaultdict(set)
    names: dict[Owner, str] = {}
    for kind, marks in ((Attendee, AttendeeBusy), (Interpreter, InterpreterBusy)):
        for person in session.execute(
            select(kind.id, kind.key, kind.email, kind.name, kind.latin_name).where(
                kind.event_id == actor.event_id
            )
        ):
            names[marks, person.id] = person.key
            for text in (person.key, person.email, plain(person.name), plain(person.latin_name)):
                known[text].add((marks, person.id))

    def find(row: Row) -> Owner | None:
        text = row.values.get("person", "")
        found = known.get(text) or known.get(text.lower()) or known.get(plain(text)) or set()
        if text and len(found) != 1:
            name = repr(text[:80])
            why = (
                say("%(name)s is the name of several people; write a key or a mail address", name=name)
                if found
                else say("%(name)s is nobody of this event; write a key, a mail address or a name", name=name)
            )
            row.fault("person", why)
        return next(iter(found)) if len(found) == 1 else None

    return _Marks(session, actor.event_id, table, names).take(find)


@dataclass(slots=True)
class _Marks:
    """The slots of owners, taken from the rows of a table."""

    session: Session
    event_id: int
    table: Table
    names: Mapping[Owner, str]

    def take(self, find: Callable[[Row], Owner | None]) -> Imported:
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
        """The slots of each owner before."""
        found: dict[Owner, set[int]] = defaultdict(set)
        for marks in {owner[0] for owner in self.names}:
            column = getattr(marks, OWNERS[marks])
            in_event = select(column, marks.slot_id).join(Slot, Slot.id == marks.slot_id)
            for owner_id, slot_id in self.session.execute(in_event.where(Slot.of(self.event_id))):
                if (marks, owner_id) in self.names:
                    found[marks, owner_id].add(slot_id)
        return found

    def _insert(self, new: Iterable[tuple[Owner, int]]) -> None:
        self.session.add_all(
            marks(**{OWNERS[marks]: owner_id, "slot_id": slot_id}) for (marks, owner_id), slot_id in new
        )
        self.session.flush()

    def _delete(self, gone: Mapping[Owner, set[int]]) -> None:
        for (marks, owner_id), slot_ids in gone.items():
            owned = getattr(marks, OWNERS[marks]) == owner_id
            for row in self.session.scalars(select(marks).where(owned, marks.slot_id.in_(slot_ids))):
                self.session.delete(row)
        self.session.flush()
