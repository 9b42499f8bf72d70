from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.builders import (
    ask,
    firm,
    interpreter,
    make_problem,
    make_slots,
    meet,
    person,
    slot,
    table,
)
from tests.unit.rules import Breach, breaches

# H3: a person (attendee or interpreter) is in at most one meeting at a time

THREE = [ask("r1", "a", "b"), ask("r2", "c", "a", length=2), ask("r3", "a", "d")]


def test_h3_a_person_may_be_in_one_meeting() -> None:
    assert breaches(make_problem(requests=THREE), meet("r1", "s0", "t1", "a1 b1")) == []


def test_h3_an_attendee_is_not_in_two_meetings_at_one_time() -> None:
    held = [meet("r1", "s1", "t1", "a1 b1"), meet("r2", "s0", "t1", "c1 a1")]
    assert breaches(make_problem(requests=THREE), *held) == [("H3", ("a1", "r2", "r1"))]


def test_h3_a_long_meeting_is_seen_behind_a_short_one() -> None:
    requests = [ask("r1", "a", "b", length=3), ask("r2", "a", "c"), ask("r3", "a", "d")]
    held = [
        meet("r1", "s0", "t1", "a1 b1"),
        meet("r2", "s0", "t1", "a1 c1"),
        meet("r3", "s2", "t1", "a1 d1"),
    ]
    found = breaches(make_problem(requests=requests), *held)
    assert found == [("H3", ("a1", "r1", "r2")), ("H3", ("a1", "r1", "r3"))]


def test_h3_an_interpreter_is_not_in_two_meetings_at_one_time() -> None:
    problem = make_problem(
        attendees=[person("b1", "b", "zh"), person("d1", "d", "zh")],
        interpreters=[interpreter("i1")],
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d")],
    )
    held = [meet("r1", "s0", "t1", "a1 b1", "i1"), meet("r2", "s0", "t1", "c1 d1", "i1")]
    assert breaches(problem, *held) == [("H3", ("i1", "r1", "r2"))]


def test_h3_meetings_may_follow_each_other() -> None:
    held = [
        meet("r1", "s2", "t1", "a1 b1"),
        meet("r2", "s0", "t1", "c1 a1"),
        meet("r3", "s3", "t1", "a1 d1"),
    ]
    assert breaches(make_problem(requests=THREE), *held) == []


# H4: a person is never in a meeting in an unavailable slot; the same for a place


def test_h4_who_is_always_there_may_meet_in_any_slot() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")])
    assert breaches(problem, meet("r1", "s3", "t1", "a1 b1")) == []


@pytest.mark.parametrize(("away", "start"), [("s0", "s0"), ("s1", "s0"), ("s0 s1", "s0")])
def test_h4_an_attendee_is_not_met_while_away(away: str, start: str) -> None:
    problem = make_problem(
        attendees=[person("b1", "b", unavailable=away)], requests=[ask("r1", "a", "b", length=2)]
    )
    assert breaches(problem, meet("r1", start, "t1", "a1 b1")) == [("H4", ("b1", "r1"))]


def test_h4_an_interpreter_does_not_work_while_away() -> None:
    problem = make_problem(
        attendees=[person("b1", "b", "zh")],
        interpreters=[interpreter("i1", unavailable="s1")],
        requests=[ask("r1", "a", "b", length=2)],
    )
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1", "i1")) == [("H4", ("i1", "r1"))]


def test_h4_a_place_is_not_used_while_closed() -> None:
    problem = make_problem(places=[table("t1", unavailable="s0")], requests=[ask("r1", "a", "b")])
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1")) == [("H4", ("t1", "r1"))]


def test_h4_a_meeting_may_end_when_somebody_leaves() -> None:
    problem = make_problem(
        attendees=[person("b1", "b", unavailable="s2")],
        places=[table("t1", unavailable="s2 s3")],
        requests=[ask("r1", "a", "b", length=2)],
    )
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1")) == []


# H6: a next meeting in another hall starts no sooner than the walking minutes after the last one ends

HALLS = [table("t1", "h1", capacity=2), table("t2", "h2", capacity=2)]
WALK = [ask("r1", "a", "b"), ask("r2", "c", "a")]


