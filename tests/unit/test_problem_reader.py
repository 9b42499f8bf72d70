from __future__ import annotations

import copy
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from scheduler.domain.entities import PlaceKind, PlaceWish, Tier
from scheduler.domain.errors import Fault, MalformedProblem
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import (
    DEFAULT_FACTORS,
    Attendee,
    Firm,
    Fixed,
    Interpreter,
    Place,
    Policy,
    Problem,
    Request,
    Slot,
)
from tests.builders import ask, make_document, make_problem

Json = dict[str, Any]

# Every key of the format, each with a value that is not its default.
WHOLE: Json = {
    "format": "chainmeet.problem/1",
    "event": {"name": "链博会", "timezone": "Asia/Shanghai"},
    "slots": [
        {"id": "s0", "start": "2026-11-24T09:00:00+08:00", "end": "2026-11-24T09:25:00+08:00", "block": "am"},
        {"id": "s1", "start": "2026-11-24T09:30:00+08:00", "end": "2026-11-24T09:55:00+08:00", "block": "am"},
        {"id": "s2", "start": "2026-11-24T05:00:00+00:00", "end": "2026-11-24T05:25:00+00:00", "block": "pm"},
    ],
    "halls": ["h1", "h2", "h3"],
    "walking_minutes": [
        {"from": "h1", "to": "h2", "minutes": 7},
        {"from": "h3", "to": "h1", "minutes": 2.5},
    ],
    "places": [
        {"id": "t1", "hall": "h1", "kind": "table", "firm": None, "capacity": 3, "unavailable": ["s1"]},
        {"id": "x1", "hall": "h2", "kind": "booth", "firm": "b", "capacity": 1, "unavailable": []},
    ],
    "firms": [
        {
            "id": "a", "name": "Acme", "tier": "upstream", "areas": ["digital"], "country": "CN",
            "max_per_day": 4, "min_meetings": 2,
        },
        {
            "id": "b", "name": "Bcme", "tier": "downstream", "areas": [], "country": "DE",
            "max_per_day": None, "min_meetings": 0,
        },
    ],
    "attendees": [
        {"id": "a1", "firm": "a", "languages": ["zh", "en"], "unavailable": ["s0", "s2"], "max_per_day": 6},
        {"id": "b1", "firm": "b", "languages": ["de"], "unavailable": [], "max_per_day": None},
        {"id": "b2", "firm": "b", "languages": [], "unavailable": [], "max_per_day": None},
    ],
    "interpreters": [{"id": "i1", "languages": ["de", "zh"], "unavailable": ["s2"]}],
    "requests": [
        {
            "id": "r1", "from": "a", "to": "b", "weight": 5, "length": 2, "from_attendees": ["a1"],
            "to_attendees": ["b2", "b1"], "place": "booth", "slots": ["s1", "s0"],
            "fixed": {"slot": "s0", "place": "x1"},
        },
        {
            "id": "r2", "from": "b", "to": "a", "weight": 1, "length": 1, "from_attendees": [],
            "to_attendees": [], "place": "any", "slots": None, "fixed": {"slot": "s1"},
        },
    ],
    "precedences": [{"before": "r2", "after": "r1"}],
    "published": [
        {"request": "r1", "slot": "s0", "place": "x1", "attendees": ["a1", "b1"], "interpreter": "i1"},
        {"request": "gone", "slot": "gone", "place": "gone", "attendees": ["gone"], "interpreter": None},
    ],
    "frozen_until": "2026-11-24T09:30:00+08:00",
    "policy": {
        "require_all": True, "fair_share": 0.5, "idle_counts": "breaks", "max_idle_spread": 2,
        "max_moved": 0, "factors": {"idle": 3, "moved": 0.5},
    },
}  # fmt: skip


def read(document: Json) -> Problem:
    return Problem.from_json(copy.deepcopy(document))


def test_every_key_of_the_format_is_read() -> None:
    shanghai = timezone(timedelta(hours=8))

    def at(hour: int, minute: int) -> datetime:
        return datetime(2026, 11, 24, hour, minute, tzinfo=shanghai)

    assert read(WHOLE) == Problem(
        name="链博会",
        timezone="Asia/Shanghai",
        slots=(
            Slot("s0", at(9, 0), at(9, 25), "am"),
            Slot("s1", at(9, 30), at(9, 55), "am"),
            Slot("s2", at(13, 0), at(13, 25), "pm"),
        ),
        halls=("h1", "h2", "h3"),
        walking=((0, 7, 2.5), (7, 0, 0), (2.5, 0, 0)),
        places=(
            Place("t1", 0, PlaceKind.TABLE, None, 3, frozenset((1,))),
            Place("x1", 1, PlaceKind.BOOTH, 1, 1),
        ),
        firms=(
            Firm("a", "Acme", Tier.UPSTREAM, ("digital",), "CN", 4, 2),
            Firm("b", "Bcme", Tier.DOWNSTREAM, (), "DE", None, 0),
        ),
        attendees=(
            Attendee("a1", 0, frozenset(("zh", "en")), frozenset((0, 2)), 6),
            Attendee("b1", 1, frozenset(("de",))),
            Attendee("b2", 1, frozenset()),
        ),
        interpreters=(Interpreter("i1", frozenset(("de", "zh")), frozenset((2,))),),
        requests=(
            Request("r1", 0, 1, 5, 2, (0,), (2, 1), PlaceWish.BOOTH, (1, 0), Fixed(0, 1)),
            Request("r2", 1, 0, 1, fixed=Fixed(1)),
        ),
        precedences=((1, 0),),
        published=(
            Meeting("r1", "s0", "x1", ("a1", "b1"), "i1"),
            Meeting("gone", "gone", "gone", ("gone",), None),
        ),
        frozen_until=at(9, 30),
        policy=Policy(True, 0.5, "breaks", 2, 0, {**DEFAULT_FACTORS, "idle": 3, "moved": 0.5}),
    )


