"""Remedies: what would let a request in, each tried on the plan before it is said.

Whoever follows one can keep it: with the request fixed to the slot that it names, where it must be held, the
plan as it is with that meeting added keeps every rule, and is worth more than before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, islice

from scheduler.domain.entities import PlaceWish
from scheduler.domain.problem import Attendee
from scheduler.domain.rules.held import Held
from scheduler.solver.explain.conditions import Condition, MeetingParty
from scheduler.solver.explain.conditions import parties as parties_of
from scheduler.solver.explain.insertion import Insertion, best_insertion
from scheduler.solver.explain.occupancy import Occupancy, people_of
from scheduler.solver.instance.choices import bits

MOST_REMEDIES = 3
MOST_WITHDRAWALS = 4
PERSONAL = ("busy", "away", "person-cap")  # what is in the way of one person, not of a colleague
OTHERS = ("busy", "place-full", "interpreter-busy", "person-cap", "firm-cap", "precedence")


@dataclass(frozen=True, slots=True)
class Remedy:
    """A sentence, what kind of thing to do with which ids, and the slot to hold the request in."""

    text: str
    kind: str = ""
    ids: tuple[str, ...] = ()
    slot: str = ""


def remedies(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> list[Remedy]:
    """A few remedies that hold, those that give nothing up first."""
    found: dict[str, Remedy] = {}
    ways = (_of_one_condition, _withdrawals, one_more_person)
    for remedy in chain.from_iterable(way(occupancy, r, parties) for way in ways):
        found.setdefault(remedy.text, remedy)
        if len(found) == MOST_REMEDIES:
            break
    return list(found.values())


def _keeping(text: str, kind: str, held: Held, *ids: str) -> Remedy:
    """A remedy whose sentence ends with where to hold the request."""
    slot = held.meeting.slot
    return Remedy(f"{text}; then hold it in {slot}.", kind, ids, slot)


def _withdrawals(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> Iterator[Remedy]:
    """Lighter meetings that alone are in the way, the lightest first: nothing heavier is ever given up."""
    weight, served = occupancy.problem.requests[r].weight, occupancy.problem.policy.factors["served"]
    blockers = [held for held in lone_blockers(occupancy, r, parties) if held.request.weight < weight]
    for held in blockers[:MOST_WITHDRAWALS]:
        insertion = without(occupancy, held, lambda: _any_insertion(occupancy, r))
        if insertion is not None and insertion.gain > Fraction(str(served)) * held.request.weight:
            text = f"Withdraw request {held.id} (weight {held.request.weight})"
            yield _keeping(text, "withdraw", insertion.held, held.id)


def lone_blockers(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> list[Held]:
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


def _owners(occupancy: Occupancy, parties: list[MeetingParty]) -> Mapping[int, Mapping[int, Held]]:
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


def _of_one_condition(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> Iterator[Remedy]:
    """Remedies where a single condition is in the way; one a condition, the commonest condition first."""
    opened: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], tuple[MeetingParty, Condition, int]] = {}
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


Says = Callable[[Occupancy, int, MeetingParty, Condition, int], Iterator[Remedy]]


def _nothing(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Remedy]:
    return iter(())


def _found(insertion: Insertion | None) -> Held | None:
    return insertion.held if insertion is not None and insertion.gain > 0 else None


def _away(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts))
    if held is not None:
        text = f"Make {condition.who} available in {_slot_names(occupancy, held)}"
        yield _keeping(text, "available", held, condition.who)


def _cap(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts))
    if held is not None:
        problem = occupancy.problem
        caps: Mapping[str, int | None] = (
            {row.id: row.max_per_day for row in problem.attendees}
            if condition.what == "person-cap"
            else {row.id: row.max_per_day for row in problem.firms}
        )
        cap = (caps[condition.who] or 0) + 1
        text = f"Let {condition.who} have {cap} meetings a day (max_per_day)"
        yield _keeping(text, condition.what, held, condition.who)


def _precedence(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts))
    if held is not None:
        text = f"Drop the precedence with request {condition.who}"
        yield _keeping(text, "precedence", held, condition.who)


def _slots(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts))
    if held is not None:
        verb = "Allow it to start" if condition.what == "closed" else "Fix it"
        yield _keeping(f"{verb} in {held.meeting.slot}", condition.what, held)


def _place(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Remedy]:
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
                yield _keeping(f"Accept {kind} too (place: any)", "any-place", held)
                break
    stand_ins = choices.tables if request.place is not PlaceWish.BOOTH else choices.booths[request.receiver]
    held = _found(best_insertion(occupancy, r, party, starts, places=stand_ins, imagined=True))
    if held is not None:
        what = "booth place" if request.place is PlaceWish.BOOTH else "table"
        hall = occupancy.problem.halls[held.hall]
        text = f"Add one more {what} in hall {hall} in {_slot_names(occupancy, held)}"
        yield _keeping(text, "add-place", held, hall)


def _interpreter(
    occupancy: Occupancy, r: int, party: MeetingParty, condition: Condition, starts: int
) -> Iterator[Remedy]:
    held = _found(best_insertion(occupancy, r, party, starts, helpers=(None,), imagined=True))
    if held is not None:
        spoken = [sorted(occupancy.choices.languages(side)) for side in (party.asking, party.asked)]
        one, two = (" or ".join(languages) for languages in spoken)
        text = f"Add an interpreter between {one} and {two} in {_slot_names(occupancy, held)}"
        yield _keeping(text, "add-interpreter", held)


def add_interpreter(occupancy: Occupancy, r: int, ways: Iterable[tuple[MeetingParty, int]]) -> list[Remedy]:
    """One more interpreter, where all that are free are too far away."""
    condition = Condition("interpreter-busy", 0)
    found = (remedy for way in ways if way[0].helpers is not None
             for remedy in _interpreter(occupancy, r, way[0], condition, way[1]))  # fmt: skip
    return list(islice(found, 1))


def take_part(occupancy: Occupancy, r: int, ways: Iterable[tuple[MeetingParty, int]]) -> list[Remedy]:
    """Somebody whom the request excludes; not to a published meeting, which would have to stay as it was."""
    problem = occupancy.problem
    if r in occupancy.choices.published:
        return []
    for party, starts in ways:
        held = _found(best_insertion(occupancy, r, party, starts))
        if held is not None:
            who = [problem.attendees[a].id for a in party.people if a in problem.requests[r].excluded]
            return [_keeping(f"Let {' and '.join(who)} take part in it after all", "take-part", held, *who)]
    return []


def one_more_person(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> Iterator[Remedy]:
    """Somebody more of one firm, else of both, who speaks what a colleague does; where nobody is named."""
    request, limit = occupancy.problem.requests[r], occupancy.problem.policy.max_idle_spread
    if limit is not None:  # somebody new has no idle slot at all, and others may not have many more
        return
    asking = [] if request.from_attendees else ["asking"]
    asked = [] if request.to_attendees else ["asked"]
    alone = [remedy for side in asking + asked for remedy in _somebody(occupancy, r, parties, [side])]
    yield from alone or _somebody(occupancy, r, parties, asking + asked)


def _somebody(
    occupancy: Occupancy, r: int, parties: list[MeetingParty], sides: Sequence[str]
) -> Iterator[Remedy]:
    """A person more on each of some sides, for the first party that then fits."""
    problem = occupancy.problem
    for party in parties:
        people = {side: party.asking if side == "asking" else party.asked for side in sides}
        theirs = {problem.attendees[a].id for mine in people.values() for a in mine}
        starts = occupancy.choices.all_slots
        for condition in party.conditions:
            if condition.what not in PERSONAL or condition.who not in theirs:
                starts &= condition.starts
        if not starts:
            continue
        rest = replace(
            party,
            asking=() if "asking" in sides else party.asking,
            asked=() if "asked" in sides else party.asked,
        )
        held = _found(best_insertion(occupancy, r, rest, starts))
        if held is not None:
            colleagues = [problem.attendees[a] for mine in people.values() for a in mine]
            named = " and ".join(_like(occupancy, person) for person in colleagues)
            text = f"Send one more person of {named} in {_slot_names(occupancy, held)}"
            yield _keeping(text, "add-person", held, *(person.id for person in colleagues))
            return


def _like(occupancy: Occupancy, person: Attendee) -> str:
    firm = occupancy.problem.firms[person.firm]
    spoken = " and ".join(sorted(person.languages))
    return (firm.name or firm.id) + (f", who speaks {spoken}," if spoken else "")


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
