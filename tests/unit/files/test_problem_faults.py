from __future__ import annotations

import copy
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scheduler.domain.errors import Fault, MalformedProblem
from scheduler.files.problem_file import read_problem
from tests.support.builders import ask, make_document
from tests.unit.files.whole_problem import WHOLE, Json, with_value

FAULTS = [
    # path, value, paths of the errors (by default the path itself)
    ("format", "chainmeet.problem/2", None),
    ("odd", 1, None),
    ("event", [], None),
    ("event", None, None),
    ("event.name", 5, None),
    ("event.timezone", "Mars/Olympus", None),
    ("event.timezone", "", None),
    ("event.timezone", 8, None),
    ("event.odd", 1, None),
    ("slots[0].odd", 1, None),
    ("slots[0].start", "2026-11-24T09:00:00", None),
    ("slots[0].start", "nine", None),
    ("slots[0].start", 9, None),
    ("slots[0].start", "0001-01-01T00:00:00+14:00", None),
    ("slots[0].end", "2026-11-24T09:00:00+08:00", None),
    ("slots[1].start", "2026-11-24T09:20:00+08:00", None),
    ("slots[1].block", 7, None),
    ("slots[2].block", "am", []),
    ("slots[1].block", "pm", []),
    ("slots[0].block", "pm", ["slots[2].block"]),
    ("walking_minutes[0]", [], None),
    ("walking_minutes[0].from", "h9", None),
    ("walking_minutes[0].to", None, None),
    ("walking_minutes[0].minutes", -1, None),
    ("walking_minutes[0].minutes", "7", None),
    ("walking_minutes[0].minutes", True, None),
    ("walking_minutes[0].minutes", float("nan"), None),
    ("walking_minutes[0].minutes", 10**400, None),
    ("walking_minutes[1]", {"from": "h2", "to": "h1", "minutes": 8}, ["walking_minutes[1].minutes"]),
    ("walking_minutes[1]", {"from": "h2", "to": "h1", "minutes": 7}, []),
    ("walking_minutes[0].odd", 1, None),
    ("places[0].id", 5, None),
    ("places[0].hall", "h9", None),
    ("places[0].kind", "chair", None),
    ("places[0].firm", "a", None),
    ("places[1].firm", None, None),
    ("places[1].firm", "z", None),
    ("places[0].partners", ["a"], None),
    ("places[1].partners", None, None),
    ("places[1].partners", "a", None),
    ("places[1].partners", ["a", "a"], None),
    ("places[1].partners", ["b"], None),
    ("places[1].partners[0]", "z", None),
    ("places[0].capacity", -1, None),
    ("places[0].capacity", 1.5, None),
    ("places[0].capacity", None, None),
    ("places[0].unavailable", None, None),
    ("places[0].unavailable[0]", "s9", None),
    ("places[0].odd", 1, None),
    ("firms[0].name", None, None),
    ("firms[0].tier", "sidestream", None),
    ("firms[0].areas", "digital", None),
    ("firms[0].areas[0]", "", ["firms[0].areas"]),
    ("firms[0].country", 86, None),
    ("firms[0].max_per_day", -1, None),
    ("firms[0].max_per_day", "4", None),
    ("firms[0].min_meetings", None, None),
    ("firms[0].odd", 1, None),
    ("attendees[0].id", "b1", ["attendees[1].id", "requests[0].from_attendees[0]"]),
    ("attendees[1].firm", "z", ["attendees[1].firm", "requests[0].to_attendees[1]"]),
    ("attendees[0].languages", "zh", None),
    ("attendees[0].unavailable[1]", 3, None),
    ("attendees[0].max_per_day", True, None),
    ("attendees[2].changed_before", -1, None),
    ("attendees[2].changed_before", 1.0, None),
    ("attendees[2].changed_before", True, None),
    ("attendees[2].changed_before", None, None),
    ("attendees[2].changed_before", 0, []),
    ("attendees[0].hours", "09:00", None),
    ("attendees[0].hours", {}, []),
    ("attendees[0].hours.odd", 1, None),
    ("attendees[0].hours.from", "9:00", None),
    ("attendees[0].hours.from", "24:00", None),
    ("attendees[0].hours.to", 13, None),
    ("attendees[0].hours.to", "08:00", None),
    ("attendees[0].hours.to", None, []),
    ("attendees[2].max_in_row", 0, None),
    ("attendees[2].max_in_row", True, None),
    ("attendees[2].max_in_row", None, []),
    ("attendees[2].max_days", 0, None),
    ("attendees[2].max_days", "2", None),
    ("attendees[2].max_days", None, []),
    ("attendees[0].odd", 1, None),
    ("interpreters[0].id", "a1", None),
    ("interpreters[0].languages[0]", 1, ["interpreters[0].languages"]),
    ("interpreters[0].unavailable[0]", "s9", None),
    ("interpreters[0].odd", 1, None),
    ("requests[1].from", "z", None),
    ("requests[1].to", "z", None),
    ("requests[1].to", "b", None),
    ("requests[0].weight", 0, None),
    ("requests[0].weight", 2.0, None),
    ("requests[0].length", 0, None),
    ("requests[0].from_attendees[0]", "z1", None),
    ("requests[0].from_attendees[0]", "b1", None),
    ("requests[0].to_attendees[1]", "b2", ["requests[0].to_attendees"]),
    ("requests[0].to_attendees", "b1", None),
    ("requests[1].excluded", "b1", None),
    ("requests[1].excluded", None, None),
    ("requests[1].excluded", [], []),
    ("requests[1].excluded", ["b1", "b2"], []),
    ("requests[1].excluded[0]", "z1", None),
    ("requests[1].excluded[0]", 7, None),
    ("requests[1].excluded", ["b1", "b1"], None),
    ("requests[1].excluded[0]", "c1", None),
    ("requests[0].excluded", ["b1"], ["requests[0].excluded[0]"]),
    ("requests[0].excluded", ["a1"], ["requests[0].excluded[0]"]),
    ("requests[0].place", "bar", None),
    ("requests[0].slots[1]", "s9", None),
    ("requests[0].slots[1]", "s1", ["requests[0].slots"]),
    ("requests[0].slots", "s1", None),
    ("requests[0].slots", [], []),
    ("requests[0].fixed", "s1", None),
    ("requests[0].fixed.slot", "s9", None),
    ("requests[0].fixed.place", "t9", None),
    ("requests[0].fixed.place", None, []),
    ("requests[0].fixed.odd", 1, None),
    ("requests[0].fixed.must", 1, None),
    ("requests[0].fixed.must", True, []),
    ("requests[0].odd", 1, None),
    ("precedences[0].before", "r9", None),
    ("precedences[0].after", "r9", None),
    ("precedences[0].after", "r2", None),
    ("precedences[0].odd", 1, None),
    ("published", {}, None),
    ("published[0]", "r1", None),
    ("published[0].request", "", None),
    ("published[1].request", "r1", None),
    ("published[0].slot", None, None),
    ("published[0].place", 1, None),
    ("published[0].attendees", "a1", None),
    ("published[0].attendees[0]", "", ["published[0].attendees"]),
    ("published[0].interpreter", "", None),
    ("published[0].odd", 1, None),
    ("frozen_until", "tomorrow", None),
    ("frozen_until", "2026-11-24T09:30:00", None),
    ("frozen_until", None, []),
    ("policy", None, None),
    ("policy.require_all", 1, None),
    ("firm_groups", None, None),
    ("firm_groups", [{"id": str(k), "firms": []} for k in range(101)], None),
    ("firm_groups[0]", "home", None),
    ("firm_groups[0].id", "", None),
    ("firm_groups[0].id", 1, None),
    ("firm_groups[0].firms", "a", None),
    ("firm_groups[0].firms[0]", "z", None),
    ("firm_groups[0].odd", 1, None),
    ("policy.factors.group_gap", -1, None),
    ("policy.group_by", "size", None),
    ("policy.group_by", ["tier"], None),
    ("policy.fair_share", 1.01, None),
    ("policy.fair_share", -0.1, None),
    ("policy.fair_share", "0.5", None),
    ("policy.fair_shares", None, None),
    ("policy.fair_shares", [{"share": 1}] * 101, None),
    ("policy.fair_shares[0]", 0.5, None),
    ("policy.fair_shares[0].share", 0, None),
    ("policy.fair_shares[0].share", 1.01, None),
    ("policy.fair_shares[0].price", 0, None),
    ("policy.fair_shares[0].odd", 1, None),
    ("policy.idle_counts", "runs", None),
    ("policy.max_idle_spread", -1, None),
    ("policy.max_idle_spread", None, []),
    ("policy.max_moved", 0.5, None),
    ("policy.max_pair_per_day", 0, None),
    ("policy.max_pair_per_day", "1", None),
    ("policy.max_pair_per_day", None, []),
    ("policy.max_in_row", 0, None),
    ("policy.max_in_row", 1.5, None),
    ("policy.max_in_row", None, []),
    ("policy.max_days", 0, None),
    ("policy.max_days", 1.5, None),
    ("policy.max_days", None, []),
    ("policy.reassigned_counts", "moved", None),
    ("policy.reassigned_counts", None, None),
    ("policy.reassigned_counts", "same_start", []),
    ("policy.factors", [], None),
    ("policy.factors.idle", -1, None),
    ("policy.factors.idle", "10", None),
    ("policy.factors.idle", float("inf"), None),
    ("policy.factors.odd", 1, None),
    ("requests[0].length", 10**12, None),
    ("requests[0].weight", 10**30, None),
    ("requests[0].weight", float("inf"), None),
    ("requests[0].weight", 10**12, []),
    ("places[0].capacity", 10**20, None),
    ("firms[0].max_per_day", 10**10, None),
    ("firms[0].min_meetings", 10**10, None),
    ("attendees[0].max_per_day", 2**31, None),
    ("attendees[2].changed_before", 10**6, []),
    ("attendees[2].changed_before", 10**6 + 1, None),
    ("walking_minutes[0].minutes", 1e30, None),
    ("policy.max_moved", 10**10, None),
    ("policy.factors.idle", 1e300, None),
    ("policy.factors.served", 10**12, []),
    ("policy.odd", 1, None),
]


