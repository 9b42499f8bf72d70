"""Levers: changes of an event that may let in many requests, and the problem with one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from scheduler.domain.entities import PlaceKind, PlaceWish
from scheduler.domain.plan import EventFix
from scheduler.domain.problem import Interpreter, Place, Problem


def apply_event_fix(problem: Problem, lever: EventFix) -> Problem:
    """The problem with a lever pulled. What the lever names and the problem does not have changes nothing.

    Parameters
    ----------
    problem
        Stays as it is.
    lever
        A kind of `KINDS`, with the ids that it is about and, for availability, the slots.

    Returns
    -------
    Problem
        Places, people and interpreters of before keep their numbers.
    """
    return KINDS[lever.kind](problem, lever) if lever.kind in KINDS else problem


def _raised(rows: tuple[Any, ...], id: str) -> tuple[Any, ...]:
    return tuple(
        replace(row, max_per_day=row.max_per_day + 1) if row.id == id and row.max_per_day is not None else row
        for row in rows
    )


def _person_cap(problem: Problem, lever: EventFix) -> Problem:
    return replace(problem, attendees=_raised(problem.attendees, lever.ids[0]))


def _firm_cap(problem: Problem, lever: EventFix) -> Problem:
    return replace(problem, firms=_raised(problem.firms, lever.ids[0]))


def _days_cap(problem: Problem, lever: EventFix) -> Problem:
    return _with_own_limit(problem, lever.ids[0], "max_days", problem.most_days)


def _row_cap(problem: Problem, lever: EventFix) -> Problem:
    return _with_own_limit(problem, lever.ids[0], "max_in_row", problem.most_in_row)


def _with_own_limit(problem: Problem, id: str, key: str, limits: tuple[int | None, ...]) -> Problem:
    rows: tuple[Any, ...] = problem.attendees
    raised = tuple(
        replace(row, **{key: most + 1}) if row.id == id and most is not None else row
        for row, most in zip(rows, limits, strict=True)
    )
    return replace(problem, attendees=raised)


def _opened(rows: tuple[Any, ...], id: str, slots: Collection[int]) -> tuple[Any, ...]:
    return tuple(
        replace(row, unavailable=row.unavailable - set(slots)) if row.id == id else row for row in rows
    )


def _available(problem: Problem, lever: EventFix) -> Problem:
    return replace(problem, attendees=_opened(problem.attendees, lever.ids[0], _slots(problem, lever)))


def _shift(problem: Problem, lever: EventFix) -> Problem:
    return replace(problem, interpreters=_opened(problem.interpreters, lever.ids[0], _slots(problem, lever)))


def _slots(problem: Problem, lever: EventFix) -> set[int]:
    index = problem.index.slots
    return {index[slot] for slot in lever.slots if slot in index}


def _table(problem: Problem, lever: EventFix) -> Problem:
    hall = problem.index.halls.get(lever.ids[0])
    if hall is None:
        return problem
    one = Place(_new(problem.index.places, "table"), hall, PlaceKind.TABLE)
    return replace(problem, places=(*problem.places, one))


def _booth(problem: Problem, lever: EventFix) -> Problem:
    firm = problem.index.firms.get(lever.ids[0])
    places = list(problem.places)
    for number, place in enumerate(places):
        if place.kind is PlaceKind.BOOTH and place.firm == firm:
            places[number] = replace(place, capacity=place.capacity + 1)
            break
    return replace(problem, places=tuple(places))


def _interpreter(problem: Problem, lever: EventFix) -> Problem:
    one = Interpreter(_new(problem.index.interpreters, "interpreter"), frozenset(lever.ids))
    return replace(problem, interpreters=(*problem.interpreters, one))


def _person(problem: Problem, lever: EventFix) -> Problem:
    number = problem.index.attendees.get(lever.ids[0])
    if number is None:
        return problem
    one = replace(
        problem.attendees[number], id=_new(problem.index.attendees, "person"), unavailable=frozenset()
    )
    return replace(problem, attendees=(*problem.attendees, one))


def _any_place(problem: Problem, lever: EventFix) -> Problem:
    wanted = set(lever.ids)
    requests = tuple(
        replace(row, place=PlaceWish.ANY) if row.id in wanted else row for row in problem.requests
    )
    return replace(problem, requests=requests)


def _new(taken: Mapping[str, int], stem: str) -> str:
    number = 1
    while f"one-more-{stem}-{number}" in taken:
        number += 1
    return f"one-more-{stem}-{number}"


KINDS: Final[Mapping[str, Callable[[Problem, EventFix], Problem]]] = {
    "person-cap": _person_cap,
    "firm-cap": _firm_cap,
    "days-cap": _days_cap,
    "row-cap": _row_cap,
    "available": _available,
    "shift": _shift,
    "add-table": _table,
    "add-booth": _booth,
    "add-interpreter": _interpreter,
    "add-person": _person,
    "any-place": _any_place,
}
