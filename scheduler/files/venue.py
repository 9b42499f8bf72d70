"""Event, slots, walking times and places in a problem file."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from scheduler.domain.entities import PlaceKind
from scheduler.domain.problem import Place, Slot
from scheduler.files.lists import KEYS, Lists, Row

MAX_CAPACITY = 10**5


def read_event(lists: Lists) -> tuple[str, str]:
    event = lists.document.get("event", {})
    if "event" not in lists.document or not lists.check_keys("event", event, KEYS["event"]):
        return "", "UTC"
    name, timezone = lists.text(event["name"], "event.name"), event["timezone"]
    try:
        return name, ZoneInfo(timezone).key
    except (TypeError, KeyError, ValueError, OSError, AttributeError):
        lists.fault("event.timezone", f"{timezone!r} is not an IANA time zone, such as Asia/Shanghai")
        return name, "UTC"


def read_slots(lists: Lists, timezone: str) -> tuple[Slot, ...]:
    zone = ZoneInfo(timezone)
    slots: list[Slot] = []
    closed_blocks: set[str] = set()
    for path, row in lists.rows("slots"):
        block = lists.text(row["block"], f"{path}.block")
        start, end = lists.time(row["start"], f"{path}.start"), lists.time(row["end"], f"{path}.end")
        if start is None or end is None:
            continue
        slot = Slot(str(row["id"]), start, end, block)
        if end <= start:
            lists.fault(f"{path}.end", "must be after the start")
        last = slots[-1] if slots else None
        if last is not None and start < last.end:
            lists.fault(f"{path}.start", f"starts before slot {last.id!r} ends; slots stand in time order")
        if last is not None and last.block != block:
            closed_blocks.add(last.block)
        elif last is not None and last.start.astimezone(zone).date() != start.astimezone(zone).date():
            lists.fault(f"{path}.block", f"block {block!r} goes on from one day to another")
        if block in closed_blocks:
            lists.fault(f"{path}.block", f"block {block!r} is broken by another block")
        slots.append(slot)
    return tuple(slots)


def read_walking(lists: Lists) -> tuple[tuple[float, ...], ...]:
    size = max(lists.halls.values(), default=-1) + 1
    minutes: list[list[float]] = [[0] * size for _ in range(size)]
    seen: dict[frozenset[int], float] = {}
    for path, row in lists.rows("walking_minutes"):
        a = lists.ref(lists.halls, row["from"], f"{path}.from", "hall")
        b = lists.ref(lists.halls, row["to"], f"{path}.to", "hall")
        value = lists.amount(row["minutes"], f"{path}.minutes")
        if seen.get(frozenset((a, b)), value) != value:
            lists.fault(f"{path}.minutes", "differs from the minutes given before for this pair")
        elif size:
            seen[frozenset((a, b))] = minutes[a][b] = minutes[b][a] = value
    return tuple(tuple(row) for row in minutes)


def read_places(lists: Lists) -> Iterable[Place]:
    for path, row in lists.rows("places"):
        kind, firm = row["kind"], row.get("firm")
        if kind not in ("booth", "table"):
            lists.fault(f"{path}.kind", 'must be "booth" or "table"')
            kind = "table"
        if kind == "booth" and firm is None:
            lists.fault(f"{path}.firm", "a booth has an owner")
        if kind == "table" and firm is not None:
            lists.fault(f"{path}.firm", "a table has no owner")
        partners = read_partners(lists, row, path, is_booth=kind == "booth")
        yield Place(
            id=str(row["id"]),
            hall=lists.ref(lists.halls, row["hall"], f"{path}.hall", "hall"),
            kind=PlaceKind(kind),
            firm=None if firm is None else lists.ref(lists.firms, firm, f"{path}.firm", "firm"),
            capacity=lists.count(row.get("capacity", 1), f"{path}.capacity", 0, MAX_CAPACITY),
            unavailable=lists.slot_set(row, path),
            partners=partners,
        )


def read_partners(lists: Lists, row: Row, path: str, *, is_booth: bool) -> frozenset[int]:
    """Return the firms that share a booth with its owner: other firms, without duplicates."""
    if "partners" not in row:
        return frozenset()
    named, path = row["partners"], f"{path}.partners"
    partners = lists.refs(lists.firms, named, path, "firm")
    if not is_booth and named:
        lists.fault(path, "a table has no owners")
    if isinstance(named, list) and row.get("firm") in named:
        lists.fault(path, f"{row['firm']!r} owns the booth")
    return frozenset(partners)
