"""Bounds hold for every plan, and are tight if the day-level relaxation is."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.domain.problem import Problem
from scheduler.domain.rules import score
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.bounds import lp, prove
from scheduler.solver.bounds.closed_form import Bounds, closed_bounds
from scheduler.solver.bounds.day_model import DayModel, build_day_model
from scheduler.solver.bounds.day_rows import shared_booth_groups
from scheduler.solver.bounds.merging import (
    MergedModel,
    day_classes,
    merge_days_and_people,
    merge_days_and_people_by_class,
    merge_days_by_class,
    whole_model,
)
from scheduler.solver.bounds.prove import iter_upper_bounds, proved_bound, upper_bounds
from tests.support.brute_force import best_plan
from tests.support.builders import ask, booth, firm, make_problem, meet, person, problems

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))

Merger = Callable[[DayModel], MergedModel]
MERGERS: tuple[Merger, ...] = (
    merge_days_and_people,
    merge_days_and_people_by_class,
    merge_days_by_class,
    whole_model,
)


def assert_holds(bounds: Bounds, problem: Problem) -> None:
    best = best_plan(problem)
    if best is not None:
        terms = score(problem, best[1]).terms
        assert best[0] <= bounds.score + 1e-9
        assert terms["served"] <= bounds.served
        assert terms["shortfall"] >= bounds.shortfall
        assert len(best[1]) <= bounds.meetings


@few
@given(problems(max_requests=3))
def test_no_plan_is_better_than_the_lp_bounds(problem: Problem) -> None:
    assert_holds(upper_bounds(problem, 60.0), problem)


@quick
@given(problems(max_requests=3))
def test_no_plan_is_better_than_the_closed_bounds(problem: Problem) -> None:
    assert_holds(closed_bounds(problem), problem)


@quick
@given(problems(max_requests=3), st.data())
def test_a_bound_holds_whatever_the_duals(problem: Problem, data: st.DataObject) -> None:
    model = build_day_model(problem)
    assert model is not None
    rows = len(model.rhs)
    duals = np.array(data.draw(st.lists(st.floats(0, 50), min_size=rows, max_size=rows)), dtype=float)
    proved = proved_bound(model, model.weight.astype(float), duals, np.zeros(len(model.soft_row)))
    best = best_plan(problem)
    if best is not None:
        assert proved is not None
        assert score(problem, best[1]).terms["served"] <= proved


@quick
@given(problems(max_requests=3), st.sampled_from(MERGERS), st.data())
def test_a_bound_holds_whatever_the_duals_of_merged_rows(
    problem: Problem, merge: Merger, data: st.DataObject
) -> None:
    model = build_day_model(problem)
    assert model is not None
    merged = merge(model)
    rows = len(merged.model.rhs)
    duals = np.array(data.draw(st.lists(st.floats(0, 50), min_size=rows, max_size=rows)), dtype=float)
    proved = proved_bound(
        model, model.weight.astype(float), duals[merged.row_of], np.zeros(len(model.soft_row))
    )
    best = best_plan(problem)
    if best is not None:
        assert proved is not None
        assert score(problem, best[1]).terms["served"] <= proved


def test_merged_rows_prove_nearly_all_that_the_whole_model_does() -> None:
    problem = to_problem(make_expo(firms=60, requests=1500, seed=1, start=date(2026, 11, 24)))
    closed, merged_rows, by_class, whole = iter_upper_bounds(problem, 60.0, objectives=("score",))
    assert closed.score > 1.01 * whole.score
    assert whole.score <= by_class.score <= whole.score + 0.0001 * abs(whole.score)
    assert by_class.score <= merged_rows.score <= whole.score + 0.001 * abs(whole.score)


@pytest.mark.parametrize(
    ("times", "seconds", "finest"), [(1.0, 61.0, "people"), (2.0, 61.0, "firms"), (2.0, 241.0, "people")]
)
def test_the_lp_by_classes_of_days_tells_people_apart_only_where_there_is_time(
    times: float, seconds: float, finest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 3,000 firms it took two fifths of a minute, and proved no more than the one by firms. For `times` as
    many columns it needs the square of that time.
    """
    problem = to_problem(make_expo(firms=60, requests=1500, seed=1, start=date(2026, 11, 24)))
    model = build_day_model(problem)
    assert model is not None
    columns = model.columns * (1 + int(day_classes(model.slots).max())) / len(model.slots)
    found: list[str] = []

    def spy(name: str, merge: Merger) -> Merger:
        def merged(model: DayModel) -> MergedModel:
            found.append(name)
            return merge(model)

        return merged

    monkeypatch.setattr(prove, "merge_days_by_class", spy("people", merge_days_by_class))
    monkeypatch.setattr(prove, "merge_days_and_people_by_class", spy("firms", merge_days_and_people_by_class))
    monkeypatch.setattr(prove, "PEOPLE_COLUMNS", columns / times / math.sqrt(60.0))
    list(iter_upper_bounds(problem, seconds, objectives=("score",), is_limited=False))
    assert found == [finest]