def test_what_has_a_default_may_be_left_out() -> None:
    document = {
        "format": "chainmeet.problem/1",
        "event": {"name": "", "timezone": "UTC"},
        "slots": [],
        "halls": ["h"],
        "places": [{"id": "t", "hall": "h", "kind": "table"}],
        "firms": [
            {"id": id, "name": "", "tier": "midstream", "areas": [], "country": ""} for id in ("a", "b")
        ],
        "attendees": [{"id": "p", "firm": "a", "languages": []}],
        "requests": [{"id": "r", "from": "a", "to": "b", "weight": 1, "place": "any"}],
    }
    assert read(document) == Problem(
        name="",
        timezone="UTC",
        slots=(),
        halls=("h",),
        walking=((0,),),
        places=(Place("t", 0, PlaceKind.TABLE),),
        firms=(Firm("a", "", Tier.MIDSTREAM, (), ""), Firm("b", "", Tier.MIDSTREAM, (), "")),
        attendees=(Attendee("p", 0, frozenset()),),
        interpreters=(),
        requests=(Request("r", 0, 1, 1),),
    )


def test_the_default_policy_is_that_of_the_page() -> None:
    assert make_problem().policy == Policy(
        require_all=False,
        fair_share=0.0,
        idle_counts="slots",
        max_idle_spread=None,
        max_moved=None,
        factors={
            "served": 100, "shortfall": 2000, "idle": 10, "hall_change": 4, "moved": 60, "relocated": 15,
            "reassigned": 30, "dropped": 400,
        },
    )  # fmt: skip


def test_a_problem_comes_back_from_its_json_with_every_key() -> None:
    problem = read(WHOLE)
    written = problem.to_json()
    assert read(written) == problem
    assert written.keys() == WHOLE.keys()
    for key in ("event", "halls", "places", "firms", "interpreters", "requests", "precedences", "published"):
        rows = written[key]
        assert _in_order(rows) == _in_order(WHOLE[key])


def _in_order(value: Any) -> Any:
    """Languages and unavailable slots are sets."""
    text = json.dumps(value, sort_keys=True)
    return re.sub(r'"languages": \[(.*?)\]', lambda found: str(sorted(found[1].split(", "))), text)


def test_the_fingerprint_is_that_of_the_canonical_json_of_the_file() -> None:
    canonical = json.dumps(WHOLE, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    expected = hashlib.sha256(canonical.encode()).hexdigest()
    assert read(WHOLE).fingerprint == expected
    other_order = dict(reversed(list(WHOLE.items())))
    assert read(other_order).fingerprint == expected
    assert read({**WHOLE, "frozen_until": None}).fingerprint != expected


# Faults by path

FAULTS = [
    # path, value, paths of the faults (the path itself unless said otherwise)
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
    ("policy.fair_share", 1.01, None),
    ("policy.fair_share", -0.1, None),
    ("policy.fair_share", "0.5", None),
    ("policy.idle_counts", "runs", None),
    ("policy.max_idle_spread", -1, None),
    ("policy.max_idle_spread", None, []),
    ("policy.max_moved", 0.5, None),
    ("policy.factors", [], None),
    ("policy.factors.idle", -1, None),
    ("policy.factors.idle", "10", None),
    ("policy.factors.idle", float("inf"), None),
    ("policy.factors.odd", 1, None),
    ("policy.odd", 1, None),
]


def with_value(document: Json, path: str, value: Any) -> Json:
    changed = copy.deepcopy(document)
    at: Any = changed
    *way, last = [int(key) if key.isdigit() else key for key in re.findall(r"[^.\[\]]+", path)]
    for key in way:
        at = at[key]
    at[last] = value
    return changed


def fault_paths(document: Any) -> list[str]:
    try:
        Problem.from_json(document)
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
    """Every row with keys, and each key that it cannot do without."""
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
        read(document)
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


# What a problem knows of itself


def test_the_days_are_counted_in_the_time_zone_of_the_event() -> None:
    assert make_problem(slots="2|1 1").days == (0, 0, 0, 1)


def test_the_room_ahead_ends_with_the_block() -> None:
    assert make_problem(slots="3|1 2").room_ahead == (3, 2, 1, 1, 2, 1)


def test_floors_are_at_most_the_requests_of_a_firm() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b"), ask("r2", "a", "c")], fair_share=0.6)
    assert problem.floors == (2, 1, 1)


def test_the_attendees_of_a_firm_are_found() -> None:
    assert read(WHOLE).firm_attendees == ((0,), (1, 2))
