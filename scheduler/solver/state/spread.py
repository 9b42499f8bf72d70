"""Rule H12 in the search: how far the idle figures of any two attendees stand apart."""

from __future__ import annotations

import numpy as np

from scheduler.solver.compiled.kernels import inlined, kernel
from scheduler.solver.instance.arrays import ATTENDEES, BREAKS, DAY, PEOPLE0, PEOPLE1, SPREAD, Data
from scheduler.solver.state.state import OPTION, State

PENALTY = 300.0  # points of a step beyond the limit once it is kept: less, or more, leads to worse plans


@inlined
def idle_figure(d: Data, s: State, p: int) -> int:
    """The idle figure of an attendee over all days."""
    figure = 0
    last = -1
    for t in range(d.slot.shape[0]):
        if s.at[p, t] < 0:
            continue
        if last >= 0 and d.slot[last, DAY] == d.slot[t, DAY] and t > last + 1:
            figure += 1 if d.rule[BREAKS] else d.avail_before[p, t] - d.avail_before[p, last + 1]
        last = t
    return figure


@kernel
def excess(d: Data, s: State) -> int:
    """By how much the figures, as they were last refreshed, exceed the least one and the limit, in all."""
    if d.rule[SPREAD] < 0 or d.rule[ATTENDEES] == 0:
        return 0
    least = 0
    while s.idle_count[least] == 0:
        least += 1
    total = 0
    most = least + d.rule[SPREAD]
    for figure in range(most + 1, s.idle_count.shape[0]):
        total += s.idle_count[figure] * (figure - most)
    return total


@inlined
def refresh_of(d: Data, s: State, p: int) -> None:
    """Count an attendee's figure again."""
    s.idle_count[s.idle_of[p]] -= 1
    s.idle_of[p] = idle_figure(d, s, p)
    s.idle_count[s.idle_of[p]] += 1


@kernel
def refresh_logged(d: Data, s: State, rows: int) -> None:
    """Count the figures of those who sat in the meetings of the log's first rows again."""
    for k in range(rows):
        o = s.log[k, OPTION]
        for j in range(d.option[o, PEOPLE0], d.option[o, PEOPLE1]):
            refresh_of(d, s, d.option_people[j])


@kernel
def refresh_all(d: Data, s: State) -> None:
    """Count everybody's figure again."""
    for p in range(d.rule[ATTENDEES]):
        refresh_of(d, s, p)


def excess_of(data: Data, plan: State) -> int:
    """By how much the plan's idle figures exceed `max_idle_spread`, in all."""
    limit, figures = int(data.rule[SPREAD]), plan.idle_of
    return 0 if limit < 0 or not len(figures) else int(np.maximum(figures - figures.min() - limit, 0).sum())
