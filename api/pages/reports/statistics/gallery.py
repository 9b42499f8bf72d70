"""Charts of an event, each with a sentence, a short table and all its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from api.language.speaking import gettext, ngettext, said
from api.pages import formatting, marks
from api.pages.reports.statistics import charts
from api.pages.reports.statistics.charts import FlowNode, HeatGroup, Line
from api.pages.reports.statistics.drawing import Drawing
from scheduler.domain.entities import Tier
from scheduler.services.identity.actors import Actor
from scheduler.services.reports.statistics.answers_by_day import count_answers_by_day
from scheduler.services.reports.statistics.chain_flow import ChainFlow, get_chain_flow
from scheduler.services.reports.statistics.hall_load import HallLoad, get_hall_load
from scheduler.services.reports.statistics.walking import count_walks
from scheduler.sheets.writers import Cell

SMALL: Final = 150
"""Links with less than 1/SMALL of all meetings in the chain are not drawn."""


@dataclass(frozen=True, slots=True)
class DrawnTable:
    """A table. The first cell of each row is its header."""

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart. `brief` is the table on the page, `every` the complete one for CSV.

    `legend` has pairs of class and text. `picture` is None if there is no data. `whose` is the kind and key
    of a week's owner.
    """

    name: str
    title: str
    sentence: str
    picture: Drawing | None
    brief: DrawnTable
    every: DrawnTable
    legend: Sequence[tuple[str, str]] = ()
    note: str = ""
    whose: tuple[str, str] | None = None


def load(session: Session, actor: Actor, number: int) -> Figure:
    """Return simultaneous meetings by hall and slot."""
    found = get_hall_load(session, actor, number)
    found = replace(found, halls=[said(hall) for hall in found.halls])
    days = [(day, list(group)) for day, group in groupby(found.starts, key=lambda start: start.date())]
    sentence = gettext("This version has no meetings.")
    if found.fullest:
        hall, slot = found.fullest
        moment = f"{formatting.day_and_month(found.starts[slot].date())} {found.starts[slot]:%H:%M}"
        count = found.counts[found.fullest]
        sentence = ngettext(
            "The busiest time is %(moment)s in %(hall)s, with %(num)s simultaneous meeting.",
            "The busiest time is %(moment)s in %(hall)s, with %(num)s simultaneous meetings.",
            count,
            moment=moment,
            hall=found.halls[hall],
        )
    picture = Drawing(
        "load",
        charts.WIDTH,
        60 + 22 * len(found.halls),
        gettext("Simultaneous meetings by hall and time"),
        sentence,
    )
    groups = [
        HeatGroup(
            formatting.short_day(day),
            charts.some([f"{start:%H}" if not start.minute else "" for start in starts], 24),
        )
        for day, starts in days
    ]
    steps = charts.heat(picture, found.halls, groups, found.counts)
    legend = [
        (
            f"h{at + 1}",
            gettext("%(low)s to %(high)s", low=low, high=high) if low < high else formatting.number(high),
        )
        for at, (low, high) in enumerate(zip([1, *(step + 1 for step in steps)], steps, strict=False))
    ]
    return Figure(
        "load",
        gettext("Hall occupancy over time"),
        sentence,
        picture,
        _by_day(found),
        _by_slot(found),
        legend,
    )


def _by_day(found: HallLoad) -> DrawnTable:
    days = sorted({start.date() for start in found.starts})
    slots = {day: [at for at, start in enumerate(found.starts) if start.date() == day] for day in days}
    header = [
        gettext("Hall"),
        *(gettext("%(day)s, most simultaneous meetings", day=formatting.day_and_month(day)) for day in days),
    ]
    rows: list[Sequence[Cell]] = [
        [name, *(max((found.counts.get((hall, at), 0) for at in slots[day]), default=0) for day in days)]
        for hall, name in enumerate(found.halls)
    ]
    return DrawnTable(header, rows)


