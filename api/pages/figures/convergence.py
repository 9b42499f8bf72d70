"""How a run came near its bound: score and bound against seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.pages.figures import charts
from api.pages.figures.charts import Line
from api.pages.figures.drawing import Drawing
from api.pages.figures.gallery import DrawnTable, Figure


def convergence(curve: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Of a run's reports over time. None before two of them have a score."""
    score = [(float(at["seconds"]), float(at["score"])) for at in curve if at.get("score") is not None]
    bound = [(float(at["seconds"]), float(at["bound"])) for at in curve if at.get("bound") is not None]
    if len(score) < 2:
        return None
    first, last = score[0], score[-1]
    sentence = f"From {first[1]:,.0f} to {last[1]:,.0f} in {last[0]:,.0f} seconds"
    sentence += f"; no plan is above {bound[-1][1]:,.0f} (proved)." if bound else "."
    picture = Drawing("convergence", charts.WIDTH, 260, "Score and bound, by seconds", sentence)
    found = [Line("l-bound", "bound", bound)] if bound else []
    found.append(Line("l-held", "score", score))
    ticks = charts.between([value for _, value in (*score, *bound)])
    end = max(x for x, _ in (*score, *bound))
    start = min(x for x, _ in (*score, *bound))
    marks = [
        (start + (end - start) * part / 4, f"{start + (end - start) * part / 4:,.0f} s") for part in range(5)
    ]
    charts.lines(picture, found, ticks, marks)
    rows = [[at["seconds"], at.get("phase", ""), at.get("score"), at.get("bound")] for at in curve]
    table = DrawnTable(["Seconds", "Phase", "Score", "Bound"], rows)
    brief = DrawnTable(table.header, rows[:: max(1, len(rows) // 20)])
    note = f"The scale starts at {ticks[0]:,.0f}."
    return Figure("convergence", "How it came near the bound", sentence, picture, brief, table, note=note)
