"""Exact solving by CP-SAT: the best plan with a proof, or a proof that there is none."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from fractions import Fraction

from ortools.sat.python import cp_model

from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting, Number
from scheduler.domain.problem import Problem
from scheduler.domain.rules import score, violations
from scheduler.domain.solving import Phase, Progress
from scheduler.solver.clock import SolveClock
from scheduler.solver.exact.assignments import (
    Assignments,
    BuildingStopped,
    assign_places,
    enumerate_assignments,
    is_crowded,
)
from scheduler.solver.exact.model import ExactModel, build_model
from scheduler.solver.exact.params import configure_cp_sat
from scheduler.solver.exact.score import Objective, add_objective
from scheduler.threads import run_with_monitor

PROVING_SHARE = 0.75
CHECK_SECONDS = 0.05
LAST_WORD_SECONDS = 0.8

Stop = Callable[[], bool]
Others = Callable[[], tuple[Meeting, ...] | None]


@dataclass(frozen=True, slots=True)
class ExactResult:
    """What was proved: the best plan found (None if none), and an upper bound of the score."""

    status: PlanStatus
    meetings: tuple[Meeting, ...] | None
    bound: Number | None


def solve_exact(
    problem: Problem,
    seconds: float,
    workers: int = 2,
    seed: int = 1,
    start: Sequence[Meeting] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Stop | None = None,
    others: Others = lambda: None,
) -> ExactResult:
    """Solve by CP-SAT until the plan is proved, the time is over, or somebody stops it.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    seconds
        Wall time.
    workers
        Threads of CP-SAT, 1 or more.
    seed
        Of CP-SAT. With more than one thread, the same seed may give another plan.
    start
        A plan to begin from.
    on_progress
        Is called after each better plan or bound, from the calling thread.
    should_stop
        Is asked often, and ends the solve within a second.
    others
        Gives the best plan that was found elsewhere meanwhile, or None.

    Returns
    -------
    ExactResult
        The best plan that the rules find nothing in, and an upper bound of the score. `optimal` is said only
        if the plan's score, by the rules, reaches the bound, and `infeasible` only if two differently set
        searches found it so.
    """
    clock = SolveClock(seconds, should_stop)
    run = _Run(problem, clock, on_progress, others)
    if start is not None:
        run.offer(tuple(start))
    try:
        assignments = enumerate_assignments(problem, check=run.check_time)
        if any(not assignments.of_request[r] for r in assignments.must):
            return ExactResult(PlanStatus.INFEASIBLE, None, None)
        exact = build_model(assignments, clock.is_over)
        run.objective = add_objective(exact)
        add_hint(exact, start or ())
    except BuildingStopped:
        return run.result()
    status = run.search(exact, assignments, workers, seed, proving=problem.policy.require_all)
    if status in (cp_model.UNKNOWN, cp_model.FEASIBLE) and problem.policy.require_all:
        add_hint(exact, run.meetings or ())
        status = run.search(exact, assignments, workers, seed)
    if status == cp_model.INFEASIBLE and run.meetings is None:
        status = run.search(exact, assignments, workers, seed + 1, suspicious=True)
        if status == cp_model.INFEASIBLE:
            return ExactResult(PlanStatus.INFEASIBLE, None, None)
    return run.result()


def add_hint(exact: ExactModel, start: Sequence[Meeting]) -> None:
    """Hint a plan: which assignments it holds (by slot, people and group of places)."""
    problem = exact.assignments.problem
    held = {meeting.request: meeting for meeting in start}
    if not held:
        return
    exact.model.clear_hints()  # type: ignore[no-untyped-call] # CP-SAT leaves it untyped
    for r, mine in enumerate(exact.of_request):
        exact.step(len(mine))
        meeting = held.get(problem.requests[r].id)
        for i in mine:
            exact.model.add_hint(exact.take[i], meeting is not None and _is(exact, i, meeting))


def _is(exact: ExactModel, i: int, meeting: Meeting) -> bool:
    problem, assignment = exact.assignments.problem, exact.assignment[i]
    interpreter = None if assignment.interpreter is None else problem.interpreters[assignment.interpreter].id
    return (
        problem.slots[assignment.start].id == meeting.slot
        and interpreter == meeting.interpreter
        and {problem.attendees[a].id for a in assignment.people} == set(meeting.attendees)
        and problem.index.places.get(meeting.place) in exact.assignments.groups[assignment.group].places
    )


@dataclass
class _Run:
    """One exact solve: the incumbent, the bound, the clock."""

    problem: Problem
    clock: SolveClock
    on_progress: Callable[[Progress], None] | None
    others: Others
    taken: tuple[Meeting, ...] | None = None
    objective: Objective | None = None
    meetings: tuple[Meeting, ...] | None = None
    score: Number = -math.inf
    bound: Fraction | None = None

    def check_time(self) -> None:
        if self.clock.is_over():
            raise BuildingStopped

    def offer(self, meetings: tuple[Meeting, ...]) -> None:
        """Keep a plan if it is better and the rules find nothing in it."""
        found = score(self.problem, meetings)
        if found.total > self.score and not violations(self.problem, meetings):
            self.meetings, self.score = meetings, found.total
            if self.on_progress is not None:
                bound = None if self.bound is None else to_number(self.bound)
                spent = self.clock.spent
                self.on_progress(Progress(spent, Phase.EXACT, found.total, bound, None, found.terms))

    def search(
        self,
        exact: ExactModel,
        assignments: Assignments,
        workers: int,
        seed: int,
        *,
        proving: bool = False,
        suspicious: bool = False,
    ) -> int:
        """One CP-SAT search in a thread. The calling thread takes its plans, and stops it when it is time."""
        if self.clock.is_over():
            return int(cp_model.UNKNOWN)
        # Proofs alone may end with nothing: the rest of the time is for plans.
        part = self.clock.part(max(0.0, self.clock.left()) * (PROVING_SHARE if proving else 1.0))
        solver = cp_model.CpSolver()
        crowded = is_crowded(assignments)
        configure_cp_sat(
            solver.parameters,
            workers,
            seed,
            part.seconds,
            proving=proving,
            crowded=crowded,
            suspicious=suspicious,
        )
        plans = _Plans(exact)
        bounds: list[float] = []
        solver.best_bound_callback = bounds.append

        def goes_on() -> bool:
            self.take(plans, assignments)
            return not (bounds and self.is_reached(bounds[-1])) and not part.is_over()

        outcome = run_with_monitor(
            lambda: int(solver.solve(exact.model, plans)), goes_on, every=CHECK_SECONDS
        )
        solver.stop_search()
        wait([outcome], LAST_WORD_SECONDS)
        self.take(plans, assignments)
        if not outcome.done():
            return int(cp_model.UNKNOWN)
        status = outcome.result()
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
            self.note_bound(solver.best_objective_bound)
        return status

    def take(self, plans: _Plans, assignments: Assignments) -> None:
        held = plans.pop()
        if held is not None:
            self.offer(assign_places(assignments, [plans.exact.assignment[i] for i in held]))
        other = self.others()
        if other is not None and other is not self.taken:
            self.taken = other
            self.offer(other)

    def is_reached(self, value: float) -> bool:
        """Whether the plan, which may have been found elsewhere, is as good as a bound of the objective."""
        self.note_bound(value)
        return self.bound is not None and self.bound <= self.score

    def note_bound(self, value: float) -> None:
        # Without a search the bound is infinite.
        if self.objective is not None and math.isfinite(value) and abs(value) < 1e15:
            bound = self.objective.score(math.floor(value + 1e-6))
            self.bound = bound if self.bound is None else min(self.bound, bound)

    def result(self) -> ExactResult:
        bound = None if self.bound is None else to_number(self.bound)
        if self.meetings is None:
            return ExactResult(PlanStatus.UNKNOWN, None, bound)
        if bound is not None and bound < self.score - 1e-6:
            # A bound below a plan that keeps the rules is no bound (google/or-tools has had such).
            return ExactResult(PlanStatus.FEASIBLE, self.meetings, None)
        proved = bound is not None and bound <= self.score + 1e-6
        return ExactResult(PlanStatus.OPTIMAL if proved else PlanStatus.FEASIBLE, self.meetings, bound)


class _Plans(cp_model.CpSolverSolutionCallback):
    """The last plan that CP-SAT found and nobody has fetched yet, as its held assignments."""

    def __init__(self, exact: ExactModel) -> None:
        super().__init__()
        self.exact = exact
        self._lock = threading.Lock()
        self._held: list[int] | None = None

    def on_solution_callback(self) -> None:
        held = [i for i, take in enumerate(self.exact.take) if self.boolean_value(take)]
        with self._lock:
            self._held = held

    def pop(self) -> list[int] | None:
        with self._lock:
            held, self._held = self._held, None
        return held


def to_number(value: Fraction) -> Number:
    return int(value) if value.denominator == 1 else math.nextafter(float(value), math.inf)
