"""H15 to H17, meetings of a pair a day and in a row, and days with any, in all layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.domain.commitments import find_unkept
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting, Unscheduled
from scheduler.domain.problem import Problem
from scheduler.domain.rules import score, violations
from scheduler.domain.rules.causes import find_causes
from scheduler.domain.solving import SolveParams
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.annealing.day_shares import Share, ShareRestriction
from scheduler.solver.bounds.closed_form import meeting_capacities
from scheduler.solver.bounds.prove import upper_bounds
from scheduler.solver.exact.solve import solve_exact
from scheduler.solver.explain.reasons import explain_unscheduled
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.instance.columns import people as people_columns
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.solve import solve
from scheduler.solver.state.loading import table_of
from tests.support.brute_force import best_plan
from tests.support.builders import ask, make_problem, meet, person, problems
from tests.unit.solver.repair.test_targets import all_ways

quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def limited(problem: Problem, pair: int | None, row: int | None) -> Problem:
    policy = replace(problem.policy, max_pair_per_day=pair, max_in_row=row)
    return replace(problem, policy=policy, source_fingerprint=None)


def both_ways(problem: Problem) -> list[Sequence[Meeting]]:
    """Return the plans of the search and of the exact model."""
    params = SolveParams(workers=1, method="search", iterations=2_000)
    exact = solve_exact(problem, 60.0, workers=1)
    assert exact.meetings is not None
    return [solve(problem, params).plan.meetings, exact.meetings]


def only(problem: Problem, *meetings: Meeting) -> Unscheduled:
    (row,) = explain_unscheduled(problem, meetings)
    return row


# A pair a day


def of_a_pair(slots: str = "4 4", **policy: object) -> Problem:
    return make_problem(slots=slots, requests=[ask(f"r{k}", "a", "b") for k in range(4)], **policy)


def test_two_people_meet_once_a_day_where_that_is_the_limit() -> None:
    problem = of_a_pair(max_pair_per_day=1)
    for meetings in both_ways(problem):
        assert len(meetings) == 2
        assert len({problem.days[problem.index.slots[m.slot]] for m in meetings}) == 2


def test_without_the_key_they_meet_as_often_as_they_like() -> None:
    assert [len(meetings) for meetings in both_ways(of_a_pair())] == [4, 4]


def test_a_pair_is_one_attendee_of_each_side_and_no_matter_who_asks() -> None:
    problem = make_problem(
        slots="3",
        attendees=[person("a1", "a"), person("a2", "a"), person("b1", "b")],
        requests=[
            ask("r1", "a", "b", from_attendees="a1 a2", to_attendees="b1"),
            ask("r2", "b", "a", from_attendees="b1", to_attendees="a2"),
            ask("r3", "a", "c", from_attendees="a1 a2"),
        ],
        max_pair_per_day=1,
    )
    first, third = meet("r1", "s0", "t1", "a1 a2 b1"), meet("r3", "s2", "t1", "a1 a2 c1")
    assert violations(problem, [first, third]) == []  # a1 and a2 are on one side
    (breach,) = violations(problem, [first, meet("r2", "s1", "t1", "a2 b1"), third])
    assert (breach.rule, breach.ids) == ("H15", ("a2", "b1", "r1", "r2"))


def test_a_colleague_meets_them_again() -> None:
    team = [person("a1", "a"), person("a2", "a"), person("b1", "b")]
    problem = make_problem(
        slots="4", attendees=team, requests=[ask(f"r{k}", "a", "b") for k in range(3)], max_pair_per_day=1
    )
    for meetings in both_ways(problem):
        assert {m.attendees for m in meetings} == {("a1", "b1"), ("a2", "b1")}


def test_the_reason_says_that_they_meet_already_and_where_it_would_fit_otherwise() -> None:
    problem = make_problem(slots="2", requests=[ask("r1", "a", "b"), ask("r2", "a", "b")], max_pair_per_day=1)
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert (row.reason, row.blockers) == ("pair-cap", ("a1",))
    assert {(each.what, each.slots) for each in row.obstacles} == {("busy", ("s0",)), ("pair-cap", ("s1",))}


# In a row


def of_one(slots: str = "4", count: int = 4, length: int = 1, **policy: object) -> Problem:
    requests = [ask(f"r{k}", "a", "bcdefg"[k], length=length) for k in range(count)]
    return make_problem(slots=slots, requests=requests, **policy)


@pytest.mark.parametrize(
    ("slots", "most", "length", "held"),
    [("4", 2, 1, 3), ("4", 1, 1, 2), ("2|2", 2, 1, 4), ("3|3", 2, 1, 4), ("6", 1, 2, 2), ("7", 2, 2, 3)],
)
def test_nobody_has_more_in_a_row_than_they_may_and_a_break_ends_a_row(
    slots: str, most: int, length: int, held: int
) -> None:
    for meetings in both_ways(of_one(slots, length=length, max_in_row=most, factors={"idle": 0})):
        assert len(meetings) == held


def test_a_persons_own_number_replaces_that_of_the_policy() -> None:
    people = [person("a1", "a", max_in_row=3), person("b1", "b")]
    requests = [ask(f"r{k}", "a", "b") for k in range(4)]
    for meetings in both_ways(make_problem(attendees=people, requests=requests)):
        assert len(meetings) == 3
    people[1]["max_in_row"] = 4
    problem = make_problem(attendees=people, requests=requests, max_in_row=1)
    assert problem.most_in_row == (3, 4)


def test_the_breach_names_the_whole_row() -> None:
    problem = of_one(max_in_row=2)
    plan = [meet(f"r{k}", f"s{k}", "t1", f"a1 {'bcd'[k]}1") for k in range(3)]
    (breach,) = violations(problem, plan)
    assert (breach.rule, breach.ids) == ("H16", ("a1", "r0", "r1", "r2"))


def test_the_reason_says_that_the_row_would_be_too_long() -> None:
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "a", "d", slots=["s2"])]
    problem = make_problem(slots="3", requests=requests, max_in_row=2)
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "a1 c1"))
    assert (row.reason, row.blockers) == ("row-cap", ("a1",))
    assert [(each.what, each.who, each.slots) for each in row.obstacles] == [("row-cap", "a1", ("s2",))]
    assert "Let a1 have 3 meetings in a row (max_in_row); then hold it in s2." in row.remedies


@pytest.mark.parametrize(("allowed", "count", "slot"), [(["s1"], 3, "s1"), (["s1", "s3"], 2, "s3")])
def test_the_remedy_takes_as_few_more_in_a_row_as_will_do(allowed: list[str], count: int, slot: str) -> None:
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "a", "d", slots=allowed)]
    problem = make_problem(slots="4", requests=requests, max_in_row=1)
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s2", "t1", "a1 c1"))
    ways = [(way.kind, way.ids, way.slot) for way in row.ways if way.kind == "row-cap"]
    assert ways == [("row-cap", ("a1", str(count)), slot)]


def test_a_change_that_made_way_for_a_pair_or_a_row_says_for_which_meeting() -> None:
    problem = limited(of_a_pair("4"), 1, None)
    before, after = [meet("r0", "s0", "t1", "a1 b1")], [meet("r1", "s3", "t1", "a1 b1")]
    assert find_causes(problem, before, after)["r0"].instead == ("r1",)
    problem = of_one(max_in_row=1)
    before, after = [meet("r0", "s0", "t1", "a1 b1")], [meet("r1", "s1", "t1", "a1 c1")]
    assert find_causes(problem, before, after)["r0"].instead == ("r1",)


# Bounds


def test_the_bound_counts_what_a_pair_may_meet_a_day() -> None:
    assert upper_bounds(of_a_pair(max_pair_per_day=1), seconds=30).meetings == 2
    assert upper_bounds(of_a_pair(), seconds=30).meetings == 4


@pytest.mark.parametrize(
    ("slots", "most", "length", "held"),
    [("5", 2, 1, 4), ("4", 1, 1, 2), ("3|3", 2, 1, 4), ("6", 1, 2, 2), ("7", 2, 2, 3), ("3 3", 1, 1, 4)],
)
def test_the_bound_counts_the_pauses_of_a_day(slots: str, most: int, length: int, held: int) -> None:
    problem = of_one(slots, count=6, length=length, max_in_row=most)
    assert upper_bounds(problem, seconds=30).meetings == held
    assert best_of(problem) == held


def best_of(problem: Problem) -> int:
    return len(solve_exact(problem, 60.0, workers=1).meetings or ())


def test_a_time_at_which_nobody_is_there_is_a_pause_in_the_bound_too() -> None:
    problem = make_problem(
        slots="5",
        attendees=[person("a1", "a", unavailable="s2")],
        requests=[ask(f"r{k}", "a", "bcdefg"[k]) for k in range(6)],
        max_in_row=2,
    )
    assert upper_bounds(problem, seconds=30).meetings == best_of(problem) == 4


# Days with meetings


def of_days(slots: str = "2 2 2", most: int | None = 2, count: int = 6) -> Problem:
    people = [person("a1", "a", max_days=most)]
    requests = [ask(f"r{k}", "a", "bcdefg"[k]) for k in range(count)]
    return make_problem(slots=slots, attendees=people, requests=requests)


@pytest.mark.parametrize(("slots", "most", "held"), [("2 2 2", 2, 4), ("1 3 2", 1, 3), ("2 2 2", None, 6)])
def test_nobody_has_meetings_on_more_days_than_they_may(slots: str, most: int | None, held: int) -> None:
    problem = of_days(slots, most)
    for meetings in both_ways(problem):
        assert len(meetings) == held
        assert len({problem.days[problem.index.slots[m.slot]] for m in meetings}) <= (most or 3)
    assert upper_bounds(problem, seconds=30).meetings == next(meeting_capacities(problem)) == held


def test_the_bound_counts_days_of_several_sizes_by_their_shares() -> None:
    longer = of_days("3 5 2", 2)
    assert upper_bounds(longer, seconds=30).meetings == best_of(longer) == 6
    named = [replace(each, length=2 if r < 3 else 1) for r, each in enumerate(longer.requests)]
    mixed = replace(longer, requests=tuple(named), source_fingerprint=None)
    assert upper_bounds(mixed, seconds=30).meetings >= best_of(mixed) == 5


def test_the_breach_names_the_days_and_stays_the_same_with_one_more_meeting_on_them() -> None:
    problem = of_days("2 2", 1, 3)
    plan = [meet("r0", "s0", "t1", "a1 b1"), meet("r1", "s2", "t1", "a1 c1")]
    (breach,) = violations(problem, plan)
    assert (breach.rule, breach.ids) == ("H17", ("a1", "s0", "s2"))
    assert violations(problem, [*plan, meet("r2", "s3", "t1", "a1 d1")]) == [breach]
    assert violations(problem, plan[:1]) == []


def test_the_reason_says_that_the_days_are_used_up_and_how_many_more_would_do() -> None:
    people = [person("a1", "a", max_days=1)]
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c", slots=["s2"])]
    problem = make_problem(slots="2 2", attendees=people, requests=requests)
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert (row.reason, row.blockers) == ("days-cap", ("a1",))
    assert [(each.what, each.who, each.slots) for each in row.obstacles] == [("days-cap", "a1", ("s2",))]
    assert "Let a1 have meetings on 2 days (max_days); then hold it in s2." in row.remedies


def test_a_whole_day_makes_way_for_a_heavier_meeting_on_another() -> None:
    people = [person("a1", "a", max_days=1)]
    requests = [*(ask(f"r{k}", "a", "bcd"[k], slots=["s0", "s1", "s2"]) for k in range(3))]
    heavy = ask("r9", "a", "e", weight=9, slots=["s3"])
    problem = make_problem(slots="3 2", attendees=people, requests=[*requests, heavy])
    for meetings in both_ways(problem):
        assert [m.request for m in meetings] == ["r9"]


def test_a_change_that_made_way_for_another_day_says_for_which_meeting() -> None:
    problem = of_days("1 1", 1, 2)
    before, after = [meet("r0", "s0", "t1", "a1 b1")], [meet("r1", "s1", "t1", "a1 c1")]
    assert find_causes(problem, before, after)["r0"].instead == ("r1",)


def test_locks_on_too_many_days_are_named_as_the_days_of_the_person() -> None:
    people = [person("a1", "a", max_days=1)]
    locks = [ask(f"r{k}", "a", "bc"[k], fixed={"slot": f"s{k}", "must": True}) for k in range(2)]
    (clash,) = find_unkept(make_problem(slots="1 1", attendees=people, requests=locks)).clashes
    assert (clash.requests, clash.cause, clash.who) == (("r0", "r1"), "days-cap", ("a1",))


def test_a_repair_moves_what_is_on_another_day() -> None:
    people = [person("a1", "a", max_days=1)]
    requests = [ask("r0", "a", "b"), ask("r1", "a", "c", slots=["s2", "s3"])]
    problem = make_problem(slots="2 2", attendees=people, requests=requests)
    repairer = Repairer(problem, [meet("r0", "s0", "t1", "a1 b1")])
    found = repairer.best("r1", count=9)
    assert found and all(not each.dropped for each in found)
    for each in found:
        repairer.apply(each)
        assert violations(problem, repairer.meetings()) == []
        repairer.undo(each)


@pytest.mark.parametrize(("of", "number"), [(2, 0), (2, 1), (3, 2)])
def test_shares_of_the_days_keep_the_limit_together(of: int, number: int) -> None:
    """Of each person, only one of the shares may use a day more than before."""
    problem = of_days("2 2 2", 2)
    flat = flatten(problem)
    table = table_of(flat, [meet("r0", "s0", "t1", "a1 b1")])
    share = Share(np.full_like(flat.data.day_words[0], np.iinfo(np.uint64).max), of, number, 99)
    limited = ShareRestriction(flat.data).set(share, table).people[:, people_columns.DAYS_CAP]
    assert limited[0] == (2 if number == 0 else 1)


def test_two_workers_keep_the_days_of_everybody_at_the_size_of_an_event() -> None:
    expo = to_problem(make_expo(firms=40, requests=500, seed=1, start=date(2026, 11, 24)))
    people = tuple(replace(each, max_days=1 + a % 2) for a, each in enumerate(expo.attendees))
    problem = replace(expo, attendees=people, source_fingerprint=None)
    for workers in (1, 2):
        plan = solve(problem, SolveParams(workers=workers, method="search", iterations=20_000)).plan
        assert violations(problem, plan.meetings) == []
        assert len(plan.meetings) > 250
        assert plan.bound is not None and plan.bound >= plan.score
    free = solve(expo, SolveParams(workers=1, method="search", iterations=20_000)).plan
    assert {each.rule for each in violations(problem, free.meetings)} == {"H17"}


# Against trying every plan


@quick
@given(problems(max_requests=4), st.sampled_from([1, 1, 2, None]), st.sampled_from([1, 1, 2, None]))
def test_search_exact_model_and_bound_agree_with_trying_every_plan(
    problem: Problem, pair: int | None, row: int | None
) -> None:
    problem = limited(problem, pair, row)
    best, exact = best_plan(problem), solve_exact(problem, 60.0, workers=1)
    assert (exact.status is PlanStatus.INFEASIBLE) == (best is None)
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=2_000)).plan
    if best is None:
        assert plan.status in (PlanStatus.INFEASIBLE, PlanStatus.UNKNOWN)
        return
    assert exact.meetings is not None
    assert score(problem, exact.meetings).total == pytest.approx(best[0])
    if plan.is_answer:
        assert violations(problem, plan.meetings) == []
        assert plan.score <= best[0] + 1e-6
    assert upper_bounds(problem, seconds=30).score >= best[0] - 1e-6


@quick
@given(problems(max_requests=5), st.sampled_from([1, 2]), st.sampled_from([1, 2]))
def test_a_request_that_pairs_or_rows_keep_out_fits_nowhere_in_the_plan(
    problem: Problem, pair: int, row: int
) -> None:
    problem = limited(problem, pair, row)
    plan = solve(problem, SolveParams(seconds=1, workers=1, iterations=300)).plan
    if not plan.is_answer:
        return
    for each in explain_unscheduled(problem, plan.meetings, seconds=float("inf")):
        if each.reason not in ("pair-cap", "row-cap", "days-cap"):
            continue
        assert set() not in _breaches_of_ways(problem, plan.meetings, each.request)


def _breaches_of_ways(problem: Problem, meetings: Sequence[Meeting], request: str) -> list[set[str]]:
    known = {(b.rule, b.ids) for b in violations(problem, meetings)}
    return [
        {b.rule for b in violations(problem, [*meetings, way]) if (b.rule, b.ids) not in known}
        for slot in problem.slots
        for place in problem.places
        for way in all_ways(problem, request, slot.id, place.id)
    ]


@pytest.mark.parametrize(("pair", "row"), [(1, None), (None, 2), (1, 3)])
def test_at_the_size_of_an_event_the_search_keeps_both(pair: int | None, row: int | None) -> None:
    expo = to_problem(make_expo(firms=40, requests=500, seed=1, start=date(2026, 11, 24)))
    twice = [*expo.requests, *(replace(each, id=each.id + "x") for each in expo.requests[:200])]
    problem = limited(replace(expo, requests=tuple(twice)), pair, row)
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=20_000)).plan
    assert violations(problem, plan.meetings) == []
    assert len(plan.meetings) > 300
    assert violations(limited(problem, 1, 1), plan.meetings)


def test_a_repair_moves_what_is_in_the_way_of_a_row() -> None:
    problem = of_one("4", 3, max_in_row=2)
    repairer = Repairer(problem, [meet("r0", "s0", "t1", "a1 b1"), meet("r1", "s1", "t1", "a1 c1")])
    found = repairer.best("r2", count=9)
    assert found and all(not each.dropped for each in found)
    for each in found:
        repairer.apply(each)
        assert violations(problem, repairer.meetings()) == []
        repairer.undo(each)
