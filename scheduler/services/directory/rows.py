"""All firms of an event as far as search and filters look at them: seven queries, however many there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import String, and_, cast, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OPEN_REQUESTS, RequestState
from scheduler.domain.guests import is_of
from scheduler.services.access.actors import Actor
from scheduler.services.directory.spelling import zone
from scheduler.storage.models import (
    Attendee,
    Delegation,
    DelegationFirm,
    Event,
    Firm,
    FirmNote,
    Hall,
    MeetingRequest,
    Place,
    WalkingTime,
)


@dataclass(slots=True)
class SoughtFirm:
    """A firm as it is filtered. `named` and `told` are zones to search, empty where no text is sought."""

    id: int
    key: str
    latin_name: str
    country: str
    tier: str
    area: tuple[str, ...]
    hall: tuple[str, ...]
    language: tuple[str, ...]
    relation: tuple[str, ...]
    delegation: tuple[str, ...] = ()
    guest: tuple[str, ...] = ()
    named: str = ""
    told: tuple[str, ...] = ()
    score: int = 0

    def values(self, facet: str) -> tuple[str, ...]:
        """The values that the firm has of a filter."""
        found: str | tuple[str, ...] = getattr(self, facet)
        return (found,) if isinstance(found, str) else found

    @property
    def order(self) -> tuple[str, int]:
        """By Latin name, whatever its case."""
        return self.latin_name.casefold(), self.id


@dataclass(frozen=True, slots=True)
class Directory:
    """The firms that take part, and the names of halls, areas and delegations by key."""

    rows: list[SoughtFirm]
    halls: Mapping[str, str]
    areas: Mapping[str, str]
    delegations: Mapping[str, str]


def read(session: Session, actor: Actor, *, with_text: bool) -> Directory:
    """The firms of the actor's event. Texts are read only where they are sought."""
    halls = _halls(session, actor.event_id)
    people, sought = _people(session, actor.event_id, with_text=with_text)
    booths = _booths(session, actor.event_id) if with_text else {}
    relations = _relations(session, actor)
    delegations, travels = _delegations(session, actor.event_id)
    event = session.get_one(Event, actor.event_id)
    texts = _TEXTS if with_text else ()
    tier_of, areas_of = cast(Firm.tier, String), cast(Firm.areas, String)
    columns = (
        Firm.id,
        Firm.key,
        Firm.latin_name,
        Firm.country,
        Firm.pavilion,
        tier_of,
        areas_of,
        Firm.hall_id,
    )
    query = select(*columns, *texts).where(Firm.event_id == actor.event_id, Firm.withdrawn_at.is_(None))
    rows = []
    for firm_id, key, latin_name, country, pavilion, tier, areas, hall_id, *more in session.execute(query):
        hall = halls.get(hall_id)
        row = SoughtFirm(
            firm_id,
            key,
            latin_name,
            country,
            tier,
            _listed(areas),
            (hall[0],) if hall else (),
            tuple(people.get(firm_id, ())),
            relations.get(firm_id, (_NEW,) if firm_id != actor.firm_id and actor.firm_id else ()),
            tuple(travels.get(firm_id, ())),
            tuple(guest["name"] for guest in event.guests if is_of(guest, country, pavilion)),
        )
        if with_text:
            name, description, website, *lists_of = more
            row.named = zone(name, latin_name, spoken=True)
            stands = zone(pavilion or "", website, *booths.get(firm_id, ()))
            things = zone(*(thing for each in lists_of for thing in _listed(each)))
            row.told = (zone(description), things, stands, *sought.get(firm_id, ()))
        rows.append(row)
    return Directory(rows, dict(halls.values()), event.areas, delegations)


_NEW = "not-asked"
_TEXTS: tuple[Any, ...] = (
    Firm.name,
    Firm.description,
    Firm.website,
    *(cast(each, String) for each in (Firm.offers, Firm.needs, Firm.products)),
)


@lru_cache(65_536)
def _listed(text: str) -> tuple[str, ...]:
    """A JSON list as the database has it: thousands are read a page, mostly the same ones."""
    return tuple(json.loads(text))


