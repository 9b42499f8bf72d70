"""What the reason of a request is about: whom, which languages or places, and which part of a day.

Requests of one reason that are about the same make a group, which one change of the event may help.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scheduler.domain.entities import PlaceWish
from scheduler.domain.plan import ReasonSubject
from scheduler.solver.explain.conditions import MeetingParty, list_parties
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.instance.choices import mask_slots

LANGUAGE = ("language", "interpreter-busy")
PLACE = ("place-kind", "place-full")
OF_A_PERSON = frozenset(
    {"person-cap", "days-cap", "pair-cap", "row-cap", "people-busy", "no-common-slot", "no-colleague"}
)
OF_BUSY_PEOPLE = frozenset({"displaced-by-weight", "max-moved"})


def find_subject(occupancy: Occupancy, r: int, reason: str, blockers: Sequence[str]) -> ReasonSubject:
    """What a reason is about, of a request that is not held.

    Parameters
    ----------
    occupancy
        The plan.
    r
        The number of the request.
    reason
        The code of its reason.
    blockers
        Ids of what is in the way, the most first.

    Returns
    -------
    About
        Without a kind where nothing can be named.
    """
    problem, request = occupancy.problem, occupancy.problem.requests[r]
    if reason == "firm-cap" and blockers:
        return ReasonSubject("firm", (blockers[0],))
    if reason in OF_A_PERSON and blockers and blockers[0] in problem.index.attendees:
        return ReasonSubject("person", (blockers[0],))
    if reason in OF_BUSY_PEOPLE:
        return _busiest(occupancy, r)
    if reason == "no-interpreter":
        pair, party = _languages(occupancy, r)
        return ReasonSubject("languages", pair, _part_of_a_day(occupancy, [party] if party else [], LANGUAGE))
    if reason == "no-place":
        slot = _part_of_a_day(occupancy, list(list_parties(occupancy, r)), PLACE)
        if request.place is PlaceWish.BOOTH:
            return ReasonSubject("booth", (problem.firms[request.receiver].id,), slot)
        return ReasonSubject("tables", (), slot)
    return ReasonSubject()


def missing_languages(occupancy: Occupancy, party: MeetingParty) -> tuple[str, str]:
    """A language of each side, in the order of their codes: those that most interpreters have both of."""
    sides = [sorted(occupancy.choices.languages(side)) for side in (party.asking, party.asked)]
    there = Counter(
        (one, two)
        for person in occupancy.problem.interpreters
        for one in sides[0]
        for two in sides[1]
        if {one, two} <= person.languages
    )
    pairs = [(one, two) for one in sides[0] for two in sides[1]]
    one, two = min(pairs, key=lambda pair: (-there[pair], pair), default=("", ""))
    return min(one, two), max(one, two)


def _languages(occupancy: Occupancy, r: int) -> tuple[tuple[str, ...], MeetingParty | None]:
    """The languages of the first party that needs an interpreter."""
    for party in list_parties(occupancy, r):
        if party.interpreters is not None:
            return missing_languages(occupancy, party), party
    return (), None


def _busiest(occupancy: Occupancy, r: int) -> ReasonSubject:
    """Whose other meetings close most of the starts that are left without them."""
    closed: Counter[str] = Counter()
    for party in list_parties(occupancy, r):
        left = party.starts("busy") & occupancy.choices.all_slots
        for condition in party.conditions:
            if condition.what == "busy":
                closed[condition.who] += (
                    (left or occupancy.choices.all_slots) & ~condition.starts
                ).bit_count()
    who = min(closed, key=lambda each: (-closed[each], each), default="")
    return ReasonSubject("person", (who,)) if who else ReasonSubject()


def _part_of_a_day(occupancy: Occupancy, found: Sequence[MeetingParty], but: Sequence[str]) -> str:
    """The first slot of the block with most of the starts that the other conditions leave, else none."""
    slots = occupancy.problem.slots
    starts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for number, slot in enumerate(slots):
        first.setdefault(slot.block, number)
    for party in found:
        for start in mask_slots(party.starts(*but) & occupancy.choices.all_slots):
            starts[slots[start].block] += 1
    block = min(starts, key=lambda each: (-starts[each], first[each]), default="")
    return slots[first[block]].id if block else ""
