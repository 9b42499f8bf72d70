"""Chart types: heat map, flow between columns, bars, and lines with axes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final
from unicodedata import east_asian_width

from api.pages.formatting import number, share
from api.pages.reports.statistics.drawing import Drawing

WIDTH: Final = 1180.0
STEPS: Final = 5
"""Number of shades."""


def limits_of_steps(most: int) -> list[int]:
    """Return the upper limit of each shade: equal parts of `most`, as far as integers allow."""
    return sorted({max(1, math.ceil(most * step / STEPS)) for step in range(1, STEPS + 1)})


def nice(most: float) -> list[float]:
    """Return axis ticks from 0 to at least `most`, spaced by 1, 2 or 5 times a power of ten."""
    rough = max(most, 1) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = max(1.0, next(power * each for each in (1, 2, 5, 10) if power * each >= rough))
    return [step * at for at in range(math.ceil(max(most, 1) / step) + 1)]


@dataclass(frozen=True, slots=True)
class HeatGroup:
    """A group of columns: its name, and labels for some of them."""

    name: str
    labels: Sequence[str]


def heat(
    picture: Drawing, rows: Sequence[str], groups: Sequence[HeatGroup], counts: Mapping[tuple[int, int], int]
) -> list[int]:
    """Draw a heat map. Return the upper limit of each shade, for the legend."""
    left, top, gap = 130.0, 46.0, 12.0
    columns = sum(len(group.labels) for group in groups)
    wide = min(26.0, (WIDTH - left - 60 - gap * (len(groups) - 1)) / max(columns, 1))
    steps = limits_of_steps(max(counts.values(), default=1))
    shades: dict[int, list[str]] = {}
    x, column, high = left, 0, 20.0
    for group in groups:
        picture.text(x, 16, group.name, "ink", size=12.5)
        for at, label in enumerate(group.labels):
            if label:
                picture.text(x + wide * at, 36, label, size=11)
            for row in range(len(rows)):
                count = counts.get((row, column), 0)
                shade = next(at for at, limit in enumerate(steps) if count <= limit) + 1 if count else 0
                corner = f"M{x + wide * at:.1f} {top + row * (high + 2):.0f}"
                cell = f"{corner}h{wide - 1.5:.1f}v{high:.0f}h-{wide - 1.5:.1f}z"
                shades.setdefault(shade, []).append(cell)
            column += 1
        x += wide * len(group.labels) + gap
    for shade in sorted(shades):
        picture.path(f"h{shade}", "".join(shades[shade]))
    for row, name in enumerate(rows):
        y = top + row * (high + 2) + 14
        picture.text(left - 8, y, cut(name, 18), "ink", anchor="end", size=12.5)
        total = sum(count for (of, _), count in counts.items() if of == row)
        picture.text(x, y, number(total), size=11.5)
    return steps


def cut(words: str, most: int) -> str:
    """Truncate a text to the width of `most` Latin letters. A full-width character counts as two."""
    ends = list(accumulate(2 if east_asian_width(letter) in "WF" else 1 for letter in words))
    return words if not ends or ends[-1] <= most else f"{words[: bisect_right(ends, most - 1)]}…"


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A node: an area's key, the area that determines its colour, its name, and the text below it."""

    area: str
    hue: str
    name: str
    below: str


def flow(
    picture: Drawing,
    columns: Sequence[tuple[str, Sequence[FlowNode]]],
    bands: Sequence[Mapping[tuple[str, str], int]],
    least: int,
) -> None:
    """Draw a flow chart: columns of nodes, and bands between them whose widths are the amounts.

    Bands below `least` are not drawn, but keep their space at the nodes.
    """
    top, room, bar = 30.0, picture.height - 44, 14.0
    places = [176.0, (picture.width - bar) / 2, picture.width - 176 - bar]
    sizes = [
        {node.area: max(_out(bands, at, node.area), _in(bands, at, node.area)) for node in nodes}
        for at, (_, nodes) in enumerate(columns)
    ]
    gap = 10.0
    most = max(sum(each.values()) for each in sizes) or 1
    scale = (room - gap * max(len(nodes) for _, nodes in columns)) / most
    hues = {node.area: node.hue for _, nodes in columns for node in nodes}
    ys: list[dict[str, float]] = []
    for each, (_, nodes) in zip(sizes, columns, strict=True):
        y, of = top, {}
        for node in nodes:
            of[node.area] = y
            y += each[node.area] * scale + (gap if each[node.area] else 0)
        ys.append(of)
    for at, of_pair in enumerate(bands):
        starts, ends = dict(ys[at]), dict(ys[at + 1])
        x1, x2 = places[at] + bar, places[at + 1]
        for (one, other), amount in sorted(of_pair.items(), key=lambda each: _rank(columns, at, each[0])):
            width = amount * scale
            y1, y2 = starts[one] + width / 2, ends[other] + width / 2
            starts[one] += width
            ends[other] += width
            if amount >= least:
                half = (x1 + x2) / 2
                picture.flow(
                    hues[one],
                    f"M{x1:.0f} {y1:.1f}C{half:.0f} {y1:.1f} {half:.0f} {y2:.1f} {x2:.0f} {y2:.1f}",
                    width,
                )
    anchors = ("end", "start", "start")
    for at, (title, nodes) in enumerate(columns):
        picture.text(places[at] + bar / 2, 14, title, "ink", anchor="middle", size=13)
        x = places[at] - 8 if at == 0 else places[at] + bar + 8
        for node in (each for each in nodes if sizes[at][each.area]):
            height = sizes[at][node.area] * scale
            picture.node(node.hue, places[at], ys[at][node.area], bar, height)
            middle = ys[at][node.area] + height / 2
            picture.text(x, middle, cut(node.name, 22), "ink halo", anchor=anchors[at], size=12.5)
            picture.text(x, middle + 13, node.below, anchor=anchors[at], size=11.5)


