"""What a plan is made for, in few octets, and what differs between two of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scheduler.domain.bound_reuse import frozen_until_timestamp

Json = dict[str, Any]

LISTS: Final = ("slots", "places", "firms", "attendees", "interpreters", "requests")
"""Lists of a problem file whose rows have ids. A row counts as one thing that changed."""
SINGLE_KEYS: Final = ("walking_minutes", "halls", "precedences")


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed: "policy" (with the names of its keys or terms), one of the lists or wholes of a problem
    file, "timezone", "published" (the plan that people have is not the one that was made), "frozen" (less is
    frozen), "limit" (the last run changed all that it might), or "unknown" (what the last plan was made for
    is not known).

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
    """All of a problem file that decides about its plan, but for what is published: policy, and digests.

    Parameters
    ----------
    document
        The file, with every key, as the writer gives it.
    wishes
        The slots that people ask for instead of those of a request's row, by requests.

    Returns
    -------
    Json
        To be kept, and given to `differences`. Some 12 octets for each row.
    """
    return {
        "timezone": document["event"]["timezone"],
        "policy": dict(document["policy"]),
        "frozen": frozen_until_timestamp(document),
        "wishes": {id: _digest(list(slots)) for id, slots in (wishes or {}).items()},
        **{name: {row["id"]: _digest(row) for row in document[name]} for name in LISTS},
        **{name: _digest(document[name]) for name in SINGLE_KEYS},
    }


def diff_inputs(before: Json, now: Json) -> list[Difference]:
    """What two bases differ in, the policy first.

    Parameters
    ----------
    before, now
        As `basis_of` made them.

    Returns
    -------
    list[Difference]
        Empty if a plan that was made for the one is as good for the other. That time goes by, so that more
        is frozen, is no difference, nor is a wish that is over, as it was granted.
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
    if now["frozen"] < before["frozen"]:
        found.append(Difference("frozen"))
    return found


def _wishes(before: Json, now: Json) -> set[str]:
    """The requests for which people ask for other slots than before."""
    old = before.get("wishes", {})  # a release before this one kept none
    return {id for id, slots in now["wishes"].items() if old.get(id) != slots}


def _policy(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The keys of a policy that differ; of the factors, the terms."""
    one, two = ({**policy["factors"], **policy, "factors": None} for policy in (before, now))
    return sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))


def _digest(value: Any) -> str:
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:12]
