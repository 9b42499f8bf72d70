"""Firms added to a problem or removed from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scheduler.domain.problem import Attendee, Firm, Place, Problem, Request
from scheduler.i18n import gettext_lazy
from scheduler.services.planning.scenarios.scenario_changes import AddedFirmChange, RemovedFirmChange
from scheduler.services.planning.scenarios.slot_changes import (
    ChangeNotPossible,
    list_changeable_slots,
    make_id,
)


def remove_firm(problem: Problem, change: RemovedFirmChange) -> Problem:
    """Return the problem without the firm's requests and people. Frozen meetings remain."""
    firm = _firm(problem, change.firm)
    may = list_changeable_slots(problem)
    frozen = {m.request for m in problem.published if problem.index.slots.get(m.slot, -1) not in may}
    if problem.frozen_until is None:
        frozen = set()
    stays = [
        r
        for r, row in enumerate(problem.requests)
        if firm not in (row.sender, row.receiver) or row.id in frozen
    ]
    now = {old: new for new, old in enumerate(stays)}
    people = tuple(
        replace(row, unavailable=row.unavailable | may) if row.firm == firm else row
        for row in problem.attendees
    )
    return replace(
        problem,
        attendees=people,
        requests=tuple(problem.requests[r] for r in stays),
        precedences=tuple((now[a], now[b]) for a, b in problem.precedences if a in now and b in now),
    )


def add_firm(problem: Problem, change: AddedFirmChange) -> Problem:
    """Return the problem with one more firm: its booth, people and requests are copies of another firm's."""
    like, new = _firm(problem, change.like), len(problem.firms)
    model = problem.firms[like]
    firm = replace(model, id=make_id(_ids(problem.firms), "firm"), name=f"Another {model.name}")
    people = [a for a, row in enumerate(problem.attendees) if row.firm == like]
    first = len(problem.attendees)
    whose = {old: first + position for position, old in enumerate(people)}
    attendees = list[Attendee]()
    taken = _ids(problem.attendees)
    for old in people:
        row = replace(problem.attendees[old], id=make_id(taken, "person"), firm=new)
        taken.add(row.id)
        attendees.append(row)
    requests = list[Request]()
    taken = _ids(problem.requests)
    for asked in problem.requests:
        if like in (asked.sender, asked.receiver):
            copy = _like(asked, make_id(taken, "request"), like, new, whose)
            taken.add(copy.id)
            requests.append(copy)
    return replace(
        problem,
        firms=(*problem.firms, firm),
        places=tuple(_places(problem, like, new)),
        attendees=(*problem.attendees, *attendees),
        requests=(*problem.requests, *requests),
    )


def _like(row: Request, id: str, like: int, new: int, whose: dict[int, int]) -> Request:
    def people(named: Iterable[int]) -> tuple[int, ...]:
        return tuple(whose.get(a, a) for a in named)

    return replace(
        row,
        id=id,
        sender=new if row.sender == like else row.sender,
        receiver=new if row.receiver == like else row.receiver,
        from_attendees=people(row.from_attendees),
        to_attendees=people(row.to_attendees),
        excluded=frozenset(people(row.excluded)),
        fixed=None,
    )


def _places(problem: Problem, like: int, new: int) -> Iterable[Place]:
    """Yield all places: a shared booth is shared with the new firm, an own booth is duplicated."""
    taken, own = _ids(problem.places), list[Place]()
    for place in problem.places:
        yield replace(place, partners=place.partners | {new}) if like in place.partners else place
        if place.firm == like:
            own.append(replace(place, id=make_id(taken, "booth"), firm=new, partners=frozenset()))
            taken.add(own[-1].id)
    yield from own


def _ids(rows: Iterable[Firm | Attendee | Request | Place]) -> set[str]:
    return {row.id for row in rows}


def _firm(problem: Problem, key: str) -> int:
    found = problem.index.firms.get(key)
    if found is None:
        raise ChangeNotPossible(gettext_lazy("Exhibitor %(key)s no longer exists.", key=key))
    return found
