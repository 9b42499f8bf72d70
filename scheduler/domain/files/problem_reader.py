"""Read a problem file whole: every fault is reported by its path, and nothing is half read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.entities import PlaceKind, PlaceWish, Tier
from scheduler.domain.errors import Fault, MalformedProblem
from scheduler.domain.files.policy_reader import read_policy
from scheduler.domain.files.reading import Keys, Reader, Unread
from scheduler.domain.plan import Meeting, read_meetings
from scheduler.domain.problem import (
    FORMAT,
    Attendee,
    Firm,
    Fixed,
    Interpreter,
    Place,
    Problem,
    Request,
    Slot,
    fingerprint,
)

Row = dict[str, Any]

MOST_CAPACITY = 10**5
MOST_WEIGHT = 10**12
MOST_LENGTH = 10**4
MOST_POINTS = 2**53
"""Up to here a float holds each whole number, so that no point of a score is lost."""

_REQUIRED = ("format", "event", "slots", "halls", "places", "firms", "attendees", "requests")
_OPTIONAL = ("walking_minutes", "interpreters", "precedences", "published", "frozen_until", "policy")

_KEYS: Mapping[str, Keys] = {
    # list: (required keys, optional keys)
    "event": (frozenset(("name", "timezone")), frozenset()),
    "slots": (frozenset(("id", "start", "end", "block")), frozenset()),
    "walking_minutes": (frozenset(("from", "to", "minutes")), frozenset()),
    "places": (frozenset(("id", "hall", "kind")), frozenset(("firm", "capacity", "unavailable"))),
    "firms": (
        frozenset(("id", "name", "tier", "areas", "country")),
        frozenset(("max_per_day", "min_meetings")),
    ),
    "attendees": (frozenset(("id", "firm", "languages")), frozenset(("unavailable", "max_per_day"))),
    "interpreters": (frozenset(("id", "languages")), frozenset(("unavailable",))),
    "requests": (
        frozenset(("id", "from", "to", "weight", "place")),
        frozenset(("length", "from_attendees", "to_attendees", "excluded", "slots", "fixed")),
    ),
    "precedences": (frozenset(("before", "after")), frozenset()),
    "fixed": (frozenset(("slot",)), frozenset(("place", "must"))),
}

_WISHES: Mapping[str, PlaceWish] = {wish.value: wish for wish in PlaceWish}


def read_problem(document: object) -> Problem:
    """A Problem from a parsed problem file; raises MalformedProblem with every fault by path."""
    if not isinstance(document, dict):
        raise MalformedProblem([Fault("", "a problem file is one JSON object")])
    reader = _Reader(document=document)
    problem = reader.read()
    if not reader.faults:
        reader.check_points(problem)
    if reader.faults:
        raise MalformedProblem(reader.faults)
    return problem


@dataclass(slots=True)
class _Reader(Reader):
    document: Row = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)
    halls: dict[str, int] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    firms: dict[str, int] = field(default_factory=dict)
    attendees: dict[str, int] = field(default_factory=dict)
    interpreters: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    firm_of: dict[str, str] = field(default_factory=dict)

    def read(self) -> Problem:
        document = self.document
        if document.get("format") != FORMAT:
            self.fault("format", f"must be {FORMAT!r}")
        for key in sorted(document.keys() - set(_REQUIRED) - set(_OPTIONAL)):
            self.fault(key, "unknown key")
        for key in _REQUIRED:
            if key not in document:
                self.fault(key, "is missing")
        name, timezone = self.read_event()
        self.collect_ids()
        return Problem(
            name=name,
            timezone=timezone,
            slots=self.read_slots(timezone),
            halls=tuple(self.halls),
            walking=self.read_walking(),
            firms=tuple(self.read_firms()),
            places=tuple(self.read_places()),
            attendees=tuple(self.read_attendees()),
            interpreters=tuple(self.read_interpreters()),
            requests=tuple(self.read_requests()),
            precedences=tuple(self.read_precedences()),
            published=self.read_published(),
            frozen_until=self.read_frozen_until(),
            policy=read_policy(self, document.get("policy", {})),
            source_fingerprint=None if self.faults else fingerprint(document),
        )

    def check_points(self, problem: Problem) -> None:
        """Whether what a plan can win and lose, all together, is a whole number that a float holds."""
        factors, days = problem.policy.factors, len(problem.attendees) * len(problem.slots)
        counts = {
            "served": sum(request.weight for request in problem.requests),
            "shortfall": sum(problem.floors),
            "idle": days,
            "hall_change": days,
            "repeated": len(problem.attendees) * len(problem.published) ** 2,
        }
        points = sum(value * counts.get(term, len(problem.published)) for term, value in factors.items())
        if points > MOST_POINTS:
            message = f"with these weights a score may have {points:.3g} points, more than {MOST_POINTS}"
            self.fault("policy.factors", message)

    # What every list shares

    def rows(self, key: str) -> list[tuple[str, Row]]:
        """The rows of a list with their paths; keys are checked, a row with a fault in them is left out."""
        value = self.document.get(key, [])
        if not isinstance(value, list):
            self.fault(key, "must be a list")
            return []
        keys = _KEYS[key]
        return [
            (f"{key}[{i}]", row) for i, row in enumerate(value) if self.check_keys(f"{key}[{i}]", row, keys)
        ]

    def collect_ids(self) -> None:
        """Ids of every list first, so that a reference is judged whatever the order of the lists."""
        halls = self.document.get("halls", [])
        if isinstance(halls, list):
            self.halls = self.ids_of("halls", enumerate(halls), "halls[{}]")
        else:
            self.fault("halls", "must be a list of ids")
        if not isinstance(self.document.get("halls"), list):
            self.halls = Unread()
        for key in ("slots", "places", "firms", "attendees", "interpreters", "requests"):
            value = self.document.get(key)
            if isinstance(value, list):
                ids = ((i, row["id"]) for i, row in enumerate(value) if isinstance(row, dict) and "id" in row)
                setattr(self, key, self.ids_of(key, ids, key + "[{}].id"))
            elif key in _REQUIRED or key in self.document:
                setattr(self, key, Unread())

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

    # The lists

    def read_event(self) -> tuple[str, str]:
        event = self.document.get("event", {})
        if "event" not in self.document or not self.check_keys("event", event, _KEYS["event"]):
            return "", "UTC"
        name, timezone = self.text(event["name"], "event.name"), event["timezone"]
        try:
            return name, ZoneInfo(timezone).key
        except (TypeError, KeyError, ValueError, OSError, AttributeError):
            self.fault("event.timezone", f"{timezone!r} is not an IANA time zone, such as Asia/Shanghai")
            return name, "UTC"

    def read_slots(self, timezone: str) -> tuple[Slot, ...]:
        zone = ZoneInfo(timezone)
        slots: list[Slot] = []
        closed_blocks: set[str] = set()
        for path, row in self.rows("slots"):
            block = self.text(row["block"], f"{path}.block")
            start, end = self.time(row["start"], f"{path}.start"), self.time(row["end"], f"{path}.end")
            if start is None or end is None:
                continue
            slot = Slot(str(row["id"]), start, end, block)
            if end <= start:
                self.fault(f"{path}.end", "must be after the start")
            last = slots[-1] if slots else None
            if last is not None and start < last.end:
                self.fault(f"{path}.start", f"starts before slot {last.id!r} ends; slots stand in time order")
            if last is not None and last.block != block:
                closed_blocks.add(last.block)
            elif last is not None and last.start.astimezone(zone).date() != start.astimezone(zone).date():
                self.fault(f"{path}.block", f"block {block!r} goes on from one day to another")
            if block in closed_blocks:
                self.fault(f"{path}.block", f"block {block!r} is broken by another block")
            slots.append(slot)
        return tuple(slots)

    def read_walking(self) -> tuple[tuple[float, ...], ...]:
        size = max(self.halls.values(), default=-1) + 1
        minutes: list[list[float]] = [[0] * size for _ in range(size)]
        seen: dict[frozenset[int], float] = {}
        for path, row in self.rows("walking_minutes"):
            a = self.ref(self.halls, row["from"], f"{path}.from", "hall")
            b = self.ref(self.halls, row["to"], f"{path}.to", "hall")
            value = self.amount(row["minutes"], f"{path}.minutes")
            if seen.get(frozenset((a, b)), value) != value:
                self.fault(f"{path}.minutes", "differs from the minutes given before for this pair")
            elif size:
                seen[frozenset((a, b))] = minutes[a][b] = minutes[b][a] = value
        return tuple(tuple(row) for row in minutes)

    def read_places(self) -> Iterable[Place]:
        for path, row in self.rows("places"):
            kind, firm = row["kind"], row.get("firm")
            if kind not in ("booth", "table"):
                self.fault(f"{path}.kind", 'must be "booth" or "table"')
                kind = "table"
            if kind == "booth" and firm is None:
                self.fault(f"{path}.firm", "a booth has an owner")
            if kind == "table" and firm is not None:
                self.fault(f"{path}.firm", "a table has no owner")
            yield Place(
                id=str(row["id"]),
                hall=self.ref(self.halls, row["hall"], f"{path}.hall", "hall"),
                kind=PlaceKind(kind),
                firm=None if firm is None else self.ref(self.firms, firm, f"{path}.firm", "firm"),
                capacity=self.count(row.get("capacity", 1), f"{path}.capacity", 0, MOST_CAPACITY),
                unavailable=self.slot_set(row, path),
            )

    def slot_set(self, row: Row, path: str) -> frozenset[int]:
        value = row.get("unavailable", [])
        if isinstance(value, list) and all(isinstance(item, str) and item in self.slots for item in value):
            return frozenset(self.slots[item] for item in value)
        return frozenset(self.refs(self.slots, value, f"{path}.unavailable", "slot"))

    def read_firms(self) -> Iterable[Firm]:
        for path, row in self.rows("firms"):
            tier = row["tier"]
            if tier not in ("upstream", "midstream", "downstream"):
                self.fault(f"{path}.tier", 'must be "upstream", "midstream" or "downstream"')
                tier = "midstream"
            yield Firm(
                id=str(row["id"]),
                name=self.text(row["name"], f"{path}.name"),
                tier=Tier(tier),
                areas=self.texts(row["areas"], f"{path}.areas"),
                country=self.text(row["country"], f"{path}.country"),
                max_per_day=self.count_or_none(row.get("max_per_day"), f"{path}.max_per_day", 0),
                min_meetings=self.count(row.get("min_meetings", 0), f"{path}.min_meetings", 0),
            )

    def read_attendees(self) -> Iterable[Attendee]:
        for path, row in self.rows("attendees"):
            self.firm_of[str(row["id"])] = str(row["firm"])
            yield Attendee(
                id=str(row["id"]),
                firm=self.ref(self.firms, row["firm"], f"{path}.firm", "firm"),
                languages=frozenset(self.texts(row["languages"], f"{path}.languages")),
                unavailable=self.slot_set(row, path),
                max_per_day=self.count_or_none(row.get("max_per_day"), f"{path}.max_per_day", 0),
            )

    def read_interpreters(self) -> Iterable[Interpreter]:
        for path, row in self.rows("interpreters"):
            if isinstance(row["id"], str) and row["id"] in self.attendees:
                self.fault(f"{path}.id", f"{row['id']!r} is an attendee; nobody is both")
            yield Interpreter(
                id=str(row["id"]),
                languages=frozenset(self.texts(row["languages"], f"{path}.languages")),
                unavailable=self.slot_set(row, path),
            )

    def read_requests(self) -> Iterable[Request]:
        for path, row in self.rows("requests"):
            sender = self.ref(self.firms, row["from"], f"{path}.from", "firm")
            receiver = self.ref(self.firms, row["to"], f"{path}.to", "firm")
            if row["from"] == row["to"]:
                self.fault(f"{path}.to", "a firm cannot ask itself")
            place = row["place"]
            wish = _WISHES.get(place) if isinstance(place, str) else None
            if wish is None:
                self.fault(f"{path}.place", 'must be "booth", "table" or "any"')
                wish = PlaceWish.ANY
            slots, fixed = row.get("slots"), row.get("fixed")
            yield Request(
                id=str(row["id"]),
                sender=sender,
                receiver=receiver,
                weight=self.count(row["weight"], f"{path}.weight", 1, MOST_WEIGHT),
                length=self.count(row.get("length", 1), f"{path}.length", 1, MOST_LENGTH),
                from_attendees=self.people(row, "from", path),
                to_attendees=self.people(row, "to", path),
                place=wish,
                slots=None if slots is None else self.refs(self.slots, slots, f"{path}.slots", "slot"),
                fixed=None if fixed is None else self.read_fixed(fixed, f"{path}.fixed"),
                excluded=self.excluded(row, f"{path}.excluded"),
            )

    def people(self, row: Row, side: str, path: str) -> tuple[int, ...]:
        value = row.get(f"{side}_attendees", [])
        if value == []:
            return ()
        path = f"{path}.{side}_attendees"
        found = self.refs(self.attendees, value, path, "attendee")
        if found:
            for i, person in enumerate(value):
                if isinstance(person, str) and self.firm_of.get(person, row[side]) != row[side]:
                    self.fault(f"{path}[{i}]", f"{person!r} is not of firm {row[side]!r}")
        return found

    def excluded(self, row: Row, path: str) -> frozenset[int]:
        """People of either firm; somebody whom the request names takes part in it."""
        value = row.get("excluded", [])
        found = self.refs(self.attendees, value, path, "attendee")
        if not found:
            return frozenset()
        sides = [row["from"], row["to"]]
        named = [row.get(f"{side}_attendees") for side in ("from", "to")]
        for i, person in enumerate(value):
            firm = self.firm_of.get(person) if isinstance(person, str) else None
            # A firm that there is not, on either hand, is a fault of its own.
            if firm not in sides and all(isinstance(id, str) and id in self.firms for id in (firm, *sides)):
                self.fault(f"{path}[{i}]", f"{person!r} is of neither firm")
            elif any(isinstance(people, list) and person in people for people in named):
                self.fault(f"{path}[{i}]", f"{person!r} is named for this meeting, and cannot be excluded")
        return frozenset(found)

    def read_fixed(self, value: Any, path: str) -> Fixed | None:
        if not self.check_keys(path, value, _KEYS["fixed"]):
            return None
        place, must = value.get("place"), value.get("must", False)
        if not isinstance(must, bool):
            self.fault(f"{path}.must", "must be true or false")
        return Fixed(
            slot=self.ref(self.slots, value["slot"], f"{path}.slot", "slot"),
            place=None if place is None else self.ref(self.places, place, f"{path}.place", "place"),
            must=must is True,
        )

    def read_precedences(self) -> Iterable[tuple[int, int]]:
        for path, row in self.rows("precedences"):
            before = self.ref(self.requests, row["before"], f"{path}.before", "request")
            after = self.ref(self.requests, row["after"], f"{path}.after", "request")
            if row["before"] == row["after"]:
                self.fault(f"{path}.after", "a request cannot come before itself")
            yield before, after

    def read_published(self) -> tuple[Meeting, ...]:
        return read_meetings(self.document.get("published", []), "published", self.faults)

    def read_frozen_until(self) -> datetime | None:
        value = self.document.get("frozen_until")
        return None if value is None else self.time(value, "frozen_until")
