"""Optimal plan of a tiny problem by exhaustive search, with rules from reference_rules.py alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.files.problem_file import write_problem
from tests.support import reference_rules

Json = dict[str, Any]

# Monotone rules: a partial plan that violates one need not be extended.
FOR_EVER = {"format", "H2", "H3", "H4", "H5", "H7", "H8", "H9", "H11", "H14", "H15", "H16", "H17"}


def best_plan(problem: Problem) -> tuple[float, tuple[Meeting, ...]] | None:
    """Return the best score and a plan with it, or None if no plan is feasible."""
    document = write_problem(problem)
    best: tuple[float, list[Json]] | None = None
    for meetings in plans(document):
        score = reference_rules.total(document, reference_rules.terms(document, meetings))
        if (best is None or score > best[0]) and not reference_rules.broken_rules(document, meetings):
            best = score, meetings
    if best is None:
        return None
    return best[0], tuple(Meeting(**{**m, "attendees": tuple(m["attendees"])}) for m in best[1])


def plans(document: Json) -> Iterator[list[Json]]:
    """Yield every set of meetings that violates none of the rules FOR_EVER."""
    yield from _extend(document, [], [meetings_of(document, row) for row in document["requests"]])


def meetings_of(document: Json, request: Json) -> list[Json]:
    """Return every meeting of a request that alone violates none of the rules FOR_EVER."""
    sides = [_teams(document, request, side) for side in ("from", "to")]
    every = product(
        [row["id"] for row in document["slots"]],
        [row["id"] for row in document["places"]],
        product(*sides),
        [None, *(row["id"] for row in document["interpreters"])],
    )
    meetings = [
        {"request": request["id"], "slot": slot, "place": place, "attendees": [*a, *b], "interpreter": who}
        for slot, place, (a, b), who in every
    ]
    return [m for m in meetings if not reference_rules.broken_rules(document, [m]) & FOR_EVER]


def _teams(document: Json, request: Json, side: str) -> list[list[str]]:
    """Return possible teams of a side: the named people, or any one of the firm, even if excluded."""
    if request[f"{side}_attendees"]:
        return [request[f"{side}_attendees"]]
    return [[row["id"]] for row in document["attendees"] if row["firm"] == request[side]]


def _extend(document: Json, begun: list[Json], left: list[list[Json]]) -> Iterator[list[Json]]:
    if not left:
        yield begun
        return
    yield from _extend(document, begun, left[1:])
    for meeting in left[0]:
        longer = [*begun, meeting]
        if len(longer) == 1 or not reference_rules.broken_rules(document, longer) & FOR_EVER:
            yield from _extend(document, longer, left[1:])
