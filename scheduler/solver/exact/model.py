"""The CP-SAT model of a whole problem: a Boolean an atom, a busy Boolean a person and slot, a row a rule."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from ortools.sat.python import cp_model

from scheduler.solver.exact.assignments import Atom, Atoms, BuildingStopped
from scheduler.solver.instance.choices import Person, everybody

STEPS_A_LOOK = 2000  # of building, between looks at the clock: some milliseconds

# A linear expression: CP-SAT's own union of them with NumPy's integers does not allow for `+`.
Expr: TypeAlias = Any


@dataclass
class ExactModel:
    """`take[i]` says whether atom `atom[i]` is held; `busy[person][slot]` whether a person sits in a meeting.

    A person is ("attendee", index) or ("interpreter", index); `at[person][slot]` are the atoms that they
    would sit in then, and busy Booleans stand where there are any. Building it asks `should_stop` often,
    and raises BuildingStopped when that says so.
    """

    atoms: Atoms
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    atom: list[Atom] = field(default_factory=list)
    take: list[cp_model.IntVar] = field(default_factory=list)
    of_request: list[list[int]] = field(default_factory=list)
    busy: dict[Person, dict[int, cp_model.IntVar]] = field(default_factory=dict)
    should_stop: Callable[[], bool] = lambda: False
    steps: int = 0

    def step(self, work: int = 1) -> None:
        """Count some work; each so much of it, ask whether to go on."""
        self.steps += work
        if self.steps >= STEPS_A_LOOK:
            self.steps = 0
            if self.should_stop():
                raise BuildingStopped

    def literal(self, name: str) -> cp_model.IntVar:
        self.step()
        return self.model.new_bool_var(name)

    def count(self, atoms: Iterable[int]) -> Expr:
        taken = [self.take[i] for i in atoms]
        self.step(len(taken))
        return cp_model.LinearExpr.sum(taken)

    @cached_property
    def of_person(self) -> dict[Person, list[int]]:
        """The atoms that a person would sit in."""
        mine: dict[Person, list[int]] = defaultdict(list)
        for i, atom in enumerate(self.atom):
            for person in everybody(atom.people, atom.interpreter):
                mine[person].append(i)
        return dict(mine)

    @cached_property
    def at(self) -> dict[Person, dict[int, list[int]]]:
        found: dict[Person, dict[int, list[int]]] = {}
        for person, mine in self.of_person.items():
            by_slot: dict[int, list[int]] = defaultdict(list)
            self.step(len(mine))
            for i in mine:
                for slot in range(self.atom[i].start, self.atom[i].stop):
                    by_slot[slot].append(i)
            found[person] = dict(sorted(by_slot.items()))
        return found


def build_model(atoms: Atoms, should_stop: Callable[[], bool] = lambda: False) -> ExactModel:
    """The model with every hard rule but H12, which stands with the idle figures.

    Raises BuildingStopped as soon as `should_stop` says so.
    """
    exact = ExactModel(atoms, should_stop=should_stop)
    _add_requests(exact)
    _add_busy(exact)
    _add_places(exact)
    _add_walking(exact)
    _add_caps(exact)
    _add_precedences(exact)
    _add_max_moved(exact)
    return exact


def _add_requests(exact: ExactModel) -> None:
    """The atoms; H1, and of H10 that frozen meetings are held."""
    for r, atoms in enumerate(exact.atoms.of_request):
        first = len(exact.atom)
        for atom in atoms:
            exact.take.append(exact.literal(f"take {r} {len(exact.atom)}"))
            exact.atom.append(atom)
        mine = list(range(first, len(exact.atom)))
        exact.of_request.append(mine)
        if r in exact.atoms.must:
            exact.model.add_exactly_one(exact.take[i] for i in mine)
        elif mine:
            exact.model.add_at_most_one(exact.take[i] for i in mine)


def _add_busy(exact: ExactModel) -> None:
    """H3, as one exactly-one row a person and slot; with all compulsory, how often they are busy in all."""
    for person, slots in exact.at.items():
        exact.busy[person] = {}
        for slot, atoms in slots.items():
            busy = exact.literal(f"busy {person} {slot}")
            exact.busy[person][slot] = busy
            exact.step(len(atoms))
            exact.model.add_exactly_one(~busy, *(exact.take[i] for i in atoms))
        load = load_of(exact, person)
        if load is not None:
            exact.model.add(cp_model.LinearExpr.sum(list(exact.busy[person].values())) == load)


def load_of(exact: ExactModel, person: Person) -> int | None:
    """The slots that an attendee is busy in all, if that is the same in each plan."""
    ways = Counter(exact.atom[i].request for i in exact.of_person[person])
    for r, count in ways.items():
        if person[0] != "attendee" or r not in exact.atoms.must or count < len(exact.of_request[r]):
            return None
    return sum(exact.atoms.problem.requests[r].length for r in ways)


def _add_places(exact: ExactModel) -> None:
    """H5: what a group of places holds in each slot; the implied row counts people, two a meeting."""
    by_group: dict[int, list[int]] = defaultdict(list)
    for i, atom in enumerate(exact.atom):
        by_group[atom.group].append(i)
    for g, mine in by_group.items():
        capacity = exact.atoms.groups[g].capacity
        clusters = _clusters(exact, mine)
        rows: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for i in mine:
            for slot in range(exact.atom[i].start, exact.atom[i].stop):
                rows[slot][clusters[i]].append(i)
        for slot, clustered in rows.items():
            if len(clustered) > capacity:
                terms = [_any_of(exact, a, slot, atoms) for a, atoms in clustered.items()]
                exact.model.add(cp_model.LinearExpr.sum(terms) <= capacity)
    if all(len(atom.people) == 2 for atom in exact.atom):
        _add_people_in_places(exact, sum(exact.atoms.groups[g].capacity for g in by_group))


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


def _clusters(exact: ExactModel, atoms: list[int]) -> dict[int, int]:
    """An attendee for each atom who sits in it; those with the most atoms first, so that there are few."""
    members: dict[int, set[int]] = defaultdict(set)
    for i in atoms:
        for a in exact.atom[i].people:
            members[a].add(i)
    found: dict[int, int] = {}
    while members:
        exact.step(len(members))
        person = max(members, key=lambda a: (len(members[a]), -a))
        mine = members.pop(person)
        exact.step(len(mine))
        for i in mine:
            found[i] = person
            for a in exact.atom[i].people:
                if a in members:
                    members[a].discard(i)
    return found


def _any_of(exact: ExactModel, attendee: int, slot: int, atoms: list[int]) -> cp_model.IntVar:
    """A Boolean for one of these atoms of one attendee being held in a slot; at most one is."""
    if len(exact.at["attendee", attendee][slot]) == len(atoms):
        return exact.busy["attendee", attendee][slot]
    if len(atoms) == 1:
        return exact.take[atoms[0]]
    there = exact.literal(f"cluster {attendee} {slot}")
    exact.model.add_exactly_one(~there, *(exact.take[i] for i in atoms))
    return there


def _add_walking(exact: ExactModel) -> None:
    """H6: no two meetings too close for the walk, unless the person sits in another one between them."""
    problem = exact.atoms.problem
    for person, mine in exact.of_person.items():
        halls = {exact.atom[i].hall for i in mine}
        if not any(problem.walking[a][b] > 0 for a in halls for b in halls if a != b):
            continue
        ending: dict[tuple[int, int], list[int]] = defaultdict(list)
        starting: dict[int, list[int]] = defaultdict(list)
        for i in mine:
            ending[exact.atom[i].stop - 1, exact.atom[i].hall].append(i)
            starting[exact.atom[i].start].append(i)
        for (last, hall), first in ending.items():
            for start, second in starting.items():
                if start > last:
                    exact.step(len(second))
                    far = [i for i in second if _too_far(exact, hall, last, exact.atom[i])]
                    _forbid(exact, person, last, start, first, far)


def _too_far(exact: ExactModel, hall: int, last: int, atom: Atom) -> bool:
    problem = exact.atoms.problem
    if atom.hall == hall:
        return False
    pause = problem.slots[atom.start].start - problem.slots[last].end
    # A hair, as in the rule: 0.1 minutes are 6 seconds.
    return pause.total_seconds() < problem.walking[hall][atom.hall] * 60 - 1e-6


def _forbid(
    exact: ExactModel, person: Person, last: int, start: int, first: list[int], second: list[int]
) -> None:
    if second:
        between = [busy for slot, busy in exact.busy[person].items() if last < slot < start]
        exact.model.add(exact.count(first) + exact.count(second) <= 1 + cp_model.LinearExpr.sum(between))


def _add_caps(exact: ExactModel) -> None:
    """H8."""
    problem = exact.atoms.problem
    of_firm: dict[tuple[int, int], list[int]] = defaultdict(list)
    of_attendee: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, atom in enumerate(exact.atom):
        day, request = problem.days[atom.start], problem.requests[atom.request]
        of_firm[request.sender, day].append(i)
        of_firm[request.receiver, day].append(i)
        for a in atom.people:
            of_attendee[a, day].append(i)
    for (firm, _), mine in of_firm.items():
        _cap(exact, problem.firms[firm].max_per_day, mine)
    for (attendee, _), mine in of_attendee.items():
        _cap(exact, problem.attendees[attendee].max_per_day, mine)


def _cap(exact: ExactModel, cap: int | None, atoms: list[int]) -> None:
    if cap is not None and len({exact.atom[i].request for i in atoms}) > cap:
        exact.model.add(exact.count(atoms) <= cap)


def _add_precedences(exact: ExactModel) -> None:
    """H11: never is `after` begun by slot t and `before` not over by then."""
    for before, after in exact.atoms.problem.precedences:
        one, two = exact.of_request[before], exact.of_request[after]
        for t in sorted({exact.atom[i].start for i in two}):
            exact.step(len(one) + len(two))
            begun = [i for i in two if exact.atom[i].start <= t]
            unfinished = [i for i in one if exact.atom[i].stop > t]
            if unfinished:
                exact.model.add_at_most_one(exact.take[i] for i in begun + unfinished)


def _add_max_moved(exact: ExactModel) -> None:
    """H13: of the published meetings that could stay, all but so many do."""
    limit = exact.atoms.problem.policy.max_moved
    counted = exact.atoms.counted
    if limit is not None and len(counted) > limit:
        stays = [i for r in counted for i in exact.of_request[r] if exact.atom[i].stays]
        exact.model.add(exact.count(stays) >= len(counted) - limit)
