from __future__ import annotations

import copy
import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

from scheduler.domain.entities import PlaceKind, PlaceWish, Tier
from scheduler.domain.firm_groups import FirmGroup, GroupBy
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import (
    DEFAULT_FACTORS,
    Attendee,
    FairShare,
    Firm,
    Fixed,
    Interpreter,
    Place,
    Policy,
    Problem,
    Request,
    Slot,
)
from scheduler.files.problem_file import problem_fingerprint, read_problem, write_problem
from tests.support.builders import ask, make_problem
from tests.unit.files.whole_problem import WHOLE, Json


def read(document: Json) -> Problem:
    return read_problem(copy.deepcopy(document))


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
            Place("x1", 1, PlaceKind.BOOTH, 1, 1, partners=frozenset((0,))),
        ),
        firms=(
            Firm("a", "Acme", Tier.UPSTREAM, ("digital",), "CN", 4, 2),
            Firm("b", "Bcme", Tier.DOWNSTREAM, (), "DE", None, 0),
        ),
        attendees=(
            Attendee("a1", 0, frozenset(("zh", "en")), frozenset((0, 2)), 6),
            Attendee("b1", 1, frozenset(("de",))),
            Attendee("b2", 1, frozenset(), changed_before=3, max_in_row=4, max_days=2),
        ),
        interpreters=(Interpreter("i1", frozenset(("de", "zh")), frozenset((2,))),),
        requests=(
            Request("r1", 0, 1, 5, 2, (0,), (2, 1), PlaceWish.BOOTH, (1, 0), Fixed(0, 1)),
            Request("r2", 1, 0, 1, fixed=Fixed(1), excluded=frozenset((1,))),
        ),
        precedences=((1, 0),),
        published=(
            Meeting("r1", "s0", "x1", ("a1", "b1"), "i1"),
            Meeting("gone", "gone", "gone", ("gone",), None),
        ),
        frozen_until=at(9, 30),
        named_groups=(FirmGroup("home", (0,)),),
        policy=Policy(
            True,
            0.5,
            "breaks",
            2,
            0,
            {**DEFAULT_FACTORS, "idle": 3, "moved": 0.5},
            "any_start",
            (FairShare(0.5, 2),),
            GroupBy.TIER,
            max_pair_per_day=1,
            max_in_row=3,
            max_days=1,
        ),
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
    written = write_problem(problem)
    assert read(written) == problem
    assert written.keys() == WHOLE.keys()
    for key in ("event", "halls", "places", "firms", "interpreters", "requests", "precedences", "published"):
        rows = written[key]
        assert _in_order(rows) == _in_order(WHOLE[key])


def _in_order(value: Any) -> Any:
    """Sort languages and unavailable slots, which are sets."""
    text = json.dumps(value, sort_keys=True)
    return re.sub(r'"languages": \[(.*?)\]', lambda found: str(sorted(found[1].split(", "))), text)


def test_the_fingerprint_is_that_of_the_canonical_json_of_the_file() -> None:
    canonical = json.dumps(WHOLE, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    expected = hashlib.sha256(canonical.encode()).hexdigest()
    assert problem_fingerprint(read(WHOLE)) == expected
    other_order = dict(reversed(list(WHOLE.items())))
    assert problem_fingerprint(read(other_order)) == expected
    assert problem_fingerprint(read({**WHOLE, "frozen_until": None})) != expected


# Derived properties of a problem


def test_the_days_are_counted_in_the_time_zone_of_the_event() -> None:
    assert make_problem(slots="2|1 1").days == (0, 0, 0, 1)


def test_the_room_ahead_ends_with_the_block() -> None:
    assert make_problem(slots="3|1 2").room_ahead == (3, 2, 1, 1, 2, 1)


def test_floors_are_at_most_the_requests_of_a_firm() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b"), ask("r2", "a", "c")], fair_share=0.6)
    assert problem.floors == (2, 1, 1)


def test_the_attendees_of_a_firm_are_found() -> None:
    assert read(WHOLE).firm_attendees == ((0,), (1, 2))
