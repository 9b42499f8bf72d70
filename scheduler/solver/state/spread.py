"""Rule H12 in the search: how far the idle figures of any two attendees stand apart."""

from __future__ import annotations

import numpy as np

from scheduler.solver.compiled.kernels import inlined, kernel
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import rules, slots
from scheduler.solver.instance.ranges import people_of
from scheduler.solver.state.columns import log
from scheduler.solver.state.state import State

PENALTY = 300.0  # points of a step beyond the limit once it is kept: less, or more, leads to worse plans


@inlined
def idle_figure(data: Data, state: State, person: int) -> int:
    """The idle figure of an attendee over all days."""
    figure = 0
    before = -1
    for slot in range(data.slots.shape[0]):
        if state.at[person, slot] < 0:
            continue
        if before >= 0 and data.slots[before, slots.DAY] == data.slots[slot, slots.DAY] and slot > before + 1:
            figure += (
                1
                if data.rules[rules.BREAKS]
                else data.avail_before[person, slot] - data.avail_before[person, before + 1]
            )
        before = slot
    return figure


@kernel
def excess(data: Data, state: State) -> int:
    """By how much idle figures exceed the least one and the limit of H12, in all. 0 without a limit.

    The figures are as last counted: `refresh_logged` comes before.
    """
    if data.rules[rules.SPREAD] < 0 or data.rules[rules.ATTENDEES] == 0:
        return 0
    least = 0
    while state.idle_count[least] == 0:
        least += 1
    total = 0
    most = least + data.rules[rules.SPREAD]
    for figure in range(most + 1, state.idle_count.shape[0]):
        total += state.idle_count[figure] * (figure - most)
    return total


@inlined
def refresh_person(data: Data, state: State, person: int) -> None:
    """Count an attendee's idle figure again, in `idle_of` and `idle_count`."""
    state.idle_count[state.idle_of[person]] -= 1
    state.idle_of[person] = idle_figure(data, state, person)
    state.idle_count[state.idle_of[person]] += 1


@kernel
def refresh_logged(data: Data, state: State, rows: int) -> None:
    """Count the idle figures of those again who sit in the meetings of the log's first rows."""
    for k in range(rows):
        option = state.log[k, log.OPTION]
        for j in people_of(data, option):
            refresh_person(data, state, data.option_people[j])


@kernel
def refresh_all(data: Data, state: State) -> None:
    """Count every attendee's idle figure again."""
    for person in range(data.rules[rules.ATTENDEES]):
        refresh_person(data, state, person)


def excess_of(data: Data, plan: State) -> int:
    """By how much the plan's idle figures exceed `max_idle_spread`, in all."""
    limit, figures = int(data.rules[rules.SPREAD]), plan.idle_of
    return 0 if limit < 0 or not len(figures) else int(np.maximum(figures - figures.min() - limit, 0).sum())
