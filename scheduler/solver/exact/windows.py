"""Implied rows of the exact model: who has no break is busy in just one window of slots.

Runs of busy slots alone do not tell an LP or a core who then has to be busy in the middle of the day.
"""

from __future__ import annotations

from collections import Counter

from scheduler.solver.exact.model import ExactModel, Expr, fixed_load
from scheduler.solver.instance.choices import Person, slot_mask

Ways = frozenset[int]
"""How a request can be held, as masks of slots."""


def add_windows(exact: ExactModel, person: Person, slots: list[int], breaks: Expr) -> None:
    """The rows of a person who holds all meetings on the day `slots`, whatever else is decided."""
    load, busy = fixed_load(exact, person), exact.busy[person]
    if load is None or load < 2 or not busy.keys() <= set(slots):
        return
    broken = exact.literal(f"broken {person}")
    exact.model.add(breaks >= broken)
    choices = [broken]
    for first in window_starts(exact, person, load):
        window = exact.literal(f"window {person} {first}")
        there = range(first, first + load)
        literals = [now if slot in there else ~now for slot, now in busy.items()]
        exact.model.add_bool_and(literals).only_enforce_if(window)
        choices.append(window)
    exact.model.add_exactly_one(choices)


def window_starts(exact: ExactModel, person: Person, load: int) -> list[int]:
    """The first slots of the windows of `load` slots that the person's meetings could fill."""
    busy, ways = exact.busy[person], _ways(exact, person)
    spans = [range(first, first + load) for first in busy]
    return [span[0] for span in spans if all(slot in busy for slot in span) and _fill(ways, slot_mask(span))]


def _ways(exact: ExactModel, person: Person) -> list[tuple[Ways, int]]:
    """The ways to hold each of the person's requests, with its length. Alike requests share one set."""
    found: dict[int, set[int]] = {}
    for i in exact.of_person[person]:
        assignment = exact.assignment[i]
        found.setdefault(assignment.request, set()).add((1 << assignment.stop) - (1 << assignment.start))
    requests = exact.assignments.problem.requests
    return [(frozenset(masks), requests[r].length) for r, masks in found.items()]


def _fill(ways: list[tuple[Ways, int]], window: int) -> bool:
    """Whether each slot of a window can be given to a request that may be held there within the window.

    A longer meeting is taken apart into its slots: what cannot be filled so, cannot be filled.
    """
    needs: Counter[int] = Counter()
    for (masks, length), count in Counter(ways).items():
        inside = 0
        for mask in masks:
            if not mask & ~window:
                inside |= mask
        needs[inside] += length * count
    given: dict[int, int] = {}
    return all(_give(inside, [window], given) for inside, count in needs.items() for _ in range(count))


def _give(inside: int, untried: list[int], given: dict[int, int]) -> bool:
    """Give one of the slots `inside` (an augmenting path: what it was given to takes another one)."""
    while inside & untried[0]:
        low = inside & untried[0] & -(inside & untried[0])
        untried[0] ^= low
        if low not in given or _give(given[low], untried, given):
            given[low] = inside
            return True
    return False
