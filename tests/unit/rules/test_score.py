from __future__ import annotations

from typing import Any

import pytest

from scheduler.domain.plan import Meeting
from scheduler.domain.rules import Score, score, violations, violations_and_score
from tests.support.builders import ask, firm, make_problem, meet, person, table

NONE = dict.fromkeys(
    ("served", "shortfall", "idle", "hall_change", "moved", "relocated", "reassigned", "dropped"), 0
)
TABLES = [table("t1", "h1", capacity=9), table("t2", "h2", capacity=9)]


def terms(*meetings: Meeting, **parts: Any) -> dict[str, float]:
    """Return the nonzero terms."""
    found = score(make_problem(**{"places": TABLES, **parts}), meetings)
    assert found.terms.keys() == NONE.keys()
    return {term: count for term, count in found.terms.items() if count}


def test_an_empty_plan_of_an_empty_problem_scores_nothing() -> None:
    assert score(make_problem(), []) == Score(0, NONE)


def test_served_is_the_weight_of_what_is_held() -> None:
    requests = [ask("r1", "a", "b", weight=3), ask("r2", "c", "d", weight=5), ask("r3", "e", "f", weight=9)]
    held = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t1", "c1 d1")]
    assert terms(*held, requests=requests) == {"served": 8}


def test_a_request_that_is_held_twice_is_served_once() -> None:
    held = [meet("r1", "s0", "t1", "a1 b1"), meet("r1", "s1", "t1", "a1 b1")]
    assert terms(*held, requests=[ask("r1", "a", "b", weight=3)]) == {"served": 3}


def test_a_meeting_that_names_no_slot_or_place_of_the_problem_serves_nothing() -> None:
    held = [
        meet("r1", "gone", "t1", "a1 b1"),
        meet("r2", "s0", "gone", "a1 b1"),
        meet("r3", "s0", "t1", "a1"),
    ]
    assert terms(*held, requests=[ask("r1", "a", "b"), ask("r2", "a", "b")]) == {}


# shortfall: max(min_meetings, ceil(fair_share * n)), at most n, less what is held


@pytest.mark.parametrize(("least", "lacking"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (99, 3)])
def test_the_floor_of_a_firm_is_at_most_its_requests(least: int, lacking: int) -> None:
    requests = [ask("r1", "a", "b"), ask("r2", "c", "a"), ask("r3", "a", "d")]
    found = terms(requests=requests, firms=[firm("a", min_meetings=least)])
    assert found == ({"shortfall": lacking} if lacking else {})


@pytest.mark.parametrize(("share", "floor"), [(0, 0), (0.1, 1), (0.34, 2), (0.5, 2), (0.67, 3), (1, 3)])
def test_the_fair_share_of_requests_in_either_direction_is_rounded_up(share: float, floor: int) -> None:
    problem = make_problem(
        requests=[ask("r1", "a", "b"), ask("r2", "b", "a"), ask("r3", "a", "b")], fair_share=share
    )
    assert score(problem, []).terms["shortfall"] == 2 * floor


def test_the_fair_share_is_the_decimal_that_was_written() -> None:
    # In binary, 0.07 * 100 is slightly more than 7.
    problem = make_problem(requests=[ask(f"r{i}", "a", "b") for i in range(100)], fair_share=0.07)
    assert score(problem, []).terms["shortfall"] == 14


def test_the_greater_of_the_two_floors_holds() -> None:
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "a", "d"), ask("r4", "a", "e")]
    firms = [firm("a", min_meetings=1)]
    # a: half of 4 is 2; the other four each miss their only meeting.
    assert terms(requests=requests, firms=firms, fair_share=0.5) == {"shortfall": 6}
    firms = [firm("a", min_meetings=3)]
    assert terms(requests=requests, firms=firms, fair_share=0.5) == {"shortfall": 7}


def test_what_is_held_above_the_floor_makes_up_for_no_other_firm() -> None:
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "d", "e")]
    firms = [firm("a", min_meetings=1), firm("d", min_meetings=1)]
    held = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "a1 c1")]
    assert terms(*held, requests=requests, firms=firms) == {"served": 2, "shortfall": 1}


# idle: by attendee and day


@pytest.mark.parametrize(("mode", "count"), [("slots", 4), ("breaks", 2)])
def test_idle_is_summed_over_attendees(mode: str, count: int) -> None:
    requests = [ask("r1", "a", "b"), ask("r2", "b", "a")]
    held = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s3", "t1", "b1 a1")]
    assert terms(*held, requests=requests, idle_counts=mode) == {"served": 2, "idle": count}


@pytest.mark.parametrize(("mode", "count"), [("slots", 2), ("breaks", 2)])
def test_idle_is_summed_over_days(mode: str, count: int) -> None:
    requests = [ask(f"r{i}", "a", f"b{i}") for i in range(4)]
    held = [meet(f"r{i}", slot, "t1", f"a1 b{i}1") for i, slot in enumerate(("s0", "s2", "s3", "s5"))]
    assert terms(*held, slots="3 3", requests=requests, idle_counts=mode) == {"served": 4, "idle": count}


def test_interpreters_are_never_idle_and_never_change_halls() -> None:
    team = [person(f"{firm}1", firm, "en" if firm in "ac" else "zh") for firm in "abcd"]
    held = [meet("r1", "s0", "t1", "a1 b1", "i1"), meet("r2", "s3", "t2", "c1 d1", "i1")]
    found = terms(
        *held,
        attendees=team,
        interpreters=[{"id": "i1", "languages": ["en", "zh"]}],
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d")],
    )
    assert found == {"served": 2}


# hall_change: consecutive meetings of one attendee and day in different halls


