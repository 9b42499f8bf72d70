"""Sentences about the changes of a scenario, with display names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import singledispatch
from types import MappingProxyType
from typing import Final

from api.language.speaking import gettext, ngettext, said
from api.language.unbroken import unbroken
from api.pages.formatting import day_and_month, language
from api.pages.schedule.priorities import DIALS as PRICES
from api.pages.schedule.priority_levels import LEVELS
from scheduler.i18n import gettext_lazy
from scheduler.services.planning.scenarios.scenario_changes import (
    AddedFirmChange,
    FairnessChange,
    InterpretersChange,
    PriorityChange,
    QuotaChange,
    RemovedFirmChange,
    ShiftChange,
    SlotsChange,
    TablesChange,
    TypedChange,
)
from scheduler.services.planning.scenarios.scenarios import ScenarioNames

DIALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{dial.term: gettext_lazy("%(dial)s (points)", dial=dial.label) for dial in PRICES},
        "fair_share": gettext_lazy("Minimum share (%%)"),
        "max_moved": gettext_lazy("Published meetings that may change"),
        "max_idle_spread": gettext_lazy("Maximum difference in idle times"),
        "max_in_row": gettext_lazy("Meetings in a row"),
        "max_days": gettext_lazy("Days with meetings"),
    }
)
"""Labels of single priorities."""


def sentence(change: TypedChange, names: ScenarioNames) -> str:
    """Return a sentence about a change, without its full stop."""
    return _said(change, names)


@singledispatch
def _said(change: TypedChange, names: ScenarioNames) -> str:
    """Return the sentence about a change of all priorities at once, which only the API makes."""
    del change, names
    return gettext("All priorities, set through the API")


@_said.register
def _(change: TablesChange, names: ScenarioNames) -> str:
    hall, days = names.hall(change.hall), _days(change.day)
    if change.step == "more":
        return ngettext(
            "%(num)s more table in %(hall)s, %(days)s",
            "%(num)s more tables in %(hall)s, %(days)s",
            change.count,
            hall=hall,
            days=days,
        )
    return ngettext(
        "%(num)s fewer table in %(hall)s, %(days)s",
        "%(num)s fewer tables in %(hall)s, %(days)s",
        change.count,
        hall=hall,
        days=days,
    )


@_said.register
def _(change: SlotsChange, names: ScenarioNames) -> str:
    del names
    start, end, day = f"{change.start:%H:%M}", f"{change.end:%H:%M}", unbroken(day_and_month(change.day))
    if change.step == "open":
        return gettext(
            "More meeting times from %(start)s to %(end)s on %(day)s", start=start, end=end, day=day
        )
    return gettext("No meetings from %(start)s to %(end)s on %(day)s", start=start, end=end, day=day)


@_said.register
def _(change: InterpretersChange, names: ScenarioNames) -> str:
    del names
    both = {"one": language(change.first), "other": language(change.second)}
    if change.step == "more":
        return ngettext(
            "%(num)s more interpreter for %(one)s and %(other)s",
            "%(num)s more interpreters for %(one)s and %(other)s",
            change.count,
            **both,
        )
    return ngettext(
        "%(num)s fewer interpreter for %(one)s and %(other)s",
        "%(num)s fewer interpreters for %(one)s and %(other)s",
        change.count,
        **both,
    )


@_said.register
def _(change: ShiftChange, names: ScenarioNames) -> str:
    days = _days(change.day)
    if change.interpreter is None:
        if change.step == "available":
            return gettext("All interpreters available all day, %(days)s", days=days)
        return gettext("All interpreters unavailable, %(days)s", days=days)
    who = names.interpreter(change.interpreter)
    if change.step == "available":
        return gettext("%(who)s available all day, %(days)s", who=who, days=days)
    return gettext("%(who)s unavailable, %(days)s", who=who, days=days)


@_said.register
def _(change: PriorityChange, names: ScenarioNames) -> str:
    del names
    return gettext("%(dial)s: %(value)s", dial=said(DIALS[change.priority]), value=change.value)


@_said.register
def _(change: FairnessChange, names: ScenarioNames) -> str:
    del names
    return gettext("Fairness: %(level)s", level=said(LEVELS[change.point]).lower())


@_said.register
def _(change: QuotaChange, names: ScenarioNames) -> str:
    who = gettext("every exhibitor") if change.firm is None else names.firm(change.firm)
    least, most = change.min_meetings, change.max_per_day
    if most is None:
        return ngettext(
            "At least %(num)s meeting for %(who)s",
            "At least %(num)s meetings for %(who)s",
            least or 0,
            who=who,
        )
    if least is None:
        return ngettext(
            "At most %(num)s meeting per day for %(who)s",
            "At most %(num)s meetings per day for %(who)s",
            most,
            who=who,
        )
    return ngettext(
        "At least %(num)s meeting in total and at most %(most)s per day for %(who)s",
        "At least %(num)s meetings in total and at most %(most)s per day for %(who)s",
        least,
        most=most,
        who=who,
    )


@_said.register
def _(change: RemovedFirmChange, names: ScenarioNames) -> str:
    return gettext("Without %(firm)s", firm=names.firm(change.firm))


@_said.register
def _(change: AddedFirmChange, names: ScenarioNames) -> str:
    return gettext("One more exhibitor like %(firm)s", firm=names.firm(change.like))


def _days(day: date | None) -> str:
    return gettext("on all days") if day is None else gettext("on %(day)s", day=unbroken(day_and_month(day)))
