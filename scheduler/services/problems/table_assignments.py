"""Table assignments of interpreters, as a problem holds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.storage.models import Interpreter, InterpreterStation, Slot


@dataclass(frozen=True, slots=True)
class TableAssignments:
    """Pairs of a slot and a place, by indices of a problem, by the id of an interpreter's row."""

    of: Mapping[int, list[tuple[int, int]]]

    def without(self, row: Interpreter, held: Collection[int]) -> tuple[tuple[int, int], ...]:
        """Those of an interpreter but in the slots of meetings that are frozen, which stay where they are."""
        return tuple(pair for pair in sorted(self.of.get(row.id, ())) if pair[0] not in held)


def read_table_assignments(
    session: Session, event_id: int, slots: Mapping[int, int], places: Mapping[int, int]
) -> TableAssignments:
    """The stations of an event; `slots` and `places` have the indices of rows. No table that is gone ties."""
    mine = (
        select(InterpreterStation.interpreter_id, InterpreterStation.slot_id, InterpreterStation.place_id)
        .join(Slot, Slot.id == InterpreterStation.slot_id)
        .where(Slot.of(event_id))
    )
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for interpreter_id, slot_id, place_id in session.execute(mine):
        if place_id in places:
            found[interpreter_id].append((slots[slot_id], places[place_id]))
    return TableAssignments(found)
