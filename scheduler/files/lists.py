"""Lists of a problem file: their rows by path, and the ids that other rows refer to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduler.files.readers import Keys, Reader, UnreadIndex

Row = dict[str, Any]

REQUIRED = ("format", "event", "slots", "halls", "places", "firms", "attendees", "requests")
OPTIONAL = (
    "walking_minutes",
    "interpreters",
    "precedences",
    "published",
    "frozen_until",
    "firm_groups",
    "policy",
)

KEYS: Mapping[str, Keys] = {
    # list: (required keys, optional keys)
    "event": (frozenset(("name", "timezone")), frozenset()),
    "slots": (frozenset(("id", "start", "end", "block")), frozenset()),
    "walking_minutes": (frozenset(("from", "to", "minutes")), frozenset()),
    "places": (frozenset(("id", "hall", "kind")), frozenset(("firm", "partners", "capacity", "unavailable"))),
    "firms": (
        frozenset(("id", "name", "tier", "areas", "country")),
        frozenset(("max_per_day", "min_meetings")),
    ),
    "attendees": (
        frozenset(("id", "firm", "languages")),
        frozenset(("unavailable", "hours", "max_per_day", "changed_before", "max_in_row", "max_days")),
    ),
    "hours": (frozenset(), frozenset(("from", "to"))),
    "interpreters": (frozenset(("id", "languages")), frozenset(("unavailable", "stations"))),
    "stations": (frozenset(("place", "slots")), frozenset()),
    "requests": (
        frozenset(("id", "from", "to", "weight", "place")),
        frozenset(("length", "from_attendees", "to_attendees", "excluded", "slots", "fixed")),
    ),
    "precedences": (frozenset(("before", "after")), frozenset()),
    "firm_groups": (frozenset(("id", "firms")), frozenset()),
    "fixed": (frozenset(("slot",)), frozenset(("place", "must"))),
}


@dataclass(slots=True)
class Lists(Reader):
    """A document, and the index of each id by list. `firm_of` maps an attendee's id to the firm's id."""

    document: Row = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)
    halls: dict[str, int] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    firms: dict[str, int] = field(default_factory=dict)
    attendees: dict[str, int] = field(default_factory=dict)
    interpreters: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    firm_of: dict[str, str] = field(default_factory=dict)

    def rows(self, key: str) -> list[tuple[str, Row]]:
        """Return the rows of a list with their paths, omitting rows with invalid keys."""
        value = self.document.get(key, [])
        if not isinstance(value, list):
            self.fault(key, "must be a list")
            return []
        keys = KEYS[key]
        return [
            (f"{key}[{i}]", row) for i, row in enumerate(value) if self.check_keys(f"{key}[{i}]", row, keys)
        ]

    def collect_ids(self) -> None:
        """Index the ids of all lists first, so that references can be checked regardless of list order."""
        halls = self.document.get("halls", [])
        if isinstance(halls, list):
            self.halls = self.ids_of("halls", enumerate(halls), "halls[{}]")
        else:
            self.fault("halls", "must be a list of ids")
        if not isinstance(self.document.get("halls"), list):
            self.halls = UnreadIndex()
        for key in ("slots", "places", "firms", "attendees", "interpreters", "requests"):
            value = self.document.get(key)
            if isinstance(value, list):
                ids = ((i, row["id"]) for i, row in enumerate(value) if isinstance(row, dict) and "id" in row)
                setattr(self, key, self.ids_of(key, ids, key + "[{}].id"))
            elif key in REQUIRED or key in self.document:
                setattr(self, key, UnreadIndex())

    def ids_of(self, key: str, ids: Iterable[tuple[int, object]], path: str) -> dict[str, int]:
        index: dict[str, int] = {}
        for i, value in ids:
            if not isinstance(value, str) or not value:
                self.fault(path.format(i), "must be a non-empty string")
            elif value in index:
                self.fault(path.format(i), f"{value!r} is taken by {key}[{index[value]}]")
            else:
                index[value] = i
        return index

    def slot_set(self, row: Row, path: str) -> frozenset[int]:
        value = row.get("unavailable", [])
        if isinstance(value, list) and all(isinstance(item, str) and item in self.slots for item in value):
            return frozenset(self.slots[item] for item in value)
        return frozenset(self.refs(self.slots, value, f"{path}.unavailable", "slot"))
