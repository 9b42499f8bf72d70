"""Guests of honour of an event."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

MAX_GUESTS = 20
"""Per event."""


class GuestKind(StrEnum):
    """Kind of a guest of honour."""

    COUNTRY = "country"
    PROVINCE = "province"


def is_guest(guest: Mapping[str, str], country: str, pavilion: str | None) -> bool:
    """Return True if a firm belongs to a guest of honour, by its country or by its pavilion."""
    is_there = bool(guest["pavilion"]) and pavilion == guest["pavilion"]
    return is_there or (guest["kind"] == GuestKind.COUNTRY and country == guest["country"])
