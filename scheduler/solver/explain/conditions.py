"""Conditions: which starts each thing allows to a request and party, to name what is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from scheduler.domain.entities import PlaceWish
from scheduler.domain.problem import People
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.instance.choices import run_starts, slot_mask

# Conditions of the lists alone, and of the other meetings of the plan, each in the order of telling.
STATIC = ("place-kind", "language", "room", "closed", "fixed", "frozen", "away")
DYNAMIC = (
    "busy", "place-full", "interpreter-busy", "person-cap", "days-cap", "firm-cap", "pair-cap", "row-cap",
    "precedence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """`starts` are those that `what` allows. `who` is the id of the person, firm or request concerned."""

    what: str
    starts: int
    who: str = ""


@dataclass(frozen=True, slots=True)
class MeetingParty:
    """One choice of people for a request, with its conditions.

    `interpreters` is as in `Choices.interpreters`.
    """

    asking: People
    asked: People
    interpreters: People | None
    conditions: tuple[Condition, ...]

    @property
    def people(self) -> People:
        return self.asking + self.asked

    def starts(self, *but: str) -> int:
        """The starts that all conditions allow, but for those named in `but`."""
        mask = -1
        for condition in self.conditions:
            if condition.what not in but:
                mask &= condition.starts
        return mask

    def blocked_by_one(self) -> Iterator[tuple[Condition, int]]:
        """Each condition that alone is in the way somewhere, with those starts."""
        count = len(self.conditions)
        after = [-1] * (count + 1)
        for i in range(count - 1, -1, -1):
            after[i] = after[i + 1] & self.conditions[i].starts
        before = -1
        for i, condition in enumerate(self.conditions):
            alone = before & after[i + 1] & ~condition.starts
            if alone:
                yield condition, alone
            before &= condition.starts


def list_parties(occupancy: Occupancy, r: int, *, with_excluded: bool = False) -> Iterator[MeetingParty]:
    """The parties of a request with their conditions, or those of all who could come if nobody were
    excluded.
    """
    choices, request = occupancy.choices, occupancy.problem.requests[r]
    anybody = replace(request, excluded=frozenset()) if with_excluded else request
    common = (*request_conditions(occupancy, r), *precedence_conditions(occupancy, r))
    for asking, asked in product(*occupancy.problem.sides(anybody)):
        interpreters = choices.interpreters(asking, asked)
        conditions = (
            *common,
            *people_conditions(occupancy, r, asking + asked),
            *pair_conditions(occupancy, asking, asked),
            *interpreter_conditions(occupancy, r, interpreters),
        )
        yield MeetingParty(asking, asked, interpreters, conditions)


def request_conditions(occupancy: Occupancy, r: int) -> Iterator[Condition]:
    """What the request itself, its places and its firms allow."""
    problem, choices = occupancy.problem, occupancy.choices
    request, everything = problem.requests[r], choices.all_slots
    yield Condition("room", choices.room(request.length))
    if request.slots is not None:
        yield Condition("closed", slot_mask(request.slots))
    if choices.frozen_slots:
        yield Condition("frozen", choices.not_too_soon(r))
    if request.fixed is not None:
        yield Condition("fixed", 1 << request.fixed.slot)
    ever = choices.starts_at_places(r)
    yield Condition("place-kind", ever)
    yield Condition("place-full", _room_now(occupancy, r) | everything & ~ever)
    for firm in (request.sender, request.receiver):
        row = problem.firms[firm]
        below = occupancy.days_below(("firm", firm), row.max_per_day)
        if below != everything:
            yield Condition("firm-cap", below, row.id)


def _room_now(occupancy: Occupancy, r: int) -> int:
    choices, request = occupancy.choices, occupancy.problem.requests[r]
    if request.fixed is not None and request.fixed.place is not None:
        return occupancy.room_in(choices.places(r), request.length)
    mask = 0
    if request.place is not PlaceWish.BOOTH:
        mask |= occupancy.room_at_tables(request.length)
    if request.place is not PlaceWish.TABLE:
        mask |= occupancy.room_in(choices.booths[request.receiver], request.length)
    return mask


def people_conditions(occupancy: Occupancy, r: int, people: People) -> Iterator[Condition]:
    """What the days of these people allow."""
    length = occupancy.problem.requests[r].length
    for a in people:
        yield from occupancy.remember(("attendee", a), length, partial(_of_attendee, occupancy, a, length))


def _of_attendee(occupancy: Occupancy, a: int, length: int) -> tuple[Condition, ...]:
    """What an attendee's days allow to a meeting of this length."""
    problem, everything = occupancy.problem, occupancy.choices.all_slots
    row, person = problem.attendees[a], ("attendee", a)
    free, busy = occupancy.choices.attendee_free[a], occupancy.busy[person]
    conditions = (
        Condition("away", run_starts(free, length) if free != everything else everything, row.id),
        Condition("busy", run_starts(everything & ~busy, length) if busy else everything, row.id),
        Condition("person-cap", occupancy.days_below(person, row.max_per_day), row.id),
        Condition("days-cap", occupancy.days_within(a), row.id),
        Condition("row-cap", occupancy.starts_in_short_rows(a, length), row.id),
    )
    return tuple(each for each in conditions if each.starts != everything)


def pair_conditions(occupancy: Occupancy, asking: People, asked: People) -> Iterator[Condition]:
    """What the meetings that these people have with each other already allow (H15)."""
    problem, everything = occupancy.problem, occupancy.choices.all_slots
    if problem.policy.max_pair_per_day is None:
        return
    for one, two in product(asking, asked):
        below = occupancy.days_of_pair(one, two, problem.policy.max_pair_per_day)
        if below != everything:
            yield Condition("pair-cap", below, problem.attendees[one].id)


def interpreter_conditions(occupancy: Occupancy, r: int, interpreters: People | None) -> Iterator[Condition]:
    """What interpreters allow, if any is needed."""
    if interpreters is None:
        return
    choices, length = occupancy.choices, occupancy.problem.requests[r].length
    places = choices.places(r) if choices.stations.places else ()
    yield from occupancy.remember(
        None,
        (interpreters, places, length),
        lambda: _of_interpreters(occupancy, interpreters, places, length),
    )


def _of_interpreters(
    occupancy: Occupancy, interpreters: People, places: tuple[int, ...], length: int
) -> tuple[Condition, ...]:
    """What these interpreters allow to a meeting of this length, at one of the places or at no station."""
    choices = occupancy.choices
    ever = now = 0
    for i in interpreters:
        for place in (None, *(p for p in choices.stations.of[i] if p in places)):
            free = choices.interpreter_at(i, place)
            ever |= run_starts(free, length)
            now |= run_starts(free & ~occupancy.busy["interpreter", i], length)
    return Condition("language", ever), Condition("interpreter-busy", now | choices.all_slots & ~ever)


def precedence_conditions(occupancy: Occupancy, r: int) -> Iterator[Condition]:
    """What the order of meetings allows."""
    problem, everything = occupancy.problem, occupancy.choices.all_slots
    length = problem.requests[r].length
    for before, after in occupancy.precedences.get(r, ()):
        other = occupancy.held.get(after if before == r else before)
        if other is None:
            continue
        if after == r:
            starts = everything & ~((1 << other.stop) - 1)
        else:
            starts = (1 << max(0, other.start - length + 1)) - 1
        if starts & everything != everything:
            yield Condition("precedence", starts & everything, other.id)
