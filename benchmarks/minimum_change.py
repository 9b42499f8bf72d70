"""The full minimum-change model by CP-SAT: schedule one more request and move as few people as possible."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from benchmarks.reachable_changes import OutOfTime, Reach, is_exact_for
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.solver.exact.assignments import BuildingStopped
from scheduler.solver.exact.model import ExactModel, build_model

WORKERS = 2
FEWEST = 2
"""Minimum number of attendees of a meeting: one of each firm."""


@dataclass(frozen=True, slots=True)
class MinimumMoves:
    """The minimum number of people whose other meetings change.

    `people` is None if no solution was found. `at_least` is the proven lower bound.
    """

    people: int | None
    at_least: int


def count_minimum_moves(
    problem: Problem, meetings: Sequence[Meeting], request: str, seconds: float, most: int
) -> MinimumMoves:
    """Schedule a request (at another time if it is scheduled) and keep all other meetings scheduled.

    The exact model of the whole event is solved with a budget of 0 people who move, then 2, and so on up to
    `most`. Meetings that no solution within the budget changes (see `Reach`) have only their present
    assignment. The first feasible budget is the minimum. Places of a group are counted, not assigned: if
    meetings last several slots, a concrete plan may need more people.

    Raises ValueError if the plan has global limits (H12, H13), or limits of pairs, rows or days (H15 to
    H17), or if a walk is shorter by way of another hall.
    """
    if not is_exact_for(problem):
        raise ValueError("the model leaves out what such limits may need")
    began = time.monotonic()
    for budget in (0, *range(FEWEST, most + 1)):
        left = seconds - (time.monotonic() - began)
        if left <= 0:
            return MinimumMoves(None, budget)
        try:
            status, people = _within(Reach(problem, meetings, request, budget, began + seconds), left)
        except OutOfTime:
            return MinimumMoves(None, budget)
        if people is not None:
            return MinimumMoves(people, budget)
        if status != cp_model.INFEASIBLE:
            return MinimumMoves(None, budget)
    return MinimumMoves(None, most + 1)


def _within(reach: Reach, seconds: float) -> tuple[cp_model.CpSolverStatus, int | None]:
    """Return CP-SAT's status for a budget, and the number of people in its solution."""
    if reach.is_free:
        return cp_model.OPTIMAL, 0
    if not reach.kept.get(reach.wanted):
        return cp_model.INFEASIBLE, None
    assignments = reach.assignments()
    ends = time.monotonic() + seconds
    try:
        exact = build_model(assignments, lambda: time.monotonic() > ends)
    except BuildingStopped:
        return cp_model.UNKNOWN, None
    people = _count_people(exact, reach)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.0, ends - time.monotonic())
    solver.parameters.num_workers = WORKERS
    status = solver.solve(exact.model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return status, round(solver.value(people)) if found else None


def _count_people(exact: ExactModel, reach: Reach) -> cp_model.LinearExprT:
    """Return the number of people who move: old and new attendees of changed meetings, within the budget."""
    moves: dict[int, cp_model.IntVar] = {}
    reasons: dict[int, list[cp_model.IntVar]] = defaultdict(list)
    for r in sorted(reach.kept.keys() - {reach.wanted}):
        first, *others = exact.of_request[r]
        exact.model.add_hint(exact.take[first], 1)
        for i in others:
            for person in {*exact.assignment[first].people, *exact.assignment[i].people}:
                reasons[person].append(exact.take[i])
    for person, taken in reasons.items():
        moves[person] = exact.model.new_bool_var(f"moves {person}")
        for literal in taken:
            exact.model.add_implication(literal, moves[person])
    total = cp_model.LinearExpr.sum(list(moves.values()))
    exact.model.add(total <= reach.budget)
    return total
