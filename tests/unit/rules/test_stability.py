from __future__ import annotations

from typing import Any

import pytest

from scheduler.domain.plan import Meeting
from scheduler.domain.rules.stability import PublishedChanges, published_changes
from tests.support.builders import ask, booth, interpreter, make_problem, meet, person, table
from tests.unit.rules import Breach, breaches

TEAM = [person("a1", "a"), person("a2", "a")]
TABLES = [table("t1", capacity=2), table("t2", capacity=2)]
REQUESTS = [ask("r1", "a", "b"), ask("r2", "c", "d"), ask("r3", "e", "f")]
R1 = meet("r1", "s0", "t1", "a1 b1")
R2 = meet("r2", "s2", "t1", "c1 d1")

CHANGED = [
    meet("r1", "s1", "t1", "a1 b1"),
    meet("r1", "s0", "t2", "a1 b1"),
    meet("r1", "s0", "t1", "a2 b1"),
]

# H10: what starts before frozen_until stays exactly as it is, and nothing new starts before it


def frozen(*meetings: Meeting, until: str | None = "s2", **keys: Any) -> list[Breach]:
    problem = make_problem(
        **{
            "requests": REQUESTS, "attendees": TEAM, "places": TABLES, "published": [R1, R2],
            "frozen_until": until, **keys,
        }
    )  # fmt: skip
    return breaches(problem, *meetings)


@pytest.mark.parametrize("meetings", [[], [R1], [CHANGED[0]], [meet("r3", "s0", "t1", "e1 f1")]])
def test_h10_without_a_frozen_time_nothing_is_frozen(meetings: list[Meeting]) -> None:
    assert frozen(*meetings, until=None) == []


def test_h10_a_frozen_meeting_is_not_dropped() -> None:
    assert frozen(R2) == [("H10", ("r1",))]


@pytest.mark.parametrize("changed", CHANGED)
def test_h10_a_frozen_meeting_is_not_changed(changed: Meeting) -> None:
    assert frozen(changed, R2) == [("H10", ("r1",))]


def test_h10_nothing_new_starts_in_the_frozen_time() -> None:
    assert frozen(R1, meet("r3", "s1", "t1", "e1 f1")) == [("H10", ("r3",))]


def test_h10_nothing_published_moves_into_the_frozen_time() -> None:
    assert frozen(R1, meet("r2", "s1", "t1", "c1 d1")) == [("H10", ("r2",))]


@pytest.mark.parametrize(
    "others", [[], [R2], [meet("r2", "s3", "t2", "c1 d1"), meet("r3", "s2", "t1", "e1 f1")]]
)
def test_h10_what_starts_later_is_free(others: list[Meeting]) -> None:
    assert frozen(R1, *others) == []


def test_h10_the_order_of_the_attendees_says_nothing() -> None:
    assert frozen(meet("r1", "s0", "t1", "b1 a1")) == []


@pytest.mark.parametrize("published", [meet("gone", "s0", "t1", "a1 b1"), meet("r1", "gone", "t1", "a1 b1")])
def test_h10_what_has_no_request_or_no_start_any_more_is_not_frozen(published: Meeting) -> None:
    assert frozen(published=[published]) == []


EXCLUDING = [ask("r1", "a", "b", excluded="a1"), *REQUESTS[1:]]


@pytest.mark.parametrize(
    "meeting", [CHANGED[2], meet("r1", "s0", "t2", "a2 b1"), meet("r1", "s2", "t1", "a2 b1")]
)
def test_h10_a_frozen_meeting_of_somebody_excluded_keeps_its_start_with_others_or_is_held_later(
    meeting: Meeting,
) -> None:
    assert frozen(meeting, R2, requests=EXCLUDING) == []
    assert frozen(R2, requests=EXCLUDING) == []


def test_h10_a_frozen_meeting_of_somebody_excluded_goes_to_no_other_start_in_the_frozen_time() -> None:
    assert frozen(meet("r1", "s1", "t1", "a2 b1"), R2, requests=EXCLUDING) == [("H10", ("r1",))]


# H13: at most policy.max_moved published meetings are changed, of those that could be held as published


def moved(limit: int | None, *meetings: Meeting, **keys: Any) -> list[Breach]:
    problem = make_problem(
        **{
            "requests": REQUESTS, "attendees": TEAM, "places": TABLES, "published": [R1, R2],
            "max_moved": limit, **keys,
        }
    )  # fmt: skip
    return breaches(problem, *meetings)


def test_h13_without_a_limit_everything_may_change() -> None:
    assert moved(None) == []


def test_h13_on_a_first_run_there_is_nothing_to_change() -> None:
    assert moved(0, R1, published=[]) == []


@pytest.mark.parametrize("changed", CHANGED)
def test_h13_a_changed_meeting_counts(changed: Meeting) -> None:
    assert moved(0, changed, R2) == [("H13", ("r1",))]


