"""The reference model for the repair oracle moves the fewest people of any plan."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings

from benchmarks.infeasibility import is_infeasible
from benchmarks.instances import generated
from benchmarks.minimum_change import count_minimum_moves
from benchmarks.repair import disrupt, fewest_moved
from benchmarks.repair_compared import Compared, Question
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules import violations
from scheduler.files.problem_file import write_problem
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.checking import clean_meetings
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.repair.repairer import MAX_PEOPLE, Repairer
from tests.support import reference_rules
from tests.support.brute_force import plans
from tests.support.builders import ask, make_problem, meet, problems, table

Where = tuple[str, str, frozenset[str]]
some = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


def first_plan(problem: Problem) -> list[Meeting]:
    flat = flatten(problem)
    return list(clean_meetings(flat, build_start_state(flat, None, 1).held) or ())


def where(meeting: Meeting) -> Where:
    return meeting.slot, meeting.place, frozenset(meeting.attendees)


def people_moved(before: Iterable[Meeting], after: Iterable[Meeting], request: str) -> set[str]:
    """Return the attendees of the other changed meetings, before and after."""
    old, new = ({m.request: (where(m), m.interpreter) for m in plan} for plan in (before, after))
    changed = [r for r in old if r != request and old[r] != new[r]]
    return {person for r in changed for each in (old[r], new[r]) for person in each[0][2]}


def by_trying_all(problem: Problem, plan: list[Meeting], request: str) -> int | None:
    """Return the fewest people moved, over all plans with the same meetings and the request elsewhere."""
    document, now = write_problem(problem), {m.request: m for m in plan}
    wanted, found = {*now, request}, []
    for written in plans(document):
        after = [Meeting(**{**m, "attendees": tuple(m["attendees"])}) for m in written]
        there = {m.request: m for m in after}
        stays = request in now and request in there and where(there[request]) == where(now[request])
        if (
            set(there) == wanted
            and not stays
            and not reference_rules.broken_rules(document, written) - {"H1"}
        ):
            found.append(len(people_moved(plan, after, request)))
    return min(found, default=None)


EVERYBODY = 4  # maximum of attendees in such a problem


@some
@given(problems(max_requests=3))
def test_the_model_moves_as_few_people_as_any_plan_does(problem: Problem) -> None:
    policy = replace(
        problem.policy,
        max_idle_spread=None,
        max_moved=None,
        require_all=False,
        max_pair_per_day=None,
        max_in_row=None,
        max_days=None,
    )
    people = tuple(replace(each, max_in_row=None, max_days=None) for each in problem.attendees)
    problem = replace(problem, policy=policy, attendees=people)
    plan = first_plan(problem)
    # Without a frozen meeting that cannot stay, no plan keeps the rules.
    assume({breach.rule for breach in violations(problem, plan)} <= {"H1"})
    for row in problem.requests:
        least = by_trying_all(problem, plan, row.id)
        assert count_minimum_moves(problem, plan, row.id, math.inf, EVERYBODY).people == least
        if is_infeasible(problem, plan, row.id, math.inf):
            assert least is None


def test_a_seat_two_steps_away_is_found() -> None:
    """Both want the only table: r1 takes r2's slot, and r2 the free slot that r1 cannot use."""
    problem = make_problem(
        slots="3",
        places=[table("t1")],
        requests=[
            ask("r1", "a", "b", slots=["s0", "s1"]), ask("r2", "c", "d", slots=["s1", "s2"]),
            ask("r3", "e", "f", slots=["s0"]),
        ],
    )  # fmt: skip
    plan = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "c1 d1")]
    found = count_minimum_moves(problem, plan, "r3", math.inf, MAX_PEOPLE)
    assert (found.people, found.at_least) == (4, 4)
    assert count_minimum_moves(problem, plan, "r3", math.inf, 3).people is None
    assert fewest_moved(Repairer(problem, plan), "r3") == 4


def test_what_has_no_time_is_hopeless() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    plan = [meet("r1", "s0", "t1", "a1 b1")]
    assert is_infeasible(problem, plan, "r2", math.inf)
    assert fewest_moved(Repairer(problem, plan), "r2") is None


def test_limits_of_a_whole_plan_are_refused() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b")], max_idle_spread=1)
    with pytest.raises(ValueError, match="leaves out"):
        count_minimum_moves(problem, [], "r1", math.inf, 1)


def test_the_oracle_moves_as_few_people_as_the_model() -> None:
    """Every fifth request of a tight expo: equally few if it has a repair, and never fewer."""
    problem = generated(10, 40).problem
    plan = first_plan(problem)
    oracle = Repairer(problem, plan)
    compared = Compared()
    for row in problem.requests[::5]:
        people = fewest_moved(oracle, row.id)
        most = 2 if people is None else people
        found = count_minimum_moves(problem, plan, row.id, math.inf, most)
        compared.take(Question("move", problem, plan, row.id, people), found)
    assert compared.as_few
    assert not compared.more


def test_somebody_takes_the_place_that_the_request_leaves() -> None:
    problem = make_problem(
        slots="2", places=[table("t1")], requests=[ask("r1", "a", "b"), ask("r2", "a", "c")]
    )
    plan = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "a1 c1")]
    found = count_minimum_moves(problem, plan, "r1", math.inf, MAX_PEOPLE)
    assert (found.people, found.at_least) == (2, 2)
    assert fewest_moved(Repairer(problem, plan), "r1") == 2


def test_the_sample_has_as_many_questions_as_are_wanted() -> None:
    """An absent person or a closed table may have had no meeting."""
    problem = generated(30, 260).problem
    _, kept = disrupt(problem, first_plan(problem), 40, sample=10)
    assert len(kept) == 10
