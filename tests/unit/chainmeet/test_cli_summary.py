"""The sentence with which `chainmeet solve` ends."""

from __future__ import annotations

from dataclasses import replace

from chainmeet.local_solve import summary
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Plan
from scheduler.domain.rules.stability import PublishedChanges
from scheduler.domain.solving import Result
from tests.support.builders import ask, make_problem, meet

PLAN = Plan("", PlanStatus.FEASIBLE, 1200, {}, 1500, 20, (), seconds=2.0)
PUBLISHED = [meet("r1", "s0", "t1", "a1 b1")]
REQUESTS = [ask("r1", "a", "b")]


def test_a_first_plan_is_told_without_changes() -> None:
    sentence = "feasible, 0 of 1 requests scheduled, score 1,200 (maximum 1,500), 2.0 s"
    assert summary(make_problem(requests=REQUESTS), Result(PLAN)) == sentence


def test_what_the_changes_of_the_published_plan_bought_is_told() -> None:
    result = Result(PLAN, (), PublishedChanges(("r9",), ("r2", "r3"), ("r1",)), 1440)
    told = summary(make_problem(requests=REQUESTS, published=PUBLISHED), result)
    assert told.endswith("2.0 s; 1 withdrawn, 2 unavoidable and 1 optional changes (a gain of 1,440 points)")


def test_what_was_given_up_for_the_idle_spread_is_told() -> None:
    result = Result(PLAN, (), PublishedChanges(), given_up=("r1", "r2"))
    told = summary(make_problem(requests=REQUESTS, published=PUBLISHED), result)
    assert told.endswith("changes; 2 published meetings dropped because of max_idle_spread")


def test_no_plan_is_told_without_changes() -> None:
    result = Result(replace(PLAN, status=PlanStatus.UNKNOWN, bound=None))
    assert "changes" not in summary(make_problem(requests=REQUESTS, published=PUBLISHED), result)
