"""Current state of the venue, for pages and the API."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.domain.entities import PlaceKind
from scheduler.domain.errors import NotFound
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.schedule import versions
from scheduler.services.schedule.scheduled import only_scheduled
from scheduler.services.venue import areas
from scheduler.services.venue.change_types import GuestInput, HallWalk
from scheduler.services.venue.days import VenueDays
from scheduler.services.venue.timetable import read_days
from scheduler.storage.cache.cache_keys import accepted_requests_digest, venue_digest
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Event,
    Firm,
    Hall,
    Place,
    PlaceClosure,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
    WalkingTime,
)


@dataclass(frozen=True, slots=True)
class VenueHall:
    """A hall with its contents."""

    key: str
    name: str
    names: Mapping[str, str]
    """In other languages."""
    firms: int
    tables: int
    booths: int
    meetings: int
    """Published meetings."""
    areas: tuple[str, ...]
    """Names of the most frequent areas of its firms, at most three."""


@dataclass(frozen=True, slots=True)
class VenueArea:
    """A chain area, and its number of firms."""

    key: str
    name: str
    names: Mapping[str, str]
    """In other languages."""
    firms: int


@dataclass(frozen=True, slots=True)
class Venue:
    """The venue without its tables and booths."""

    timezone: str
    days: VenueDays
    halls: tuple[VenueHall, ...]
    walks: tuple[HallWalk, ...]
    areas: tuple[VenueArea, ...]
    guests: tuple[GuestInput, ...]
    published: int | None
    """Number of the published version, whose meetings are counted."""

    @property
    def slots(self) -> int:
        return sum(len(day.slots) for day in self.days.days)

    @property
    def tables(self) -> int:
        return sum(hall.tables for hall in self.halls)

    def minutes(self, one: str, other: str) -> int:
        """Return the walking minutes between two halls, by key."""
        pair = {one, other}
        return next((w.minutes for w in self.walks if {w.from_hall, w.to_hall} == pair), 0)


@dataclass(frozen=True, slots=True)
class VenuePlace:
    """A table or booth of a hall. `used` and `closed` are keys of slots; `firm` is the booth's firm."""

    key: str
    name: str
    kind: PlaceKind
    capacity: int
    firm: str
    used: frozenset[str]
    closed: frozenset[str]
    meetings: int


def show_venue(session: Session, actor: Actor) -> Venue:
    """Return the venue of the actor's event."""
    actor.require(Right.READ_EVENT)
    event = session.get_one(Event, actor.event_id)
    version = versions.find_published_version(session, event.id)
    halls = session.scalars(
        select(Hall).where(Hall.event_id == event.id).order_by(Hall.position, Hall.id)
    ).all()
    firms = _areas_in_halls(session, event.id)
    places = {
        (hall_id, kind): count
        for hall_id, kind, count in session.execute(
            select(Place.hall_id, Place.kind, func.count())
            .where(Place.event_id == event.id, ~Place.is_retired)
            .group_by(Place.hall_id, Place.kind)
        )
    }
    held = _held(session, version) if version is not None else {}
    of_area = _by_area(firms)
    return Venue(
        timezone=event.timezone,
        days=read_days(session, event),
        halls=tuple(
            VenueHall(
                key=hall.key,
                name=hall.name,
                names=hall.names,
                firms=sum(number for hall_id, _, number in firms if hall_id == hall.id),
                tables=places.get((hall.id, PlaceKind.TABLE), 0),
                booths=places.get((hall.id, PlaceKind.BOOTH), 0),
                meetings=held.get(hall.id, 0),
                areas=_most(event.named_areas, [each for each in firms if each[0] == hall.id]),
            )
            for hall in halls
        ),
        walks=_walks(session, halls),
        areas=tuple(
            VenueArea(key, name, name.names, of_area[key]) for key, name in event.named_areas.items()
        ),
        guests=tuple(areas.list_guests_of_honour(event)),
        published=version.number if version else None,
    )


