"""Chart of the rerun benchmark: forced and voluntary changes of each rerun."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report import Json
from benchmarks.svg import Axis, Frame, bar, picture, text

WIDTH, LEFT, RIGHT, TOP, ROW = 720, 190, 190, 44, 30


def draw(rows: Sequence[Json]) -> str:
    """Draw a bar per run: forced changes, then voluntary ones, and their gain."""
    good = [row for row in rows if row["error"] is None]
    most = max([1, *(row["forced"] + row["voluntary"] for row in good)])
    frame = Frame(LEFT, TOP, WIDTH - LEFT - RIGHT, len(good) * ROW, Axis(0, most), Axis(0, 1))
    parts = frame.grid([(0, "0"), (most, str(most))], ())
    for k, row in enumerate(good):
        parts += _bar(frame, row, TOP + k * ROW)
    return picture(
        WIDTH,
        TOP + len(good) * ROW + 34,
        "Published meetings changed: forced (amber), voluntary (green)",
        parts,
    )


def _bar(frame: Frame, row: Json, top: float) -> list[str]:
    limit = "" if row["max_moved"] is None else f", max_moved {row['max_moved']}"
    forced, both = frame.x(row["forced"]), frame.x(row["forced"] + row["voluntary"])
    bought = "" if row["bought"] is None else f", bought {row['bought']:,} points"
    return [
        text(LEFT - 8, top + 19, f"{row['instance']}{limit}", "end"),
        bar(LEFT, top + 6, forced - LEFT, ROW - 12, 1, f"{row['forced']} forced"),
        bar(forced, top + 6, both - forced, ROW - 12, 0, f"{row['voluntary']} voluntary"),
        text(both + 6, top + 19, f"{row['forced']} + {row['voluntary']}{bought}"),
    ]
