"""Remedies: what would let a request in, each tried on the plan before it is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from scheduler.domain.entities import PlaceWish
from scheduler.domain.rules.held import Held
from scheduler.solver.choices import bits
from scheduler.solver.explain_conditions import Condition, Party
from scheduler.solver.explain_conditions import parties as parties_of
from scheduler.solver.explain_insertion import Insertion, best_insertion
from scheduler.solver.occupancy import Occupancy, people_of

MOST_REMEDIES = 3
MOST_WITHDRAWALS = 4
OTHERS = ("busy", "place-full", "interpreter-busy", "person-cap", "firm-cap", "precedence")


@dataclass(frozen=True, slots=True)
class Remedy:
    """A sentence, the ids that it is about, and the weight that it gives up."""

    text: str
    ids: tuple[str, ...] = ()
    gives_up: int = 0


def remedies(occupancy: Occupancy, r: int, parties: list[Party]) -> list[Remedy]:
    """A few remedies that hold, those that give nothing up first."""
    found: dict[str, Remedy] = {}
    for remedy in _of_one_condition(occupancy, r, parties):
        found.setdefault(remedy.text, remedy)
        if len(found) == MOST_REMEDIES:
            return list(found.values())
    for remedy in _withdrawals(occupancy, r, parties):
        found.setdefault(remedy.text, remedy)
        if len(found) == MOST_REMEDIES:
            break
    return list(found.values())


def _withdrawals(occupancy: Occupancy, r: int, parties: list[Party]) -> Iterator[Remedy]:
    """Meetings that alone are in the way; the lightest first."""
    for held in lone_blockers(occupancy, r, parties)[:MOST_WITHDRAWALS]:
        insertion = without(occupancy, held, lambda: _any_insertion(occupancy, r))
        if insertion is not None:
            weight = held.request.weight
            slot = insertion.held.meeting.slot
            text = f"Withdraw request {held.id} (weight {weight}); it then fits in {slot}."
            yield Remedy(text, (held.id,), weight)


def lone_blockers(occupancy: Occupancy, r: int, parties: list[Party]) -> list[Held]:
    """Meetings that are, in some slot, the only ones of the wanted people; the lightest first."""
    owners = _owners(occupancy, parties)
    length = occupancy.problem.requests[r].length
    found: dict[int, Held] = {}
    for party in parties:
        for start in bits(party.starts(*OTHERS) & occupancy.choices.all_slots):
            there = {
                held.index: held
                for a in party.people
                for slot in range(start, start + length)
                if (held := owners[a].get(slot)) is not None
            }
            if len(there) == 1:
                found.update(there)
    frozen = occupancy.choices.frozen
    movable = [held for held in found.values() if frozen(held.index) is None]
    return sorted(movable, key=lambda held: (held.request.weight, held.index))


def _owners(occupancy: Occupancy, parties: list[Party]) -> Mapping[int, Mapping[int, Held]]:
    people = {a for party in parties for a in party.people}
    return {
        a: {slot: held for held in occupancy.agenda["attendee", a] for slot in held.slots()} for a in people
    }


def without(occupancy: Occupancy, held: Held, look: Callable[[], Insertion | None]) -> Insertion | None:
    """What `look` finds while a meeting is taken out, if it gains and the others' walks stay long enough."""
    occupancy.remove(held)
    firms = (held.request.sender, held.request.receiver)
    for firm in firms:
        # With a request less, the floor of its firms may be one lower.
        occupancy.floors[firm] -= 1
    try:
        if not all(occupancy.walks_whole(person) for person in people_of(held)):
            return None
        found = look()
        return found if found is not None and found.gain > 0 else None
    finally:
        for firm in firms:
            occupancy.floors[firm] += 1
        occupancy.add(held)


def _any_insertion(occupancy: Occupancy, r: int) -> Insertion | None:
    for party in parties_of(occupancy, r):
        starts = party.starts() & occupancy.choices.all_slots
        if starts:
            found = best_insertion(occupancy, r, party, starts)
            if found is not None and found.gain > 0:
                return found
    return None


def _of_one_condition(occupancy: Occupancy, r: int, parties: list[Party]) -> Iterator[Remedy]:
    """Remedies where a single condition is in the way; one a condition, the commonest condition first."""
    opened: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], tuple[Party, Condition, int]] = {}
    for party in parties:
        for condition, starts in party.blocked_by_one():
            starts &= occupancy.choices.all_slots
            key = (condition.what, condition.who)
            opened[key] += starts.bit_count()
            if starts and key not in where:
                where[key] = (party, condition, starts)
    for key, _ in opened.most_common():
        if key in where:
            yield from _SAYS.get(key[0], _nothing)(occupancy, r, *where[key])


