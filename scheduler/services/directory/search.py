"""The directory of an event's firms and people: search with filters, one firm."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OPEN_REQUESTS, RequestState, Tier
from scheduler.domain.errors import NotFound
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.directory.facets import EVERY_FIRM, FirmFilters
from scheduler.services.directory.refs import FirmRef, find_firm, find_person, firm_columns, firm_ref
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.text import matches, storable
from scheduler.storage.among import among
from scheduler.storage.models import Attendee, Firm, Hall, MeetingRequest, Place

_FIRMS = Order("firms", (func.lower(Firm.latin_name), Firm.id), (str, int))
_FIRMS_IN_HALLS = select(Firm, Hall.name).outerjoin(Hall, Hall.id == Firm.hall_id)
_PEOPLE = Order("people", (func.lower(Attendee.latin_name), Attendee.id), (str, int))


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A pending or accepted request of the reader's firm and another. `sent`: the reader's firm asked."""

    key: str
    state: RequestState
    sent: bool


@dataclass(frozen=True, slots=True)
class FirmCard:
    """A firm in a list. `areas` are keys. `open_requests` are those with the reader's own firm."""

    key: str
    name: str
    latin_name: str
    country: str
    tier: Tier
    areas: tuple[str, ...]
    pavilion: str | None
    hall: str | None
    booths: tuple[str, ...]
    host: FirmRef | None
    """The firm at whose stand this one stands. `booths` are then the host's."""
    description: str
    website: str
    is_own: bool
    open_requests: tuple[OpenRequest, ...]


@dataclass(frozen=True, slots=True)
class PersonCard:
    """An attendee in a list. `email` is for organisers and the own firm, None for others."""

    key: str
    name: str
    latin_name: str
    title: str
    languages: tuple[str, ...]
    is_exhibitor: bool
    firm: FirmRef
    email: str | None


@dataclass(frozen=True, slots=True)
class FirmPage:
    """One firm with its people."""

    card: FirmCard
    people: tuple[PersonCard, ...]


def search_firms(
    session: Session,
    actor: Actor,
    filters: FirmFilters = EVERY_FIRM,
    *,
    cursor: str | None = None,
    number: int = 1,
    limit: int = 30,
) -> Page[FirmCard]:
    """The event's firms by Latin name. Four queries at most, however many firms."""
    actor.require(Right.READ_DIRECTORY)
    asked = filters.conditions(session)
    query = _FIRMS_IN_HALLS.where(_takes_part(actor), *asked.values())
    page = fetch_page(session, query, _FIRMS, cursor=cursor, number=number, limit=limit)
    rows = [(row[0], row[1]) for row in page.items]
    return page.of(_cards(session, actor, rows))


def firm(session: Session, actor: Actor, firm_key: str) -> FirmPage:
    """One firm with its people, by four queries. Raises NotFound for a firm of another event."""
    actor.require(Right.READ_DIRECTORY)
    pages = _firm_pages(session, actor, _key_is(firm_key))
    if firm_key not in pages:
        raise NotFound("firm", firm_key)
    return pages[firm_key]


def firm_beside_own(session: Session, actor: Actor, firm_key: str) -> tuple[FirmPage, FirmPage]:
    """A firm and the actor's own, with their people, in as many queries as one."""
    actor.require(Right.READ_DIRECTORY)
    pages = _firm_pages(session, actor, or_(_key_is(firm_key), Firm.id == actor.firm_id))
    own = next((page for page in pages.values() if page.card.is_own), None)
    if firm_key not in pages or own is None:
        raise NotFound("firm", firm_key)
    return pages[firm_key], own


def _takes_part(actor: Actor) -> ColumnElement[bool]:
    return and_(Firm.event_id == actor.event_id, Firm.withdrawn_at.is_(None))


def _key_is(firm_key: str) -> ColumnElement[bool]:
    return Firm.key == firm_key if storable(firm_key) else false()


def _firm_pages(session: Session, actor: Actor, which: ColumnElement[bool]) -> dict[str, FirmPage]:
    """Some firms of the event with their people, by key."""
    query = _FIRMS_IN_HALLS.where(Firm.event_id == actor.event_id, which)
    rows = [(row[0], row[1]) for row in session.execute(query)]
    people: dict[int, list[PersonCard]] = {}
    of_firms = _people(actor).where(among(Attendee.firm_id, [firm.id for firm, _ in rows]))
    for person, of in session.execute(of_firms.order_by(Attendee.id)):
        people.setdefault(of.id, []).append(_person_card(actor, person, of))
    cards = _cards(session, actor, rows)
    return {
        card.key: FirmPage(card=card, people=tuple(people.get(firm.id, ())))
        for card, (firm, _) in zip(cards, rows, strict=True)
    }


