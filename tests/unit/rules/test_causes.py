"""Why published meetings change: what was infeasible, and what a voluntary change makes room for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.causes import Cause, CauseKind, find_causes
from scheduler.domain.rules.stability import is_still_possible
from tests.support.brute_force import best_plan
from tests.support.builders import ask, interpreter, make_problem, meet, person, problems, table

BEFORE = meet("r1", "s0", "t1", "a1 b1")
AFTER = meet("r1", "s2", "t1", "a1 b1")


def of(*others: Meeting, requests: list[dict[str, object]] | None = None, **keys: object) -> Cause:
    """Return the cause of r1's move from s0 to s2, given other meetings."""
    rows = requests or [ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "d", "c")]
    given = {"places": [table("t1"), table("t2")], **keys}
    return find_causes(make_problem(requests=rows, **given), [BEFORE], [AFTER, *others])["r1"]


def test_a_meeting_that_stays_has_no_cause() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")], places=[table("t1")])
    assert find_causes(problem, [BEFORE], [BEFORE]) == {}


@pytest.mark.parametrize(
    ("keys", "cause"),
    [
        ({"attendees": [person("a1", "a", unavailable="s0")]}, Cause(CauseKind.AWAY, ("a1",))),
        ({"places": [table("t1", unavailable="s0")]}, Cause(CauseKind.AWAY, ("t1",))),
        ({"places": [table("t2")]}, Cause(CauseKind.GONE)),
        ({"requests": [ask("r1", "a", "b", slots=["s2"])]}, Cause(CauseKind.TIME)),
        ({"requests": [ask("r1", "a", "b", place="booth")]}, Cause(CauseKind.PLACE)),
        ({"requests": [ask("r2", "a", "b")]}, Cause(CauseKind.WITHDRAWN)),
        (
            {
                "attendees": [person("a1", "a"), person("a2", "a")],
                "requests": [ask("r1", "a", "b", excluded="a1")],
            },
            Cause(CauseKind.PEOPLE, ("a1", "b1")),
        ),
        ({"requests": [ask("r1", "a", "b", fixed={"slot": "s2", "place": None})]}, Cause(CauseKind.FIXED)),
        ({"attendees": [person("a1", "a", "zh")]}, Cause(CauseKind.LANGUAGE)),
    ],
    ids=lambda each: each.kind.value if isinstance(each, Cause) else "",
)
def test_what_could_not_stay_says_why(keys: dict[str, object], cause: Cause) -> None:
    assert of(**keys) == cause


def test_a_change_by_choice_buys_the_meeting_that_takes_its_people() -> None:
    found = of(meet("r2", "s0", "t2", "a1 c1"))
    assert (found.kind, found.instead, found.buys) == (CauseKind.CHOICE, ("r2",), ("r2",))


def test_it_buys_the_meeting_that_takes_its_place_or_its_interpreter() -> None:
    assert of(meet("r3", "s0", "t1", "d1 c1")).buys == ("r3",)
    spoken = {
        "attendees": [person("a1", "a", "zh"), person("d1", "d", "zh")],
        "interpreters": [interpreter("i1")],
    }
    problem = make_problem(
        requests=[ask("r1", "a", "b"), ask("r3", "d", "c")], places=[table("t1"), table("t2")], **spoken
    )
    before, after = replace(BEFORE, interpreter="i1"), replace(AFTER, interpreter="i1")
    found = find_causes(problem, [before], [after, meet("r3", "s0", "t2", "d1 c1", "i1")])
    assert found["r1"].buys == ("r3",)


def test_it_buys_what_another_change_makes_room_for() -> None:
    rows = [ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "d", "c")]
    problem = make_problem(requests=rows, places=[table("t1"), table("t2"), table("t3")])
    before = [BEFORE, meet("r2", "s1", "t2", "a1 c1")]
    after = [AFTER, meet("r2", "s0", "t2", "a1 c1"), meet("r3", "s1", "t3", "d1 c1")]
    found = find_causes(problem, before, after)
    assert (found["r1"].instead, found["r1"].buys) == (("r2",), ("r3",))
    assert found["r2"].buys == ("r3",)


@pytest.mark.parametrize("slot", ["s0", "s2"])
def test_a_meeting_that_ends_when_another_begins_stands_in_no_way(slot: str) -> None:
    problem = make_problem(
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c")], places=[table("t1"), table("t2")]
    )
    before, after = meet("r1", "s1", "t1", "a1 b1"), meet("r1", "s3", "t1", "a1 b1")
    assert find_causes(problem, [before], [after, meet("r2", slot, "t2", "a1 c1")])["r1"].instead == ()


def test_a_change_that_makes_no_room_saves_waiting() -> None:
    found = of(meet("r2", "s3", "t2", "a1 c1"))
    assert (found.instead, found.idle) == ((), 2)


@settings(max_examples=60)
@given(problems(rerun=True))
def test_what_nothing_stands_against_can_be_put_back(problem: Problem) -> None:
    best = best_plan(problem)
    assume(best is not None)
    assert best is not None
    after = best[1]
    for key, cause in find_causes(problem, problem.published, after).items():
        before = next(meeting for meeting in problem.published if meeting.request == key)
        assert cause.by_choice == is_still_possible(problem, before)
        if not cause.by_choice:
            continue
        back = [before, *(meeting for meeting in after if meeting.request != key)]
        broken = {violation.rule for violation in rules.violations(problem, back)} - {"H10", "H12", "H13"}
        assert bool(broken) == bool(cause.instead)
        if not cause.instead:
            one, two = rules.score(problem, back), rules.score(problem, after)
            assert one.terms["idle"] - two.terms["idle"] == cause.idle
            assert one.terms["hall_change"] - two.terms["hall_change"] == cause.walks
