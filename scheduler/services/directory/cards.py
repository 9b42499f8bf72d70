"""What pages and programs show of a firm and of a person: some at once, by a constant number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OPEN_REQUESTS, RequestState, Tier
from scheduler.saying import place as place_label
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.directory.refs import FirmRef, firm_columns, firm_ref
from scheduler.storage.among import among
from scheduler.storage.models import Attendee, Firm, FirmNote, MeetingRequest, Place


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A pending or accepted request of the reader's firm and another. `sent`: the reader's firm asked."""

    key: str
    state: RequestState
    sent: bool


@dataclass(frozen=True, slots=True)
class OwnNote:
    """What the reader's firm keeps about another for itself. `is_never`: the two are never to meet."""

    is_saved: bool
    text: str
    is_never: bool


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
    offers: tuple[str, ...]
    needs: tuple[str, ...]
    products: tuple[str, ...]
    website: str
    logo: str | None
    """What the address of its logo names, if it has one."""
    is_own: bool
    open_requests: tuple[OpenRequest, ...]
    languages: tuple[str, ...] = ()
    """Those that its people speak."""
    note: OwnNote | None = None
    """What the reader's own firm keeps about it."""


@dataclass(frozen=True, slots=True)
class PersonCard:
    """An attendee in a list. `email` is for organisers and the own firm, None for others."""

    key: str
    name: str
    latin_name: str
    title: str
    languages: tuple[str, ...]
    areas: tuple[str, ...]
    """Keys of the chain areas that the person takes care of."""
    is_exhibitor: bool
    firm: FirmRef
    email: str | None


def person_card(actor: Actor, person: Attendee, firm: Firm) -> PersonCard:
    return PersonCard(
        key=person.key,
        name=person.name,
        latin_name=person.latin_name,
        title=person.title,
        languages=tuple(person.languages),
        areas=tuple(person.areas),
        is_exhibitor=person.is_exhibitor,
        firm=firm_ref(firm),
        email=person.email if actor.may(Right.READ_CONTACTS, firm_id=firm.id) else None,
    )


def firm_cards(
    session: Session, actor: Actor, rows: Sequence[tuple[Firm, str | None]]
) -> tuple[FirmCard, ...]:
    ids = [firm.id for firm, _ in rows]
    hosts = {firm.id: firm.host_id for firm, _ in rows if firm.host_id is not None}
    booths, requests = _booths(session, [*ids, *hosts.values()]), _open_requests(session, actor, ids)
    named = _refs(session, hosts.values())
    spoken, notes = _spoken(session, ids), _notes(session, actor, ids)
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
            offers=tuple(firm.offers),
            needs=tuple(firm.needs),
            products=tuple(firm.products),
            website=firm.website,
            logo=firm.logo,
            is_own=firm.id == actor.firm_id,
            open_requests=tuple(requests.get(firm.id, ())),
            languages=spoken.get(firm.id, ()),
            note=notes.get(firm.id),
        )
        for firm, hall in rows
    )


def _spoken(session: Session, firm_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The languages of each firm's people, the one that most of them speak first."""
    counts: dict[int, Counter[str]] = {}
    query = select(Attendee.firm_id, Attendee.languages).where(
        among(Attendee.firm_id, firm_ids), Attendee.withdrawn_at.is_(None)
    )
    for firm_id, languages in session.execute(query.order_by(Attendee.id)):
        counts.setdefault(firm_id, Counter()).update(languages)
    return {firm_id: tuple(code for code, _ in each.most_common()) for firm_id, each in counts.items()}


def _notes(session: Session, actor: Actor, firm_ids: Sequence[int]) -> dict[int, OwnNote]:
    """What the actor's firm keeps about these."""
    if not actor.may(Right.KEEP_NOTES, firm_id=actor.firm_id):
        return {}
    query = select(FirmNote.about_id, FirmNote.is_saved, FirmNote.note, FirmNote.never_since).where(
        FirmNote.firm_id == actor.firm_id, among(FirmNote.about_id, firm_ids)
    )
    rows = session.execute(query)
    return {about: OwnNote(is_saved, text, never is not None) for about, is_saved, text, never in rows}


def _booths(session: Session, firm_ids: Sequence[int]) -> dict[int, list[str]]:
    """The names of the firms' booths."""
    booths: dict[int, list[str]] = {}
    booth = among(Place.firm_id, firm_ids) & ~Place.is_retired
    query = select(Place.firm_id, Place.name).where(booth).order_by(Place.id)
    for firm_id, name in session.execute(query):
        if firm_id is not None:
            booths.setdefault(firm_id, []).append(place_label(name))
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
