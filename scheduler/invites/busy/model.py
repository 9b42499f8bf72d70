"""Parsed busy times of a calendar: intervals, counts by kind and assumptions made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import gettext_lazy

MAX_STEPS: Final = 500_000
"""Days and times tried per calendar. A crowded real calendar needs a fifth of this."""


class UnusableCalendar(ChainmeetError):
    """The calendar cannot be read, or exceeds a limit. `str()` is a sentence for its owner."""

    code = "unusable-calendar"


class BusyKind(StrEnum):
    """Why a person is busy."""

    EVENT = "event"
    ALL_DAY = "all_day"
    FREE_BUSY = "free_busy"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Busy:
    """A busy time in UTC, as a half-open interval. `title` is the cleaned title of an event, else empty."""

    start: datetime
    end: datetime
    kind: BusyKind
    title: str = ""


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """`busy` has the busy times within the requested window, in time order.

    `counts` has the number of components by kind, within the window or not, and of those skipped, by reason.
    Its keys are those of `COUNTED`. `notes` are sentences about the assumptions made.
    """

    busy: tuple[Busy, ...]
    counts: Counter[str]
    notes: tuple[str, ...]


COUNTED: Final = (
    "events",
    "recurring",
    "all_day",
    "free_busy",
    "availability",
    "free",
    "cancelled",
    "declined",
    "own",
    "unreadable",
)
"""Keys of `BusyTimes.counts`. Those from `free` on were skipped."""


class StepBudget:
    """The step limit of one calendar. Steps are counted, so that the result is the same on every machine."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Deduct steps. Raises UnusableCalendar once they are used up."""
        self.left -= steps
        if self.left < 0:
            raise UnusableCalendar(
                gettext_lazy("The calendar has events that repeat too often to be processed.")
            )
