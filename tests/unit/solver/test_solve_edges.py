"""solve() with little to solve, with a stop, and with published meetings."""

from __future__ import annotations

import dataclasses

import pytest

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Plan
from scheduler.domain.problem import Policy, Problem
from scheduler.domain.rules.stability import PublishedChanges
from scheduler.domain.solving import Progress, ProvedBounds, Result, SolveParams
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.annealing.warmup import tiny_problem
from scheduler.solver.bounds.closed_form import closed_bounds
from scheduler.solver.proof import Proof
from scheduler.solver.solve import solve
from tests.support.builders import ask, firm, interpreter, make_problem, meet, person, table

PARAMS = SolveParams(method="search", iterations=200)


def tiny(**changes: object) -> Problem:
    return dataclasses.replace(tiny_problem(), **changes)


def held(problem: Problem) -> int:
    plan = solve(problem, PARAMS).plan
    assert rules.violations(problem, plan.meetings) == []
    assert plan.score == rules.score(problem, plan.meetings).total
    return len(plan.meetings)


def test_a_problem_without_slots_is_answered() -> None:
    assert held(tiny(slots=())) == 0


def test_a_problem_without_requests_is_answered() -> None:
    assert held(tiny(requests=())) == 0


def test_a_problem_without_places_is_answered() -> None:
    assert held(tiny(places=())) == 0


def test_a_place_of_capacity_0_holds_nothing() -> None:
    closed = dataclasses.replace(tiny_problem().places[0], capacity=0)
    assert held(tiny(places=(closed,))) == 0


def test_firms_without_attendees_meet_nobody() -> None:
    assert held(tiny(attendees=())) == 0


def test_people_who_are_never_free_meet_nobody() -> None:
    away = tuple(dataclasses.replace(a, unavailable=frozenset({0, 1})) for a in tiny_problem().attendees)
    assert held(tiny(attendees=away)) == 0


def test_a_meeting_that_fits_is_held() -> None:
    assert held(tiny()) == 1


def test_what_is_compulsory_and_cannot_be_held_is_infeasible() -> None:
    problem = tiny(places=(), policy=Policy(require_all=True))
    plan = solve(problem, PARAMS).plan
    assert (plan.status, plan.meetings) == (PlanStatus.INFEASIBLE, ())


def test_a_published_plan_to_which_nothing_happened_is_the_answer() -> None:
    published = solve(tiny(), PARAMS).plan.meetings
    plan = solve(tiny(published=published), PARAMS).plan
    assert plan.meetings == published
    assert plan.terms["moved"] == plan.terms["relocated"] == plan.terms["reassigned"] == 0


def test_a_published_plan_that_stands_has_no_changes_and_buys_nothing() -> None:
    result = solve(tiny(published=solve(tiny(), PARAMS).plan.meetings), PARAMS)
    assert (result.changes, result.bought) == (PublishedChanges(), 0)


@pytest.fixture(scope="module")
def hurried() -> tuple[Problem, Plan]:
    problem = to_problem(make_expo(firms=60, requests=500))
    return problem, solve(problem, dataclasses.replace(PARAMS, method="search", iterations=2_000)).plan


def again(hurried: tuple[Problem, Plan], policy: Policy) -> Result:
    problem = dataclasses.replace(hurried[0], policy=policy, published=hurried[1].meetings)
    return solve(problem, dataclasses.replace(PARAMS, method="search", iterations=150_000))


@pytest.mark.parametrize("max_moved", [None, 0])
def test_a_hurried_plan_to_which_nothing_happened_is_kept_without_a_budget_of_changes(
    hurried: tuple[Problem, Plan], max_moved: int | None
) -> None:
    result = again(hurried, dataclasses.replace(hurried[0].policy, max_moved=max_moved))
    assert result.plan.meetings == hurried[1].meetings
    assert not any(told.phase == "searching" for told in result.curve)


def test_a_hurried_plan_is_improved_within_a_budget_of_changes_and_says_what_they_buy(
    hurried: tuple[Problem, Plan],
) -> None:
    few, more = (again(hurried, hurried[0].policy.improving(budget)) for budget in (5, 40))
    assert 0 < len(few.changes.voluntary) <= 5 < len(more.changes.voluntary) <= 40
    assert few.bought is not None
    assert more.bought is not None
    assert 0 < few.bought < more.bought


def test_a_first_plan_has_nothing_to_change() -> None:
    result = solve(tiny(), PARAMS)
    assert (result.changes, result.bought) == (PublishedChanges(), None)


def test_what_a_voluntary_change_buys_is_told_against_the_plan_that_keeps_all() -> None:
    """r2 fits only if the published meeting moves, which gains 100 * 5 - 60; r3 fits in any case."""
    problem = make_problem(
        slots="2",
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c", weight=5, slots=["s0"]), ask("r3", "d", "e")],
        published=[meet("r1", "s0", "t1", "a1 b1")],
    )
    result = solve(problem, dataclasses.replace(PARAMS, iterations=20_000))
    assert (result.changes, result.bought) == (PublishedChanges(voluntary=("r1",)), 440)


def test_a_start_plan_is_kept_where_nothing_is_better() -> None:
    start = solve(tiny(), PARAMS).plan.meetings
    moved = tuple(dataclasses.replace(meeting, slot="s1") for meeting in start)
    assert solve(tiny(), dataclasses.replace(PARAMS, iterations=0), start=moved).plan.meetings == moved


def test_a_solve_that_is_told_to_stop_still_gives_a_plan() -> None:
    plan = solve(tiny(), SolveParams(seconds=3600, method="search"), should_stop=lambda: True).plan
    assert (plan.status, len(plan.meetings)) == (PlanStatus.FEASIBLE, 1) or plan.status is PlanStatus.OPTIMAL


