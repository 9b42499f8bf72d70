"""Cards of firms and people for pages and the API, loaded with a constant number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OPEN_REQUESTS, RequestState, Tier
from scheduler.i18n import place_label, venue_label
from scheduler.services.directory.references import FirmRef, firm_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, FirmNote, Hall, MeetingRequest, Place
from scheduler.storage.rows import rows_of


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A pending or accepted request between the user's firm and another."""

    key: str
    state: RequestState
    sent: bool
    """Whether the user's firm sent it."""


@dataclass(frozen=True, slots=True)
class FirmNoteCard:
    """Private notes of the reader's firm about another.

    `is_never`: the two must never be scheduled to meet.
    """

    is_saved: bool
    text: str
    is_never: bool


@dataclass(frozen=True, slots=True)
class FirmCard:
    """A firm in a list."""

    key: str
    name: str
    latin_name: str
    country: str
    """ISO 3166-1 alpha-2."""
    tier: Tier
    areas: tuple[str, ...]
    """Keys of chain areas."""
    pavilion: str | None
    hall: str | None
    """The hall's name."""
    booths: tuple[str, ...]
    host: FirmRef | None
    """The firm at whose booth this one exhibits. `booths` are then the host's."""
    description: str
    offers: tuple[str, ...]
    """In a few words each."""
    needs: tuple[str, ...]
    products: tuple[str, ...]
    website: str
    logo: str | None
    """Digest in the URL of the logo, or None."""
    is_own: bool
    open_requests: tuple[OpenRequest, ...]
    """Those with the token owner's firm."""
    languages: tuple[str, ...] = ()
    """Languages that the firm's people speak."""
    note: FirmNoteCard | None = None
    """Private notes of the reader's firm about this one."""
    is_removed: bool = False
    """Whether it was removed from the event."""


@dataclass(frozen=True, slots=True)
class PersonCard:
    """An attendee in a list."""

    key: str
    name: str
    latin_name: str
    title: str
    languages: tuple[str, ...]
    areas: tuple[str, ...]
    """Keys of the value chain areas that the person is responsible for."""
    is_exhibitor: bool
    firm: FirmRef
    email: str | None
    """For organisers and the own firm, None for others."""
    is_removed: bool = False
    """Whether the person or the firm was removed from the event."""


PERSON_COLUMNS = (
    Attendee.key,
    Attendee.name,
    Attendee.latin_name,
    Attendee.title,
    Attendee.languages,
    Attendee.areas,
    Attendee.is_exhibitor,
    Attendee.email,
    Attendee.firm_id,
    *firm_columns(Firm),
    or_(Attendee.withdrawn_at.is_not(None), Firm.withdrawn_at.is_not(None)).label("is_removed"),
)
"""Columns for `person_card`, in order."""


def person_card(actor: Actor, row: Sequence[Any]) -> PersonCard:
    """Build a card from a row that begins with `PERSON_COLUMNS`."""
    key, name, latin_name, title, languages, areas, is_exhibitor, email, firm_id, *firm, is_removed = row[:14]
    return PersonCard(
        key=key,
        name=name,
        latin_name=latin_name,
        title=title,
        languages=tuple(languages),
        areas=tuple(areas),
        is_exhibitor=is_exhibitor,
        firm=FirmRef(*firm),
        email=email if actor.may(Right.READ_CONTACTS, firm_id=firm_id) else None,
        is_removed=is_removed,
    )


FIRMS_IN_HALLS: Select[*tuple[Any, ...]] = select(
    Firm.id,
    Firm.key,
    *(Firm.name, Firm.latin_name, Firm.country, Firm.tier, Firm.areas, Firm.pavilion, Firm.host_id),
    *(Firm.description, Firm.offers, Firm.needs, Firm.products, Firm.website, Firm.logo),
    Hall.name.label("hall"),
    Hall.names.label("hall_names"),
    Firm.withdrawn_at,
).outerjoin(Hall, Hall.id == Firm.hall_id)
"""Query of the rows for `firm_cards`."""


def firm_cards(session: Session, actor: Actor, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[FirmCard, ...]:
    """Build the cards of rows of `FIRMS_IN_HALLS`, in their order."""
    ids = [firm.id for firm in rows]
    hosts = {firm.id: firm.host_id for firm in rows if firm.host_id is not None}
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
            hall=venue_label(firm.hall, firm.hall_names) if firm.hall else firm.hall,
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
            is_removed=firm.withdrawn_at is not None,
        )
        for firm in rows
    )


_SPOKEN = (
    select(Attendee.firm_id, Attendee.languages)
    .where(in_chunks(Attendee.firm_id, bindparam("firms")), Attendee.withdrawn_at.is_(None))
    .order_by(Attendee.id)
)