def test_h6_halls_that_are_not_listed_are_no_walk_apart() -> None:
    problem = make_problem(places=HALLS, requests=WALK)
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t2", "c1 a1")) == []


@pytest.mark.parametrize("pair", [("h1", "h2"), ("h2", "h1")])
@pytest.mark.parametrize("places", [("t1", "t2"), ("t2", "t1")])
def test_h6_a_person_is_not_expected_before_they_have_walked(
    pair: tuple[str, str], places: tuple[str, str]
) -> None:
    problem = make_problem(places=HALLS, requests=WALK, walking={pair: 1})
    held = [meet("r1", "s0", places[0], "a1 b1"), meet("r2", "s1", places[1], "c1 a1")]
    assert breaches(problem, *held) == [("H6", ("a1", "r1", "r2"))]


def test_h6_an_interpreter_walks_too() -> None:
    problem = make_problem(
        attendees=[person("b1", "b", "zh"), person("d1", "d", "zh")],
        interpreters=[interpreter("i1")],
        places=HALLS,
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d")],
        walking={("h1", "h2"): 5},
    )
    held = [meet("r1", "s0", "t1", "a1 b1", "i1"), meet("r2", "s1", "t2", "c1 d1", "i1")]
    assert breaches(problem, *held) == [("H6", ("i1", "r1", "r2"))]


@pytest.mark.parametrize(("minutes", "found"), [(30, []), (30.5, [("H6", ("a1", "r1", "r2"))])])
def test_h6_the_walk_is_measured_from_the_end_of_a_long_meeting(minutes: float, found: list[Breach]) -> None:
    requests = [ask("r1", "a", "b", length=2), ask("r2", "c", "a")]
    problem = make_problem(places=HALLS, requests=requests, walking={("h1", "h2"): minutes})
    held = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s3", "t2", "c1 a1")]
    assert breaches(problem, *held) == found


@pytest.mark.parametrize(("minutes", "found"), [(5, []), (5.1, [("H6", ("a1", "r1", "r2"))])])
def test_h6_the_pause_between_two_slots_is_time_to_walk(minutes: float, found: list[Breach]) -> None:
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    rows = [
        slot(f"s{i}", start + timedelta(minutes=30 * i), start + timedelta(minutes=30 * i + 25))
        for i in range(2)
    ]
    problem = make_problem(slots=rows, places=HALLS, requests=WALK, walking={("h1", "h2"): minutes})
    held = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t2", "c1 a1")]
    assert breaches(problem, *held) == found


def test_h6_the_pause_between_two_blocks_is_time_to_walk() -> None:
    problem = make_problem(slots="1|1", places=HALLS, requests=WALK, walking={("h1", "h2"): 60})
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t2", "c1 a1")) == []


def test_h6_nobody_walks_within_a_hall() -> None:
    problem = make_problem(places=HALLS, requests=WALK, walking={("h1", "h2"): 60})
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "c1 a1")) == []


# H7: an interpreter exactly if the sides share no language, one who speaks with both

R1 = [ask("r1", "a", "b")]


def test_h7_who_shares_a_language_needs_no_interpreter() -> None:
    problem = make_problem(attendees=[person("b1", "b", "zh en")], requests=R1)
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1")) == []


def test_h7_who_shares_a_language_has_no_interpreter() -> None:
    problem = make_problem(interpreters=[interpreter("i1")], requests=R1)
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1", "i1")) == [("H7", ("r1", "a1", "b1", "i1"))]


def test_h7_who_shares_no_language_has_an_interpreter() -> None:
    problem = make_problem(attendees=[person("b1", "b", "zh")], requests=R1)
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1")) == [("H7", ("r1", "a1", "b1"))]


@pytest.mark.parametrize("languages", ["en", "zh", "fr", "en fr"])
def test_h7_an_interpreter_speaks_with_both_sides(languages: str) -> None:
    problem = make_problem(
        attendees=[person("b1", "b", "zh")], interpreters=[interpreter("i1", languages)], requests=R1
    )
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1", "i1")) == [("H7", ("r1", "a1", "b1", "i1"))]