def test_the_score_that_is_told_is_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.solver.progress.REPORT_SECONDS", 0.0)
    problem = to_problem(make_expo(firms=20, requests=120))
    result = solve(problem, dataclasses.replace(PARAMS, iterations=20_000))
    scores = [p.score for p in result.curve if p.score is not None]
    assert len(scores) > 100
    assert scores == sorted(scores)


def test_progress_is_told_in_order_of_time_and_never_loses_its_bound() -> None:
    told: list[Progress] = []
    result = solve(tiny(), PARAMS, on_progress=told.append)
    assert tuple(told) == result.curve
    assert [p.phase for p in told][-1] == "explaining"
    assert all(p.bound is not None for p in told)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="method"):
        solve(tiny(), SolveParams(method="guess"))


def test_the_interpreter_of_a_published_meeting_stays_only_with_people_who_understand_them() -> None:
    """The invited firm has two people; the published interpreter shares a language with only one of them."""
    people = [person("a1", "a", "zh"), person("b1", "b", "fr", "s0"), person("b2", "b", "de")]
    problem = make_problem(
        slots="1",
        requests=[ask("r1", "a", "b")],
        attendees=people,
        interpreters=[interpreter("i1", "zh fr"), interpreter("i2", "zh de")],
        published=[meet("r1", "s0", "t1", "a1 b1", "i1")],
    )
    plan = solve(problem, PARAMS).plan
    assert [(m.attendees, m.interpreter) for m in plan.meetings] == [(("a1", "b2"), "i2")]
    assert rules.violations(problem, plan.meetings) == []


def test_a_search_ends_when_its_plan_reaches_the_bound() -> None:
    requests = [ask(f"r{k}", f"f{k}", f"g{k}") for k in range(70)]
    problem = make_problem(slots="4", requests=requests, places=[table("t1", capacity=70)])
    plan = solve(problem, SolveParams(3600.0, workers=1, method="search")).plan
    assert (plan.status, plan.score) == (PlanStatus.OPTIMAL, 7000)


def test_a_small_published_plan_is_bettered_where_that_pays() -> None:
    """Moving r1 to the other slot admits the heavier r2; neither can simply be inserted."""
    problem = make_problem(
        slots="2",
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c", weight=5, slots=["s0"])],
        published=[meet("r1", "s0", "t1", "a1 b1")],
    )
    assert solve(problem, SolveParams(600.0)).plan.score == 600 - 60


def test_a_problem_at_every_limit_is_solved_with_no_point_lost() -> None:
    weights = [10**12 - 1, 10**12 - 2, 10**12]
    requests = [ask(f"r{i}", "a", "b", weight=weight) for i, weight in enumerate(weights)]
    problem = make_problem(
        slots="2|2",
        requests=[*requests, ask("long", "a", "b", length=10**4)],
        firms=[firm("a", max_per_day=10**9, min_meetings=10**9)],
        places=[table("t1", capacity=10**5), table("t2", "h2", capacity=10**5)],
        walking={("h1", "h2"): 10**9},
        max_idle_spread=10**9,
        max_moved=10**9,
    )
    for method, iterations in (("search", 200), ("exact", None)):
        plan = solve(problem, SolveParams(method=method, iterations=iterations)).plan
        assert plan.terms["served"] == sum(weights)
        assert plan.score == 100 * sum(weights) - 2000 * plan.terms["shortfall"]
        assert plan.bound == plan.score


class TestALargerPublishedPlan:
    """r0 blocks r1, which fits only if r0 moves."""

    problem = make_problem(
        slots="2",
        requests=[
            ask("r0", "a", "b"),
            ask("r1", "a", "c", weight=5, slots=["s0"]),
            *(ask(f"q{k}", f"d{k}", f"e{k}") for k in range(70)),
        ],
        places=[table("t1", capacity=100)],
        published=[
            meet("r0", "s0", "t1", "a1 b1"),
            *(meet(f"q{k}", "s0", "t1", f"d{k}1 e{k}1") for k in range(70)),
        ],
    )

    def test_is_given_back_where_nothing_is_new(self) -> None:
        assert solve(self.problem, PARAMS).changes == PublishedChanges()

    def test_is_searched_for_a_new_request_that_does_not_fit(self) -> None:
        result = solve(self.problem, dataclasses.replace(PARAMS, iterations=20_000), is_changed=True)
        assert result.changes == PublishedChanges(voluntary=("r0",))


class TestAPublishedPlanThatStands:
    """Tables for 40 of 71 requests, all in use."""

    problem = make_problem(
        slots="2",
        requests=[ask(f"q{k}", f"d{k}", f"e{k}") for k in range(71)],
        places=[table("t1", capacity=20)],
        published=[meet(f"q{k}", f"s{k // 20}", "t1", f"d{k}1 e{k}1") for k in range(40)],
    )

    def test_has_a_proof_though_it_needs_no_search(self) -> None:
        assert closed_bounds(self.problem).score == 7100
        plan = solve(self.problem, SolveParams(method="search", seconds=600.0)).plan
        assert (plan.status, plan.bound) == (PlanStatus.OPTIMAL, 4000)

    def test_shows_the_proof_of_before_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Proof, "begin", None)
        plan = solve(self.problem, SolveParams(method="search"), proved=ProvedBounds(4100, 41, 41)).plan
        assert (plan.status, plan.bound, plan.served_bound) == (PlanStatus.FEASIBLE, 4100, 41)
        assert plan.meetings_bound == 41
