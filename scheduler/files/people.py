"""Firms, attendees and interpreters in a problem file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.entities import Tier
from scheduler.domain.firm_groups import FirmGroup
from scheduler.domain.problem import Attendee, Firm, Interpreter, Slot
from scheduler.files.lists import KEYS, Lists, Row

MAX_FIRM_GROUPS = 100
MAX_CHANGED_BEFORE = 10**6
"""Largest number of earlier changes of a person."""
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


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


def read_firm_groups(lists: Lists) -> Iterable[FirmGroup]:
    seen: set[str] = set()
    rows = lists.rows("firm_groups")
    if len(rows) > MAX_FIRM_GROUPS:
        lists.fault("firm_groups", f"must be a list of at most {MAX_FIRM_GROUPS} groups")
    for path, row in rows:
        id = str(row["id"])
        if not isinstance(row["id"], str) or not id or id in seen:
            lists.fault(f"{path}.id", "must be a non-empty string that no other group has")
        seen.add(id)
        yield FirmGroup(id, lists.refs(lists.firms, row["firms"], f"{path}.firms", "firm"))


def read_attendees(lists: Lists, slots: Sequence[Slot], timezone: str) -> Iterable[Attendee]:
    """Yield the attendees. Slots outside of their `hours` are unavailable, like those of `unavailable`."""
    for path, row in lists.rows("attendees"):
        lists.firm_of[str(row["id"])] = str(row["firm"])
        yield Attendee(
            id=str(row["id"]),
            firm=lists.ref(lists.firms, row["firm"], f"{path}.firm", "firm"),
            languages=frozenset(lists.texts(row["languages"], f"{path}.languages")),
            unavailable=lists.slot_set(row, path) | _outside_hours(lists, row, path, slots, timezone),
            max_per_day=lists.count_or_none(row.get("max_per_day"), f"{path}.max_per_day", 0),
            changed_before=lists.count(
                row.get("changed_before", 0), f"{path}.changed_before", 0, MAX_CHANGED_BEFORE
            ),
            max_in_row=lists.count_or_none(row.get("max_in_row"), f"{path}.max_in_row", 1),
            max_days=lists.count_or_none(row.get("max_days"), f"{path}.max_days", 1),
        )


def _outside_hours(lists: Lists, row: Row, path: str, slots: Sequence[Slot], timezone: str) -> frozenset[int]:
    """Return the slots that start before a person's hours or end after them, each day."""
    if "hours" not in row:
        return frozenset()
    hours, path = row["hours"], f"{path}.hours"
    if not lists.check_keys(path, hours, KEYS["hours"]):
        return frozenset()
    first = _minutes(lists, hours.get("from"), f"{path}.from", timedelta(0))
    last = _minutes(lists, hours.get("to"), f"{path}.to", timedelta.max)
    if first >= last:
        lists.fault(f"{path}.to", "must be after `from`")
    zone = ZoneInfo(timezone)
    return frozenset(
        i
        for i, slot in enumerate(slots)
        if _since_midnight(slot.start, slot, zone) < first or _since_midnight(slot.end, slot, zone) > last
    )


def _minutes(lists: Lists, value: object, path: str, default: timedelta) -> timedelta:
    """Return a time of the day, as the time since midnight on the clock."""
    if value is None:
        return default
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        lists.fault(path, 'must be a time of the day, such as "09:30"')
        return default
    return timedelta(hours=int(found[1]), minutes=int(found[2]))


def _since_midnight(moment: datetime, slot: Slot, zone: ZoneInfo) -> timedelta:
    """Return what the event's clocks show at a moment, counted from midnight of the day of the slot."""
    midnight = slot.start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return moment.astimezone(zone).replace(tzinfo=None) - midnight


def read_interpreters(lists: Lists) -> Iterable[Interpreter]:
    for path, row in lists.rows("interpreters"):
        if isinstance(row["id"], str) and row["id"] in lists.attendees:
            lists.fault(f"{path}.id", f"{row['id']!r} is an attendee; nobody is both")
        yield Interpreter(
            id=str(row["id"]),
            languages=frozenset(lists.texts(row["languages"], f"{path}.languages")),
            unavailable=lists.slot_set(row, path),
            stations=_stations(lists, row, path) if "stations" in row else (),
        )


def _stations(lists: Lists, row: Row, path: str) -> tuple[tuple[int, int], ...]:
    """Return (slot, place) pairs at which an interpreter is stationed, in time order."""
    given = row["stations"]
    if not isinstance(given, list):
        lists.fault(f"{path}.stations", "must be a list")
        return ()
    found: dict[int, int] = {}
    named: set[str] = set()
    for i, station in enumerate(given):
        here = f"{path}.stations[{i}]"
        if not lists.check_keys(here, station, KEYS["stations"]):
            continue
        place = lists.ref(lists.places, station["place"], f"{here}.place", "place")
        if str(station["place"]) in named:
            lists.fault(f"{here}.place", f"{station['place']!r} has a row of its own")
        named.add(str(station["place"]))
        for k, slot in enumerate(lists.refs(lists.slots, station["slots"], f"{here}.slots", "slot")):
            if slot in found and station["slots"][k] in lists.slots:
                lists.fault(f"{here}.slots[{k}]", f"{station['slots'][k]!r} has another place already")
            found[slot] = place
    return tuple(sorted(found.items()))