def fault_paths(document: Any) -> list[str]:
    try:
        read_problem(document)
    except MalformedProblem as error:
        return [fault.path for fault in error.faults]
    return []


@pytest.mark.parametrize(("path", "value", "paths"), FAULTS)
def test_each_fault_is_named_by_its_path(path: str, value: Any, paths: list[str] | None) -> None:
    assert fault_paths(with_value(WHOLE, path, value)) == ([path] if paths is None else paths)


@pytest.mark.parametrize(
    ("path", "value", "first"),
    [
        ("slots", {}, "slots"),
        ("slots[0]", "s0", "slots[0]"),
        ("slots[0].id", "", "slots[0].id"),
        ("slots[1].id", "s2", "slots[2].id"),
        ("halls", "h1", "halls"),
        ("halls[0]", "", "halls[0]"),
        ("halls[1]", "h1", "halls[1]"),
        ("halls[0]", [], "halls[0]"),
        ("firms[0].id", None, "firms[0].id"),
        ("requests[0].id", 5, "requests[0].id"),
    ],
)
def test_a_fault_that_makes_others_stands_before_them(path: str, value: Any, first: str) -> None:
    assert fault_paths(with_value(WHOLE, path, value))[0] == first


def rows_of(document: Json) -> list[tuple[str, str]]:
    """Return every row that has keys, and its required keys."""
    required = {
        "event": ["name", "timezone"],
        "slots[0]": ["id", "start", "end", "block"],
        "walking_minutes[0]": ["from", "to", "minutes"],
        "places[0]": ["id", "hall", "kind"],
        "firms[0]": ["id", "name", "tier", "areas", "country"],
        "attendees[0]": ["id", "firm", "languages"],
        "interpreters[0]": ["id", "languages"],
        "requests[0]": ["id", "from", "to", "weight", "place"],
        "requests[0].fixed": ["slot"],
        "precedences[0]": ["before", "after"],
        "published[0]": ["request", "slot", "place", "attendees"],
    }
    return [(row, key) for row, keys in required.items() for key in keys]