def _halls(session: Session, event_id: int) -> dict[int, tuple[str, str]]:
    query = select(Hall.id, Hall.key, Hall.name).where(Hall.event_id == event_id).order_by(Hall.position)
    return {hall_id: (key, name) for hall_id, key, name in session.execute(query)}


def _delegations(session: Session, event_id: int) -> tuple[dict[str, str], dict[int, list[str]]]:
    """The names of delegations that bring firms, by key, and the keys by firm."""
    query = (
        select(Delegation.key, Delegation.name, DelegationFirm.firm_id)
        .join(DelegationFirm)
        .where(Delegation.event_id == event_id)
        .order_by(Delegation.id)
    )
    names: dict[str, str] = {}
    of_firms: dict[int, list[str]] = {}
    for key, name, firm_id in session.execute(query):
        names[key] = name
        of_firms.setdefault(firm_id, []).append(key)
    return names, of_firms


def walks(session: Session, actor: Actor) -> dict[str, int]:
    """Minutes on foot from the own firm's hall to each hall, by its key. Empty without a hall. One query."""
    own = select(Firm.hall_id).where(Firm.id == actor.firm_id).scalar_subquery()
    walk = WalkingTime
    between = or_(
        and_(walk.from_hall_id == own, walk.to_hall_id == Hall.id),
        and_(walk.to_hall_id == own, walk.from_hall_id == Hall.id),
    )
    query = (
        select(Hall.key, Hall.id == own, walk.minutes)
        .outerjoin(walk, between)
        .where(Hall.event_id == actor.event_id, own.is_not(None))
    )
    found = {key: 0 if is_own else minutes for key, is_own, minutes in session.execute(query)}
    return {key: minutes for key, minutes in found.items() if minutes is not None}


def _people(
    session: Session, event_id: int, *, with_text: bool
) -> tuple[dict[int, set[str]], dict[int, list[str]]]:
    """The languages that each firm's people speak, and their names and titles as zones."""
    texts = (Attendee.name, Attendee.latin_name, Attendee.title) if with_text else ()
    query = select(Attendee.firm_id, cast(Attendee.languages, String), *texts).where(
        Attendee.event_id == event_id, Attendee.withdrawn_at.is_(None)
    )
    spoken: dict[int, set[str]] = {}
    sought: dict[int, list[str]] = {}
    for firm_id, languages, *names in session.execute(query if with_text else query.distinct()):
        spoken.setdefault(firm_id, set()).update(_listed(languages))
        if with_text:
            sought.setdefault(firm_id, []).append(zone(*names, spoken=True))
    return spoken, sought


def _booths(session: Session, event_id: int) -> dict[int, list[str]]:
    query = select(Place.firm_id, Place.name).where(
        Place.event_id == event_id, Place.firm_id.is_not(None), Place.is_retired.is_(False)
    )
    found: dict[int, list[str]] = {}
    for firm_id, name in session.execute(query):
        found.setdefault(firm_id or 0, []).append(name)
    return found


def _relations(session: Session, actor: Actor) -> dict[int, tuple[str, ...]]:
    """How other firms stand to the actor's own, by id, where there is more than nothing."""
    if actor.firm_id is None:
        return {}
    request, own = MeetingRequest, actor.firm_id
    query = select(request.from_firm_id, request.to_firm_id, request.state).where(
        or_(request.from_firm_id == own, request.to_firm_id == own), request.state.in_(OPEN_REQUESTS)
    )
    found: dict[int, list[str]] = {}
    for sender, receiver, state in session.execute(query):
        how = "agreed" if state is RequestState.ACCEPTED else "asked" if sender == own else "asked-us"
        found.setdefault(receiver if sender == own else sender, []).append(how)
    notes = select(FirmNote.about_id, FirmNote.is_saved, FirmNote.never_since).where(FirmNote.firm_id == own)
    for about_id, is_saved, never_since in session.execute(notes):
        marks = found.setdefault(about_id, [_NEW])
        marks += ["saved"] * is_saved + ["never"] * (never_since is not None)
    return {firm_id: tuple(marks) for firm_id, marks in found.items()}
