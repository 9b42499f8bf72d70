"""The same plan and question have the same answers, whatever was asked before, from any oracle."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.repair.repairs import Repair
from scheduler.solver.repair.targets import Target, evaluate_targets
from tests.unit.solver.repair.test_repairer import first_plan

CROWDED = to_problem(make_expo(firms=60, requests=870, seed=3))
"""An expo whose tables are usually full: one meeting of a full group gives way."""


def shuffled(meetings: list[Meeting], dice: random.Random) -> list[Meeting]:
    return dice.sample(meetings, len(meetings))


def view(repairer: Repairer, problem: Problem, request: str) -> list[Target]:
    return evaluate_targets(
        repairer, request, [s.id for s in problem.slots[:6]], [p.id for p in problem.places[-8:]]
    )


def picks(problem: Problem, count: int, dice: random.Random) -> Iterator[str]:
    """Yield requests in a random order, each repeatedly."""
    few = [row.id for row in problem.requests][:: max(1, len(problem.requests) * 10 // count)]
    while True:
        yield from dice.sample(few, len(few))


def assert_same(problem: Problem, plan: list[Meeting], count: int) -> None:
    """Check `count` picks against new oracles that apply and undo steps."""
    dice, repairer = random.Random(1), Repairer(problem, plan)
    first: dict[str, tuple[list[Repair], list[Target]]] = {}
    for n, request in zip(range(count), picks(problem, count, dice), strict=False):
        if n % 40 == 39:
            repairer = Repairer(problem, shuffled(repairer.meetings(), dice))
        found = repairer.best(request), view(repairer, problem, request)
        assert found == first.setdefault(request, found)
        if found[0] and dice.random() < 0.2:
            way = dice.choice(found[0])
            repairer.apply(way)
            if dice.random() < 0.5:
                repairer.undo(way)
            else:
                others = {each.request for each in way.changes}
                keys = [problem.requests[r].id for r in others]
                repairer.become(keys, [m for m in plan if m.request in keys])
    assert repairer.meetings() == plan
    assert len(first) < count / 5


def test_what_is_asked_between_and_steps_that_are_taken_back_change_no_answer() -> None:
    assert_same(CROWDED, first_plan(CROWDED), 120)


@pytest.mark.slow  # half a minute
@pytest.mark.no_cover  # runs the lines of the test above again and again
def test_a_thousand_picks_of_an_unchanged_plan_have_the_same_best_each_time() -> None:
    assert_same(CROWDED, first_plan(CROWDED), 1_000)
