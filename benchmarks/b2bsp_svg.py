"""Scatter plot of the B2BSP benchmark: our seconds against published seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.svg import Axis, Frame, dot, line, picture, text

SIZE, MARGIN = 520, 60
LEAST, MOST = 0.05, 7200.0
TICKS = (0.1, 1, 10, 60, 600, 7200)
COLOURS = {"agrees": 0, "open": 1, "disagrees": 2}
SECONDS = Axis(LEAST, MOST, logarithmic=True)
FRAME = Frame(MARGIN, MARGIN, SIZE - 2 * MARGIN, SIZE - 2 * MARGIN, SECONDS, SECONDS)


@dataclass(frozen=True, slots=True)
class Dot:
    """One case: published seconds, our seconds, outcome, and name."""

    published: float
    ours: float
    outcome: str
    name: str


def scatter(dots: Sequence[Dot], title: str) -> str:
    """Draw on two logarithmic axes. Points below the diagonal are cases in which Chainmeet is faster."""
    ticks = [(tick, f"{tick:g}") for tick in TICKS]
    parts = [
        text(SIZE / 2, SIZE - 12, "published MaxSAT, seconds", "middle"),
        text(16, SIZE / 2, "Chainmeet, seconds", "middle", turned=True),
        *FRAME.grid(ticks, ticks),
        line(FRAME.x(LEAST), FRAME.y(LEAST), FRAME.x(MOST), FRAME.y(MOST)),
        *(_dot(one) for one in dots),
    ]
    return picture(SIZE, SIZE, title, parts)


def _dot(one: Dot) -> str:
    label = f"{one.name}: {one.ours:.2f} s, published {one.published:g} s, {one.outcome}"
    return dot(FRAME.x(one.published), FRAME.y(one.ours), COLOURS[one.outcome], label)