@pytest.mark.parametrize(
    ("slots", "classes"),
    [
        ([14, 14, 14, 14, 6], [0, 0, 0, 0, 1]),
        ([8, 8, 8], [0, 0, 0]),
        ([4, 12, 10, 11, 5], [1, 0, 0, 0, 1]),
        ([9], [0]),
    ],
)
def test_days_are_short_below_the_largest_difference_of_their_lengths(
    slots: list[int], classes: list[int]
) -> None:
    assert day_classes(np.array(slots)).tolist() == classes


def test_a_short_day_is_not_made_longer_by_a_long_one() -> None:
    """On the long day two meetings are the limit, on the short one its two slots."""
    problem = make_problem(
        slots="8 2",
        attendees=[person("a1", "a", max_per_day=2)],
        places=[booth(f"b-{k}", f"x{k}") for k in range(4)],
        requests=[ask(f"r{k}", "a", f"x{k}", place="booth", length=2) for k in range(4)],
    )
    by = {merge: bound_by(merge, problem, "meetings") for merge in MERGERS}
    assert by == {
        merge_days_and_people: 4,
        merge_days_and_people_by_class: 3,
        merge_days_by_class: 3,
        whole_model: 3,
    }


def test_a_colleagues_time_is_of_no_use_where_only_one_can_meet() -> None:
    """Three heavy requests are in a language of one with one free slot, five light ones in the other's."""
    speak = ["zh"] * 3 + ["en"] * 5
    problem = make_problem(
        slots="4",
        attendees=[
            person("a1", "a", "zh", unavailable="s1 s2 s3"),
            person("a2", "a", "en"),
            *(person(f"x{k}1", f"x{k}", language) for k, language in enumerate(speak)),
        ],
        places=[booth(f"b-{k}", f"x{k}") for k in range(len(speak))],
        requests=[
            ask(f"r{k}", "a", f"x{k}", place="booth", weight=5 if language == "zh" else 1)
            for k, language in enumerate(speak)
        ],
    )
    by = {merge: bound_by(merge, problem, "served") for merge in MERGERS}
    assert by == {
        merge_days_and_people: 3 * 5 + 2,
        merge_days_and_people_by_class: 3 * 5 + 2,
        merge_days_by_class: 5 + 4,
        whole_model: 5 + 4,
    }


def bound_by(merge: Merger, problem: Problem, objective: str) -> int:
    """Return what a merged LP proves."""
    model = build_day_model(problem)
    assert model is not None
    merged = merge(model)
    arrays = prove._arrays(merged.model, np.array([prove._cost(problem, merged.model, objective)]))
    with closing(lp.LpSolver()) as solver:
        (duals,) = solver.iter_duals(arrays, ["simplex"], 60.0)
    bound = prove._proved(problem, model, merged.row_of, objective, duals)
    assert bound is not None
    return math.floor(bound)


def rounds(halls: str, **parts: Any) -> Problem:
    """Return one firm that asks for meetings at booths in these halls."""
    visits = [(f"v{k}", hall) for k, hall in enumerate(halls.split())]
    return make_problem(
        places=[booth(f"b-{firm}", firm, hall) for firm, hall in visits],
        requests=[ask(f"r-{firm}", "a", firm, place="booth") for firm, _ in visits],
        **parts,
    )


@pytest.mark.parametrize(
    ("halls", "days", "cap", "least"),
    [
        ("h1 h2", "2", None, 1),
        ("h1 h2 h3", "3 3", None, 1),
        ("h1 h2 h3", "3 3 3", None, 0),
        ("h1 h1 h1 h2", "4 4", 2, 1),
        ("h1 h1 h1 h2", "4 4", None, 0),
    ],
)
def test_halls_that_outnumber_the_days_are_changes_in_the_bound(
    halls: str, days: str, cap: int | None, least: int
) -> None:
    problem = rounds(halls, slots=days, attendees=[person("a1", "a", max_per_day=cap)])
    assert upper_bounds(problem, 60.0).score == 100 * len(problem.requests) - 4 * least


def test_whoever_is_not_met_needs_no_change() -> None:
    problem = rounds("h1 h2", slots="2", factors={"hall_change": 150})
    assert upper_bounds(problem, 60.0).score == 100