def _out(bands: Sequence[Mapping[tuple[str, str], int]], at: int, area: str) -> int:
    of = bands[at] if at < len(bands) else {}
    return sum(amount for (one, _), amount in of.items() if one == area)


def _in(bands: Sequence[Mapping[tuple[str, str], int]], at: int, area: str) -> int:
    of = bands[at - 1] if at else {}
    return sum(amount for (_, other), amount in of.items() if other == area)


def _rank(
    columns: Sequence[tuple[str, Sequence[FlowNode]]], at: int, pair: tuple[str, str]
) -> tuple[int, int]:
    order = [[node.area for node in nodes] for _, nodes in columns]
    return order[at].index(pair[0]), order[at + 1].index(pair[1])


def bars(picture: Drawing, labels: Sequence[str], values: Sequence[float]) -> None:
    """Draw one bar per label, from zero."""
    left, bottom, top = 60.0, picture.height - 26, 14.0
    ticks = nice(max(values, default=0))
    wide = (picture.width - left - 20) / max(len(values), 1)
    _axis(picture, ticks, left, top, bottom)
    body = min(wide * 0.7, 60.0)
    shapes = []
    for at, value in enumerate(values):
        high = (bottom - top) * value / ticks[-1]
        x = left + wide * at + (wide - body) / 2
        shapes.append(f"M{x:.1f} {bottom:.1f}h{body:.1f}v-{high:.1f}h-{body:.1f}z")
        picture.text(x + body / 2, bottom + 18, labels[at], anchor="middle", size=11.5)
        picture.text(x + body / 2, bottom - high - 5, number(value), "ink", anchor="middle", size=11.5)
    picture.path("h4", "".join(shapes))


ROW: Final = 22.0
"""Height of a row of shares."""


def missing(picture: Drawing, rows: Sequence[tuple[str, float | None]], low: float) -> None:
    """Draw shares as bars of the missing part, from 1 down to `low`. Rows without a share are headings."""
    left, right = 280.0, picture.width - 90
    for at, (name, of_all) in enumerate(rows):
        y = 10 + ROW * at
        if of_all is None:
            picture.text(0, y + 15, name, "ink", size=13)
            continue
        x = left + (right - left) * (of_all - low) / (1 - low)
        picture.text(left - 8, y + 15, cut(name, 38), anchor="end", size=12.5)
        picture.path("h1", f"M{left:.1f} {y + 4:.1f}H{right:.1f}v14H{left:.1f}z")
        picture.path("h4", f"M{x:.1f} {y + 4:.1f}H{right:.1f}v14H{x:.1f}z")
        picture.text(right + 8, y + 15, share(of_all, 1), "ink", size=12.5)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart: its class, its name at the end, and its points."""

    look: str
    name: str
    points: Sequence[tuple[float, float]]


def lines(
    picture: Drawing, found: Sequence[Line], ticks: Sequence[float], labels: Sequence[tuple[float, str]]
) -> None:
    """Draw lines with y axis ticks, and with labels at positions of the x axis."""
    left, right, bottom, top = 76.0, picture.width - 110, picture.height - 26, 14.0
    _axis(picture, ticks, left, top, bottom, right=right)
    first = min((x for line in found for x, _ in line.points), default=0.0)
    last = max((x for line in found for x, _ in line.points), default=1.0)
    span, low = (last - first) or 1, ticks[0]
    tall = (ticks[-1] - low) or 1

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * (x - first) / span, bottom - (bottom - top) * (y - low) / tall

    ends: list[tuple[float, str]] = []
    for line in found:
        placed = [at(x, y) for x, y in line.points]
        picture.path(line.look, "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed))
        ends.append((placed[-1][1] + 4, line.name))
    lowest = bottom + 18
    for y, name in sorted(ends, reverse=True):  # move overlapping labels up
        lowest = min(y, lowest - 14)
        picture.text(right + 8, lowest, name, "ink", size=12)
    for x, label in labels:
        picture.text(at(x, low)[0], bottom + 18, label, anchor="middle", size=11.5)


def between(values: Sequence[float], count: int = 4) -> list[float]:
    """Return ticks of an axis that does not begin at zero."""
    low, high = min(values), max(values)
    rough = max((high - low) / count, 1)
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
    first = math.floor(low / step) * step
    ticks = [first]
    while ticks[-1] < high:
        ticks.append(ticks[-1] + step)
    return ticks if len(ticks) > 1 else [first, first + step]


def some(labels: Sequence[str], most: int) -> list[str]:
    """Return the labels with at most `most` of them non-empty, evenly spaced."""
    every = max(1, math.ceil(len(labels) / most))
    return [label if at % every == 0 else "" for at, label in enumerate(labels)]


def _axis(
    picture: Drawing,
    ticks: Sequence[float],
    left: float,
    top: float,
    bottom: float,
    *,
    right: float | None = None,
) -> None:
    tall = (ticks[-1] - ticks[0]) or 1
    end = right if right is not None else picture.width - 20
    for tick in ticks:
        y = bottom - (bottom - top) * (tick - ticks[0]) / tall
        picture.path("axis", f"M{left:.0f} {y:.1f}H{end:.0f}")
        picture.text(left - 8, y + 4, number(tick), anchor="end", size=11.5)
