"""The terms of the score of a state, for progress reports. Those of the result are from the rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from scheduler.domain.problem import ANY_START, Problem
from scheduler.domain.rules.score import group_lacks
from scheduler.solver.compiled.kernels import Int32s, entry
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import firms, requests, rules, slots
from scheduler.solver.state.columns import held
from scheduler.solver.state.state import State


def count_terms(problem: Problem, data: Data, state: State) -> dict[str, int]:
    """The count of each term."""
    table, rows = state.held, data.requests
    is_held = table[:, held.SLOT] >= 0
    weights = np.array([request.weight for request in problem.requests], np.int64)
    published = rows[:, requests.PUBLISHED] > 0
    stays = published & is_held & (table[:, held.SLOT] == rows[:, requests.PUBLISHED_SLOT])
    others = (table[:, held.OPTION] != rows[:, requests.PUBLISHED_OPTION]) | (
        table[:, held.INTERPRETER] != rows[:, requests.PUBLISHED_INTERPRETER]
    )
    stands = published & is_held if problem.policy.reassigned_counts == ANY_START else stays
    idle, changes = count_days(data, state)
    named: dict[str, Callable[[State], int]] = {
        "repeated": partial(repeated, data),
        "unfair": partial(unfair, problem),
        "group_gap": partial(group_gap, problem),
    }
    return {
        "served": int(weights[is_held].sum()),
        "shortfall": int(np.maximum(data.firms[:, firms.FLOOR] - state.firm_count, 0).sum()),
        "idle": int(idle),
        "hall_change": int(changes),
        "moved": int((published & is_held & ~stays).sum()),
        "relocated": int((stays & (table[:, held.GROUP] != rows[:, requests.PUBLISHED_GROUP])).sum()),
        "reassigned": int((stands & others).sum()),
        "dropped": int((published & ~is_held).sum()),
        **{term: count(state) for term, count in named.items() if term in problem.policy.factors},
    }


def repeated(data: Data, state: State) -> int:
    """The price steps of those who have several changes, without those of the changes before."""
    every, before = state.changed_of.astype(np.int64), data.changed_before.astype(np.int64)
    return int((every * (every - 1) // 2 - before * (before - 1) // 2).sum())


def unfair(problem: Problem, state: State) -> int:
    """What the firms lack to the fair shares, each meeting times its price."""
    firms = zip(problem.fair_levels, state.firm_count.tolist(), strict=True)
    return sum(price * max(0, level - n) for levels, n in firms for level, price in levels)


def group_gap(problem: Problem, state: State) -> int:
    """What groups of firms lack to the share of all requests, in meetings."""
    meetings = len(problem.requests) - int(state.unscheduled_count)
    return sum(group_lacks(problem, state.firm_count.tolist(), meetings))


@entry
def count_days(data: Data, state: State) -> Int32s:
    """The idle figure and the hall changes of all attendees."""
    found = np.zeros(2, np.int32)
    slot_count = data.slots.shape[0]
    for person in range(data.rules[rules.ATTENDEES]):
        for slot in range(slot_count):
            if state.at[person, slot] < 0:
                continue
            after = slot + 1
            while (
                after < slot_count
                and data.slots[after, slots.DAY] == data.slots[slot, slots.DAY]
                and state.at[person, after] < 0
            ):
                after += 1
            if after == slot_count or data.slots[after, slots.DAY] != data.slots[slot, slots.DAY]:
                continue
            found[1] += state.hall_at[person, after] != state.hall_at[person, slot]
            if data.rules[rules.BREAKS]:
                found[0] += after > slot + 1
            else:
                found[0] += data.avail_before[person, after] - data.avail_before[person, slot + 1]
    return found
