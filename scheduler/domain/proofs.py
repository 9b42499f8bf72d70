"""When a bound that was proved of one problem holds of another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Json = dict[str, Any]

_ELSEWHERE = {"event", "published", "frozen_until"}
"""The keys of a problem file that are looked at one by one; all others have to be the same."""


def still_holds(before: Json, now: Json) -> bool:
    """Whether no plan of problem file `now` scores more than the best one of `before`.

    Both have every key, as the writer gives them. Published meetings only take points away, and what is
    frozen only takes plans away.
    """
    return (
        all(before[key] == now[key] for key in before.keys() | now.keys() if key not in _ELSEWHERE)
        and before["event"]["timezone"] == now["event"]["timezone"]
        and (not before["published"] or _by_request(before) == _by_request(now))
        and _frozen(before) <= _frozen(now)
    )


def _by_request(document: Json) -> dict[str, Json]:
    return {meeting["request"]: meeting for meeting in document["published"]}


def _frozen(document: Json) -> float:
    until = document["frozen_until"]
    return 0.0 if until is None else datetime.fromisoformat(until).timestamp()
