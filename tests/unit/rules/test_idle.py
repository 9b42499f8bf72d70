from __future__ import annotations

import pytest

from scheduler.domain.rules import idle_figures
from tests.support.builders import ask, make_problem, meet, person
from tests.unit.rules import breaches

# The idle figure: between the first and last meeting of a day, slots or breaks


def figure(slots: str, starts: str, *, away: str = "", idle_counts: str = "slots") -> int:
    """Return the idle figure of an attendee with meetings in these slots; * marks one of two slots."""
    begun = starts.split()
    problem = make_problem(
        slots=slots,
        attendees=[person("me", "a", unavailable=away)],
        requests=[ask(f"r{i}", "a", f"b{i}", length=1 + s.endswith("*")) for i, s in enumerate(begun)],
        idle_counts=idle_counts,
    )
    held = [meet(f"r{i}", s.rstrip("*"), "t1", f"me b{i}1") for i, s in enumerate(begun)]
    return idle_figures(problem, held)[0]


CASES = [
    # slots, starts, away, idle slots, breaks
    ("6", "", "", 0, 0),
    ("6", "s3", "", 0, 0),
    ("6", "s2 s3", "", 0, 0),
    ("6", "s0 s3", "", 2, 1),
    ("6", "s0 s2 s5", "", 3, 2),
    ("6", "s5 s0 s2", "", 3, 2),
    ("6", "s0* s3", "", 1, 1),
    ("6", "s0* s2", "", 0, 0),
    ("6", "s0 s3", "s1", 1, 1),
    ("6", "s0 s3", "s1 s2", 0, 1),
    ("6", "s1 s3", "s0 s4 s5", 1, 1),
    ("3|3", "s2 s3", "", 0, 0),
    ("3|3", "s1 s4", "", 2, 1),
    ("3 3", "s0 s3 s5", "", 1, 1),
    ("3 3", "s0 s5", "", 0, 0),
]


@pytest.mark.parametrize(("slots", "starts", "away", "idle", "breaks"), CASES)
def test_idle_slots_are_those_in_which_one_could_have_met(
    slots: str, starts: str, away: str, idle: int, breaks: int
) -> None:
    assert figure(slots, starts, away=away) == idle


@pytest.mark.parametrize(("slots", "starts", "away", "idle", "breaks"), CASES)
def test_breaks_are_runs_of_slots_without_a_meeting(
    slots: str, starts: str, away: str, idle: int, breaks: int
) -> None:
    assert figure(slots, starts, away=away, idle_counts="breaks") == breaks


# H12: the idle figures of any two attendees differ by at most policy.max_idle_spread

TWO = [ask("r1", "a", "b"), ask("r2", "a", "c")]
GAP = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s3", "t1", "a1 c1")]


def test_h12_without_a_limit_any_spread_will_do() -> None:
    assert breaches(make_problem(requests=TWO), *GAP) == []


def test_h12_an_empty_plan_has_no_spread() -> None:
    assert breaches(make_problem(requests=TWO, max_idle_spread=0)) == []


def test_h12_idle_figures_do_not_differ_by_more() -> None:
    assert breaches(make_problem(requests=TWO, max_idle_spread=1), *GAP) == [("H12", ("b1", "a1"))]


def test_h12_who_has_no_meeting_has_a_figure_of_none() -> None:
    team = [person(id, id[0]) for id in ("a1", "b1", "b2")]
    requests = [ask("r1", "a", "b", to_attendees="b1"), ask("r2", "b", "a", from_attendees="b1")]
    problem = make_problem(attendees=team, requests=requests, max_idle_spread=0)
    held = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s2", "t1", "b1 a1")]
    assert breaches(problem, *held) == [("H12", ("b2", "a1"))]


def test_h12_idle_figures_may_differ_by_the_limit() -> None:
    assert breaches(make_problem(requests=TWO, max_idle_spread=2), *GAP) == []


def test_h12_counts_breaks_where_the_policy_does() -> None:
    assert breaches(make_problem(requests=TWO, max_idle_spread=1, idle_counts="breaks"), *GAP) == []
