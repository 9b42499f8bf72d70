"""A mutated problem or plan file is read, or rejected with paths; no other error occurs."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.errors import MalformedPlan, MalformedProblem
from scheduler.domain.plan import Plan, PlanStatus
from scheduler.files.plan_file import read_plan, write_plan
from scheduler.files.problem_file import problem_fingerprint, read_problem, write_problem
from tests.support.builders import documents, meet

Json = dict[str, Any]

odd_values = st.sampled_from(
    [
        None, True, False, 0, -1, 1, 2, 0.5, 10**400, -(10**400), 1e308, float("nan"), float("inf"), "", "a",
        "a1", "s0", "gone", "\ud800", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
        "2026-11-24T09:00:00", "2026-11-24T09:00:00+00:00", "America", "../UTC", [], {}, [[]], [{}], ["a1"],
        [1], ["a1", "a1"], {"slot": "s0"}, {"slot": []}, {"id": "a1"},
    ]
).map(copy.deepcopy)  # fmt: skip


def places_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in places_of(item, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn, sound: st.SearchStrategy[Json]) -> Any:
    """Return a valid document with one to three values replaced, removed, duplicated or added."""
    document: Any = copy.deepcopy(draw(sound))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places_of(document)))
        if not path:
            continue
        at = document
        for key in path[:-1]:
            at = at[key]
        what = draw(st.sampled_from(["replace", "remove", "double", "add"]))
        if what == "replace":
            at[path[-1]] = draw(odd_values)
        elif what == "remove":
            del at[path[-1]]
        elif what == "double" and isinstance(at, list):
            at.append(copy.deepcopy(at[path[-1]]))
        elif isinstance(at, dict):
            at[draw(st.sampled_from(["", "odd", "id", "slot", "firm", "unavailable", "capacity"]))] = draw(
                odd_values
            )
    return document


@given(mutated(documents()))
def test_a_mutated_problem_is_read_whole_or_refused_by_path(document: Any) -> None:
    try:
        problem = read_problem(document)
    except MalformedProblem as error:
        assert error.faults
        assert all(fault.message for fault in error.faults)
        return
    # A parsed document can be written, read again and used.
    assert read_problem(write_problem(problem)) == problem
    assert len(problem.days) == len(problem.slots)
    assert len(problem.floors) == len(problem.firms)
    assert len(problem_fingerprint(problem)) == 64


@given(documents())
def test_a_problem_comes_back_from_its_json_as_it_was(document: Json) -> None:
    problem = read_problem(document)
    again = read_problem(json.loads(json.dumps(write_problem(problem))))
    assert again == problem
    assert write_problem(again) == write_problem(problem)


PLAN = write_plan(
    Plan(
        problem="0" * 64,
        status=PlanStatus.FEASIBLE,
        score=100,
        terms={"served": 1},
        bound=200,
        served_bound=None,
        meetings=(meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "c1 d1", "i1")),
    )
)


@given(mutated(st.just(PLAN)))
def test_a_mutated_plan_is_read_whole_or_refused_by_path(document: Any) -> None:
    try:
        plan = read_plan(document)
    except MalformedPlan as error:
        assert error.faults
        return
    assert read_plan(write_plan(plan)) == plan


@pytest.mark.no_cover  # runs the same lines many times
@given(st.recursive(odd_values, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_at_all_is_refused(document: Any) -> None:
    for read, error in ((read_problem, MalformedProblem), (read_plan, MalformedPlan)):
        try:
            read(document)
        except error as refused:
            assert refused.faults
        else:
            raise AssertionError("not a file of this format, and not refused")