@pytest.mark.parametrize(("row", "key"), rows_of(WHOLE))
def test_a_key_that_is_missing_is_named(row: str, key: str) -> None:
    document = copy.deepcopy(WHOLE)
    at: Any = document
    for step in re.findall(r"[^.\[\]]+", row):
        at = at[int(step) if step.isdigit() else step]
    del at[key]
    assert f"{row}.{key}" in fault_paths(document)


@pytest.mark.parametrize(
    "key", ["format", "event", "slots", "halls", "places", "firms", "attendees", "requests"]
)
def test_a_part_that_is_missing_is_named(key: str) -> None:
    assert key in fault_paths({k: value for k, value in WHOLE.items() if k != key})


@pytest.mark.parametrize("document", [None, [], "problem", 5])
def test_a_problem_file_is_one_object(document: Any) -> None:
    assert fault_paths(document) == [""]


def test_all_faults_are_told_at_once_as_sentences_with_their_paths() -> None:
    document = with_value(with_value(WHOLE, "requests[0].weight", 0), "policy.odd", 1)
    with pytest.raises(MalformedProblem) as refused:
        read_problem(document)
    assert refused.value.faults == (
        Fault("requests[0].weight", "must be an integer, 1 or more"),
        Fault("policy.odd", "unknown key"),
    )
    assert str(refused.value) == "requests[0].weight: must be an integer, 1 or more\npolicy.odd: unknown key"