@pytest.mark.parametrize(
    ("slots", "places", "count"),
    [
        ("4", ["t1", "t1", "t1"], 0),
        ("4", ["t1", "t2", "t2"], 1),
        ("4", ["t1", "t2", "t1"], 2),
        ("1 3", ["t1", "t2", "t2"], 0),
        ("1|3", ["t1", "t2", "t2"], 1),
    ],
)
def test_a_hall_change_is_counted_within_a_day(slots: str, places: list[str], count: int) -> None:
    requests = [ask(f"r{i}", "a", f"b{i}") for i in range(3)]
    held = [meet(f"r{i}", f"s{i}", place, f"a1 b{i}1") for i, place in enumerate(places)]
    found = score(make_problem(slots=slots, places=TABLES, requests=requests), held)
    assert found.terms["hall_change"] == count


# moved, relocated, reassigned, dropped

PUBLISHED = meet("r1", "s0", "t1", "a1 b1")


@pytest.mark.parametrize(
    ("meeting", "found"),
    [
        (meet("r1", "s0", "t1", "b1 a1"), {}),
        (meet("r1", "s1", "t1", "a1 b1"), {"moved": 1}),
        (meet("r1", "s1", "t2", "a2 b1"), {"moved": 1}),
        (meet("r1", "s0", "t2", "a1 b1"), {"relocated": 1}),
        (meet("r1", "s0", "t1", "a2 b1"), {"reassigned": 1}),
        (meet("r1", "s0", "t1", "a1 b1", "i1"), {"reassigned": 1}),
        (meet("r1", "s0", "t2", "a2 b1"), {"relocated": 1, "reassigned": 1}),
    ],
)
def test_a_published_meeting_counts_for_every_way_in_which_it_changed(
    meeting: Meeting, found: dict[str, int]
) -> None:
    parts = {
        "requests": [ask("r1", "a", "b")],
        "attendees": [person("a1", "a"), person("a2", "a")],
        "interpreters": [{"id": "i1", "languages": ["en"]}],
    }
    assert terms(meeting, published=[PUBLISHED], **parts) == {"served": 1, **found}


def test_a_published_meeting_that_is_not_held_is_dropped() -> None:
    assert terms(requests=[ask("r1", "a", "b")], published=[PUBLISHED]) == {"dropped": 1}


def test_a_published_meeting_without_its_request_counts_for_nothing() -> None:
    gone = meet("r2", "s0", "t1", "c1 d1")
    held = [PUBLISHED]
    assert terms(*held, requests=[ask("r1", "a", "b")], published=[PUBLISHED, gone]) == {"served": 1}


@pytest.mark.parametrize(
    ("published", "found"),
    [
        (meet("r1", "gone", "t1", "a1 b1"), {"moved": 1}),
        (meet("r1", "s0", "gone", "a1 b1"), {"relocated": 1}),
        (meet("r1", "s0", "t1", "gone b1"), {"reassigned": 1}),
    ],
)
def test_what_is_gone_cannot_but_change(published: Meeting, found: dict[str, int]) -> None:
    assert terms(PUBLISHED, requests=[ask("r1", "a", "b")], published=[published]) == {"served": 1, **found}


# The total


def everything(**factors: float) -> Score:
    """Return a plan in which every term has a different count."""
    requests = [ask(f"r{i}", "a", f"b{i}", weight=10) for i in range(4)]
    requests += [ask(f"q{i}", f"c{i}", f"d{i}") for i in range(26)]
    held = [
        meet("r0", "s0", "t1", "a1 b01"),
        meet("r1", "s3", "t2", "a1 b11"),
        meet("r2", "s4", "t1", "a1 b21"),
        *(meet(f"q{i}", "s1", "t2", f"c{i}1 d{i}1") for i in range(12)),
    ]
    published = [
        *(meet(f"q{i}", "s0", "t2", f"c{i}1 d{i}1") for i in range(3)),
        *(meet(f"q{i}", "s1", "t1", f"c{i}1 d{i}1") for i in range(3, 7)),
        *(meet(f"q{i}", "s1", "t2", f"gone d{i}1") for i in range(7, 12)),
        *(meet(f"q{i}", "s1", "t2", f"c{i}1 d{i}1") for i in range(12, 18)),
    ]
    places = [table("t1", "h1", capacity=50), table("t2", "h2", capacity=50)]
    problem = make_problem(
        slots="6",
        places=places,
        requests=requests,
        published=published,
        firms=[firm("a", min_meetings=4)],
        factors=factors,
    )
    return score(problem, held)


COUNTS = {
    "served": 42, "shortfall": 1, "idle": 2, "hall_change": 2, "moved": 3, "relocated": 4, "reassigned": 5,
    "dropped": 6,
}  # fmt: skip


def test_the_total_is_the_sum_of_the_counts_times_the_default_factors() -> None:
    total = 100 * 42 - 2000 * 1 - 10 * 2 - 4 * 2 - 60 * 3 - 15 * 4 - 30 * 5 - 400 * 6
    assert everything() == Score(total, COUNTS)


@pytest.mark.parametrize("term", COUNTS)
def test_each_factor_weighs_its_own_term(term: str) -> None:
    factors = dict.fromkeys(COUNTS, 0) | {term: 0.5}
    sign = 1 if term == "served" else -1
    assert everything(**factors) == Score(sign * 0.5 * COUNTS[term], COUNTS)


def test_judging_is_breaches_and_score_at_once() -> None:
    requests = [ask("r1", "a", "b", weight=3), ask("r2", "a", "c", weight=5)]
    problem = make_problem(places=TABLES, requests=requests)
    clash = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t1", "a1 c1")]
    assert violations(problem, clash)
    for meetings in (clash, clash[:1]):
        assert violations_and_score(problem, meetings) == (
            violations(problem, meetings),
            score(problem, meetings),
        )