Says = Callable[[Occupancy, int, Party, Condition, int], Iterator[Remedy]]


def _nothing(
    occupancy: Occupancy, r: int, party: Party, condition: Condition, starts: int
) -> Iterator[Remedy]:
    return iter(())


def _found(insertion: Insertion | None) -> Held | None:
    return insertion.held if insertion is not None and insertion.gain > 0 else None


def _away(occupancy: Occupancy, r: int, party: Party, condition: Condition, starts: int) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts))
    if held is not None:
        slots = _slot_names(occupancy, held)
        yield Remedy(f"Make {condition.who} available in {slots}.", (condition.who,))


def _cap(occupancy: Occupancy, r: int, party: Party, condition: Condition, starts: int) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts))
    if held is not None:
        problem = occupancy.problem
        caps: Mapping[str, int | None] = (
            {row.id: row.max_per_day for row in problem.attendees}
            if condition.what == "person-cap"
            else {row.id: row.max_per_day for row in problem.firms}
        )
        cap = (caps[condition.who] or 0) + 1
        fits = f"it then fits in {held.meeting.slot}"
        yield Remedy(
            f"Let {condition.who} have {cap} meetings a day (max_per_day); {fits}.", (condition.who,)
        )


def _precedence(
    occupancy: Occupancy, r: int, party: Party, condition: Condition, starts: int
) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts))
    if held is not None:
        text = f"Drop the precedence with request {condition.who}; it then fits in {held.meeting.slot}."
        yield Remedy(text, (condition.who,))


def _slots(occupancy: Occupancy, r: int, party: Party, condition: Condition, starts: int) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts))
    if held is not None:
        verb = "Allow it to start" if condition.what == "closed" else "Fix it"
        yield Remedy(f"{verb} in {held.meeting.slot}.")


def _place(occupancy: Occupancy, r: int, party: Party, condition: Condition, starts: int) -> Iterator[Remedy]:
    """Another kind of place that has room, or one more table."""
    request, choices = occupancy.problem.requests[r], occupancy.choices
    length = request.length
    if request.fixed is not None and request.fixed.place is not None:
        return
    other = choices.tables if request.place is PlaceWish.BOOTH else choices.booths[request.receiver]
    if request.place is not PlaceWish.ANY:
        for start in bits(starts & occupancy.room_in(other, length)):
            free = [p for p in other if choices.starts(occupancy.space[p], length) >> start & 1]
            held = _found(best_insertion(occupancy, r, party, 1 << start, places=free))
            if held is not None:
                kind = "a table" if request.place is PlaceWish.BOOTH else "the booth"
                yield Remedy(f"Accept {kind} too (place: any); it then fits in {held.meeting.slot}.")
                break
    stand_ins = choices.tables if request.place is not PlaceWish.BOOTH else choices.booths[request.receiver]
    held = _found(best_insertion(occupancy, r, party, starts, places=stand_ins, imagined=True))
    if held is not None:
        what = "booth place" if request.place is PlaceWish.BOOTH else "table"
        hall = occupancy.problem.halls[held.hall]
        yield Remedy(f"Add one more {what} in hall {hall} in {_slot_names(occupancy, held)}.")


def _interpreter(
    occupancy: Occupancy, r: int, party: Party, condition: Condition, starts: int
) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts, helpers=(None,), imagined=True))
    if held is not None:
        spoken = [sorted(occupancy.choices.languages(side)) for side in (party.asking, party.asked)]
        one, two = (" or ".join(languages) for languages in spoken)
        slots = _slot_names(occupancy, held)
        yield Remedy(f"Add an interpreter between {one} and {two} in {slots}.")


def _slot_names(occupancy: Occupancy, held: Held) -> str:
    return " and ".join(occupancy.problem.slots[s].id for s in held.slots())


_SAYS: Mapping[str, Says] = {
    "away": _away,
    "person-cap": _cap,
    "firm-cap": _cap,
    "precedence": _precedence,
    "closed": _slots,
    "fixed": _slots,
    "place-full": _place,
    "place-kind": _place,
    "interpreter-busy": _interpreter,
    "language": _interpreter,
}
