"""The exact model against a solver that tries every plan, and what it does with proofs and clocks."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.rules import score, violations
from scheduler.solver.exact import solve_exact
from tests.brute_force import best_plan
from tests.builders import problems

SECONDS = 60.0

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(problems(max_requests=3))
def test_the_exact_model_finds_what_trying_every_plan_finds(problem: Problem) -> None:
    best, found = best_plan(problem), solve_exact(problem, SECONDS, workers=1)
    if best is None:
        assert found.status is PlanStatus.INFEASIBLE
        assert found.meetings is None
    else:
        assert found.status is PlanStatus.OPTIMAL
        assert found.meetings is not None
        assert violations(problem, found.meetings) == []
        assert score(problem, found.meetings).total == pytest.approx(best[0])
        assert found.bound == pytest.approx(best[0])
