"""Charts as plain SVG without dependencies, for light and dark mode."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

STYLE = """
svg { font-family: sans-serif; font-size: 12px; color-scheme: light dark }
.paper { fill: #fff } text { fill: #1c2430 } .grid { stroke: #e3e6ea } .axis { stroke: #aab2bd }
.c0 { color: #1a7f5a } .c1 { color: #c98a00 } .c2 { color: #c0392b } .c3 { color: #2c6fbb }
@media (prefers-color-scheme: dark) {
  .paper { fill: #14181d } text { fill: #e4e8ee } .grid { stroke: #2a313a } .axis { stroke: #5b6673 }
  .c0 { color: #4fc793 } .c1 { color: #e8b04a } .c2 { color: #ef7d6e } .c3 { color: #7db4f0 }
}
"""


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps a value to its share of the axis. `logarithmic` requires positive values."""

    least: float
    most: float
    logarithmic: bool = False

    def share(self, value: float) -> float:
        clipped = min(self.most, max(self.least, value))
        if self.logarithmic:
            return math.log(clipped / self.least) / math.log(self.most / self.least)
        return (clipped - self.least) / (self.most - self.least)


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of the chart with two axes. x grows to the right, y upwards."""

    left: float
    top: float
    width: float
    height: float
    across: Axis
    up: Axis

    def x(self, value: float) -> float:
        return round(self.left + self.across.share(value) * self.width, 1)

    def y(self, value: float) -> float:
        return round(self.top + (1 - self.up.share(value)) * self.height, 1)

    def grid(self, across: Sequence[tuple[float, str]], up: Sequence[tuple[float, str]]) -> list[str]:
        """Return a line and a label for each tick."""
        bottom, right = self.top + self.height, self.left + self.width
        parts = []
        for value, label in across:
            parts.append(line(self.x(value), self.top, self.x(value), bottom, "grid"))
            parts.append(text(self.x(value), bottom + 16, label, "middle"))
        for value, label in up:
            parts.append(line(self.left, self.y(value), right, self.y(value), "grid"))
            parts.append(text(self.left - 6, self.y(value) + 4, label, "end"))
        return parts

    def curve(self, points: Sequence[tuple[float, float]], colour: int) -> list[str]:
        """Return points joined by a line."""
        where = " ".join(f"{self.x(a)},{self.y(b)}" for a, b in points)
        stroke = 'fill="none" stroke="currentColor" stroke-width="2"'
        parts = [f'<polyline points="{where}" class="c{colour}" {stroke}/>']
        return parts + [dot(self.x(a), self.y(b), colour, f"{a:g}: {b:g}") for a, b in points]


def picture(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """Return the whole file."""
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
        f"<title>{html.escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{width:g}" height="{height:g}" class="paper"/>',
        f'<text x="{width / 2:g}" y="24" text-anchor="middle" font-size="15">{html.escape(title)}</text>',
    ]
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


def text(x: float, y: float, words: str, anchor: str = "start", turned: bool = False) -> str:
    turn = f' transform="rotate(-90 {x:g} {y:g})"' if turned else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{turn}>{html.escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "axis") -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" class="{kind}"/>'


def dot(x: float, y: float, colour: int, label: str) -> str:
    title = f"<title>{html.escape(label)}</title>"
    return f'<circle cx="{x:g}" cy="{y:g}" r="4" class="c{colour}" fill="currentColor">{title}</circle>'


def bar(x: float, y: float, width: float, height: float, colour: int, label: str) -> str:
    title = f"<title>{html.escape(label)}</title>"
    box = f'x="{x:g}" y="{y:g}" width="{max(0.0, width):.1f}" height="{height:g}"'
    return f'<rect {box} class="c{colour}" fill="currentColor">{title}</rect>'
