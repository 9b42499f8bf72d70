"""When a proven bound of one problem is valid for another."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

Json = dict[str, Any]

_ELSEWHERE = {"event", "published", "frozen_until", "policy", "attendees"}
"""Keys of a problem file that are compared individually. All others must be equal."""
_OF_CHANGES = {"max_moved", "reassigned_counts"}
"""Policy keys that concern only changes to the published schedule."""


def is_bound_valid(before: Json, now: Json) -> bool:
    """Return True if no plan of problem file `now` can score more than the best plan of `before`.

    Both files have every key that is not at its default, as the writer emits them. A published schedule only
    lowers scores. Freezing more, or a smaller change budget, only removes feasible plans.
    """
    return (
        all(before.get(key) == now.get(key) for key in before.keys() | now.keys() if key not in _ELSEWHERE)
        and before["event"]["timezone"] == now["event"]["timezone"]
        and _others(before) == _others(now)
        and _attendees(before) == _attendees(now)
        and (not before["published"] or _keeps_published(before, now))
        and frozen_until_timestamp(before) <= frozen_until_timestamp(now)
    )


def _others(document: Json) -> Json:
    """Return the policy without the keys that are compared individually."""
    return {key: value for key, value in document["policy"].items() if key not in _OF_CHANGES}


def _keeps_published(before: Json, now: Json) -> bool:
    """Return True if the published schedule is the same and changing it is no cheaper or less limited."""
    old, new = before["policy"], now["policy"]
    dearer = old.get("reassigned_counts") in (None, new.get("reassigned_counts"))
    dearer = dearer and all(was <= n for was, n in zip(_changes(before), _changes(now), strict=True))
    return _by_request(before) == _by_request(now) and dearer and _budget(new) <= _budget(old)


def _attendees(document: Json) -> list[Json]:
    """Return the attendees without their earlier changes, which only concern changes to the schedule."""
    return [
        {key: value for key, value in row.items() if key != "changed_before"} for row in document["attendees"]
    ]


def _changes(document: Json) -> list[int]:
    """Return the earlier changes of each attendee."""
    return [row.get("changed_before", 0) for row in document["attendees"]]


def _budget(policy: Json) -> float:
    limit = policy["max_moved"]
    return math.inf if limit is None else float(limit)


def _by_request(document: Json) -> dict[str, Json]:
    return {meeting["request"]: meeting for meeting in document["published"]}


def frozen_until_timestamp(document: Json) -> float:
    """Return the end of the freeze window as a Unix timestamp in seconds, or 0 if there is none."""
    until = document["frozen_until"]
    return 0.0 if until is None else datetime.fromisoformat(until).timestamp()
