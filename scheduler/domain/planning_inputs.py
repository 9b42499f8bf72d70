"""Compact digest of a plan's inputs, and the difference between two of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scheduler.domain.bound_reuse import frozen_until_timestamp

Json = dict[str, Any]

LISTS: Final = ("slots", "places", "firms", "attendees", "interpreters", "requests")
"""Lists of a problem file whose rows have ids. Changes are counted per row."""
SINGLE_KEYS: Final = ("walking_minutes", "halls", "precedences")
NEWER_KEYS: Final = ("firm_groups",)
"""Single keys that the writer omits at their default, and that inputs of earlier releases lack."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One change between two inputs.

    `kind` is "policy" (`names` are its keys or terms), a list or single key of a problem file, "timezone",
    "published" (the published schedule is not the plan that was made), "frozen" (less is frozen), "limit"
    (the last run used its whole change budget), or "unknown" (the inputs of the last plan are unknown).

    `new`, `gone` and `changed` count rows.
    """

    kind: str
    names: tuple[str, ...] = ()
    new: int = 0
    gone: int = 0
    changed: int = 0

    def to_json(self) -> Json:
        counts = {"new": self.new, "gone": self.gone, "changed": self.changed}
        return {"kind": self.kind, "names": list(self.names), **counts}


def planning_inputs(document: Json, wishes: Mapping[str, Sequence[str]] | None = None) -> Json:
    """Return the policy and digests of all plan inputs in a problem file, except the published schedule.

    Parameters
    ----------
    document
        The file with every key, as the writer emits it.
    wishes
        Preferred slots by request, which override those of the request's row.

    Returns
    -------
    Json
        To be stored and passed to `diff_inputs`. About 12 octets per row.
    """
    return {
        "timezone": document["event"]["timezone"],
        "policy": dict(document["policy"]),
        "frozen": frozen_until_timestamp(document),
        "wishes": {id: _digest(list(slots)) for id, slots in (wishes or {}).items()},
        **{name: {row["id"]: _digest(_without_changes(row)) for row in document[name]} for name in LISTS},
        **{name: _digest(document[name]) for name in SINGLE_KEYS},
        **{name: _digest(document[name]) for name in NEWER_KEYS if name in document},
    }


def diff_inputs(before: Json, now: Json) -> list[Difference]:
    """Return the differences between two inputs, the policy first.

    Parameters
    ----------
    before, now
        Results of `planning_inputs`.

    Returns
    -------
    list[Difference]
        Empty if a plan for one is as good for the other. A freeze that only advances with time is no
        difference. Nor is a preference that is gone because it was granted.
    """
    found: list[Difference] = []
    if names := _policy(before["policy"], now["policy"]):
        found.append(Difference("policy", tuple(names)))
    for name in LISTS:
        old, new = before[name], now[name]
        both = old.keys() & new.keys()
        counts = {
            "new": len(new.keys() - old.keys()),
            "gone": len(old.keys() - new.keys()),
            "changed": sum(old[id] != new[id] for id in both),
        }
        if name == "requests":
            counts["changed"] += sum(old[id] == new[id] for id in _wishes(before, now) & both)
        if any(counts.values()):
            found.append(Difference(name, **counts))
    found += [Difference(name) for name in (*SINGLE_KEYS, "timezone") if before[name] != now[name]]
    found += [Difference(name) for name in NEWER_KEYS if before.get(name) != now.get(name)]
    if now["frozen"] < before["frozen"]:
        found.append(Difference("frozen"))
    return found


def _without_changes(row: Json) -> Json:
    """Return a row without a person's earlier changes.

    They only make it dearer to change the plan again, and rise with each one that is published.
    """
    return {key: value for key, value in row.items() if key != "changed_before"}


def _wishes(before: Json, now: Json) -> set[str]:
    """Return the requests with different preferred slots than before."""
    old = before.get("wishes", {})  # absent in inputs stored by earlier releases
    return {id for id, slots in now["wishes"].items() if old.get(id) != slots}


def _policy(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the policy keys that differ, with factors by term."""
    one, two = ({**policy["factors"], **policy, "factors": None} for policy in (before, now))
    return sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))


def _digest(value: Any) -> str:
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:12]
