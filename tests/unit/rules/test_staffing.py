from __future__ import annotations

import pytest

from scheduler.domain.plan import Meeting
from scheduler.domain.rules import Violation, violations
from tests.support.builders import ask, make_problem, meet, person
from tests.unit.rules import breaches

TEAM = [person("a1", "a"), person("a2", "a"), person("a3", "a"), person("b1", "b"), person("c1", "c")]


@pytest.mark.parametrize("people", ["a1 b1", "a2 b1", "b1 a3"])
def test_with_nobody_named_anybody_of_the_firm_goes(people: str) -> None:
    problem = make_problem(attendees=TEAM, requests=[ask("r1", "a", "b")])
    assert breaches(problem, meet("r1", "s0", "t1", people)) == []


@pytest.mark.parametrize("people", ["a1 a2 b1", "b1", "a1", "", "a1 b1 c1", "c1 b1"])
def test_with_nobody_named_exactly_one_of_each_firm_goes(people: str) -> None:
    problem = make_problem(attendees=TEAM, requests=[ask("r1", "a", "b")])
    assert {rule for rule, _ in breaches(problem, meet("r1", "s0", "t1", people))} == {"format"}


@pytest.mark.parametrize("people", ["a1 b1", "a1 a2 a3 b1", "a3 b1", "b1"])
def test_exactly_the_named_ones_go(people: str) -> None:
    problem = make_problem(attendees=TEAM, requests=[ask("r1", "a", "b", from_attendees="a1 a2")])
    assert breaches(problem, meet("r1", "s0", "t1", people)) == [("format", ("r1", *people.split()))]


def test_the_named_ones_go_in_any_order() -> None:
    problem = make_problem(attendees=TEAM, requests=[ask("r1", "a", "b", from_attendees="a1 a2")])
    assert breaches(problem, meet("r1", "s0", "t1", "a2 b1 a1")) == []


@pytest.mark.parametrize(("people", "broken"), [("a1 b1", True), ("a2 b1", False), ("a3 b1", True)])
def test_nobody_goes_whom_the_request_excludes(people: str, broken: bool) -> None:
    problem = make_problem(attendees=TEAM, requests=[ask("r1", "a", "b", excluded="a1 a3")])
    expected = [("format", ("r1", *people.split()))] if broken else []
    assert breaches(problem, meet("r1", "s0", "t1", people)) == expected


@pytest.mark.parametrize(
    ("meeting", "lacking"),
    [
        (meet("gone", "s0", "t1", "a1 b1"), "gone"),
        (meet("r1", "gone", "t1", "a1 b1"), "gone"),
        (meet("r1", "s0", "gone", "a1 b1"), "gone"),
        (meet("r1", "s0", "t1", "a1 b1 gone"), "gone"),
        (meet("r1", "s0", "t1", "a1 b1", "gone"), "gone"),
    ],
)
def test_a_plan_names_only_what_the_problem_has(meeting: Meeting, lacking: str) -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")])
    found = [v for v in violations(problem, [meeting]) if v.rule == "format"]
    assert [v.ids for v in found] == [tuple(dict.fromkeys((meeting.request, lacking)))]


def test_nobody_is_named_twice() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")])
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1 b1")) == [("format", ("r1", "b1"))]


def test_an_attendee_is_no_interpreter() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b"), ask("r2", "c", "a")])
    found = breaches(problem, meet("r1", "s0", "t1", "a1 b1", "c1"))
    assert found == [("format", ("r1", "c1")), ("H7", ("r1", "a1", "b1", "c1"))]


def test_violations_stand_in_the_order_of_the_rules_and_read_as_sentences() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b", slots=["s1"])], require_all=True)
    assert violations(problem, [meet("r9", "s0", "t1", "a1 b1"), meet("r1", "s0", "t1", "a1 b1")]) == [
        Violation(
            "format", "Request r9 is held with request 'r9', which the problem does not have.", ("r9",)
        ),
        Violation("H2", "Request r1 may not start in s0.", ("r1", "s0")),
    ]
