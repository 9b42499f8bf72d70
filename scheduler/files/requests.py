"""Requests, precedences, and the published and frozen schedule in a problem file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from scheduler.domain.entities import PlaceWish
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Fixed, Request
from scheduler.files.lists import KEYS, Lists, Row
from scheduler.files.meetings import read_meetings

MAX_WEIGHT = 10**12
MAX_LENGTH = 10**4

_WISHES: Mapping[str, PlaceWish] = {wish.value: wish for wish in PlaceWish}


def read_requests(lists: Lists) -> Iterable[Request]:
    for path, row in lists.rows("requests"):
        sender = lists.ref(lists.firms, row["from"], f"{path}.from", "firm")
        receiver = lists.ref(lists.firms, row["to"], f"{path}.to", "firm")
        if row["from"] == row["to"]:
            lists.fault(f"{path}.to", "a firm cannot ask itself")
        place = row["place"]
        wish = _WISHES.get(place) if isinstance(place, str) else None
        if wish is None:
            lists.fault(f"{path}.place", 'must be "booth", "table" or "any"')
            wish = PlaceWish.ANY
        slots, fixed = row.get("slots"), row.get("fixed")
        yield Request(
            id=str(row["id"]),
            sender=sender,
            receiver=receiver,
            weight=lists.count(row["weight"], f"{path}.weight", 1, MAX_WEIGHT),
            length=lists.count(row.get("length", 1), f"{path}.length", 1, MAX_LENGTH),
            from_attendees=_people(lists, row, "from", path),
            to_attendees=_people(lists, row, "to", path),
            place=wish,
            slots=None if slots is None else lists.refs(lists.slots, slots, f"{path}.slots", "slot"),
            fixed=None if fixed is None else _fixed(lists, fixed, f"{path}.fixed"),
            excluded=_excluded(lists, row, f"{path}.excluded"),
        )


def _people(lists: Lists, row: Row, side: str, path: str) -> tuple[int, ...]:
    value = row.get(f"{side}_attendees", [])
    if value == []:
        return ()
    path = f"{path}.{side}_attendees"
    found = lists.refs(lists.attendees, value, path, "attendee")
    if found:
        for i, person in enumerate(value):
            if isinstance(person, str) and lists.firm_of.get(person, row[side]) != row[side]:
                lists.fault(f"{path}[{i}]", f"{person!r} is not of firm {row[side]!r}")
    return found


def _excluded(lists: Lists, row: Row, path: str) -> frozenset[int]:
    """Return excluded people of either firm. A person named in the request cannot be excluded."""
    value = row.get("excluded", [])
    found = lists.refs(lists.attendees, value, path, "attendee")
    if not found:
        return frozenset()
    sides = [row["from"], row["to"]]
    named = [row.get(f"{side}_attendees") for side in ("from", "to")]
    for i, person in enumerate(value):
        firm = lists.firm_of.get(person) if isinstance(person, str) else None
        # An unknown firm of the person or the request is reported separately.
        if firm not in sides and all(isinstance(id, str) and id in lists.firms for id in (firm, *sides)):
            lists.fault(f"{path}[{i}]", f"{person!r} is of neither firm")
        elif any(isinstance(people, list) and person in people for people in named):
            lists.fault(f"{path}[{i}]", f"{person!r} is named for this meeting, and cannot be excluded")
    return frozenset(found)


def _fixed(lists: Lists, value: Any, path: str) -> Fixed | None:
    if not lists.check_keys(path, value, KEYS["fixed"]):
        return None
    place, must = value.get("place"), value.get("must", False)
    if not isinstance(must, bool):
        lists.fault(f"{path}.must", "must be true or false")
    return Fixed(
        slot=lists.ref(lists.slots, value["slot"], f"{path}.slot", "slot"),
        place=None if place is None else lists.ref(lists.places, place, f"{path}.place", "place"),
        must=must is True,
    )


def read_precedences(lists: Lists) -> Iterable[tuple[int, int]]:
    for path, row in lists.rows("precedences"):
        before = lists.ref(lists.requests, row["before"], f"{path}.before", "request")
        after = lists.ref(lists.requests, row["after"], f"{path}.after", "request")
        if row["before"] == row["after"]:
            lists.fault(f"{path}.after", "a request cannot come before itself")
        yield before, after


def read_published(lists: Lists) -> tuple[Meeting, ...]:
    return read_meetings(lists.document.get("published", []), "published", lists.faults)


def read_frozen_until(lists: Lists) -> datetime | None:
    value = lists.document.get("frozen_until")
    return None if value is None else lists.time(value, "frozen_until")
