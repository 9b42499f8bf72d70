"""Convergence of a run: score and bound over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.language.speaking import gettext
from api.pages.formatting import number
from api.pages.reports.statistics import charts
from api.pages.reports.statistics.charts import Line
from api.pages.reports.statistics.drawing import Drawing
from api.pages.reports.statistics.gallery import DrawnTable, Figure
from api.pages.schedule.state_labels import phase_word


def convergence(curve: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Return the convergence chart of a run's progress reports, or None before two of them have a score."""
    score = [(float(at["seconds"]), float(at["score"])) for at in curve if at.get("score") is not None]
    bound = [(float(at["seconds"]), float(at["bound"])) for at in curve if at.get("bound") is not None]
    if len(score) < 2:
        return None
    first, last = score[0], score[-1]
    values = {"first": number(first[1]), "last": number(last[1]), "seconds": number(last[0])}
    if bound:
        sentence = gettext(
            "The score went from %(first)s to %(last)s in %(seconds)s seconds. The proven "
            "maximum is %(bound)s.",
            bound=number(bound[-1][1]),
            **values,
        )
    else:
        sentence = gettext("The score went from %(first)s to %(last)s in %(seconds)s seconds.", **values)
    picture = Drawing(
        "convergence", charts.WIDTH, 260, gettext("Score and proven maximum over time"), sentence
    )
    found = [Line("l-bound", gettext("proven maximum"), bound)] if bound else []
    found.append(Line("l-main", gettext("score"), score))
    ticks = charts.between([value for _, value in (*score, *bound)])
    end = max(x for x, _ in (*score, *bound))
    start = min(x for x, _ in (*score, *bound))
    marks = [
        (at, gettext("%(seconds)s s", seconds=number(at)))
        for at in (start + (end - start) * part / 4 for part in range(5))
    ]
    charts.lines(picture, found, ticks, marks)
    rows = [
        [at["seconds"], phase_word(at.get("phase", "")), at.get("score"), at.get("bound")] for at in curve
    ]
    table = DrawnTable(
        [gettext("Seconds"), gettext("Phase"), gettext("Score"), gettext("Proven maximum")], rows
    )
    brief = DrawnTable(table.header, rows[:: max(1, len(rows) // 20)])
    note = gettext("The scale starts at %(number)s.", number=number(ticks[0]))
    title = gettext("Search progress")
    return Figure("convergence", title, sentence, picture, brief, table, note=note)
