"""Chart of the fairness curve: scheduled meetings at each priority level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scheduler.services.planning.fairness.shares import FairnessView
from scheduler.services.planning.scenarios.fairness_curve import CurvePoint

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 70.0, 660.0, 30.0, 240.0
TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Dot:
    """A data point: the fairness level, its coordinates in the chart, and the scheduled meetings."""

    point: int
    x: float
    y: float
    scheduled: int


@dataclass(frozen=True, slots=True)
class CurvePicture:
    """The chart in SVG units, y downwards. `ticks` are y coordinates and their numbers of meetings.

    `line` is the points attribute of an SVG polyline. No bound is drawn: the proven bound covers all plans,
    fair or not, so it is the same at each level.
    """

    dots: Sequence[Dot]
    ticks: Sequence[tuple[float, int]]
    line: str

    @property
    def lowest(self) -> int:
        """The number of meetings at which the axis begins."""
        return self.ticks[0][1]


def lowest_of_scale(view: FairnessView) -> float:
    """Return the start of the axis of shares: a multiple of 0.1 that no group's 5th percentile is below."""
    figures = [line.figures for lines in view.groups.values() for line in lines]
    least = min((each.twentieth for each in figures), default=0.0)
    return min(max(0.0, math.floor(10 * least) / 10), 0.9)


def picture(points: Sequence[CurvePoint]) -> CurvePicture:
    """Return the chart of one or more points."""
    scheduled = [each.scheduled for each in points]
    step = _step(max(scheduled) - min(scheduled))
    low = math.floor(min(scheduled) / step) * step
    high = max(math.ceil(max(scheduled) / step) * step, low + step)
    last = max(each.point for each in points) or 1

    def y(value: int) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low), 1)

    dots = [
        Dot(
            point=each.point,
            x=round(LEFT + 40 + (RIGHT - LEFT - 80) * each.point / last, 1),
            y=y(each.scheduled),
            scheduled=each.scheduled,
        )
        for each in points
    ]
    return CurvePicture(
        dots=dots,
        ticks=[(y(value), value) for value in range(low, high + 1, step)],
        line=" ".join(f"{dot.x},{dot.y}" for dot in dots),
    )


def _step(span: int) -> int:
    """Return a round number of meetings between two ticks."""
    rough = max(span, 1) / TICKS
    size = int(10 ** max(0, math.floor(math.log10(rough))))
    return next(n * size for n in (1, 2, 5, 10) if n * size >= rough)
