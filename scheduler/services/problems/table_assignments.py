"""Table assignments of interpreters, in a problem's terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.storage.models import Interpreter, InterpreterAssignment, Slot


@dataclass(frozen=True, slots=True)
class TableAssignments:
    """Pairs of slot and place index, by interpreter id."""

    of: Mapping[int, list[tuple[int, int]]]

    def without(self, row: Interpreter, held: Collection[int]) -> tuple[tuple[int, int], ...]:
        """Return an interpreter's assignments, without those in the slots of frozen meetings, which are kept
        where they are.
        """
        return tuple(pair for pair in sorted(self.of.get(row.id, ())) if pair[0] not in held)


def read_table_assignments(
    session: Session, event_id: int, slots: Mapping[int, int], places: Mapping[int, int]
) -> TableAssignments:
    """Read the table assignments of an event.

    `slots` and `places` map row ids to indices. Removed tables are ignored.
    """
    mine = (
        select(
            InterpreterAssignment.interpreter_id,
            InterpreterAssignment.slot_id,
            InterpreterAssignment.place_id,
        )
        .join(Slot, Slot.id == InterpreterAssignment.slot_id)
        .where(Slot.of(event_id))
    )
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for interpreter_id, slot_id, place_id in session.execute(mine):
        if place_id in places:
            found[interpreter_id].append((slots[slot_id], places[place_id]))
    return TableAssignments(found)
