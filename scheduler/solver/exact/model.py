"""The CP-SAT model of a problem: a Boolean per assignment, one per busy person and slot, rows per rule."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any, TypeAlias

from ortools.sat.python import cp_model

from scheduler.solver.exact.assignments import Assignment, Assignments, BuildingStopped
from scheduler.solver.instance.choices import Person, meeting_people

STEPS_A_LOOK = 2000  # of building, between looks at the clock: some milliseconds

# A linear expression: CP-SAT's own union of them with NumPy's integers does not allow for `+`.
Expr: TypeAlias = Any


@dataclass
class ExactModel:
    """The CP-SAT model, with its Booleans.

    `take[i]` says whether `assignment[i]` is held. `busy[person][slot]` says whether a person sits in a
    meeting. A person is ("attendee", index) or ("interpreter", index). `at[person][slot]` are the assignments
    that they would sit in then. A busy Boolean is there where there are any. Building asks `should_stop`
    often, and raises BuildingStopped when that says so.
    """

    assignments: Assignments
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    assignment: list[Assignment] = field(default_factory=list)
    take: list[cp_model.IntVar] = field(default_factory=list)
    of_request: list[list[int]] = field(default_factory=list)
    busy: dict[Person, dict[int, cp_model.IntVar]] = field(default_factory=dict)
    should_stop: Callable[[], bool] = lambda: False
    steps: int = 0

    def step(self, work: int = 1) -> None:
        """Count some work. Each time that it adds up to a limit, ask whether to go on."""
        self.steps += work
        if self.steps >= STEPS_A_LOOK:
            self.steps = 0
            if self.should_stop():
                raise BuildingStopped

    def literal(self, name: str) -> cp_model.IntVar:
        self.step()
        return self.model.new_bool_var(name)

    def count(self, assignments: Iterable[int]) -> Expr:
        taken = [self.take[i] for i in assignments]
        self.step(len(taken))
        return cp_model.LinearExpr.sum(taken)

    @cached_property
    def of_person(self) -> dict[Person, list[int]]:
        """The assignments that a person would sit in."""
        mine: dict[Person, list[int]] = defaultdict(list)
        for i, assignment in enumerate(self.assignment):
            for person in meeting_people(assignment.people, assignment.interpreter):
                mine[person].append(i)
        return dict(mine)

    @cached_property
    def at(self) -> dict[Person, dict[int, list[int]]]:
        found: dict[Person, dict[int, list[int]]] = {}
        for person, mine in self.of_person.items():
            by_slot: dict[int, list[int]] = defaultdict(list)
            self.step(len(mine))
            for i in mine:
                for slot in range(self.assignment[i].start, self.assignment[i].stop):
                    by_slot[slot].append(i)
            found[person] = dict(sorted(by_slot.items()))
        return found


def build_model(assignments: Assignments, should_stop: Callable[[], bool] = lambda: False) -> ExactModel:
    """The model with every hard rule but H12, which stands with the idle figures.

    Parameters
    ----------
    assignments
        The ways to hold each request. Those of the requests in `must` are held in one of them.
    should_stop
        Asked often while the model is built, which ends by BuildingStopped as soon as this says so.

    Returns
    -------
    ExactModel
        The model without an objective, with a Boolean for each assignment.
    """
    exact = ExactModel(assignments, should_stop=should_stop)
    _add_requests(exact)
    _add_busy(exact)
    _add_places(exact)
    _add_walking(exact)
    _add_caps(exact)
    _add_pairs(exact)
    _add_rows(exact)
    _add_days(exact)
    _add_precedences(exact)
    _add_max_moved(exact)
    return exact


def _add_requests(exact: ExactModel) -> None:
    """The assignments with H1, and of H10 that frozen meetings are held."""
    for r, assignments in enumerate(exact.assignments.of_request):
        first = len(exact.assignment)
        for assignment in assignments:
            exact.take.append(exact.literal(f"take {r} {len(exact.assignment)}"))
            exact.assignment.append(assignment)
        mine = list(range(first, len(exact.assignment)))
        exact.of_request.append(mine)
        if r in exact.assignments.must:
            exact.model.add_exactly_one(exact.take[i] for i in mine)
        elif mine:
            exact.model.add_at_most_one(exact.take[i] for i in mine)


def _add_busy(exact: ExactModel) -> None:
    """H3: an exactly-one row per person and slot. If all is compulsory, also how often each is busy."""
    for person, slots in exact.at.items():
        exact.busy[person] = {}
        for slot, assignments in slots.items():
            busy = exact.literal(f"busy {person} {slot}")
            exact.busy[person][slot] = busy
            exact.step(len(assignments))
            exact.model.add_exactly_one(~busy, *(exact.take[i] for i in assignments))
        load = fixed_load(exact, person)
        if load is not None:
            exact.model.add(cp_model.LinearExpr.sum(list(exact.busy[person].values())) == load)


def fixed_load(exact: ExactModel, person: Person) -> int | None:
    """The slots that an attendee is busy in all, if that is the same in each plan."""
    ways = Counter(exact.assignment[i].request for i in exact.of_person[person])
    for r, count in ways.items():
        if person[0] != "attendee" or r not in exact.assignments.must or count < len(exact.of_request[r]):
            return None
    return sum(exact.assignments.problem.requests[r].length for r in ways)


def _add_places(exact: ExactModel) -> None:
    """H5: what a group of places holds in each slot. The implied row counts people, two per meeting."""
    by_group: dict[int, list[int]] = defaultdict(list)
    for i, assignment in enumerate(exact.assignment):
        by_group[assignment.group].append(i)
    for g, mine in by_group.items():
        capacity = exact.assignments.groups[g].capacity
        clusters = _clusters(exact, mine)
        rows: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for i in mine:
            for slot in range(exact.assignment[i].start, exact.assignment[i].stop):
                rows[slot][clusters[i]].append(i)
        for slot, clustered in rows.items():
            if len(clustered) > capacity:
                terms = [_any_of(exact, a, slot, assignments) for a, assignments in clustered.items()]
                exact.model.add(cp_model.LinearExpr.sum(terms) <= capacity)
    if all(len(assignment.people) == 2 for assignment in exact.assignment):
        _add_people_in_places(exact, sum(exact.assignments.groups[g].capacity for g in by_group))


def _add_people_in_places(exact: ExactModel, capacity: int) -> None:
    """Implied: in a slot no more people are busy than two a meeting."""
    there: dict[int, list[cp_model.IntVar]] = defaultdict(list)
    for (who, _), slots in exact.busy.items():
        if who == "attendee":
            for slot, busy in slots.items():
                there[slot].append(busy)
    for literals in there.values():
        if len(literals) > 2 * capacity:
            exact.model.add(cp_model.LinearExpr.sum(literals) <= 2 * capacity)


def _clusters(exact: ExactModel, assignments: list[int]) -> dict[int, int]:
    """An attendee of each assignment. Those with the most assignments come first, so that there are few."""
    members: dict[int, set[int]] = defaultdict(set)
    for i in assignments:
        for a in exact.assignment[i].people:
            members[a].add(i)
    found: dict[int, int] = {}
    while members:
        exact.step(len(members))
        person = max(members, key=lambda a: (len(members[a]), -a))
        mine = members.pop(person)
        exact.step(len(mine))
        for i in mine:
            found[i] = person
            for a in exact.assignment[i].people:
                if a in members:
                    members[a].discard(i)
    return found


def _any_of(exact: ExactModel, attendee: int, slot: int, assignments: list[int]) -> cp_model.IntVar:
    """A Boolean: one of these assignments of one attendee is held in a slot. At most one can be."""
    if len(exact.at["attendee", attendee][slot]) == len(assignments):
        return exact.busy["attendee", attendee][slot]
    if len(assignments) == 1:
        return exact.take[assignments[0]]
    there = exact.literal(f"cluster {attendee} {slot}")
    exact.model.add_exactly_one(~there, *(exact.take[i] for i in assignments))
    return there


def _add_walking(exact: ExactModel) -> None:
    """H6: no two meetings too close for the walk, unless the person sits in another one between them."""
    problem = exact.assignments.problem
    for person, mine in exact.of_person.items():
        halls = {exact.assignment[i].hall for i in mine}
        if not any(problem.walking[a][b] > 0 for a in halls for b in halls if a != b):
            continue
        ending: dict[tuple[int, int], list[int]] = defaultdict(list)
        starting: dict[int, list[int]] = defaultdict(list)
        for i in mine:
            ending[exact.assignment[i].stop - 1, exact.assignment[i].hall].append(i)
            starting[exact.assignment[i].start].append(i)
        for (last, hall), first in ending.items():
            for start, second in starting.items():
                if start > last:
                    exact.step(len(second))
                    far = [i for i in second if _too_far(exact, hall, last, exact.assignment[i])]
                    _forbid(exact, person, last, start, first, far)


def _too_far(exact: ExactModel, hall: int, last: int, assignment: Assignment) -> bool:
    problem = exact.assignments.problem
    if assignment.hall == hall:
        return False
    pause = problem.slots[assignment.start].start - problem.slots[last].end
    # A hair, as in the rule: 0.1 minutes are 6 seconds.
    return pause.total_seconds() < problem.walking[hall][assignment.hall] * 60 - 1e-6


def _forbid(
    exact: ExactModel, person: Person, last: int, start: int, first: list[int], second: list[int]
) -> None:
    if second:
        between = [busy for slot, busy in exact.busy[person].items() if last < slot < start]
        exact.model.add(exact.count(first) + exact.count(second) <= 1 + cp_model.LinearExpr.sum(between))


def _add_caps(exact: ExactModel) -> None:
    """H8."""
    problem = exact.assignments.problem
    of_firm: dict[tuple[int, int], list[int]] = defaultdict(list)
    of_attendee: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, assignment in enumerate(exact.assignment):
        day, request = problem.days[assignment.start], problem.requests[assignment.request]
        of_firm[request.sender, day].append(i)
        of_firm[request.receiver, day].append(i)
        for a in assignment.people:
            of_attendee[a, day].append(i)
    for (firm, _), mine in of_firm.items():
        _cap(exact, problem.firms[firm].max_per_day, mine)
    for (attendee, _), mine in of_attendee.items():
        _cap(exact, problem.attendees[attendee].max_per_day, mine)


def _add_pairs(exact: ExactModel) -> None:
    """H15."""
    problem = exact.assignments.problem
    if problem.policy.max_pair_per_day is None:
        return
    firm_of = [attendee.firm for attendee in problem.attendees]
    met: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for i, assignment in enumerate(exact.assignment):
        for one, two in combinations(sorted(assignment.people), 2):
            if firm_of[one] != firm_of[two]:
                met[one, two, problem.days[assignment.start]].append(i)
    for mine in met.values():
        exact.step(len(mine))
        _cap(exact, problem.policy.max_pair_per_day, mine)


def _add_rows(exact: ExactModel) -> None:
    """H16: no window of a block that a person is busy in throughout has too many starts in it.

    With one slot free, a window of n slots has at most n - 1 starts.
    """
    problem = exact.assignments.problem
    for person, slots in exact.at.items():
        most = problem.most_in_row[person[1]] if person[0] == "attendee" else None
        if most is None:
            continue
        longest = max(exact.assignment[i].stop - exact.assignment[i].start for i in exact.of_person[person])
        for first in slots:
            for size in range(most + 1, min((most + 1) * longest, problem.room_ahead[first]) + 1):
                window = range(first, first + size)
                if not all(slot in slots for slot in window):
                    break
                exact.step(size)
                starts = [i for slot in window for i in slots[slot] if exact.assignment[i].start == slot]
                busy = cp_model.LinearExpr.sum([exact.busy[person][slot] for slot in window])
                exact.model.add(exact.count(starts) <= most + (size - most - 1) * (size - busy))


def _add_days(exact: ExactModel) -> None:
    """H17: a Boolean for each day on which a person may have a meeting."""
    problem = exact.assignments.problem
    for person, slots in exact.at.items():
        most = problem.most_days[person[1]] if person[0] == "attendee" else None
        days = sorted({problem.days[slot] for slot in slots})
        if most is None or len(days) <= most:
            continue
        there = {day: exact.literal(f"day {person} {day}") for day in days}
        exact.step(len(slots))
        for slot in slots:
            exact.model.add_implication(exact.busy[person][slot], there[problem.days[slot]])
        exact.model.add(cp_model.LinearExpr.sum(list(there.values())) <= most)


def _cap(exact: ExactModel, cap: int | None, assignments: list[int]) -> None:
    if cap is not None and len({exact.assignment[i].request for i in assignments}) > cap:
        exact.model.add(exact.count(assignments) <= cap)


def _add_precedences(exact: ExactModel) -> None:
    """H11: never is `after` begun by slot t and `before` not over by then."""
    for before, after in exact.assignments.problem.precedences:
        one, two = exact.of_request[before], exact.of_request[after]
        for t in sorted({exact.assignment[i].start for i in two}):
            exact.step(len(one) + len(two))
            begun = [i for i in two if exact.assignment[i].start <= t]
            unfinished = [i for i in one if exact.assignment[i].stop > t]
            if unfinished:
                exact.model.add_at_most_one(exact.take[i] for i in begun + unfinished)


def _add_max_moved(exact: ExactModel) -> None:
    """H13: of the published meetings that could stay, all but so many do."""
    limit = exact.assignments.problem.policy.max_moved
    counted = exact.assignments.counted
    if limit is not None and len(counted) > limit:
        stays = [i for r in counted for i in exact.of_request[r] if exact.assignment[i].stays]
        exact.model.add(exact.count(stays) >= len(counted) - limit)
