"""The problem file of an invented event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scheduler.domain.entities import PlaceKind, RequestState
from scheduler.domain.problem import Attendee, Firm, Interpreter, Place, Problem, Request, Slot
from scheduler.samples.event import SampleEvent, SampleRequest

Positions = Mapping[str, int]


def to_problem(event: SampleEvent, all_requests: bool = True) -> Problem:
    """A first solve of the event: nothing published; ASCII names; every request, or the accepted only."""
    slots = positions(slot.key for slot in event.slots)
    firms = positions(firm.key for firm in event.firms)
    people = positions(person.key for person in event.attendees)
    chosen = event.requests if all_requests else event.requests_in(RequestState.ACCEPTED)
    return Problem(
        name=event.name,
        timezone=event.timezone,
        slots=tuple(Slot(slot.key, slot.start, slot.end, slot.block) for slot in event.slots),
        halls=tuple(hall.key for hall in event.halls),
        walking=to_walking(event),
        places=to_places(event, slots, firms),
        firms=tuple(
            Firm(f.key, f.latin_name, f.tier, f.areas, f.country, f.max_per_day, f.min_meetings)
            for f in event.firms
        ),
        attendees=tuple(
            Attendee(
                p.key, firms[p.firm_key], frozenset(p.languages), positions_of(slots, p.busy), p.max_per_day
            )
            for p in event.attendees
        ),
        interpreters=tuple(
            Interpreter(p.key, frozenset(p.languages), positions_of(slots, p.busy))
            for p in event.interpreters
        ),
        requests=tuple(to_request(request, slots, firms, people) for request in chosen),
        policy=event.policy,
    )


def positions(keys: Iterable[str]) -> Positions:
    return {key: i for i, key in enumerate(keys)}


def positions_of(where: Positions, keys: Iterable[str]) -> frozenset[int]:
    return frozenset(where[key] for key in keys)


def to_walking(event: SampleEvent) -> tuple[tuple[float, ...], ...]:
    halls = positions(hall.key for hall in event.halls)
    minutes = [[0.0] * len(halls) for _ in halls]
    for walk in event.walking:
        a, b = halls[walk.from_hall], halls[walk.to_hall]
        minutes[a][b] = minutes[b][a] = walk.minutes
    return tuple(tuple(row) for row in minutes)


def to_places(event: SampleEvent, slots: Positions, firms: Positions) -> tuple[Place, ...]:
    halls = positions(hall.key for hall in event.halls)
    booths = tuple(
        Place(
            id=booth.key,
            hall=halls[booth.hall],
            kind=PlaceKind.BOOTH,
            firm=firms[booth.firm_key],
            capacity=booth.capacity,
            unavailable=positions_of(slots, booth.unavailable),
        )
        for booth in event.booths
    )
    tables = tuple(
        Place(
            id=table.key,
            hall=halls[table.hall],
            kind=PlaceKind.TABLE,
            capacity=table.capacity,
            unavailable=positions_of(slots, table.unavailable),
        )
        for table in event.tables
    )
    return booths + tables


def to_request(request: SampleRequest, slots: Positions, firms: Positions, people: Positions) -> Request:
    return Request(
        id=request.key,
        sender=firms[request.from_firm],
        receiver=firms[request.to_firm],
        weight=request.weight,
        length=request.length,
        from_attendees=tuple(people[key] for key in request.from_attendees),
        to_attendees=tuple(people[key] for key in request.to_attendees),
        place=request.place,
        slots=None if request.slots is None else tuple(slots[key] for key in request.slots),
    )