def search_people(
    session: Session,
    actor: Actor,
    *,
    text: str = "",
    firm: str | None = None,
    cursor: str | None = None,
    limit: int = 30,
) -> Page[PersonCard]:
    """The event's attendees by Latin name, or those of one firm. `text` is sought in names and titles."""
    actor.require(Right.READ_DIRECTORY)
    query = _people(actor).where(matches(text, (Attendee.name, Attendee.latin_name, Attendee.title)))
    if firm is not None:
        query = query.where(Attendee.firm_id == find_firm(session, actor.event_id, firm).id)
    page = fetch_page(session, query, _PEOPLE, cursor=cursor, limit=limit)
    return page.of(_person_card(actor, row[0], row[1]) for row in page.items)


def person(session: Session, actor: Actor, person_key: str) -> PersonCard:
    """One attendee. Raises NotFound for one of another event."""
    actor.require(Right.READ_DIRECTORY)
    found = find_person(session, actor.event_id, person_key)
    return _person_card(actor, found, session.get_one(Firm, found.firm_id))


def _people(actor: Actor) -> Select[Attendee, Firm]:
    return (
        select(Attendee, Firm)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(_takes_part(actor), Attendee.withdrawn_at.is_(None))
    )


def _person_card(actor: Actor, person: Attendee, firm: Firm) -> PersonCard:
    return PersonCard(
        key=person.key,
        name=person.name,
        latin_name=person.latin_name,
        title=person.title,
        languages=tuple(person.languages),
        is_exhibitor=person.is_exhibitor,
        firm=firm_ref(firm),
        email=person.email if actor.may(Right.READ_CONTACTS, firm_id=firm.id) else None,
    )


def _cards(session: Session, actor: Actor, rows: Sequence[tuple[Firm, str | None]]) -> tuple[FirmCard, ...]:
    ids = [firm.id for firm, _ in rows]
    hosts = {firm.id: firm.host_id for firm, _ in rows if firm.host_id is not None}
    booths, requests = _booths(session, [*ids, *hosts.values()]), _open_requests(session, actor, ids)
    named = _refs(session, hosts.values())
    return tuple(
        FirmCard(
            key=firm.key,
            name=firm.name,
            latin_name=firm.latin_name,
            country=firm.country,
            tier=firm.tier,
            areas=tuple(firm.areas),
            pavilion=firm.pavilion,
            hall=hall,
            booths=tuple(booths.get(firm.host_id or firm.id, ())),
            host=named.get(firm.host_id or 0),
            description=firm.description,
            website=firm.website,
            is_own=firm.id == actor.firm_id,
            open_requests=tuple(requests.get(firm.id, ())),
        )
        for firm, hall in rows
    )


def _booths(session: Session, firm_ids: Sequence[int]) -> dict[int, list[str]]:
    """The names of the firms' booths."""
    booths: dict[int, list[str]] = {}
    booth = among(Place.firm_id, firm_ids) & ~Place.is_retired
    query = select(Place.firm_id, Place.name).where(booth).order_by(Place.id)
    for firm_id, name in session.execute(query):
        if firm_id is not None:
            booths.setdefault(firm_id, []).append(name)
    return booths


def _refs(session: Session, firm_ids: Collection[int]) -> dict[int, FirmRef]:
    """Firms by id, without a query if there are none."""
    if not firm_ids:
        return {}
    query: Any = select(Firm.id, *firm_columns(Firm)).where(among(Firm.id, list(firm_ids)))
    return {row[0]: FirmRef(*row[1:]) for row in session.execute(query)}


def _open_requests(session: Session, actor: Actor, firm_ids: Sequence[int]) -> dict[int, list[OpenRequest]]:
    """Open requests between the actor's firm and these, by the other firm."""
    found: dict[int, list[OpenRequest]] = {}
    if actor.firm_id is None:
        return found
    sent, to = MeetingRequest.from_firm_id == actor.firm_id, MeetingRequest.to_firm_id
    received, by = MeetingRequest.to_firm_id == actor.firm_id, MeetingRequest.from_firm_id
    query = select(MeetingRequest.key, MeetingRequest.state, by, to).where(
        MeetingRequest.state.in_(OPEN_REQUESTS),
        or_(sent & among(to, firm_ids), received & among(by, firm_ids)),
    )
    for key, state, sender, receiver in session.execute(query.order_by(MeetingRequest.id)):
        is_sent = sender == actor.firm_id
        found.setdefault(receiver if is_sent else sender, []).append(OpenRequest(key, state, is_sent))
    return found