def _by_slot(found: HallLoad) -> DrawnTable:
    rows: list[Sequence[Cell]] = [
        [hall, start.date().isoformat(), f"{start:%H:%M}", found.counts.get((of, at), 0)]
        for of, hall in enumerate(found.halls)
        for at, start in enumerate(found.starts)
    ]
    return DrawnTable(
        [gettext("Hall"), gettext("Day"), gettext("From"), gettext("Simultaneous meetings")], rows
    )


def chain(session: Session, actor: Actor, number: int) -> Figure:
    """Return meetings along the chain, by tier and area."""
    return chain_figure(get_chain_flow(session, actor, number))


def chain_figure(found: ChainFlow, width: float = charts.WIDTH) -> Figure:
    """Return the flow chart at a width."""
    pairs = ((Tier.UPSTREAM, Tier.MIDSTREAM), (Tier.MIDSTREAM, Tier.DOWNSTREAM))
    sums = [
        (
            sum(link.scheduled for link in found.between(*pair)),
            sum(link.accepted for link in found.between(*pair)),
        )
        for pair in pairs
    ]
    others = sum(link.scheduled for link in found.links) - sums[0][0] - sums[1][0]
    sentence = gettext(
        "Upstream to midstream: %(upper)s of %(upper_wished)s accepted requests "
        "scheduled. Midstream to downstream: %(lower)s of %(lower_wished)s. Scheduled "
        "within a tier or beyond the next one: %(others)s.",
        upper=sums[0][0],
        upper_wished=sums[0][1],
        lower=sums[1][0],
        lower_wished=sums[1][1],
        others=others,
    )
    least = max(1, (sums[0][0] + sums[1][0]) // SMALL)
    height = max(200.0, 44 + 50.0 * len(found.areas))
    picture = Drawing("chain", width, height, gettext("Meetings along the chain"), sentence)
    bands = [
        {
            (link.upper_area, link.lower_area): link.scheduled
            for link in found.between(*pair)
            if link.scheduled
        }
        for pair in pairs
    ]
    charts.flow(picture, [(_tier(tier), _nodes(found, tier)) for tier in Tier], bands, least)
    note = (
        gettext(
            "Links of fewer than %(least)s meetings are not drawn. Each exhibitor counts in its first area.",
            least=least,
        )
        if least > 1
        else gettext("Each exhibitor counts in its first area.")
    )
    shown, note = (picture, note) if any(bands) else (None, "")
    return Figure(
        "chain",
        gettext("Meetings along the chain"),
        sentence,
        shown,
        _by_area(found),
        _by_link(found),
        note=note,
    )


def _tier(tier: Tier) -> str:
    return formatting.capitalize_first(marks.tier_label(tier))


def _nodes(found: ChainFlow, tier: Tier) -> list[FlowNode]:
    nodes, hues = [], marks.area_looks(key for key, _ in found.areas)
    for key, name in found.areas:
        scheduled, wished = _of_area(found, tier, key)
        below = gettext("%(num)s of %(all)s", num=scheduled, all=wished)
        nodes.append(FlowNode(key, hues[key], said(name) or gettext("No area"), below))
    return nodes


def _of_area(found: ChainFlow, tier: Tier, area: str) -> tuple[int, int]:
    """Return scheduled and requested meetings with adjacent tiers, for the firms of a tier and area."""
    mine = [
        link
        for link in found.links
        if {link.upper, link.lower} in ({Tier.UPSTREAM, Tier.MIDSTREAM}, {Tier.MIDSTREAM, Tier.DOWNSTREAM})
        and (tier, area) in ((link.upper, link.upper_area), (link.lower, link.lower_area))
    ]
    return sum(link.scheduled for link in mine), sum(link.accepted for link in mine)


def _by_area(found: ChainFlow) -> DrawnTable:
    header = [gettext("Area")]
    for tier in Tier:
        header += [
            gettext("%(tier)s: scheduled", tier=_tier(tier)),
            gettext("%(tier)s: accepted requests", tier=_tier(tier)),
        ]
    rows: list[Sequence[Cell]] = [
        [said(name) or gettext("No area"), *(count for tier in Tier for count in _of_area(found, tier, key))]
        for key, name in found.areas
    ]
    return DrawnTable(header, rows)


def _by_link(found: ChainFlow) -> DrawnTable:
    names = {key: said(name) for key, name in found.areas}
    rows: list[Sequence[Cell]] = [
        [
            link.upper.value,
            names[link.upper_area],
            link.lower.value,
            names[link.lower_area],
            link.accepted,
            link.scheduled,
        ]
        for link in found.links
    ]
    return DrawnTable(
        [
            gettext("Tier"),
            gettext("Area"),
            gettext("Other tier"),
            gettext("Other area"),
            gettext("Accepted requests"),
            gettext("Scheduled"),
        ],
        rows,
    )


def walks(session: Session, actor: Actor, number: int) -> Figure:
    """Return walking minutes by the start hour of the meeting that is walked to."""
    found = count_walks(session, actor, number)
    minutes = sum(each.minutes for each in found)
    sentence = gettext("No one changes halls between two meetings on the same day.")
    if found:
        most = max(found, key=lambda each: (each.minutes, each.walks))
        sentence = gettext(
            "People walk %(minutes)s minutes between halls in total. The most walking is "
            "before meetings that start from %(start)s to %(end)s: %(most)s minutes.",
            minutes=minutes,
            start=f"{most.hour}:00",
            end=f"{most.hour}:59",
            most=most.minutes,
        )
    picture = Drawing("walks", charts.WIDTH, 260, gettext("Walking minutes between halls by hour"), sentence)
    charts.bars(picture, [f"{each.hour}:00" for each in found], [float(each.minutes) for each in found])
    rows: list[Sequence[Cell]] = [[f"{each.hour}:00", each.walks, each.minutes] for each in found]
    table = DrawnTable([gettext("Hour"), gettext("Walks between halls"), gettext("Minutes")], rows)
    return Figure("walks", gettext("Walking by hour"), sentence, picture if found else None, table, table)


def answers(session: Session, actor: Actor, number: int) -> Figure:
    """Return requests sent, accepted and declined by day, independent of the version."""
    del number
    found = count_answers_by_day(session, actor)
    asked, accepted, declined = (
        sum(getattr(day, name) for day in found) for name in ("requested", "accepted", "declined")
    )
    sentence = gettext("No requests have been sent yet.")
    if found:
        sentence = ngettext(
            "%(num)s request sent: %(accepted)s accepted and %(declined)s declined.",
            "%(num)s requests sent: %(accepted)s accepted and %(declined)s declined.",
            asked,
            accepted=accepted,
            declined=declined,
        )
    picture = Drawing(
        "answers", charts.WIDTH, 260, gettext("Requests sent, accepted and declined by day"), sentence
    )
    most = max((max(day.requested, day.accepted, day.declined) for day in found), default=0)
    series = [
        Line(look, shown_as, [(float(at), float(getattr(day, name))) for at, day in enumerate(found)])
        for look, name, shown_as in (
            ("l-main", "requested", gettext("sent")),
            ("l-good", "accepted", gettext("accepted")),
            ("l-bad", "declined", gettext("declined")),
        )
    ]
    labels = charts.some([formatting.day_and_month(day.day) for day in found], 10)
    ticks = [(float(at), label) for at, label in enumerate(labels) if label]
    charts.lines(picture, series if found else [], charts.nice(most), ticks)
    rows: list[Sequence[Cell]] = [[d.day.isoformat(), d.requested, d.accepted, d.declined] for d in found]
    every = DrawnTable([gettext("Day"), gettext("Requested"), gettext("Accepted"), gettext("Declined")], rows)
    brief = DrawnTable(every.header, [row for row in rows if any(row[1:])][-60:])
    shown = picture if len(found) > 1 else None  # a line needs two points
    return Figure("answers", gettext("Responses by day"), sentence, shown, brief, every)


FIGURES: Final[Mapping[str, Callable[[Session, Actor, int], Figure]]] = MappingProxyType(
    {"load": load, "chain": chain, "walks": walks, "answers": answers}
)
"""Charts by name, in the order of the page."""