def list_hall_places(
    session: Session,
    actor: Actor,
    hall_key: str,
    kind: PlaceKind,
    *,
    cursor: str | None = None,
    number: int = 1,
    limit: int = 25,
) -> Page[VenuePlace]:
    """Return a page of a hall's tables or booths, by key. Raises NotFound."""
    actor.require(Right.READ_EVENT)
    hall = session.scalar(select(Hall).where(Hall.event_id == actor.event_id, Hall.key == hall_key))
    if hall is None:
        raise NotFound("hall", hall_key)
    query = (
        select(Place, Firm.name, Firm.latin_name)
        .outerjoin(Firm, Firm.id == Place.firm_id)
        .where(Place.event_id == actor.event_id, Place.hall_id == hall.id, Place.kind == kind)
        .where(~Place.is_retired)
    )
    order = Order(f"places {hall.key} {kind.value}", (Place.key,), (str,))
    page = fetch_page(session, query, order, cursor=cursor, number=number, limit=limit)
    rows = [(place, names.record_name(name, latin) if name else "") for place, name, latin, *_ in page.items]
    ids = [place.id for place, _ in rows]
    closed: dict[int, set[str]] = {}
    busy = select(PlaceClosure.place_id, Slot.key).join(Slot, Slot.id == PlaceClosure.slot_id)
    for place_id, key in session.execute(
        busy.where(Slot.of(actor.event_id), in_chunks(PlaceClosure.place_id, ids))
    ):
        closed.setdefault(place_id, set()).add(key)
    used, meetings = _used(session, actor.event_id, ids)
    return page.of(
        VenuePlace(
            key=place.key,
            name=place.name,
            kind=place.kind,
            capacity=place.capacity,
            firm=firm,
            used=frozenset(used.get(place.id, ())),
            closed=frozenset(closed.get(place.id, ())),
            meetings=meetings[place.id],
        )
        for place, firm in rows
    )


def _used(session: Session, event_id: int, places: Sequence[int]) -> tuple[dict[int, set[str]], Counter[int]]:
    """Return the slots with a published meeting by place, and the number of meetings by place."""
    version = versions.find_published_version(session, event_id)
    used: dict[int, set[str]] = {}
    meetings: Counter[int] = Counter()
    if version is None:
        return used, meetings
    slots = session.execute(
        select(Slot.id, Slot.key, Slot.start, Slot.end).where(Slot.event_id == event_id)
    ).all()
    times: dict[int, tuple[datetime, datetime]] = {row.id: (row.start, row.end) for row in slots}
    for place_id, first, last in session.execute(
        select(PlannedMeeting.place_id, PlannedMeeting.slot_id, PlannedMeeting.last_slot_id).where(
            PlannedMeeting.version_id == version.id, in_chunks(PlannedMeeting.place_id, places)
        )
    ):
        start, end = times[first][0], times[last][1]
        meetings[place_id] += 1
        used.setdefault(place_id, set()).update(
            row.key for row in slots if row.start < end and row.end > start
        )
    return used, meetings


def _walks(session: Session, halls: Sequence[Hall]) -> tuple[HallWalk, ...]:
    keys = {hall.id: hall.key for hall in halls}
    order = {hall.key: number for number, hall in enumerate(halls)}
    rows = session.scalars(select(WalkingTime).where(in_chunks(WalkingTime.from_hall_id, keys)))
    walks = []
    for row in rows:
        one, other = sorted((keys[row.from_hall_id], keys[row.to_hall_id]), key=order.__getitem__)
        walks.append(HallWalk(one, other, row.minutes))
    return tuple(sorted(walks, key=lambda walk: (order[walk.from_hall], order[walk.to_hall])))


HallFirms = tuple[int | None, Sequence[str], int]
"""Hall id, areas, and number of firms with these areas in the hall."""


def _areas_in_halls(session: Session, event_id: int) -> list[HallFirms]:
    """Return the number of firms by hall and areas, aggregated in the database because firms are many."""
    areas = cast(Firm.areas, String)
    rows = session.execute(
        select(Firm.hall_id, areas, func.count(), func.min(Firm.id).label("first"))
        .where(Firm.event_id == event_id)
        .group_by(Firm.hall_id, areas)
        .order_by("first")
    )
    return [(hall_id, json.loads(text), number) for hall_id, text, number, _ in rows]


def _held(session: Session, version: ScheduleVersion) -> dict[int, int]:
    """Return the number of a version's meetings by hall."""

    def work_out() -> list[list[int]]:
        at = select(Place.hall_id, func.count()).join(PlannedMeeting, PlannedMeeting.place_id == Place.id)
        rows = session.execute(only_scheduled(at, version.id).group_by(Place.hall_id))
        return [list(row) for row in rows]

    follows = [venue_digest(session, version.event_id), accepted_requests_digest(session, version.event_id)]
    return dict(cached_statistic(session, version, "halls", follows, work_out))


def _by_area(firms: Sequence[HallFirms]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for _, of_firms, number in firms:
        counts.update(dict.fromkeys(of_firms, number))
    return counts


def _most(names: Mapping[str, str], firms: Sequence[HallFirms]) -> tuple[str, ...]:
    return tuple(names.get(key, key) for key, _ in _by_area(firms).most_common(3))
