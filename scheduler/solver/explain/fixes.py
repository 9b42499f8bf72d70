"""Remedies: what would let a request in, each tried on the plan before it is given.

Whoever follows one can keep it: with the request fixed to the slot that it names, where it must be held, the
plan as it is with that meeting added keeps every rule, and is worth more than before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from scheduler.domain.problem import Attendee
from scheduler.domain.rules.resolved import ResolvedMeeting
from scheduler.solver.explain.conditions import MeetingParty
from scheduler.solver.explain.conditions import list_parties as parties_of
from scheduler.solver.explain.fix import Fix, fix_at, only_if_gaining, slot_labels
from scheduler.solver.explain.insertion import Insertion, find_best_insertion
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.explain.single_condition import single_condition_fixes
from scheduler.solver.instance.choices import mask_slots, meeting_people

MAX_FIXES = 3
MAX_WITHDRAWALS = 4
PERSONAL = ("busy", "away", "person-cap", "days-cap", "row-cap")
"""What is in the way of one person, not of a colleague. `pair-cap` is not in the way if either is another."""
OTHERS = (
    "busy", "place-full", "interpreter-busy", "person-cap", "days-cap", "firm-cap", "pair-cap", "row-cap",
    "precedence",
)  # fmt: skip


def find_fixes(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> list[Fix]:
    """A few remedies that hold, those that give nothing up first."""
    found: dict[str, Fix] = {}
    ways = (single_condition_fixes, _withdrawals, add_person)
    for remedy in chain.from_iterable(way(occupancy, r, parties) for way in ways):
        found.setdefault(remedy.text, remedy)
        if len(found) == MAX_FIXES:
            break
    return list(found.values())


def _withdrawals(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> Iterator[Fix]:
    """Lighter meetings that alone are in the way, the lightest first: nothing heavier is ever given up.

    What such a meeting is worth is all that it adds to the score: its weight, floors, idle times, walks.
    """
    weight = occupancy.problem.requests[r].weight
    blockers = [held for held in find_lone_blockers(occupancy, r, parties) if held.request.weight < weight]
    for held in blockers[:MAX_WITHDRAWALS]:
        insertion = evaluate_without(occupancy, held, lambda: _any_insertion(occupancy, r))
        if insertion is not None and insertion.gain > occupancy.loss(held):
            text = f"Withdraw request {held.id} (weight {held.request.weight})"
            yield fix_at(text, "withdraw", insertion.held, held.id)


def find_lone_blockers(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> list[ResolvedMeeting]:
    """Meetings that are, in some slot, the only ones of the wanted people, the lightest first."""
    owners = _owners(occupancy, parties)
    length = occupancy.problem.requests[r].length
    found: dict[int, ResolvedMeeting] = {}
    for party in parties:
        for start in mask_slots(party.starts(*OTHERS) & occupancy.choices.all_slots):
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


def _owners(occupancy: Occupancy, parties: list[MeetingParty]) -> Mapping[int, Mapping[int, ResolvedMeeting]]:
    people = {a for party in parties for a in party.people}
    return {a: occupancy.held_at(a) for a in people}


def evaluate_without(
    occupancy: Occupancy, held: ResolvedMeeting, look: Callable[[], Insertion | None]
) -> Insertion | None:
    """What `look` finds while a meeting is taken out, if it gains and the others' walks stay long enough."""
    occupancy.remove(held)
    firms = (held.request.sender, held.request.receiver)
    for firm in firms:
        # With a request less, the floor and the fair shares of its firms may be one lower.
        occupancy.fewer[firm] += 1
    occupancy.withdrawn = held.request
    try:
        if not all(
            occupancy.walks_whole(person) for person in meeting_people(held.attendees, held.interpreter)
        ):
            return None
        found = look()
        return found if found is not None and found.gain > 0 else None
    finally:
        occupancy.withdrawn = None
        for firm in firms:
            occupancy.fewer[firm] -= 1
        occupancy.add(held)


def _any_insertion(occupancy: Occupancy, r: int) -> Insertion | None:
    for party in parties_of(occupancy, r):
        starts = party.starts() & occupancy.choices.all_slots
        if starts:
            found = find_best_insertion(occupancy, r, party, starts)
            if found is not None and found.gain > 0:
                return found
    return None


def include_excluded_person(
    occupancy: Occupancy, r: int, ways: Iterable[tuple[MeetingParty, int]]
) -> list[Fix]:
    """Let somebody take part whom the request excludes. Published meetings have to stay."""
    problem = occupancy.problem
    if r in occupancy.choices.published:
        return []
    for party, starts in ways:
        held = only_if_gaining(find_best_insertion(occupancy, r, party, starts))
        if held is not None:
            who = [problem.attendees[a].id for a in party.people if a in problem.requests[r].excluded]
            return [fix_at(f"Let {' and '.join(who)} take part in it after all", "take-part", held, *who)]
    return []


def add_person(occupancy: Occupancy, r: int, parties: list[MeetingParty]) -> Iterator[Fix]:
    """One more person of one firm, else of both, with a colleague's languages. Only where nobody is named."""
    request, limit = occupancy.problem.requests[r], occupancy.problem.policy.max_idle_spread
    if limit is not None:  # somebody new has no idle slot at all, and others may not have many more
        return
    asking = [] if request.from_attendees else ["asking"]
    asked = [] if request.to_attendees else ["asked"]
    alone = [remedy for side in asking + asked for remedy in _somebody(occupancy, r, parties, [side])]
    yield from alone or _somebody(occupancy, r, parties, asking + asked)


def _somebody(
    occupancy: Occupancy, r: int, parties: list[MeetingParty], sides: Sequence[str]
) -> Iterator[Fix]:
    """A person more on each of some sides, for the first party that then fits."""
    problem = occupancy.problem
    for party in parties:
        people = {side: party.asking if side == "asking" else party.asked for side in sides}
        theirs = {problem.attendees[a].id for mine in people.values() for a in mine}
        starts = occupancy.choices.all_slots
        for condition in party.conditions:
            if condition.what != "pair-cap" and (
                condition.what not in PERSONAL or condition.who not in theirs
            ):
                starts &= condition.starts
        if not starts:
            continue
        rest = replace(
            party,
            asking=() if "asking" in sides else party.asking,
            asked=() if "asked" in sides else party.asked,
        )
        held = only_if_gaining(find_best_insertion(occupancy, r, rest, starts))
        if held is not None:
            colleagues = [problem.attendees[a] for mine in people.values() for a in mine]
            named = " and ".join(_like(occupancy, person) for person in colleagues)
            text = f"Send one more person of {named} in {slot_labels(occupancy, held)}"
            yield fix_at(text, "add-person", held, *(person.id for person in colleagues))
            return


def _like(occupancy: Occupancy, person: Attendee) -> str:
    firm = occupancy.problem.firms[person.firm]
    spoken = " and ".join(sorted(person.languages))
    return (firm.name or firm.id) + (f", who speaks {spoken}," if spoken else "")
