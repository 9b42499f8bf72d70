"""When a bound that was proved of one problem holds of another."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

Json = dict[str, Any]

_ELSEWHERE = {"event", "published", "frozen_until", "policy"}
"""The keys of a problem file that are looked at one by one. All others have to be the same."""
_OF_CHANGES = {"max_moved", "reassigned_counts"}
"""The keys of its policy that are only about changes of what is published."""


def is_bound_valid(before: Json, now: Json) -> bool:
    """Whether no plan of problem file `now` scores more than the best one of `before`.

    Both have every key, as the writer gives them. Published meetings only take points away, and what is
    frozen, or a smaller budget of changes, only takes plans away.
    """
    return (
        all(before[key] == now[key] for key in before.keys() | now.keys() if key not in _ELSEWHERE)
        and before["event"]["timezone"] == now["event"]["timezone"]
        and _others(before) == _others(now)
        and (not before["published"] or _keeps_published(before, now))
        and frozen_until_timestamp(before) <= frozen_until_timestamp(now)
    )


def _others(document: Json) -> Json:
    """The policy, but for what is looked at by itself."""
    return {key: value for key, value in document["policy"].items() if key not in _OF_CHANGES}


def _keeps_published(before: Json, now: Json) -> bool:
    """Whether the same plan is published, and its changes are no cheaper and no more may be made."""
    old, new = before["policy"], now["policy"]
    dearer = old.get("reassigned_counts") in (None, new.get("reassigned_counts"))
    return _by_request(before) == _by_request(now) and dearer and _budget(new) <= _budget(old)


def _budget(policy: Json) -> float:
    limit = policy["max_moved"]
    return math.inf if limit is None else float(limit)


def _by_request(document: Json) -> dict[str, Json]:
    return {meeting["request"]: meeting for meeting in document["published"]}


def frozen_until_timestamp(document: Json) -> float:
    """Until when a problem file freezes meetings, in seconds since 1970. 0 without an end."""
    until = document["frozen_until"]
    return 0.0 if until is None else datetime.fromisoformat(until).timestamp()
