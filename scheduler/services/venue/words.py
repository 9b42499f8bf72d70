"""Sentences about a venue, in English, as organisers read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from scheduler.invites.catalogue import words


def counted(number: int, thing: str, things: str = "") -> str:
    """1 table, 2 tables."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def day_name(on: date) -> str:
    """Mon 21 June."""
    english = words("en")
    return f"{english.weekdays_short[on.weekday()]} {on.day} {english.months[on.month - 1]}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """R-01, R-02 and 4 more."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
