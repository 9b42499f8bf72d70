"""Comparison of solved scenarios with the published schedule, in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from scheduler.domain.solving import ScenarioState
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.scenarios import scenarios
from scheduler.services.schedule import versions
from scheduler.sheets.writers import Cell, OutputSheet, write_csv, write_xlsx


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the table. `good` is 1 if higher is better, -1 if lower is, else 0.

    Bounds, and figures measured by a scenario's own priorities, are not compared with the published schedule.
    """

    key: str
    label: str
    good: int = 0
    is_compared: bool = True
    decimals: int = 0


FIGURES: Final = (
    Measure("held", gettext_lazy("Scheduled requests"), 1),
    Measure("held_bound", gettext_lazy("Proven maximum of scheduled requests"), is_compared=False),
    Measure("requests", gettext_lazy("Accepted requests")),
    Measure("weight", gettext_lazy("Priority points scheduled"), 1),
    Measure("weight_bound", gettext_lazy("Proven maximum of priority points"), is_compared=False),
    Measure("changed", gettext_lazy("Published meetings changed"), -1),
    Measure("moved", gettext_lazy("Meetings at another time")),
    Measure("relocated", gettext_lazy("Meetings at another location")),
    Measure("told", gettext_lazy("People with changes"), -1),
    Measure("people_without", gettext_lazy("Available people without a meeting"), -1),
    Measure("hall_change", gettext_lazy("Hall changes"), -1),
    Measure("idle", gettext_lazy("Idle times"), -1),
    Measure("shortfall", gettext_lazy("Meetings below the minimum"), -1),
    Measure("overseas", gettext_lazy("Overseas share (%%)"), 1, decimals=1),
    Measure("home", gettext_lazy("Home share (%%)"), 1, decimals=1),
    Measure("sides_gap", gettext_lazy("Home and overseas gap (points)"), -1, decimals=1),
    Measure("mean", gettext_lazy("Average share of an exhibitor (%%)"), 1, decimals=1),
    Measure("twentieth", gettext_lazy("5th percentile of shares (%%)"), 1, decimals=1),
    Measure("worst", gettext_lazy("Smallest share of an exhibitor (%%)"), 1, decimals=1),
    Measure("gini", gettext_lazy("Gini coefficient of shares"), -1, decimals=4),
    Measure("event_score", gettext_lazy("Score by the event's priorities"), 1),
    Measure("score", gettext_lazy("Score by its own priorities"), is_compared=False),
    Measure("bound", gettext_lazy("Proven maximum of its score"), is_compared=False),
    Measure("gap", gettext_lazy("Proven within (%%)"), is_compared=False, decimals=2),
)
_MAIN: Final = (
    "held", "held_bound", "moved", "relocated", "told", "people_without", "sides_gap", "hall_change", "idle",
)  # fmt: skip
MAIN_FIGURES: Final = tuple(row for row in FIGURES if row.key in _MAIN)
"""The most important figures."""
OTHER_FIGURES: Final = tuple(row for row in FIGURES if row.key not in _MAIN)
_PREVIEWED: Final = (
    "held", "weight", "overseas", "home", "sides_gap", "shortfall", "twentieth", "idle", "hall_change",
    "changed",
)  # fmt: skip
PREVIEW_FIGURES: Final = (
    *(row for key in _PREVIEWED for row in FIGURES if row.key == key),
    Measure("score", gettext_lazy("Score by these priorities"), 1),
)
"""Figures of a preview of priorities, by which the published schedule is counted too."""

_OWN = frozenset(("score",))
"""Counted by a scenario's own priorities, not for the published schedule."""


@dataclass(frozen=True, slots=True)
class ScenarioColumn:
    """A solved scenario. `is_old` is True if the event or the published version has changed since."""

    number: int
    name: str
    seconds: int
    finished_at: datetime | None
    version: int | None
    is_old: bool
    then: Mapping[str, Any]
    now: Mapping[str, Any] | None

    def value(self, figure: Measure) -> float | None:
        value: float | None = self.then.get(figure.key)
        return value

    def difference(self, figure: Measure) -> float | None:
        """Return the difference from the schedule that was published when it was solved."""
        return difference(figure, self.now, self.then)


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """A figure of the published schedule and of a scenario."""

    figure: Measure
    now: float | None
    then: float | None
    more: float | None


def compare_figures(figures: Sequence[Measure], result: Mapping[str, Any]) -> list[ComparedFigure]:
    """Return the figures of a solved scenario, with those of the version published at that time."""
    now, then = result["now"], result["then"]
    return [
        ComparedFigure(each, (now or {}).get(each.key), then.get(each.key), difference(each, now, then))
        for each in figures
    ]


@dataclass(frozen=True, slots=True)
class ScenarioTable:
    """The comparison table. `live` holds the figures of the published version, None if there is none."""

    version: int | None
    live: Mapping[str, Any] | None
    columns: Sequence[ScenarioColumn]

    def value(self, figure: Measure) -> float | None:
        """Return a figure of the published version; None if it is measured by a scenario's own priorities."""
        if self.live is None or figure.key in _OWN:
            return None
        value: float | None = self.live.get(figure.key)
        return value


def difference(figure: Measure, now: Mapping[str, Any] | None, then: Mapping[str, Any]) -> float | None:
    """Return the difference from the schedule published when it was solved, or None if not comparable."""
    before, after = None if now is None else now.get(figure.key), then.get(figure.key)
    if not figure.is_compared or before is None or after is None:
        return None
    return round(float(after - before), 4)


def compare_scenarios(session: Session, actor: Actor) -> ScenarioTable:
    """Return the table of all solved scenarios, in order of creation."""
    solved = [
        (card, card.result)
        for card in scenarios.list_scenarios(session, actor)
        if card.state is ScenarioState.DONE and card.result is not None
    ]
    published = versions.find_published_version(session, actor.event_id)
    version = published.number if published is not None else None
    newest = max(solved, key=lambda one: (one[0].finished_at, one[0].number), default=None)
    known = None if newest is None else newest[1]
    columns = [
        ScenarioColumn(
            number=card.number,
            name=card.name,
            seconds=card.seconds,
            finished_at=card.finished_at,
            version=result["version"],
            is_old=result["version"] != version
            or (known is not None and result["fingerprint"] != known["fingerprint"]),
            then=result["then"],
            now=result["now"],
        )
        for card, result in solved
    ]
    return ScenarioTable(version, None if known is None else known["now"], columns)


def export_comparison(session: Session, actor: Actor, kind: str, *, now: datetime) -> Export:
    """Return the table as `xlsx` or `csv`, with figures and differences of each scenario. Audit-logged."""
    found = compare_scenarios(session, actor)
    names = [part for one in found.columns for part in (one.name, f"{one.name}: difference")]
    live = "Nothing published" if found.version is None else f"Published version {found.version}"
    headers = ["Figure", live, *names]
    rows: list[Sequence[Cell]] = []
    for figure in FIGURES:
        cells = [part for one in found.columns for part in (one.value(figure), one.difference(figure))]
        rows.append([figure.label, found.value(figure), *cells])
    name = f"scenario-{actor.event_key}.{kind}"
    recording.record_act(session, actor, Act.EXPORT, AuditSubject(name), now=now)
    if kind == "csv":
        return Export(write_csv(headers, rows), name)
    return Export(write_xlsx([OutputSheet("Scenarios", headers, rows)]), name)
