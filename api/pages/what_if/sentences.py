"""Changes of what-ifs in sentences, with the names that people know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import singledispatch
from types import MappingProxyType
from typing import Final

from api.pages.presentation import day_and_month, language
from api.pages.schedule.dials import DIALS as PRICES
from api.pages.schedule.fair_points import POINTS as FAIR_POINTS
from scheduler.services.what_if.changes import (
    DialChange,
    FairnessChange,
    FirmLessChange,
    FirmMoreChange,
    InterpretersChange,
    QuotaChange,
    ShiftChange,
    SlotsChange,
    TablesChange,
    TypedChange,
)
from scheduler.services.what_if.what_ifs import WhatIfNames

DIALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{dial.term: f"{dial.label}, points" for dial in PRICES},
        "fair_share": "Fair share, per cent",
        "max_moved": "Published meetings that may change, at most",
        "max_idle_spread": "Difference of idle times, at most",
    }
)
"""What one dial is called."""
POINTS: Final = tuple(name for name, _ in FAIR_POINTS)
"""The points of the dial of fairness."""


def sentence(change: TypedChange, names: WhatIfNames) -> str:
    """What a change does, in a sentence without its stop."""
    return _said(change, names)


@singledispatch
def _said(change: TypedChange, names: WhatIfNames) -> str:
    """Of all dials at once, which a program says."""
    del change, names
    return "All dials as a program has set them"


@_said.register
def _(change: TablesChange, names: WhatIfNames) -> str:
    tables = f"{change.count} {change.step} table{'s' if change.count > 1 else ''}"
    return f"{tables.capitalize()} in {names.hall(change.hall)}, {_days(change.day)}"


@_said.register
def _(change: SlotsChange, names: WhatIfNames) -> str:
    del names
    what = "Meetings also" if change.step == "open" else "No meetings"
    return f"{what} from {change.start:%H:%M} to {change.end:%H:%M} on {day_and_month(change.day)}"


@_said.register
def _(change: InterpretersChange, names: WhatIfNames) -> str:
    del names
    people = f"{change.count} {change.step} interpreter{'s' if change.count > 1 else ''}"
    return f"{people} for {language(change.first)} and {language(change.second)}"


@_said.register
def _(change: ShiftChange, names: WhatIfNames) -> str:
    who = "All interpreters" if change.interpreter is None else names.interpreter(change.interpreter)
    how = "there at all times" if change.step == "there" else "away"
    return f"{who} {how}, {_days(change.day)}"


@_said.register
def _(change: DialChange, names: WhatIfNames) -> str:
    del names
    return f"{DIALS[change.dial]}: {change.value:,}"


@_said.register
def _(change: FairnessChange, names: WhatIfNames) -> str:
    del names
    return f"Fairness: {POINTS[change.point].lower()}"


@_said.register
def _(change: QuotaChange, names: WhatIfNames) -> str:
    who = "every firm" if change.firm is None else names.firm(change.firm)
    if change.max_per_day is None:
        return f"At least {change.min_meetings} meetings for {who}"
    if change.min_meetings is None:
        return f"At most {change.max_per_day} meetings a day for {who}"
    return f"At least {change.min_meetings} meetings, and at most {change.max_per_day} a day, for {who}"


@_said.register
def _(change: FirmLessChange, names: WhatIfNames) -> str:
    return f"Without {names.firm(change.firm)}"


@_said.register
def _(change: FirmMoreChange, names: WhatIfNames) -> str:
    return f"One more firm like {names.firm(change.like)}"


def _days(day: date | None) -> str:
    return "on all days" if day is None else f"on {day_and_month(day)}"
