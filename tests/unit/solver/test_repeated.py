"""The term `repeated`, a rising cost of one person's changes, in search, exact model and bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.disruptions import disrupt_problem
from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.rules.score import weighted_total
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.annealing.anneal import KINDS, anneal
from scheduler.solver.bounds.prove import upper_bounds
from scheduler.solver.exact.solve import solve_exact
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve
from scheduler.solver.state.terms import count_terms
from tests.support.brute_force import best_plan
from tests.support.builders import ask, documents, make_problem, meet, person, table

quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def rerun() -> Problem:
    """Return a published plan; then a twentieth was withdrawn, and people lost days."""
    problem = to_problem(make_expo(firms=60, requests=500, seed=1, start=date(2026, 11, 24)))
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=50_000)).plan
    return remembering(priced(disrupt_problem(problem, plan.meetings), 25))


def remembering(problem: Problem) -> Problem:
    """Every third person had changes before, one to four."""
    people = (
        replace(person, changed_before=0 if k % 3 else 1 + k % 4)
        for k, person in enumerate(problem.attendees)
    )
    return replace(problem, attendees=tuple(people))


def priced(problem: Problem, price: float) -> Problem:
    factors = {**problem.policy.factors, "repeated": price}
    return replace(problem, policy=replace(problem.policy, factors=factors))


@pytest.mark.parametrize("temperature", [300.0, 20.0, 1.0])
def test_the_searchs_score_is_that_of_the_whole_plan_after_any_moves(
    rerun: Problem, temperature: float
) -> None:
    flat = flatten(rerun)
    state = build_start_state(flat, None, 3)
    for _ in range(5):
        anneal(flat.data, state, 2_000, temperature, 1.0, np.linspace(0.2, 1.0, KINDS), np.zeros((KINDS, 3)))
        terms = count_terms(rerun, flat.data, state)
        assert terms["repeated"] > 0
        assert state.score == pytest.approx(weighted_total(rerun, terms))


def test_a_searched_plan_claims_its_true_score(rerun: Problem) -> None:
    plan = solve(rerun, SolveParams(workers=2, method="search", iterations=20_000)).plan
    assert rules.violations(rerun, plan.meetings) == []
    true = rules.score(rerun, plan.meetings)
    assert (plan.score, plan.terms) == (true.total, true.terms)


@quick
@given(documents(rerun=True), st.sampled_from([1, 50, 700]))
def test_the_exact_model_and_the_bounds_agree_with_trying_every_plan(document: dict, price: int) -> None:
    document["policy"] = {**document["policy"], "require_all": False}
    document["policy"]["factors"] = {**document["policy"].get("factors", {}), "repeated": price}
    problem = read_problem(document)
    best = best_plan(problem)
    if best is None:  # frozen meetings that contradict each other
        return
    found = solve_exact(problem, 60.0)
    assert found.status is PlanStatus.OPTIMAL
    assert found.bound == pytest.approx(best[0])
    assert upper_bounds(problem, 5.0).score >= best[0] - 1e-6


def three_published(**factors: float) -> Problem:
    """Two meetings of ann, and one of bob."""
    return make_problem(
        slots="6",
        attendees=[person("ann", "a"), person("bob", "b")],
        requests=[ask("r1", "a", "d"), ask("r2", "a", "e"), ask("r3", "b", "c")],
        published=[
            meet("r1", "s0", "t1", "ann d1"),
            meet("r2", "s1", "t1", "ann e1"),
            meet("r3", "s0", "t1", "bob c1"),
        ],
        factors=factors,
    )


def test_each_further_change_of_one_person_costs_more_than_the_last() -> None:
    requests = [ask(f"r{k}", "a", f"b{k}") for k in range(4)]
    published = [meet(f"r{k}", f"s{k}", "t1", f"a1 b{k}1") for k in range(4)]
    problem = make_problem(slots="4|4", requests=requests, published=published, factors={"repeated": 7})
    counts = []
    for moved in range(5):
        plan = [replace(m, slot=f"s{k + 4}") if k < moved else m for k, m in enumerate(published)]
        counts.append(rules.score(problem, plan).terms["repeated"])
    assert counts == [0, 0, 1, 3, 6]
    assert [b - a for a, b in pairwise(counts)] == [0, 1, 2, 3]


def test_the_changes_of_different_people_are_not_repeated() -> None:
    problem = three_published(repeated=7)
    plan = [replace(m, slot="s5") if m.request != "r2" else m for m in problem.published]
    assert rules.score(problem, plan).terms["repeated"] == 0


def test_changes_before_raise_the_price_as_if_they_were_of_this_plan() -> None:
    """Somebody with n changes before pays for the next one as for the (n + 1)-th."""
    requests = [ask(f"r{k}", "a", f"b{k}") for k in range(4)]
    published = [meet(f"r{k}", f"s{k}", "t1", f"a1 b{k}1") for k in range(4)]
    people = [person("a1", "a", changed_before=2)]
    problem = make_problem(
        slots="4|4", requests=requests, attendees=people, published=published, factors={"repeated": 7}
    )
    counts = []
    for moved in range(5):
        plan = [replace(m, slot=f"s{k + 4}") if k < moved else m for k, m in enumerate(published)]
        counts.append(rules.score(problem, plan).terms["repeated"])
    assert counts == [0, 2, 5, 9, 14]


def test_a_change_falls_to_whom_had_none_before() -> None:
    """One of two meetings at a table has to move; without memory, both cost the same."""
    requests = [ask("r1", "a", "b"), ask("r2", "c", "d"), ask("new", "e", "f", weight=9, slots=["s0"])]
    published = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t2", "c1 d1")]
    for spared, moved in (("a1", "r2"), ("c1", "r1")):
        problem = make_problem(
            slots="2",
            attendees=[person(id, id[0], changed_before=int(id == spared)) for id in ("a1", "c1")],
            requests=requests,
            places=[table("t1"), table("t2")],
            published=published,
            factors={"repeated": 7},
        )
        for method in ("exact", "search"):
            params = SolveParams(method=method, iterations=2_000 if method == "search" else None)
            plan = solve(problem, params, is_changed=True).plan
            slots = {m.request: m.slot for m in plan.meetings}
            assert len(slots) == 3
            assert [r for r in ("r1", "r2") if slots[r] == "s1"] == [moved]


def test_a_file_that_does_not_name_the_factor_scores_as_ever() -> None:
    problem = three_published()
    plan = [replace(m, slot=f"s{k + 3}") for k, m in enumerate(problem.published)]
    score = rules.score(problem, plan)
    assert "repeated" not in score.terms
    assert score.total == 100 * 3 - 60 * 3 - 10 * score.terms["idle"]
    assert "repeated" not in write_problem(problem)["policy"]["factors"]
    assert read_problem(write_problem(three_published(repeated=7))).policy.factors["repeated"] == 7


def test_a_high_price_stops_the_changes_of_one_person() -> None:
    """Three meetings of one person could each give way to a heavier one."""
    slots = ["s0", "s1", "s2"]
    requests = [ask(f"a{k}", "a", f"x{k}", weight=5) for k in range(3)]
    requests += [ask(f"n{k}", f"x{k}", f"y{k}", weight=9, slots=[slot]) for k, slot in enumerate(slots)]
    published = [meet(f"a{k}", slot, "t1", f"a1 x{k}1") for k, slot in enumerate(slots)]
    common = {"slots": "3 3", "requests": requests, "published": published}
    free = make_problem(**common, factors={"repeated": 0})
    dear = make_problem(**common, factors={"repeated": 1000})
    moved = [solve(problem, SolveParams(method="exact")).plan for problem in (free, dear)]
    assert [len(plan.meetings) for plan in moved] == [6, 4]
    assert [plan.terms["repeated"] for plan in moved] == [3, 0]
