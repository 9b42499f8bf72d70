"""Chart of the expo benchmark: the gap of each plan to the proven bound. Shorter is better."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report import Json
from benchmarks.svg import Axis, Frame, bar, picture, text

WIDTH, LEFT, RIGHT, TOP = 720, 190, 110, 44
ROW, GAP = 22, 34
LEAST, MOST = 0.01, 1000.0
TICKS = (
    (0.01, "0.01 %"),
    (0.1, "0.1 %"),
    (1.0, "1 %"),
    (10.0, "10 %"),
    (100.0, "100 %"),
    (1000.0, "1,000 %"),
)


def draw(rows: Sequence[Json]) -> str:
    """Draw a group of bars per instance on a logarithmic axis."""
    names = list(dict.fromkeys(row["instance"] for row in rows))
    height = len(rows) * ROW + len(names) * GAP
    frame = Frame(LEFT, TOP, WIDTH - LEFT - RIGHT, height, Axis(LEAST, MOST, logarithmic=True), Axis(0, 1))
    parts = frame.grid(TICKS, ())
    top = float(TOP)
    for name in names:
        parts.append(text(12, top + 22, name))
        top += GAP
        for row in (row for row in rows if row["instance"] == name):
            parts += _bar(frame, row, top)
            top += ROW
    return picture(WIDTH, TOP + height + 34, "Points below the proved bound, share of the bound", parts)


def _bar(frame: Frame, row: Json, top: float) -> list[str]:
    label = f"{row['contestant']}, {row['allowed']:g} s"
    parts = [text(LEFT - 8, top + 13, label, "end")]
    if row["error"] is not None or row["score_share"] is None:
        return [*parts, text(LEFT + 6, top + 13, "no plan")]
    below = 100 - row["score_share"]
    end = frame.x(below) if below > 0 else frame.left
    colour = 0 if row["contestant"] == "Chainmeet" else 3
    shown = f"{below:.2f} %" if below < 100 else f"{below:,.0f} %"
    return [
        *parts,
        bar(LEFT, top + 2, max(2.0, end - LEFT), ROW - 6, colour, f"{label}: {shown}"),
        text(max(LEFT + 2.0, end) + 6, top + 13, shown),
    ]
