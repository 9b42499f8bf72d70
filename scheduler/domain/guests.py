"""Guests of honour of an event."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

MAX_GUESTS = 20
"""Of an event."""


class GuestKind(StrEnum):
    """What a guest of honour is."""

    COUNTRY = "country"
    PROVINCE = "province"


def is_guest(guest: Mapping[str, str], country: str, pavilion: str | None) -> bool:
    """Whether a firm is of a guest of honour: of its country, or in its pavilion."""
    is_there = bool(guest["pavilion"]) and pavilion == guest["pavilion"]
    return is_there or (guest["kind"] == GuestKind.COUNTRY and country == guest["country"])
