"""A remedy: what would let a request in, and the slot to hold it in then."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.domain.rules.resolved import ResolvedMeeting
from scheduler.solver.explain.insertion import Insertion
from scheduler.solver.explain.occupancy import Occupancy


@dataclass(frozen=True, slots=True)
class Fix:
    """A sentence, what kind of thing to do with which ids, and the slot to hold the request in."""

    text: str
    kind: str = ""
    ids: tuple[str, ...] = ()
    slot: str = ""


def fix_at(text: str, kind: str, held: ResolvedMeeting, *ids: str) -> Fix:
    """A remedy whose sentence ends with where to hold the request."""
    slot = held.meeting.slot
    return Fix(f"{text}; then hold it in {slot}.", kind, ids, slot)


def only_if_gaining(insertion: Insertion | None) -> ResolvedMeeting | None:
    return insertion.held if insertion is not None and insertion.gain > 0 else None


def slot_labels(occupancy: Occupancy, held: ResolvedMeeting) -> str:
    return " and ".join(occupancy.problem.slots[s].id for s in held.slots())
