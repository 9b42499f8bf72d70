"""The terms of the score of a state, for reports on the way; the result's are those of the rules."""

from __future__ import annotations

import numpy as np

from scheduler.domain.problem import ANY_START, Problem
from scheduler.solver.compiled.kernels import Ints, entry
from scheduler.solver.instance.arrays import (
    ATTENDEES,
    BREAKS,
    DAY,
    FLOOR,
    HOME_GROUP,
    HOME_INTERPRETER,
    HOME_OPTION,
    HOME_SLOT,
    PUBLISHED,
    Data,
)
from scheduler.solver.state.state import GROUP, INTERPRETER, OPTION, SLOT, State


def count_terms(problem: Problem, d: Data, s: State) -> dict[str, int]:
    """The count of each term."""
    held, req = s.held, d.req
    is_held = held[:, SLOT] >= 0
    weights = np.array([request.weight for request in problem.requests], np.int64)
    published = req[:, PUBLISHED] > 0
    stays = published & is_held & (held[:, SLOT] == req[:, HOME_SLOT])
    others = (held[:, OPTION] != req[:, HOME_OPTION]) | (held[:, INTERPRETER] != req[:, HOME_INTERPRETER])
    stands = published & is_held if problem.policy.reassigned_counts == ANY_START else stays
    idle, changes = count_days(d, s)
    repeats = {"repeated": repeated(s)} if "repeated" in problem.policy.factors else {}
    return {
        "served": int(weights[is_held].sum()),
        "shortfall": int(np.maximum(d.firm[:, FLOOR] - s.firm_count, 0).sum()),
        "idle": int(idle),
        "hall_change": int(changes),
        "moved": int((published & is_held & ~stays).sum()),
        "relocated": int((stays & (held[:, GROUP] != req[:, HOME_GROUP])).sum()),
        "reassigned": int((stands & others).sum()),
        "dropped": int((published & ~is_held).sum()),
        **repeats,
    }


def repeated(s: State) -> int:
    """The price steps of those who have several of their published meetings changed."""
    changed = s.changed_of.astype(np.int64)
    return int((changed * (changed - 1) // 2).sum())


@entry
def count_days(d: Data, s: State) -> Ints:
    """The idle figure and the hall changes of all attendees."""
    found = np.zeros(2, np.int32)
    slots = d.slot.shape[0]
    for p in range(d.rule[ATTENDEES]):
        for t in range(slots):
            if s.at[p, t] < 0:
                continue
            u = t + 1
            while u < slots and d.slot[u, DAY] == d.slot[t, DAY] and s.at[p, u] < 0:
                u += 1
            if u == slots or d.slot[u, DAY] != d.slot[t, DAY]:
                continue
            found[1] += s.hall_at[p, u] != s.hall_at[p, t]
            if d.rule[BREAKS]:
                found[0] += u > t + 1
            else:
                found[0] += d.avail_before[p, u] - d.avail_before[p, t + 1]
    return found
