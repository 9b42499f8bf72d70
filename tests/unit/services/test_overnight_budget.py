"""The change budget of an overnight run, and how excess is reported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.domain.changes import Change, compare_plans
from scheduler.domain.plan import Meeting
from scheduler.services.publishing.overnight.overnight_budget import MARGIN, OvernightBudget, count_changes
from tests.support.builders import ask, make_problem, meet, person, table

NOW = datetime(2026, 12, 6, 18, tzinfo=UTC)
STARTS = {f"s{hours}": NOW + timedelta(hours=hours) for hours in (6, 12, 30, 40, 50)}


def meeting(request: str, slot: str, *people: str, place: str = "p1") -> Meeting:
    return Meeting(request, slot, place, people or (f"{request}-a", f"{request}-b"), None)


OLD = [meeting(f"r{i}", "s30") for i in range(10)]


def changes(new: Sequence[Meeting], accepted: Sequence[str] | None = None) -> list[Change]:
    wanted = [m.request for m in OLD] if accepted is None else accepted
    return count_changes(compare_plans(OLD, new).changes, wanted)


def excess(
    budget: OvernightBudget, new: Sequence[Meeting], accepted: Sequence[str] | None = None
) -> list[str]:
    found = changes(new, accepted)
    return budget.excess(found, published=len(OLD), starts=STARTS, now=NOW)


MOVED = [meeting("r0", "s40"), *OLD[1:]]
ELSEWHERE = [meeting("r0", "s30", place="p2"), *OLD[1:]]
OTHERS = [meeting("r0", "s30", "x", "y"), *OLD[1:]]


@pytest.mark.parametrize("new", [MOVED, ELSEWHERE, OTHERS, OLD[1:]])
def test_each_way_to_change_a_meeting_counts_once(new: list[Meeting]) -> None:
    assert len(changes(new)) == 1
    assert excess(OvernightBudget(percent=10, a_person=1), new) == []
    (said,) = excess(OvernightBudget(percent=9, a_person=1), new)
    assert said == "it changes 1 of 10 published meetings, 10.0%, and an overnight run may change 9%"


def test_new_meetings_and_what_its_firms_called_off_are_no_change_of_the_night() -> None:
    added = [*OLD, meeting("r10", "s6")]
    assert excess(OvernightBudget(percent=0, a_person=0, hours=240), added) == []
    called_off = excess(
        OvernightBudget(percent=0, a_person=0, hours=240), OLD[1:], [m.request for m in OLD[1:]]
    )
    assert called_off == []


def test_what_could_not_stay_is_no_change_of_the_night() -> None:
    found = compare_plans(OLD, [meeting("r0", "s6"), *OLD[2:]]).changes
    wanted = [m.request for m in OLD]
    assert [c.request for c in count_changes(found, wanted, {"r0"})] == ["r1"]
    assert count_changes(found, wanted, {"r0", "r1"}) == []


def test_nobody_is_moved_more_often_than_the_budget_says() -> None:
    busy = [meeting(f"r{i}", "s30", "li", f"p{i}") for i in range(3)]
    moved = [meeting(f"r{i}", "s40", "li", f"p{i}") for i in range(3)]
    found = count_changes(compare_plans(busy, moved).changes, [])
    for most, said in ((3, 0), (2, 1)):
        budget = OvernightBudget(percent=100, a_person=most)
        assert len(budget.excess(found, published=3, starts=STARTS, now=NOW)) == said
    (said_so,) = OvernightBudget(100, 1).excess(found, published=3, starts=STARTS, now=NOW)
    assert said_so.endswith("changes per person (1): 1, the highest 3")


@pytest.mark.parametrize(("hours", "is_said"), [(24, False), (30, False), (31, True)])
def test_nothing_that_begins_soon_is_moved_away(hours: int, is_said: bool) -> None:
    assert bool(excess(OvernightBudget(100, 9, hours), MOVED)) is is_said


def test_nothing_is_moved_to_a_time_that_is_soon() -> None:
    (said,) = excess(OvernightBudget(100, 9, 24), [meeting("r0", "s6"), *OLD[1:]])
    assert said == "changed meetings that start within 24 hours: 1"


def test_what_starts_as_the_hours_end_is_free_though_a_meeting_before_has_to_change() -> None:
    """r1 must leave s0, r2 can stay. r3 is published at s1, which starts when the hours end; r4 is new."""
    published = [meet(f"r{i}", "s0" if i < 3 else "s1", "t1", f"{i}a1 {i}b1") for i in (1, 2, 3)]
    problem = make_problem(
        slots="4",
        places=[table("t1", capacity=4)],
        requests=[ask(f"r{i}", f"{i}a", f"{i}b") for i in (1, 2, 3, 4)],
        attendees=[person("1a1", "1a", unavailable="s0")],
        published=published,
    )
    now = problem.slots[1].start - timedelta(hours=1) - MARGIN
    found = OvernightBudget(hours=1).within(problem, giving_way=(), seconds=0, now=now)
    r1, r2, r3, r4 = found.requests
    assert (r1.fixed, r3.fixed, r3.slots) == (None, None, (1, 2, 3))
    assert r2.fixed is not None and r2.fixed.slot == 0
    assert r4.slots == (1, 2, 3)
    whole = OvernightBudget(hours=1).within(problem, giving_way=(), seconds=60, now=now)
    assert [request.slots for request in whole.requests[2:]] == [None, (2, 3)]
