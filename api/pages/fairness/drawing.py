"""The curve of fairness as a picture: meetings held at each point of the dial, and what no plan surpasses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scheduler.services.what_if.curve import CurvePoint

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 70.0, 660.0, 30.0, 240.0
TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the dial where it stands in the picture, and its two numbers."""

    point: int
    x: float
    y: float
    bound_y: float | None
    held: int
    bound: int | None


@dataclass(frozen=True, slots=True)
class CurvePicture:
    """What is drawn, in units of the picture, y down. `ticks` are heights and the meetings they stand for.

    `line` and `bound` are what an SVG polyline takes, `between` the area between both.
    """

    dots: Sequence[Dot]
    ticks: Sequence[tuple[float, int]]
    line: str
    bound: str
    between: str

    @property
    def lowest(self) -> int:
        """The meetings at which the scale begins."""
        return self.ticks[0][1]


def picture(points: Sequence[CurvePoint]) -> CurvePicture:
    """Of one point or more."""
    numbers = [n for each in points for n in (each.held, each.held_bound) if n is not None]
    step = _step(max(numbers) - min(numbers))
    low = math.floor(min(numbers) / step) * step
    high = max(math.ceil(max(numbers) / step) * step, low + step)
    last = max(each.point for each in points) or 1

    def y(value: int) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low), 1)

    dots = [
        Dot(
            point=each.point,
            x=round(LEFT + 40 + (RIGHT - LEFT - 80) * each.point / last, 1),
            y=y(each.held),
            bound_y=None if each.held_bound is None else y(each.held_bound),
            held=each.held,
            bound=each.held_bound,
        )
        for each in points
    ]
    line = [(dot.x, dot.y) for dot in dots]
    bound = [(dot.x, dot.bound_y) for dot in dots if dot.bound_y is not None]
    return CurvePicture(
        dots=dots,
        ticks=[(y(value), value) for value in range(low, high + 1, step)],
        line=_polyline(line),
        bound=_polyline(bound),
        between=_polyline([*bound, *reversed(line)]) if bound else "",
    )


def _step(span: int) -> int:
    """A round number of meetings between two ticks."""
    rough = max(span, 1) / TICKS
    size = int(10 ** max(0, math.floor(math.log10(rough))))
    return next(n * size for n in (1, 2, 5, 10) if n * size >= rough)


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
