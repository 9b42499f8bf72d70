"""What is understood of a calendar: when its person is busy, out of what, and what was assumed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import gettext_lazy

MAX_STEPS: Final = 500_000
"""The number of days and times that are tried for one calendar. A crowded real one needs a fifth of it."""


class UnusableCalendar(ChainmeetError):
    """A calendar cannot or must not be read. `str()` is a sentence for the person whose it is."""

    code = "unusable-calendar"


class BusyKind(StrEnum):
    """Why somebody is busy."""

    EVENT = "event"
    ALL_DAY = "all_day"
    FREE_BUSY = "free_busy"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Busy:
    """A busy time in UTC, closed and open. `title` is an event's, clean, else empty."""

    start: datetime
    end: datetime
    kind: BusyKind
    title: str = ""


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """`busy` is within the window that was asked for, in time order.

    `counts` says what the calendar has, within the window or not, and what of it was left out and why:
    the keys are those of `COUNTED`. `notes` are sentences about what was assumed.
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
"""What is counted. All from `free` on was left out."""


class StepBudget:
    """The steps that one calendar may cost: counted, so that the same calendar passes on every machine."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Raise UnusableCalendar once the steps are used up."""
        self.left -= steps
        if self.left < 0:
            raise UnusableCalendar(
                gettext_lazy("The calendar has events that repeat too often to be worked out.")
            )
