"""Sentences about a venue, as organisers read them."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.saying import Sentence, row, say, say_count


def tables_counted(number: int) -> Sentence:
    """1 table, 2 tables."""
    return say_count("%(num)s table", "%(num)s tables", number)


def slots_counted(number: int) -> Sentence:
    """1 slot, 2 slots."""
    return say_count("%(num)s slot", "%(num)s slots", number)


def listed(names: Sequence[str], most: int = 4) -> str:
    """R-01, R-02 and 4 more: a value of a sentence."""
    if len(names) <= most:
        return row(names)
    return say("%(names)s and %(count)s more", names=row(names[: most - 1]), count=len(names) - most + 1)
