"""Plain contradictions, found before any search: rules that no plan keeps together, and whom they are about.

What is found here is a proof. A problem in which nothing is found may be contradictory all the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from scheduler.domain.plan import Meeting, Unscheduled
from scheduler.domain.problem import Problem
from scheduler.domain.rules import violations
from scheduler.domain.rules.resolved import Schedule
from scheduler.domain.rules.stability import is_frozen
from scheduler.solver.bounds.closed_form import meeting_capacities
from scheduler.solver.explain.conditions import list_parties
from scheduler.solver.explain.occupancy import Occupancy
from scheduler.solver.explain.reasons import explain_request
from scheduler.solver.instance.choices import Choices

MAX_CONTRADICTIONS = 20
ALWAYS = frozenset(("H2", "H3", "H4", "H5", "H7", "H8", "H9", "H11", "H15", "H16", "H17", "format"))
"""What some meetings break, they break with any others beside them too."""
HELD = "These requests have to be held"
UNNAMED = "No plan keeps all the rules: they contradict each other."


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A sentence, and the ids of the requests that it is about."""

    detail: str
    requests: tuple[str, ...]


def find_contradictions(
    problem: Problem, expired: Callable[[], bool] = lambda: False
) -> tuple[Contradiction, ...]:
    """Why there is no plan: what cannot hold together of frozen meetings and compulsory requests.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    expired
        Of very many compulsory requests, those are checked that come before it says so.

    Returns
    -------
    tuple[Contradiction, ...]
        The first few. Empty if none was found, which does not say that there is a plan.
    """
    frozen = [m for m in problem.published if is_frozen(problem, m)]
    if not frozen and not problem.compulsory:
        return ()
    broken = tuple(islice(_among_frozen(problem, frozen), MAX_CONTRADICTIONS))
    if broken or not problem.compulsory:
        return broken
    return tuple(islice(_Compulsory(problem, frozen, expired).contradictions(), MAX_CONTRADICTIONS))


def contradictions_as_reasons(problem: Problem, found: Sequence[Contradiction]) -> tuple[Unscheduled, ...]:
    """The answer for each request where there is no plan at all.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    found
        The contradictions that were found. Without any, the answer says that none could be named.

    Returns
    -------
    tuple[Unscheduled, ...]
        One for each request, in the order of the problem.
    """
    first = found[0] if found else Contradiction(UNNAMED, ())
    named: dict[str, Contradiction] = {}
    for each in found:
        for id in each.requests:
            named.setdefault(id, each)
    answers = [(request.id, named.get(request.id, first)) for request in problem.requests]
    return tuple(
        Unscheduled(id, "contradiction", one.detail, one.requests[:MAX_CONTRADICTIONS]) for id, one in answers
    )


def _among_frozen(problem: Problem, frozen: Sequence[Meeting]) -> Iterator[Contradiction]:
    """Frozen meetings have to stay as they are. A rule that they break by themselves, every plan breaks."""
    held = {m.request for m in frozen}
    for breach in violations(problem, frozen):
        if breach.rule in ALWAYS:
            about = tuple(id for id in breach.ids if id in held)
            detail = f"What is frozen has to stay, but breaks {breach.rule}: {breach.detail}"
            yield Contradiction(detail, about)


class _Compulsory:
    """Requests that all have to be held, and in which slots each may start beside the frozen ones alone."""

    def __init__(self, problem: Problem, frozen: Sequence[Meeting], expired: Callable[[], bool]) -> None:
        self.problem = problem
        self.occupancy = Occupancy(problem, Choices(problem), Schedule.of(problem, frozen))
        self.starts: dict[int, int] = {}
        for r in sorted(problem.compulsory):
            if expired():
                break
            self.starts[r] = self._starts(r)

    def _starts(self, r: int) -> int:
        held = self.occupancy.held.get(r)
        if held is not None:
            return 1 << held.start
        mask = 0
        for party in list_parties(self.occupancy, r):
            mask |= party.starts() & self.occupancy.choices.all_slots
        return mask

    def contradictions(self) -> Iterator[Contradiction]:
        for r, starts in self.starts.items():
            if not starts:
                id, reason = (
                    self.problem.requests[r].id,
                    explain_request(self.occupancy, r, cured=False).detail,
                )
                yield Contradiction(f"Request {id} has to be held. {reason}", (id,))
        pairs = [pair for pair in self.problem.precedences if self.problem.compulsory.issuperset(pair)]
        yield from _in_a_circle(self.problem, pairs)
        if len(self.starts) == len(self.problem.compulsory) and not _unsorted(pairs):
            yield from _too_long_chains(self.problem, pairs, self.starts)
        yield from _too_many(self.problem)


