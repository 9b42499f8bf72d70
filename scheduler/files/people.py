"""Firms, attendees and interpreters in a problem file."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.domain.entities import Tier
from scheduler.domain.problem import Attendee, Firm, Interpreter
from scheduler.files.lists import Lists


def read_firms(lists: Lists) -> Iterable[Firm]:
    for path, row in lists.rows("firms"):
        tier = row["tier"]
        if tier not in ("upstream", "midstream", "downstream"):
            lists.fault(f"{path}.tier", 'must be "upstream", "midstream" or "downstream"')
            tier = "midstream"
        yield Firm(
            id=str(row["id"]),
            name=lists.text(row["name"], f"{path}.name"),
            tier=Tier(tier),
            areas=lists.texts(row["areas"], f"{path}.areas"),
            country=lists.text(row["country"], f"{path}.country"),
            max_per_day=lists.count_or_none(row.get("max_per_day"), f"{path}.max_per_day", 0),
            min_meetings=lists.count(row.get("min_meetings", 0), f"{path}.min_meetings", 0),
        )


def read_attendees(lists: Lists) -> Iterable[Attendee]:
    for path, row in lists.rows("attendees"):
        lists.firm_of[str(row["id"])] = str(row["firm"])
        yield Attendee(
            id=str(row["id"]),
            firm=lists.ref(lists.firms, row["firm"], f"{path}.firm", "firm"),
            languages=frozenset(lists.texts(row["languages"], f"{path}.languages")),
            unavailable=lists.slot_set(row, path),
            max_per_day=lists.count_or_none(row.get("max_per_day"), f"{path}.max_per_day", 0),
        )


def read_interpreters(lists: Lists) -> Iterable[Interpreter]:
    for path, row in lists.rows("interpreters"):
        if isinstance(row["id"], str) and row["id"] in lists.attendees:
            lists.fault(f"{path}.id", f"{row['id']!r} is an attendee; nobody is both")
        yield Interpreter(
            id=str(row["id"]),
            languages=frozenset(lists.texts(row["languages"], f"{path}.languages")),
            unavailable=lists.slot_set(row, path),
        )