def _spoken(session: Session, firm_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the languages of each firm's people, the most frequent first."""
    counts: dict[int, Counter[str]] = {}
    for firm_id, languages in rows_of(session, _SPOKEN, firms=firm_ids):
        counts.setdefault(firm_id, Counter()).update(languages)
    return {firm_id: tuple(code for code, _ in each.most_common()) for firm_id, each in counts.items()}


_NOTES = select(FirmNote.other_firm_id, FirmNote.is_saved, FirmNote.note, FirmNote.blocked_since).where(
    FirmNote.firm_id == bindparam("own"), in_chunks(FirmNote.other_firm_id, bindparam("firms"))
)


def _notes(session: Session, actor: Actor, firm_ids: Sequence[int]) -> dict[int, FirmNoteCard]:
    """Return the notes of the actor's firm about these firms."""
    if not actor.may(Right.EDIT_FIRM_NOTES, firm_id=actor.firm_id):
        return {}
    rows = rows_of(session, _NOTES, own=actor.firm_id, firms=firm_ids)
    return {about: FirmNoteCard(is_saved, text, never is not None) for about, is_saved, text, never in rows}


_BOOTHS = (
    select(Place.firm_id, Place.name)
    .where(in_chunks(Place.firm_id, bindparam("firms")) & ~Place.is_retired)
    .order_by(Place.id)
)


def _booths(session: Session, firm_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the names of the firms' booths."""
    booths: dict[int, list[str]] = {}
    for firm_id, name in rows_of(session, _BOOTHS, firms=firm_ids):
        if firm_id is not None:
            booths.setdefault(firm_id, []).append(place_label(name))
    return booths


_REFS: Any = select(Firm.id, *firm_columns(Firm)).where(in_chunks(Firm.id, bindparam("firms")))


def _refs(session: Session, firm_ids: Collection[int]) -> dict[int, FirmRef]:
    """Return firms by id, without a query if there are none."""
    if not firm_ids:
        return {}
    return {row[0]: FirmRef(*row[1:]) for row in rows_of(session, _REFS, firms=list(firm_ids))}


_BY, _TO = MeetingRequest.from_firm_id, MeetingRequest.to_firm_id
_OWN: BindParameter[int] = bindparam("own")
_OTHERS: BindParameter[Any] = bindparam("firms")
_OPEN = (
    select(MeetingRequest.key, MeetingRequest.state, _BY, _TO)
    .where(
        MeetingRequest.state.in_(OPEN_REQUESTS),
        or_((_BY == _OWN) & in_chunks(_TO, _OTHERS), (_TO == _OWN) & in_chunks(_BY, _OTHERS)),
    )
    .order_by(MeetingRequest.id)
)


def _open_requests(session: Session, actor: Actor, firm_ids: Sequence[int]) -> dict[int, list[OpenRequest]]:
    """Return the open requests between the actor's firm and these, by the other firm's id."""
    found: dict[int, list[OpenRequest]] = {}
    if actor.firm_id is None:
        return found
    for key, state, sender, receiver in rows_of(session, _OPEN, own=actor.firm_id, firms=firm_ids):
        is_sent = sender == actor.firm_id
        found.setdefault(receiver if is_sent else sender, []).append(OpenRequest(key, state, is_sent))
    return found


NOT_ASKED = "not-asked"
_RELATIONS = select(_BY, _TO, MeetingRequest.state).where(
    or_(_BY == _OWN, _TO == _OWN), MeetingRequest.state.in_(OPEN_REQUESTS)
)
_MARKS = select(FirmNote.other_firm_id, FirmNote.is_saved, FirmNote.blocked_since).where(
    FirmNote.firm_id == _OWN
)


def list_relations(session: Session, actor: Actor) -> dict[int, tuple[str, ...]]:
    """Return the relations of other firms to the actor's own, by id. Firms without any are left out."""
    if actor.firm_id is None:
        return {}
    own = actor.firm_id
    found: dict[int, list[str]] = {}
    for sender, receiver, state in rows_of(session, _RELATIONS, own=own):
        how = "agreed" if state is RequestState.ACCEPTED else "asked" if sender == own else "asked-us"
        found.setdefault(receiver if sender == own else sender, []).append(how)
    for other_firm_id, is_saved, blocked_since in rows_of(session, _MARKS, own=own):
        marks = found.setdefault(other_firm_id, [NOT_ASKED])
        marks += ["saved"] * is_saved + ["never"] * (blocked_since is not None)
    return {firm_id: tuple(marks) for firm_id, marks in found.items()}
