"""Scenario changes: the effect of each kind on a problem, and validation."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from scheduler.domain.errors import InvalidInput
from scheduler.domain.problem import Problem
from scheduler.domain.rules.fairness import FAIR_SHARES, FAIRNESS_PRICES
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.services.planning.scenarios.problem_changes import apply_changes
from scheduler.services.planning.scenarios.scenario_changes import (
    parse_change,
    parse_changes,
    serialize_changes,
)
from scheduler.services.planning.scenarios.slot_changes import ChangeNotPossible
from tests.support.builders import ask, booth, firm, interpreter, make_problem, meet, person, table

DAY = "2026-11-24"


def expo(**parts: Any) -> Problem:
    """Two days of two blocks of two slots; a booth, two tables, two interpreters; two requests."""
    return make_problem(
        **{
            "slots": "2|2 2|2",
            "firms": [firm("a"), firm("b"), firm("c")],
            "attendees": [person("a1", "a", unavailable="s3"), person("b1", "b"), person("c1", "c")],
            "places": [booth("x", "b"), table("t1"), table("t2")],
            "interpreters": [interpreter("i1", unavailable="s0 s1 s2 s3"), interpreter("i2", "en hu")],
            "requests": [ask("r1", "a", "b", slots=["s1", "s4"]), ask("r2", "c", "a", to_attendees="a1")],
            **parts,
        }
    )


def after(problem: Problem, *rows: dict[str, Any]) -> Problem:
    """Return the problem with these changes; its file must round-trip."""
    changed = apply_changes(problem, parse_changes(rows))
    assert read_problem(write_problem(changed)) == changed
    return changed


def test_no_change_is_the_very_problem_and_changes_are_kept_as_they_are() -> None:
    problem = expo()
    assert apply_changes(problem, ()) is problem
    rows = [{"kind": "slots", "step": "close", "day": DAY, "start": "09:00:00", "end": "10:00:00"}]
    assert serialize_changes(parse_changes(rows)) == rows


def test_tables_come_on_all_days_or_one_and_go_from_the_last() -> None:
    problem = expo()
    more = after(problem, {"kind": "tables", "hall": "h1", "count": 2, "day": DAY})
    assert [place.id for place in more.places[3:]] == ["scenario-table-1", "scenario-table-2"]
    assert [sorted(place.unavailable) for place in more.places[3:]] == [[4, 5, 6, 7]] * 2
    fewer = after(problem, {"kind": "tables", "hall": "h1", "step": "fewer", "count": 1})
    assert [len(place.unavailable) for place in fewer.places] == [0, 0, 8]
    with pytest.raises(ChangeNotPossible, match="Open tables in hall h1: 1, so 2 can't be removed"):
        after(fewer, {"kind": "tables", "hall": "h1", "step": "fewer", "count": 2})


def test_what_is_fixed_at_a_table_that_goes_is_free_and_what_is_frozen_stays() -> None:
    fixed = {"slot": "s5", "place": "t2", "must": True}
    problem = expo(requests=[ask("r1", "a", "b", fixed=fixed)])
    fewer = after(problem, {"kind": "tables", "hall": "h1", "step": "fewer", "count": 1})
    assert fewer.requests[0].fixed is None
    published = [meet("r1", "s0", "t2", "a1 b1")]
    problem = expo(requests=[ask("r1", "a", "b", length=2)], published=published, frozen_until="s1")
    fewer = after(problem, {"kind": "tables", "hall": "h1", "step": "fewer", "count": 1})
    assert sorted(fewer.places[2].unavailable) == [2, 3, 4, 5, 6, 7], "s1 is a part of the frozen meeting"


def test_a_time_that_closes_is_gone_and_its_block_falls_apart() -> None:
    problem = expo(slots="3 2")
    closed = after(problem, {"kind": "slots", "step": "close", "day": DAY, "start": "09:30", "end": "10:00"})
    assert [slot.id for slot in closed.slots] == ["s0", "s2", "s3", "s4"]
    assert len({slot.block for slot in closed.slots[:2]}) == 2
    assert closed.requests[0].slots == (3,), "of s1 and s4"
    assert sorted(closed.attendees[0].unavailable) == [2], "s3"


def test_times_that_open_join_what_they_touch_and_leave_out_what_there_is() -> None:
    problem = expo()
    opened = after(problem, {"kind": "slots", "step": "open", "day": DAY, "start": "09:30", "end": "11:00"})
    assert [f"{slot.start:%H:%M}" for slot in opened.slots[:5]] == [
        "09:00",
        "09:30",
        "10:00",
        "10:30",
        "11:00",
    ]
    assert [slot.id for slot in opened.slots[:2]] == ["s0", "s1"]
    assert len({slot.block for slot in opened.slots[:4]}) == 1
    assert opened.index.slots["s3"] in opened.attendees[0].unavailable
    assert opened.room_ahead[0] == 4
    with pytest.raises(ChangeNotPossible, match="no room"):
        after(problem, {"kind": "slots", "step": "open", "day": DAY, "start": "09:00", "end": "10:00"})
    other = after(
        problem, {"kind": "slots", "step": "open", "day": "2026-11-26", "start": "09:00", "end": "10:00"}
    )
    assert other.days[-1] == 2


def test_interpreters_come_go_and_stay_longer() -> None:
    problem = expo()
    more = after(problem, {"kind": "interpreters", "count": 2, "first": "zh", "second": "hu"})
    assert [sorted(one.languages) for one in more.interpreters[2:]] == [["hu", "zh"]] * 2
    fewer = after(problem, {"kind": "interpreters", "step": "fewer", "first": "en", "second": "hu"})
    assert [len(one.unavailable) for one in fewer.interpreters] == [4, 8]
    longer = after(problem, {"kind": "shift", "interpreter": "i1", "day": DAY})
    assert not longer.interpreters[0].unavailable
    away = after(problem, {"kind": "shift", "step": "unavailable", "day": DAY})
    assert [sorted(one.unavailable) for one in away.interpreters] == [[0, 1, 2, 3]] * 2
    with pytest.raises(ChangeNotPossible, match="no meeting times on 2030-01-01"):
        after(problem, {"kind": "shift", "day": "2030-01-01"})


def test_dials_quotas_and_fairness() -> None:
    problem = expo()
    dial = after(
        problem,
        {"kind": "priority", "priority": "idle", "value": 77},
        {"kind": "priority", "priority": "fair_share", "value": 30},
    )
    assert (dial.policy.factors["idle"], dial.policy.fair_share) == (77, 0.3)
    assert after(problem, {"kind": "priority", "priority": "max_moved", "value": 3}).policy.max_moved == 3
    assert after(problem, {"kind": "priority", "priority": "max_in_row", "value": 2}).policy.max_in_row == 2
    assert after(problem, {"kind": "priority", "priority": "max_days", "value": 2}).policy.max_days == 2
    fair = after(problem, {"kind": "fairness", "point": 4}).policy
    assert (fair.fair_shares, fair.factors["unfair"]) == (FAIR_SHARES, FAIRNESS_PRICES[4])
    one = after(problem, {"kind": "quota", "firm": "a", "max_per_day": 1})
    assert [row.max_per_day for row in one.firms] == [1, None, None]
    every = after(problem, {"kind": "quota", "min_meetings": 2})
    assert [row.min_meetings for row in every.firms] == [2, 2, 2]


def test_a_firm_less_takes_its_requests_and_what_is_frozen_stays() -> None:
    problem = expo()
    less = after(problem, {"kind": "removed_firm", "firm": "b"})
    assert [row.id for row in less.requests] == ["r2"]
    assert [len(row.unavailable) for row in less.attendees] == [1, 8, 0]
    frozen = expo(published=[meet("r1", "s1", "x", "a1 b1")], frozen_until="s2")
    less = after(frozen, {"kind": "removed_firm", "firm": "b"})
    assert [row.id for row in less.requests] == ["r1", "r2"]
    assert sorted(less.attendees[1].unavailable) == [2, 3, 4, 5, 6, 7]


def test_a_firm_more_is_like_another_in_stand_people_and_requests() -> None:
    problem = expo()
    more = after(problem, {"kind": "added_firm", "like": "a"}, {"kind": "added_firm", "like": "b"})
    assert [(row.sender, row.receiver) for row in more.requests] == [
        (0, 1),
        (2, 0),
        (3, 1),
        (2, 3),
        (0, 4),
        (3, 4),
    ]
    assert more.requests[3].to_attendees == (3,), "the person like the one who was named"
    assert [(place.id, place.firm) for place in more.places[3:]] == [("scenario-booth-1", 4)]
    shared = expo(places=[booth("x", "b", partners="c")])
    more = after(shared, {"kind": "added_firm", "like": "c"})
    assert (len(more.places), more.places[0].partners) == (1, {2, 3})


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"kind": "nothing"}, "kind"),
        ({"kind": "tables", "hall": "h1", "count": 0}, "count"),
        ({"kind": "tables", "hall": "h1", "count": 1, "colour": 3}, "colour"),
        ({"kind": "slots", "day": DAY, "start": "10:00", "end": "09:00"}, "end"),
        ({"kind": "slots", "day": "soon", "start": "09:00", "end": "10:00"}, "day"),
        ({"kind": "priority", "priority": "fair_share", "value": 101}, "value"),
        ({"kind": "priority", "priority": "max_in_row", "value": 0}, "value"),
        ({"kind": "priority", "priority": "max_days", "value": 0}, "value"),
        ({"kind": "priority", "priority": "max_days", "value": 101}, "value"),
        ({"kind": "priority", "priority": "max_in_row", "value": 1_001}, "value"),
        ({"kind": "fairness", "point": 5}, "point"),
        ({"kind": "quota", "firm": "a"}, "min_meetings"),
        ({"kind": "interpreters", "first": "Chinese", "second": "hu"}, "first"),
    ],
)
def test_what_a_change_may_not_say_is_told_at_its_field(row: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_change(row)
    assert [fault.path for fault in refused.value.faults] == [field]


def test_what_is_gone_meanwhile_is_said() -> None:
    for row in (
        {"kind": "tables", "hall": "h9"},
        {"kind": "removed_firm", "firm": "z"},
        {"kind": "added_firm", "like": "z"},
        {"kind": "quota", "firm": "z", "max_per_day": 1},
        {"kind": "shift", "interpreter": "z"},
    ):
        with pytest.raises(ChangeNotPossible, match="no longer exists"):
            apply_changes(expo(), parse_changes([row]))


def test_nobody_is_told_of_a_slot_that_was_never_open_to_them() -> None:
    problem = expo()
    gone = replace(problem.attendees[1], unavailable=frozenset(range(8)))
    problem = replace(problem, attendees=(problem.attendees[0], gone, problem.attendees[2]))
    change = {"kind": "slots", "day": DAY, "start": dt.time(13), "end": dt.time(14)}
    opened = after(problem, change)
    assert len(opened.slots) == 10
    assert len(opened.attendees[1].unavailable) == 10, "who left does not come to a new time"
