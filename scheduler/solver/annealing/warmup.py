"""Compile every kernel once, on a tiny problem."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from scheduler.domain.entities import PlaceKind, Tier
from scheduler.domain.problem import Attendee, Firm, Place, Problem, Request, Slot
from scheduler.solver.annealing.anneal import KINDS, anneal
from scheduler.solver.annealing.joining import Joiner
from scheduler.solver.compiled.kernels import is_cached, is_ready
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.operators.construct import construct
from scheduler.solver.operators.spread_repair import repair_spread
from scheduler.solver.state.loading import load, loading_order, shift
from scheduler.solver.state.state import new_state
from scheduler.solver.state.terms import count_days


def is_compiled() -> bool:
    """Whether the kernels are ready in this process."""
    return is_ready() and bool(anneal.signatures) and bool(count_days.signatures)  # type: ignore[attr-defined]


def is_slow() -> bool:
    """Whether a warm-up has to compile.

    Returns
    -------
    bool
        True where it takes half a minute. False where it only loads what is compiled.
    """
    return not is_compiled() and not is_cached()


def warm_up() -> None:
    """Compile the kernels, or load them from numba's cache."""
    if is_compiled():
        return
    flat = flatten(tiny_problem())
    state = new_state(flat.data, 1)
    construct(flat.data, state)
    anneal(flat.data, state, 10, 1.0, 1.0, np.linspace(0.2, 1.0, KINDS), np.zeros((KINDS, 3)))
    order = loading_order(flat.data)
    load(flat.data, state, state.held.copy(), order)
    shift(flat.data, state, state.held.copy(), order)
    Joiner(flat.data).join(flat.data, state, state.held.copy(), state.held.copy(), 1.0)
    repair_spread(flat.data, state)
    count_days(flat.data, state)


def tiny_problem() -> Problem:
    """Two firms, two slots, one table and one request."""
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    step = timedelta(minutes=30)
    slots = tuple(
        Slot(f"s{k}", start + k * step, start + k * step + timedelta(minutes=25), "am") for k in range(2)
    )
    firms = tuple(Firm(f"f{k}", f"Firm {k}", Tier.UPSTREAM, (), "CN") for k in range(2))
    people = tuple(Attendee(f"a{k}", k, frozenset({"en"})) for k in range(2))
    table = Place("t0", 0, PlaceKind.TABLE)
    request = Request("r0", 0, 1, 1)
    return Problem("Warm-up", "UTC", slots, ("H1",), ((0.0,),), (table,), firms, people, (), (request,))