def test_h13_a_dropped_meeting_counts() -> None:
    assert moved(0, R2) == [("H13", ("r1",))]


def test_h13_a_meeting_counts_once_however_it_changed() -> None:
    assert moved(1, meet("r1", "s0", "t2", "a2 b1"), R2) == []
    assert moved(1, meet("r1", "s1", "t2", "a2 b1")) == [("H13", ("r1", "r2"))]


def test_h13_what_stays_and_what_is_added_does_not_count() -> None:
    assert moved(0, R1, R2, meet("r3", "s0", "t1", "e1 f1")) == []


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"requests": REQUESTS[1:]}, id="the request is gone"),
        pytest.param({"published": [meet("r1", "gone", "t1", "a1 b1")]}, id="the slot is gone"),
        pytest.param({"published": [meet("r1", "s0", "gone", "a1 b1")]}, id="the place is gone"),
        pytest.param({"published": [meet("r1", "s0", "t1", "gone b1")]}, id="an attendee is gone"),
        pytest.param({"published": [meet("r1", "s0", "t1", "a1 b1", "gone")]}, id="the interpreter is gone"),
        pytest.param({"attendees": [person("a1", "a", unavailable="s0")]}, id="H4, an attendee is away"),
        pytest.param({"places": [table("t1", unavailable="s0")]}, id="H4, the place is closed"),
        pytest.param(
            {"slots": "1|1", "requests": [ask("r1", "a", "b", length=2)]}, id="H2, the block is short"
        ),
        pytest.param({"requests": [ask("r1", "a", "b", slots=["s1"])]}, id="H2, the start is not allowed"),
        pytest.param({"requests": [ask("r1", "a", "b", place="booth")]}, id="H5, the wish"),
        pytest.param({"places": [booth("t1", "c")]}, id="H5, the booth of another firm"),
        pytest.param({"places": [table("t1", capacity=0)]}, id="H5, no capacity"),
        pytest.param({"attendees": [person("a1", "a", "zh")]}, id="H7, an interpreter is needed"),
        pytest.param(
            {"published": [meet("r1", "s0", "t1", "a1 b1", "i1")], "interpreters": [interpreter("i1")]},
            id="H7, the interpreter is not needed",
        ),
        pytest.param({"requests": [ask("r1", "a", "b", fixed={"slot": "s1"})]}, id="H9"),
        pytest.param({"requests": [ask("r1", "a", "b", from_attendees="a2")]}, id="somebody else is named"),
        pytest.param({"requests": EXCLUDING}, id="an attendee is excluded"),
        pytest.param({"attendees": [person("a1", "c"), person("a2", "a")]}, id="an attendee changed firms"),
    ],
)
def test_h13_what_could_not_be_held_as_published_does_not_count(keys: dict[str, Any]) -> None:
    assert moved(0, **{"published": [R1], **keys}) == []


def test_h13_what_only_others_stand_in_the_way_of_counts() -> None:
    # Two published meetings at one table of one seat: each alone could stay.
    both = [R1, meet("r2", "s0", "t1", "c1 d1")]
    keys = {"places": [table("t1"), table("t2")], "published": both}
    assert moved(0, R1, meet("r2", "s0", "t2", "c1 d1"), **keys) == [("H13", ("r2",))]


# What a plan changes of the published one, and whether it had to


def changes(*meetings: Meeting, **keys: Any) -> PublishedChanges:
    problem = make_problem(
        **{"requests": REQUESTS, "attendees": TEAM, "places": TABLES, "published": [R1, R2], **keys}
    )
    return published_changes(problem, meetings)


def test_a_plan_that_is_as_published_changes_nothing() -> None:
    assert changes(R2, R1, meet("r3", "s0", "t1", "e1 f1")) == PublishedChanges()


@pytest.mark.parametrize("changed", CHANGED)
def test_what_could_have_stayed_is_changed_by_choice(changed: Meeting) -> None:
    assert changes(changed, R2) == PublishedChanges(voluntary=("r1",))


def test_what_could_have_stayed_is_dropped_by_choice() -> None:
    assert changes() == PublishedChanges(voluntary=("r1", "r2"))


@pytest.mark.parametrize("meetings", [(R2,), (CHANGED[0], R2)])
def test_what_could_not_be_held_as_published_changes_by_force(meetings: tuple[Meeting, ...]) -> None:
    away = [person("a1", "a", "en", "s0"), TEAM[1]]
    assert changes(*meetings, attendees=away) == PublishedChanges(forced=("r1",))


def test_a_withdrawn_request_is_neither_forced_nor_by_choice() -> None:
    assert changes(R2, requests=REQUESTS[1:]) == PublishedChanges(withdrawn=("r1",))
