"""A picture of seconds against seconds, as plain SVG: nothing to install, and a browser shows it."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

SIZE, MARGIN = 520, 60
LEAST, MOST = 0.05, 7200.0
TICKS = (0.1, 1, 10, 60, 600, 7200)
COLOURS = {"agrees": "#1a7f5a", "open": "#c98a00", "disagrees": "#c0392b"}


@dataclass(frozen=True, slots=True)
class Dot:
    """One case: published seconds, our seconds, what came of it, and its name."""

    published: float
    ours: float
    outcome: str
    name: str


def scatter(dots: Sequence[Dot], title: str) -> str:
    """Both axes are logarithmic; dots below the diagonal are cases where we are sooner."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{SIZE}" height="{SIZE}" fill="#fff"/>',
        f'<text x="{SIZE / 2}" y="24" text-anchor="middle" font-size="15">{html.escape(title)}</text>',
        f'<text x="{SIZE / 2}" y="{SIZE - 12}" text-anchor="middle">published MaxSAT, seconds</text>',
        f'<text x="16" y="{SIZE / 2}" text-anchor="middle" transform="rotate(-90 16 {SIZE / 2})">'
        "Chainmeet, seconds</text>",
        _line(LEAST, LEAST, MOST, MOST, "#bbb"),
    ]
    for tick in TICKS:
        parts += [_line(tick, LEAST, tick, MOST, "#eee"), _line(LEAST, tick, MOST, tick, "#eee")]
        parts.append(f'<text x="{_x(tick)}" y="{_y(LEAST) + 16}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{_x(LEAST) - 6}" y="{_y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    parts += [_dot(dot) for dot in dots]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _dot(dot: Dot) -> str:
    label = html.escape(f"{dot.name}: {dot.ours:.2f} s, published {dot.published:g} s, {dot.outcome}")
    place = f'cx="{_x(dot.published)}" cy="{_y(dot.ours)}"'
    return f'<circle {place} r="4" fill="{COLOURS[dot.outcome]}"><title>{label}</title></circle>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    ends = f'x1="{_x(x1)}" y1="{_y(y1)}" x2="{_x(x2)}" y2="{_y(y2)}"'
    return f'<line {ends} stroke="{colour}"/>'


def _x(seconds: float) -> float:
    return round(MARGIN + _share(seconds) * (SIZE - 2 * MARGIN), 1)


def _y(seconds: float) -> float:
    return round(SIZE - MARGIN - _share(seconds) * (SIZE - 2 * MARGIN), 1)


def _share(seconds: float) -> float:
    clipped = min(MOST, max(LEAST, seconds))
    return math.log(clipped / LEAST) / math.log(MOST / LEAST)