@few
@given(
    st.lists(st.sampled_from(["h1", "h2", "h3"]), min_size=2, max_size=4).map(" ".join),
    st.sampled_from(["2", "3", "1 1", "2 1", "2 2"]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([4, 60, 250]),
    st.booleans(),
)
def test_no_plan_has_fewer_hall_changes(
    halls: str, days: str, cap: int | None, factor: int, with_colleague: bool
) -> None:
    people = [person("a1", "a", "en zh", max_per_day=cap)] + [person("a2", "a")] * with_colleague
    problem = rounds(halls, slots=days, attendees=people, factors={"hall_change": factor})
    assert_holds(upper_bounds(problem, 60.0), problem)


def test_two_requests_for_one_slot_serve_the_heavier() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b", weight=3), ask("r2", "a", "c", weight=5)])
    assert closed_bounds(problem) == Bounds(served=6, shortfall=0, score=600, meetings=1)
    assert upper_bounds(problem, 60.0) == Bounds(served=5, shortfall=0, score=500, meetings=1)


def test_a_floor_that_cannot_be_reached_is_in_the_bound() -> None:
    problem = make_problem(
        slots="1",
        firms=[firm("a", min_meetings=2), "b", "c"],
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c")],
    )
    assert upper_bounds(problem, 60.0) == Bounds(served=1, shortfall=1, score=100 - 2000, meetings=1)


def test_sides_without_a_language_and_without_interpreters_are_not_served() -> None:
    problem = make_problem(
        requests=[ask("r1", "a", "b")], attendees=[person("ann", "a", "en"), person("bo", "b", "zh")]
    )
    assert upper_bounds(problem, 60.0).served == 0


def test_without_time_the_bound_is_the_trivial_one() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    assert upper_bounds(problem, 0.0) == closed_bounds(problem)


def test_a_stop_leaves_the_trivial_bound() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    assert upper_bounds(problem, 60.0, should_stop=lambda: True) == closed_bounds(problem)


@pytest.mark.parametrize("slots", ["", "2"])
def test_a_problem_of_nothing_is_bounded_by_nothing(slots: str) -> None:
    problem = make_problem(slots=slots or [])
    assert upper_bounds(problem, 60.0) == Bounds(served=0, shortfall=0, score=0, meetings=0)


def test_without_slots_the_empty_plan_is_the_bound() -> None:
    problem = make_problem(
        slots=[], requests=[ask("r1", "a", "b")], published=[meet("r1", "s0", "t1", "a1 b1")], fair_share=1.0
    )
    assert upper_bounds(problem, 60.0) == Bounds(served=0, shortfall=2, score=-2 * 2000 - 400, meetings=0)


def test_what_firms_have_time_for_bounds_a_tight_event_without_an_lp() -> None:
    problem = to_problem(make_expo(firms=60, requests=1500, seed=1, start=date(2026, 11, 24)))
    closed, proved = closed_bounds(problem), upper_bounds(problem, 60.0)
    everything = sum(request.weight for request in problem.requests)
    assert closed.served < 0.97 * everything
    assert closed.served < 1.02 * proved.served
    assert closed.shortfall == proved.shortfall


@pytest.mark.parametrize(("capacity", "held"), [(1, 2), (2, 4), (3, 6)])
def test_the_firms_of_a_joint_stand_share_its_slots_in_the_bound(capacity: int, held: int) -> None:
    """Each could hold its three meetings alone; together they have `capacity` slots a day."""
    asked = [
        ask(f"r{k}{firm}", f"{firm}{k}", firm, slots=["s0", "s1"], place="booth")
        for firm in "bcd"
        for k in range(3)
    ]
    stand = booth("x", "b", partners="c d", capacity=capacity)
    people = [person(f"{firm}{k}", firm) for firm in "bcd" for k in range(3)]
    problem = make_problem(slots="2", places=[stand], requests=asked, attendees=people)
    assert upper_bounds(problem, 60.0).served == held


@few
@given(problems(max_requests=3, rerun=False))
def test_no_plan_holds_more_meetings_than_the_bound_says(problem: Problem) -> None:
    """Even if a plan maximises their number: all weights are equal, and nothing else counts."""
    counted = replace(problem, requests=tuple(replace(each, weight=1) for each in problem.requests))
    policy = replace(problem.policy, factors={**dict.fromkeys(problem.policy.factors, 0), "served": 1})
    best = best_plan(replace(counted, policy=policy))
    if best is not None:
        assert len(best[1]) <= upper_bounds(problem, 60.0).meetings


def test_many_light_meetings_are_bounded_by_their_number_and_not_by_the_heaviest() -> None:
    """The bound on weight is one heavy and one light meeting, the bound on number two meetings."""
    asked = [ask("r0", "a", "b", weight=9), ask("r1", "a", "c"), ask("r2", "a", "d")]
    found = upper_bounds(make_problem(slots="2", requests=asked), 60.0)
    assert (found.served, found.meetings) == (10, 2)


def test_stands_that_are_linked_by_their_firms_are_one() -> None:
    booths = [(0,), (0, 1), (1,), (2,), (), (3, 4), (4, 5), (5, 3)]
    found = shared_booth_groups(booths)
    assert sorted((sorted(firms), sorted(places)) for firms, places in found) == [
        ([0, 1, 2], [0, 1]),
        ([5, 6, 7], [3, 4, 5]),
    ]