def _in_a_circle(problem: Problem, pairs: Sequence[tuple[int, int]]) -> Iterator[Contradiction]:
    """Precedences that lead back to where they began."""
    left = _unsorted(pairs)
    while left:
        # Each that is left has one before it that is left too: going back, the way closes.
        before = {two: one for one, two in pairs if one in left and two in left}
        r, way = next(iter(before)), dict[int, None]()
        while r not in way:
            way[r] = None
            r = before[r]
        circle = [*list(way)[list(way).index(r) :]][::-1]
        names = tuple(problem.requests[k].id for k in circle)
        detail = f"{HELD}, but each of {', '.join(names)} has to end before the next one starts, and the"
        yield Contradiction(f"{detail} last of them before the first.", names)
        left -= set(circle)
        left &= _unsorted([pair for pair in pairs if left.issuperset(pair)])


def _unsorted(pairs: Sequence[tuple[int, int]]) -> set[int]:
    """Those of a circle, and those that come after one: what cannot be put in order."""
    return {r for pair in pairs for r in pair}.difference(_in_order(pairs))


def _too_long_chains(
    problem: Problem, pairs: Sequence[tuple[int, int]], may_start: Mapping[int, int]
) -> Iterator[Contradiction]:
    """Requests that cannot start as late as the precedences before them ask for."""
    before: dict[int, list[int]] = defaultdict(list)
    for one, two in pairs:
        before[two].append(one)
    ends: dict[int, int | None] = {}
    for r in _in_order(pairs):
        known = [ends[one] for one in before[r]]
        if None in known:
            ends[r] = None  # what comes before it is said already
            continue
        earliest = max((end for end in known if end is not None), default=0)
        starts = may_start[r] >> earliest << earliest
        ends[r] = None if not starts else (starts & -starts).bit_length() - 1 + problem.requests[r].length
        if not starts:
            names = tuple(problem.requests[k].id for k in (*before[r], r))
            detail = f"{HELD}, but {names[-1]} has no start left once "
            yield Contradiction(f"{detail}{', '.join(names[:-1])} and what comes before have ended.", names)


def _in_order(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """The requests of precedences, each after all that come before it, as far as there is such an order.

    Kahn 1962, doi:10.1145/368996.369025.
    """
    after: dict[int, list[int]] = defaultdict(list)
    waits: Counter[int] = Counter()
    for one, two in pairs:
        after[one].append(two)
        waits[two] += 1
    order = [r for r in after if not waits[r]]
    for r in order:
        for two in after[r]:
            waits[two] -= 1
            if not waits[two]:
                order.append(two)
    return order


def _too_many(problem: Problem) -> Iterator[Contradiction]:
    """More requests than a firm's people, or all places, have time for."""
    mine: dict[int, list[str]] = defaultdict(list)
    compulsory = [problem.requests[r] for r in sorted(problem.compulsory)]
    for request in compulsory:
        for firm in (request.sender, request.receiver):
            mine[firm].append(request.id)
    for firm, most in enumerate(meeting_capacities(problem)):
        if len(mine[firm]) > most:
            row = problem.firms[firm]
            asked = f"{row.name or row.id} has {len(mine[firm])} of them"
            detail = f"{HELD}. {asked}, and its people have time for {most} meetings."
            yield Contradiction(detail, tuple(mine[firm]))
    seats = sum(place.capacity * (len(problem.slots) - len(place.unavailable)) for place in problem.places)
    wanted = sum(request.length for request in compulsory)
    if wanted > seats:
        detail = f"{HELD}, which takes {wanted} slots of places, and there are {seats}."
        yield Contradiction(detail, tuple(request.id for request in compulsory))
