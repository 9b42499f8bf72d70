"""Fairness charts: scheduled shares by group of firms, and the fairness curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from api.language.speaking import gettext, said
from api.pages.formatting import number as plain_number
from api.pages.planning.fairness.groups import GROUPINGS, group_name
from api.pages.reports.statistics import charts
from api.pages.reports.statistics.charts import Line
from api.pages.reports.statistics.drawing import Drawing
from api.pages.reports.statistics.gallery import DrawnTable, Figure
from api.pages.schedule.priority_levels import LEVELS
from scheduler.domain.errors import NotFound
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.fairness import shares
from scheduler.services.planning.fairness.shares import FairnessView, GroupLine
from scheduler.services.planning.scenarios import fairness_curve
from scheduler.sheets.writers import Cell

MOST_DRAWN: Final = 12
"""Maximum number of groups per grouping in the chart: those with the smallest shares. The table has all."""


def shares_by_group(session: Session, actor: Actor, number: int) -> Figure:
    """Return the shares of accepted requests that are scheduled, by group of firms."""
    return drawn_shares(shares.get_fairness(session, actor, number))


def drawn_shares(view: FairnessView) -> Figure:
    """Return the same chart of shares that are already loaded."""
    drawn: list[tuple[str, float | None]] = []
    rows: list[Sequence[Cell]] = []
    for by, words in GROUPINGS.items():
        named = [(group_name(by, line.key, view.home), line) for line in view.groups[by]]
        rows += [
            [said(words), name, line.figures.firms, line.requests, line.scheduled, _percent(line)]
            for name, line in named
        ]
        least = sorted(named, key=lambda each: each[1].figures.pooled)[:MOST_DRAWN]
        drawn += [(said(words), None), *((name, line.figures.pooled) for name, line in least)]
    known = [share for _, share in drawn if share is not None]
    low = max(0.0, math.floor(min(known, default=0.0) * 10 - 1) / 10)
    title = gettext("Scheduled share by group")
    sentence = gettext(
        "The solid part of each bar shows accepted requests that are not scheduled. The"
        " scale starts at %(low)s%%.",
        low=plain_number(round(low * 100)),
    )
    picture = Drawing("shares", charts.WIDTH, 20 + charts.ROW * len(drawn), title, sentence)
    charts.missing(picture, drawn, low)
    header = [gettext("Group exhibitors by"), gettext("Group"), gettext("Exhibitors"), gettext("Requests")]
    table = DrawnTable([*header, gettext("Scheduled"), gettext("Share (%%)")], rows)
    return Figure("shares", title, sentence, picture if known else None, table, table, note=sentence)


def _percent(line: GroupLine) -> float:
    return round(100 * line.figures.pooled, 2)


def dial(session: Session, actor: Actor, number: int) -> Figure:
    """Return the scheduled meetings at each fairness level. Raises NotFound until all are solved."""
    del number  # the curve is of the event as of the request, not of a version
    found = fairness_curve.get_curve(session, actor)
    if found is None or not found.is_whole:
        raise NotFound("figure", "curve")
    points = found.points
    title = gettext("Scheduled meetings at each Fairness level")
    picture = Drawing("curve", charts.WIDTH, 300, title, title)
    scheduled = [(float(each.point), float(each.scheduled)) for each in points]
    ticks = charts.between([value for _, value in scheduled])
    names = [(float(each.point), said(LEVELS[each.point])) for each in points]
    charts.lines(picture, [Line("l-main", gettext("scheduled"), scheduled)], ticks, names)
    rows: list[Sequence[Cell]] = [
        [name, each.scheduled, each.mean, each.twentieth, each.worst, each.gini, each.gap]
        for (_, name), each in zip(names, points, strict=True)
    ]
    header = [
        gettext("Level"),
        gettext("Scheduled"),
        gettext("Average share"),
        gettext("The lowest 5%% have at most"),
        gettext("Lowest"),
        gettext("Gini coefficient"),
        gettext("Proven within"),
    ]
    table = DrawnTable(header, rows)
    return Figure("curve", title, title, picture, table, table)


OF_FAIRNESS: Final[Mapping[str, Callable[[Session, Actor, int], Figure]]] = MappingProxyType(
    {"shares": shares_by_group, "curve": dial}
)
"""Charts of the fairness page by name."""
