"""A problem file with every key of the format, each with a non-default value."""

from __future__ import annotations

import copy
import re
from typing import Any

Json = dict[str, Any]

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
        {
            "id": "x1", "hall": "h2", "kind": "booth", "firm": "b", "capacity": 1, "unavailable": [],
            "partners": ["a"],
        },
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
        {
            "id": "a1", "firm": "a", "languages": ["zh", "en"], "unavailable": ["s0", "s2"], "max_per_day": 6,
            "hours": {"from": "08:00", "to": "13:00"},
        },
        {"id": "b1", "firm": "b", "languages": ["de"], "unavailable": [], "max_per_day": None},
        {
            "id": "b2", "firm": "b", "languages": [], "unavailable": [], "max_per_day": None,
            "changed_before": 3, "max_in_row": 4, "max_days": 2,
        },
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
            "to_attendees": [], "excluded": ["b1"], "place": "any", "slots": None, "fixed": {"slot": "s1"},
        },
    ],
    "precedences": [{"before": "r2", "after": "r1"}],
    "published": [
        {"request": "r1", "slot": "s0", "place": "x1", "attendees": ["a1", "b1"], "interpreter": "i1"},
        {"request": "gone", "slot": "gone", "place": "gone", "attendees": ["gone"], "interpreter": None},
    ],
    "frozen_until": "2026-11-24T09:30:00+08:00",
    "firm_groups": [{"id": "home", "firms": ["a"]}],
    "policy": {
        "require_all": True, "fair_share": 0.5, "idle_counts": "breaks", "max_idle_spread": 2,
        "max_moved": 0, "reassigned_counts": "any_start", "fair_shares": [{"share": 0.5, "price": 2}],
        "group_by": "tier",
        "max_pair_per_day": 1, "max_in_row": 3, "max_days": 1,
        "factors": {"idle": 3, "moved": 0.5},
    },
}  # fmt: skip


def with_value(document: Json, path: str, value: Any) -> Json:
    """Return a copy of a document with one value set, by a path like `requests[0].weight`."""
    changed = copy.deepcopy(document)
    at: Any = changed
    *way, last = [int(key) if key.isdigit() else key for key in re.findall(r"[^.\[\]]+", path)]
    for key in way:
        at = at[key]
    at[last] = value
    return changed
