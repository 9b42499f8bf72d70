"""Chart of the scale benchmark: three small plots over the number of firms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.report import Json
from benchmarks.svg import Axis, Frame, picture, text

WIDTH, HEIGHT, LEFT, TOP, PLOT, GAP = 840, 300, 60, 70, 200, 80
FIRMS = Axis(40, 12_000, logarithmic=True)
FIRM_TICKS = ((60, "60"), (620, "620"), (3000, "3,000"), (10_000, "10,000"))

Value = Callable[[Json], float | None]
PLOTS: tuple[tuple[str, Value, Axis, tuple[tuple[float, str], ...], int], ...] = (
    (
        "score and served, % of the bound",
        lambda row: row["score_share"],
        Axis(97, 100),
        ((97, "97"), (98, "98"), (99, "99"), (100, "100")),
        0,
    ),
    (
        "seconds to 99 % of the final score",
        lambda row: row["near_seconds"],
        Axis(0.1, 1000, logarithmic=True),
        ((0.1, "0.1"), (1, "1"), (10, "10"), (100, "100"), (1000, "1,000")),
        1,
    ),
    (
        "peak memory, GB",
        lambda row: None if row["peak_mb"] is None else row["peak_mb"] / 1000,
        Axis(0.1, 10, logarithmic=True),
        ((0.1, "0.1"), (1, "1"), (10, "10")),
        2,
    ),
)


def draw(rows: Sequence[Json]) -> str:
    """Draw one curve per plot. The plot of quality also has the served weight."""
    good = sorted((row for row in rows if row["error"] is None), key=lambda row: row["firms"])
    parts: list[str] = []
    for k, (title, value, axis, ticks, colour) in enumerate(PLOTS):
        frame = Frame(LEFT + k * (PLOT + GAP), TOP, PLOT, HEIGHT - TOP - 50, FIRMS, axis)
        parts += [*frame.grid(FIRM_TICKS, ticks), text(frame.left, TOP - 14, title)]
        parts += frame.curve(points(good, value), colour)
    quality = Frame(LEFT, TOP, PLOT, HEIGHT - TOP - 50, FIRMS, PLOTS[0][2])
    parts += quality.curve(points(good, lambda row: row["served_share"]), 3)
    parts.append(
        text(WIDTH / 2, HEIGHT - 8, "firms, at about 15 requests each (green: score, blue: served)", "middle")
    )
    return picture(WIDTH, HEIGHT, "Chainmeet from 60 to 10,000 firms", parts)


def points(rows: Sequence[Json], value: Value) -> list[tuple[float, float]]:
    """Return firms and values, where a value exists."""
    found = [(row["firms"], value(row)) for row in rows]
    return [(firms, round(number, 3)) for firms, number in found if number is not None]