def test_h7_an_interpreter_helps_who_shares_no_language() -> None:
    problem = make_problem(
        attendees=[person("b1", "b", "zh")], interpreters=[interpreter("i1", "fr zh en")], requests=R1
    )
    assert breaches(problem, meet("r1", "s0", "t1", "a1 b1", "i1")) == []


def test_h7_one_shared_language_of_anybody_on_the_sides_is_enough() -> None:
    team = [
        person("a1", "a", "fr"),
        person("a2", "a", "zh"),
        person("b1", "b", "ja"),
        person("b2", "b", "zh"),
    ]
    named = ask("r1", "a", "b", from_attendees="a1 a2", to_attendees="b1 b2")
    problem = make_problem(attendees=team, requests=[named])
    assert breaches(problem, meet("r1", "s0", "t1", "a1 a2 b1 b2")) == []


def test_h7_an_interpreter_may_speak_with_one_of_each_side() -> None:
    team = [
        person("a1", "a", "fr"),
        person("a2", "a", "de"),
        person("b1", "b", "ja"),
        person("b2", "b", "zh"),
    ]
    named = ask("r1", "a", "b", from_attendees="a1 a2", to_attendees="b1 b2")
    problem = make_problem(attendees=team, interpreters=[interpreter("i1", "de zh")], requests=[named])
    assert breaches(problem, meet("r1", "s0", "t1", "a1 a2 b1 b2", "i1")) == []


# H8: max_per_day of an attendee and of a firm

DAY = [ask("r1", "a", "b"), ask("r2", "c", "a", length=2)]
BOTH = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "c1 a1")]


def test_h8_without_a_limit_there_is_none() -> None:
    assert breaches(make_problem(requests=DAY), *BOTH) == []


def test_h8_an_attendee_has_no_more_meetings_a_day_than_allowed() -> None:
    problem = make_problem(attendees=[person("a1", "a", max_per_day=1)], requests=DAY)
    assert breaches(problem, *BOTH) == [("H8", ("a1",))]


def test_h8_a_firm_has_no_more_meetings_a_day_than_allowed_whoever_goes() -> None:
    team = [person("a1", "a"), person("a2", "a")]
    problem = make_problem(firms=[firm("a", max_per_day=1)], attendees=team, requests=DAY)
    held = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "c1 a2")]
    assert breaches(problem, *held) == [("H8", ("a",))]


def test_h8_a_limit_of_none_a_day_allows_none() -> None:
    problem = make_problem(firms=[firm("a", max_per_day=0)], requests=DAY)
    assert breaches(problem, BOTH[0]) == [("H8", ("a",))]


def test_h8_a_meeting_counts_once_however_many_slots_and_people_it_takes() -> None:
    team = [person("a1", "a", max_per_day=1), person("a2", "a", max_per_day=1)]
    long = ask("r1", "a", "b", length=2, from_attendees="a1 a2")
    problem = make_problem(firms=[firm("a", max_per_day=1)], attendees=team, requests=[long])
    assert breaches(problem, meet("r1", "s0", "t1", "a1 a2 b1")) == []


def test_h8_each_day_counts_by_itself() -> None:
    problem = make_problem(
        slots="1 2",
        firms=[firm("a", max_per_day=1)],
        attendees=[person("a1", "a", max_per_day=1)],
        requests=DAY,
    )
    assert breaches(problem, *BOTH) == []


@pytest.mark.parametrize(("timezone", "found"), [("UTC", []), ("America/New_York", [("H8", ("a",))])])
def test_h8_the_time_zone_of_the_event_says_which_slots_are_on_one_day(
    timezone: str, found: list[Breach]
) -> None:
    start = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
    rows = [
        slot("s0", start, start + timedelta(minutes=30), "late"),
        slot("s1", start + timedelta(hours=2), start + timedelta(hours=3), "early"),
    ]
    requests = [ask("r1", "a", "b"), ask("r2", "c", "a")]
    problem = make_problem(slots=rows, timezone=timezone, firms=[firm("a", max_per_day=1)], requests=requests)
    assert breaches(problem, *BOTH) == found


def test_h8_the_slots_of_the_builder_are_on_the_days_that_it_says() -> None:
    assert make_problem(slots=make_slots("2|1 3")).days == (0, 0, 0, 1, 1, 1)
