"""Contradictions are found before any search, and named, and only if no plan exists."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain.entities import PlanStatus
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem
from scheduler.solver.annealing.search import Search
from scheduler.solver.explain.contradictions import find_contradictions
from scheduler.solver.solve import solve
from tests.support.brute_force import best_plan
from tests.support.builders import ask, documents, firm, make_problem, meet, person, table

PAIRS = [ask("r1", "a", "b"), ask("r2", "c", "d"), ask("r3", "e", "f"), ask("r4", "g", "h")]
CIRCLE = [("r1", "r2"), ("r2", "r3"), ("r3", "r4"), ("r4", "r1")]


def infeasible(**parts: Any) -> list[tuple[str, str]]:
    """Return the requests of an infeasible problem, with their details."""
    plan = solve(make_problem(**parts), SolveParams(method="search", iterations=10)).plan
    assert (plan.status, plan.meetings, plan.bound) == (PlanStatus.INFEASIBLE, (), None)
    assert {row.reason for row in plan.unscheduled} == {"contradiction"}
    return [(row.request, row.detail) for row in plan.unscheduled]


def test_no_search_begins_where_there_is_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Search, "run", None)
    infeasible(requests=PAIRS, precedences=CIRCLE, require_all=True)


def test_a_circle_of_precedences_is_named_in_its_order() -> None:
    more = [ask("r0", "i", "j"), ask("r5", "k", "l")]
    order = [*CIRCLE, ("r0", "r1"), ("r3", "r5")]
    told = dict(infeasible(requests=[*PAIRS, *more], precedences=order, require_all=True))
    assert re.search("each of r., r., r., r. has to end before the next one starts", told["r0"])
    names = re.findall("r[0-9]", told["r1"])
    assert {(a, b) for a, b in zip(names, [*names[1:], names[0]], strict=True)} == set(CIRCLE)


def test_a_circle_that_need_not_be_held_is_no_contradiction() -> None:
    assert find_contradictions(make_problem(requests=PAIRS, precedences=CIRCLE)) == ()


def test_a_chain_that_is_longer_than_the_event_is_named() -> None:
    told = infeasible(slots="3", requests=PAIRS, precedences=CIRCLE[:3], require_all=True)
    assert "r4 has no start left once r3 and what comes before have ended" in told[0][1]


def test_a_frozen_meeting_whose_people_are_away_is_named() -> None:
    told = infeasible(
        attendees=[person("ann", "a", unavailable="s0")],
        requests=PAIRS[:2],
        published=[meet("r1", "s0", "t1", "ann b1")],
        frozen_until="s1",
        require_all=True,
    )
    assert re.search("frozen.* H4: .*ann.*s0", told[0][1])


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"published": [meet("r1", "s0", "gone", "a1 b1")]}, "gone"),
        ({"published": [meet("r1", "s0", "t1", "a1 gone")]}, "gone"),
        (
            {
                "requests": [ask("r1", "a", "b"), ask("r2", "a", "c")],
                "published": [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t1", "a1 c1")],
            },
            "H3: .*a1",
        ),
        (
            {
                "places": [table("t1")],
                "published": [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t1", "c1 d1")],
            },
            "H5: .*t1",
        ),
    ],
)
def test_frozen_meetings_that_break_a_rule_by_themselves_are_named(parts: dict[str, Any], words: str) -> None:
    told = infeasible(**{"requests": PAIRS, "frozen_until": "s1", "require_all": True, **parts})
    assert re.search(words, told[0][1])


def test_a_compulsory_request_that_fits_nowhere_is_named_with_the_reason() -> None:
    people = [person("ann", "a", unavailable="s0 s1"), person("bob", "b", unavailable="s2 s3")]
    told = infeasible(requests=PAIRS, attendees=people, require_all=True)
    assert "no allowed time at which its people are all available" in told[0][1]
    assert "r1" in told[0][1]


def test_a_compulsory_request_beside_a_frozen_meeting_of_its_only_people_is_named() -> None:
    told = infeasible(
        slots="1 1",
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c", slots=["s0"])],
        published=[meet("r1", "s0", "t1", "a1 b1")],
        frozen_until="s1",
        require_all=True,
    )
    assert "r2" in told[1][1]


def test_more_compulsory_requests_than_a_firms_people_have_time_for_are_counted() -> None:
    requests = [ask(f"r{k}", "a", f"b{k}") for k in range(5)]
    told = infeasible(slots="4", requests=requests, firms=[firm("a", name="Acme")], require_all=True)
    assert "Acme has 5 of them, and its people have time for 4 meetings" in told[0][1]


def test_more_compulsory_requests_than_places_have_room_for_are_counted() -> None:
    told = infeasible(slots="3", requests=PAIRS, places=[table("t1")], require_all=True)
    assert "takes 4 slots of places, and there are 3" in told[0][1]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_what_some_plan_keeps_is_never_called_a_contradiction(document: dict[str, Any]) -> None:
    problem = read_problem(document)
    if find_contradictions(problem):
        assert best_plan(problem) is None
