"""Guests of honour of an event."""

from __future__ import annotations

from enum import StrEnum

MOST_GUESTS = 20
"""Of an event."""


class GuestKind(StrEnum):
    """What a guest of honour is."""

    COUNTRY = "country"
    PROVINCE = "province"
