"""Infeasibility proof: can a request be scheduled at all together with its firms' other meetings?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ortools.sat.python import cp_model

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.solver.instance.choices import Choices, mask_slots

Takes = list[cp_model.IntVar]


def is_infeasible(problem: Problem, meetings: Sequence[Meeting], request: str, seconds: float) -> bool:
    """Return True if it is proven that no plan has a request and all other meetings of its two firms.

    The model omits places, walks, interpreters, precedences and the meetings of other firms. Its
    infeasibility therefore implies that of the full model.
    """
    wanted = problem.index.requests[request]
    row = problem.requests[wanted]
    firms = {row.sender, row.receiver}
    held = {problem.index.requests[meeting.request] for meeting in meetings}
    mine = [r for r in sorted(held | {wanted}) if not firms.isdisjoint(_firms(problem, r))]
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    return bool(solver.solve(_model(problem, mine, firms)) == cp_model.INFEASIBLE)


def _firms(problem: Problem, r: int) -> tuple[int, int]:
    return problem.requests[r].sender, problem.requests[r].receiver


def _model(problem: Problem, mine: Sequence[int], firms: set[int]) -> cp_model.CpModel:
    """Return the model: each meeting once, with a start and people of these firms, no overlaps, and H8."""
    choices, model = Choices(problem), cp_model.CpModel()
    busy: dict[tuple[int, int], Takes] = defaultdict(list)
    of_day: dict[tuple[str, int, int], Takes] = defaultdict(list)
    for r in mine:
        takes = []
        for team, starts in _teams(problem, choices, r, firms).items():
            for start in mask_slots(starts):
                take = model.new_bool_var(f"take {r} {start}")
                takes.append(take)
                day = problem.days[start]
                for person in team:
                    of_day["person", person, day].append(take)
                    for slot in range(start, start + problem.requests[r].length):
                        busy[person, slot].append(take)
                for firm in firms.intersection(_firms(problem, r)):
                    of_day["firm", firm, day].append(take)
        model.add_exactly_one(takes)
    for those in busy.values():
        model.add_at_most_one(those)
    for (kind, number, _), those in of_day.items():
        cap = (problem.attendees if kind == "person" else problem.firms)[number].max_per_day
        if cap is not None and len(those) > cap:
            model.add(cp_model.LinearExpr.sum(those) <= cap)
    return model


def _teams(problem: Problem, choices: Choices, r: int, firms: set[int]) -> dict[People, int]:
    """Return the possible attendees of these firms with their starts, for any attendees of other firms."""
    length = problem.requests[r].length
    found: dict[People, int] = defaultdict(int)
    for asking, asked in choices.parties(r):
        if choices.interpreters(asking, asked) == ():
            continue
        people = asking + asked
        team = tuple(person for person in people if problem.attendees[person].firm in firms)
        found[team] |= choices.starts(choices.free(people), length) & choices.allowed(r)
    return found
