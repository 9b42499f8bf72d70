"""Windows: feasible slots of a person without breaks, given their compulsory meetings."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.rules import score
from scheduler.solver.exact.assignments import enumerate_assignments
from scheduler.solver.exact.model import build_model, fixed_load
from scheduler.solver.exact.solve import solve_exact
from scheduler.solver.exact.windows import window_starts
from tests.support.builders import Json, ask, make_problem, person

ANN = ("attendee", 0)


def compulsory(slots: str, requests: list[Json], unavailable: str = "") -> Problem:
    """Firm a's only attendee is Ann, the first of all."""
    people = [person("ann", "a", unavailable=unavailable)]
    return make_problem(
        slots=slots, requests=requests, attendees=people, require_all=True, idle_counts="breaks"
    )


def windows_of_ann(problem: Problem) -> list[int]:
    exact = build_model(enumerate_assignments(problem))
    load = fixed_load(exact, ANN)
    assert load is not None
    return window_starts(exact, ANN, load)


def test_a_window_may_start_wherever_the_meetings_fit() -> None:
    assert windows_of_ann(compulsory("4", [ask("r1", "a", "b"), ask("r2", "a", "c")])) == [0, 1, 2]


def test_a_window_has_no_unavailable_slot_in_it() -> None:
    problem = compulsory("5", [ask("r1", "a", "b"), ask("r2", "a", "c")], unavailable="s2")
    assert windows_of_ann(problem) == [0, 3]


def test_a_window_has_a_slot_for_each_meeting() -> None:
    requests = [ask("r1", "a", "b", slots=["s0", "s3"]), ask("r2", "a", "c"), ask("r3", "a", "d")]
    assert windows_of_ann(compulsory("6", requests)) == [0, 1, 2, 3]
    both = [ask("r1", "a", "b", slots=["s1"]), ask("r2", "a", "c", slots=["s1", "s2"])]
    assert windows_of_ann(compulsory("6", both)) == [1]


def test_a_long_meeting_takes_its_slots_of_a_window() -> None:
    requests = [ask("r1", "a", "b", length=2, slots=["s1"]), ask("r2", "a", "c")]
    assert windows_of_ann(compulsory("5", requests)) == [0, 1]


def test_who_has_no_window_has_a_break() -> None:
    problem = compulsory("4", [ask("r1", "a", "b", slots=["s0"]), ask("r2", "a", "c", slots=["s3"])])
    assert windows_of_ann(problem) == []
    found = solve_exact(problem, 60.0)
    assert found.status is PlanStatus.OPTIMAL
    assert found.meetings is not None
    assert score(problem, found.meetings).terms["idle"] == 1


def test_a_load_is_only_known_of_who_is_in_each_way_to_hold_a_request() -> None:
    people = [person("ann", "a"), person("amy", "a")]
    problem = make_problem(requests=[ask("r1", "a", "b")], attendees=people, require_all=True)
    exact = build_model(enumerate_assignments(problem))
    assert fixed_load(exact, ANN) is None
    assert fixed_load(exact, ("attendee", 2)) == 1


@given(st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=2, max_size=4))
def test_the_windows_are_those_that_some_order_of_the_meetings_fills(allowed: list[set[int]]) -> None:
    requests = [
        ask(f"r{i}", "a", f"b{i}", slots=[f"s{t}" for t in sorted(slots)]) for i, slots in enumerate(allowed)
    ]
    filled = [
        first
        for first in range(6 - len(allowed) + 1)
        if any(all(first + i in slots for i, slots in enumerate(order)) for order in permutations(allowed))
    ]
    assert windows_of_ann(compulsory("6", requests)) == filled