def test_a_block_does_not_go_on_to_another_day_of_the_events_time_zone() -> None:
    start = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    slots = [
        {
            "id": f"s{i}",
            "start": (start + timedelta(minutes=30 * i)).isoformat(),
            "end": (start + timedelta(minutes=30 * i + 25)).isoformat(),
            "block": "late",
        }
        for i in range(2)
    ]
    assert fault_paths(make_document(slots=slots, timezone="UTC")) == []
    assert fault_paths(make_document(slots=slots, timezone="Asia/Shanghai")) == ["slots[1].block"]


def test_a_score_whose_points_a_float_would_lose_is_refused() -> None:
    heavy = with_value(WHOLE, "requests[0].weight", 10**11)
    assert fault_paths(with_value(heavy, "policy.factors.served", 90_000)) == []
    assert fault_paths(with_value(heavy, "policy.factors.served", 91_000)) == ["policy.factors"]


@pytest.mark.parametrize(
    "key", ["slots", "halls", "places", "firms", "attendees", "requests", "interpreters", "published"]
)
@pytest.mark.parametrize("value", [None, {}, "list", 5])
def test_a_list_that_is_none_is_one_fault_however_many_refer_to_it(key: str, value: Any) -> None:
    assert fault_paths({**WHOLE, key: value}) == [key]


def test_the_sentence_of_very_many_faults_counts_those_it_leaves_out() -> None:
    document = make_document(requests=[ask(f"r{i}", "a", "b", weight=0) for i in range(500)])
    with pytest.raises(MalformedProblem) as refused:
        read_problem(document)
    lines = str(refused.value).splitlines()
    assert len(refused.value.faults) == 500
    assert len(lines) == 31
    assert lines[-1] == "... and 470 more, 500 faults in all"
