"""Filters of a meeting's best places: by day, hall or kind."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from zoneinfo import ZoneInfo

from scheduler.domain.entities import PlaceKind
from scheduler.services.board.board_view import BoardView
from scheduler.services.board.draft_view import PickedRequest

DAY, HALL, STILL = "day", "hall", "still"
KINDS: Final = tuple(kind.value for kind in PlaceKind)
FILTERS: Final = (DAY, HALL, STILL, *KINDS)
"""The board's current day, its current hall, no other changes (`STILL`), and kinds of places."""


def chosen(text: str) -> tuple[str, ...]:
    """Return the filters in a query string. Only one kind is kept, because a place has one kind."""
    named = text.split()
    kind = next((each for each in KINDS if each in named), None)
    return tuple(each for each in FILTERS if each in named and (each not in KINDS or each == kind))


def toggled(filters: Collection[str], one: str) -> str:
    """Return the query string value after toggling a filter."""
    off = {one} if one in filters else set(KINDS) if one in KINDS else set()
    on = set() if one in filters else {one}
    return " ".join(each for each in FILTERS if each in on or (each in filters and each not in off))


def to_question(
    filters: Collection[str], seen: BoardView, picked: PickedRequest, timezone: str
) -> dict[str, Any]:
    """Return the value `only` of a question to the board's worker."""
    zone = ZoneInfo(timezone)
    only: dict[str, Any] = {}
    for kind in KINDS:
        if kind in filters:
            only["kind"] = kind
    if DAY in filters:
        only["slots"] = [s.key for s in picked.slots if s.start.astimezone(zone).date() == seen.day]
    if HALL in filters:
        only["hall"] = seen.hall
    if STILL in filters:
        only["still"] = True
    return {"only": only} if only else {}
