"""Firm rows for search and filters, loaded with seven queries for any number of firms."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, case, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.guests import is_guest
from scheduler.domain.names import place_translations
from scheduler.i18n import VenueLabel, venue_label
from scheduler.services.directory.cards import NOT_ASKED, list_relations
from scheduler.services.directory.normalization import search_zone
from scheduler.services.identity.actors import Actor
from scheduler.storage.cache.cache_keys import new_digest, read_text, split_text, text_query
from scheduler.storage.cache.memoization import memoize
from scheduler.storage.database import once_per_session
from scheduler.storage.models import (
    Attendee,
    Consent,
    Delegation,
    DelegationFirm,
    Event,
    Firm,
    Hall,
    Place,
    WalkingTime,
)
from scheduler.storage.rows import rows_of


@dataclass(frozen=True, slots=True)
class FirmRow:
    """A firm as filters see it. `named`, `people` and `described` are search zones, or empty."""

    id: int
    key: str
    latin_name: str
    country: str
    tier: str
    area: tuple[str, ...]
    hall: tuple[str, ...]
    language: tuple[str, ...]
    relation: tuple[str, ...] = ()
    delegation: tuple[str, ...] = ()
    guest: tuple[str, ...] = ()
    named: str = ""
    people: tuple[str, ...] = ()
    described: tuple[str, ...] = ()
    every: str = ""
    """All zones concatenated, as a quick check: most words are in none."""

    def values(self, facet: str) -> tuple[str, ...]:
        """Return the firm's values for a filter."""
        found: str | tuple[str, ...] = getattr(self, facet)
        return (found,) if isinstance(found, str) else found

    def seen(self, relation: tuple[str, ...]) -> FirmRow:
        """Return the firm as visible to a viewer with this relation."""
        return FirmRow(
            self.id, self.key, self.latin_name, self.country, self.tier, self.area, self.hall, self.language,
            relation, self.delegation, self.guest, self.named, self.people, self.described, self.every,
        )  # fmt: skip

    @property
    def order(self) -> tuple[str, int]:
        """Sort key: the Latin name, case-insensitive."""
        return self.latin_name.casefold(), self.id


@dataclass(frozen=True, slots=True)
class Directory:
    """The active firms by Latin name, and the names of halls, areas and delegations by key.

    `fingerprint` is the cache key of the directory, without relations to the viewer's firm.
    """

    fingerprint: str
    rows: list[FirmRow]
    halls: Mapping[str, VenueLabel]
    areas: Mapping[str, VenueLabel]
    delegations: Mapping[str, str]


class FirmText(NamedTuple):
    """A firm's own texts and its location. Lists are JSON as stored."""

    id: int
    key: str
    name: str
    latin_name: str
    country: str
    pavilion: str
    tier: str
    areas: tuple[str, ...]
    hall_id: int
    description: str
    website: str
    offers: str
    needs: str
    products: str
    unwanted: str
    logo: str


@dataclass(frozen=True, slots=True)
class FirmTexts:
    """All active firms by id, and the digest of their texts."""

    fingerprint: str
    rows: Mapping[int, FirmText]


def read_firm_texts(session: Session, event_id: int) -> FirmTexts:
    """Load the firms of an event, with one query. The text is parsed again only if a firm changed."""
    return once_per_session(session, f"firms {event_id}", lambda: _firm_texts(session, event_id))


_FIRM_TEXTS = text_query(
    tuple(getattr(Firm, name) for name in FirmText._fields),
    Firm.event_id == bindparam("event"),
    Firm.withdrawn_at.is_(None),
)


def _firm_texts(session: Session, event_id: int) -> FirmTexts:
    text = read_text(session, _FIRM_TEXTS, event=event_id)
    fingerprint = new_digest(text)
    return memoize("firms", fingerprint, lambda: FirmTexts(fingerprint, _firms(text)))


def _firms(text: str) -> dict[int, FirmText]:
    found = {}
    for row in split_text(text):
        firm_id, hall_id, areas = int(row[0]), int(row[8] or 0), _listed(row[7])
        found[firm_id] = FirmText._make((firm_id, *row[1:7], areas, hall_id, *row[9:]))
    return found


def read_directory(session: Session, actor: Actor, *, with_text: bool) -> Directory:
    """Load the firms of the actor's event. Texts to search are loaded only with `with_text`."""
    firms = read_firm_texts(session, actor.event_id)
    halls = _halls(session, actor.event_id)
    people = _people(session, actor.event_id, with_text=with_text)
    booths = _booths(session, actor.event_id) if with_text else ""
    related = list_relations(session, actor)
    delegations, travels = _delegations(session, actor.event_id)
    event = session.get_one(Event, actor.event_id)
    nothing = (NOT_ASKED,) if actor.firm_id is not None else ()
    others = repr((with_text, nothing, halls, travels, event.guests))
    fingerprint = new_digest(firms.fingerprint, people, booths, others)

    def work_out() -> dict[int, FirmRow]:
        parts = _Parts(nothing, halls, travels, event.guests, *_of_people(people), _of_booths(booths))
        found = [parts.sought(each, with_text=with_text) for each in firms.rows.values()]
        return {row.id: row for row in sorted(found, key=lambda row: row.order)}

    rows = dict(memoize("directory", fingerprint, work_out))
    if actor.firm_id is not None:
        for firm_id, relation in {actor.firm_id: (), **related}.items():
            if firm_id in rows:
                rows[firm_id] = rows[firm_id].seen(relation)
    return Directory(fingerprint, list(rows.values()), dict(halls.values()), event.named_areas, delegations)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Data of firms outside their own row, by id. `nothing` is the relation of firms without any."""

    nothing: tuple[str, ...]
    halls: Mapping[int, tuple[str, str]]
    travels: Mapping[int, Sequence[str]]
    guests: Sequence[Any]
    spoken: Mapping[int, Collection[str]]
    sought_people: Mapping[int, Sequence[str]]
    booths: Mapping[int, Sequence[str]]

    def sought(self, firm: FirmText, *, with_text: bool) -> FirmRow:
        hall = self.halls.get(firm.hall_id)
        row = FirmRow(
            firm.id,
            firm.key,
            firm.latin_name,
            firm.country,
            firm.tier,
            firm.areas,
            (hall[0],) if hall else (),
            tuple(self.spoken.get(firm.id, ())),
            self.nothing,
            delegation=tuple(self.travels.get(firm.id, ())),
            guest=tuple(
                guest["name"] for guest in self.guests if is_guest(guest, firm.country, firm.pavilion or None)
            ),
        )
        if not with_text:
            return row
        named = search_zone(firm.name, firm.latin_name, spoken=True)
        stands = search_zone(firm.pavilion, firm.website, *self.booths.get(firm.id, ()))
        lists = firm.offers, firm.needs, firm.products
        things = search_zone(*(thing for each in lists for thing in _listed(each)))
        people = tuple(self.sought_people.get(firm.id, ()))
        described = (search_zone(firm.description), things, stands)
        return replace(
            row, named=named, people=people, described=described, every="".join((named, *described, *people))
        )


@lru_cache(65_536)
def _listed(text: str) -> tuple[str, ...]:
    """Parse a JSON list as stored. Cached, because a page parses thousands, mostly equal ones."""
    return tuple(json.loads(text))


_HALLS = (
    select(Hall.id, Hall.key, Hall.name, Hall.names)
    .where(Hall.event_id == bindparam("event"))
    .order_by(Hall.position)
)


def _halls(session: Session, event_id: int) -> dict[int, tuple[str, VenueLabel]]:
    rows = rows_of(session, _HALLS, event=event_id)
    return {hall_id: (key, venue_label(name, names)) for hall_id, key, name, names in rows}


_DELEGATIONS = (
    select(Delegation.key, Delegation.name, DelegationFirm.firm_id)
    .join(DelegationFirm)
    .where(Delegation.event_id == bindparam("event"))
    .order_by(Delegation.id)
)


def _delegations(session: Session, event_id: int) -> tuple[dict[str, str], dict[int, list[str]]]:
    """Return the names of delegations with firms, by key, and the delegation keys by firm."""
    names: dict[str, str] = {}
    of_firms: dict[int, list[str]] = {}
    for key, name, firm_id in rows_of(session, _DELEGATIONS, event=event_id):
        names[key] = name
        of_firms.setdefault(firm_id, []).append(key)
    return names, of_firms


def read_walks(session: Session, actor: Actor) -> dict[str, int]:
    """Return walking minutes from the own firm's hall to each hall, by key.

    Empty without a hall. One query.
    """
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


_SPEAKERS = Attendee.id, Attendee.firm_id, Attendee.languages
_COMING = Attendee.event_id == bindparam("event"), Attendee.withdrawn_at.is_(None)
_PEOPLE = text_query(_SPEAKERS, *_COMING)
_LISTED = Consent.permits(ConsentPurpose.DIRECTORY, event_id=bindparam("event"), attendee_id=Attendee.id)
_WORDS = (
    case((_LISTED, column), else_="") for column in (Attendee.name, Attendee.latin_name, Attendee.title)
)
_PEOPLE_WITH_TEXT = text_query((*_SPEAKERS, *_WORDS), *_COMING)


def _people(session: Session, event_id: int, *, with_text: bool) -> str:
    """Load firm and languages of each person, and with `with_text` names and titles of those listed."""
    return read_text(session, _PEOPLE_WITH_TEXT if with_text else _PEOPLE, event=event_id)


def _of_people(text: str) -> tuple[dict[int, set[str]], dict[int, list[str]]]:
    """Return the languages of each firm's people, and search zones of their names and titles."""
    spoken: dict[int, set[str]] = {}
    sought: dict[int, list[str]] = {}
    for _, firm, languages, *names in split_text(text):
        spoken.setdefault(int(firm), set()).update(_listed(languages))
        if names:
            sought.setdefault(int(firm), []).append(search_zone(*names, spoken=True))
    return spoken, sought


_BOOTHS = text_query(
    (Place.id, Place.firm_id, Place.name),
    Place.event_id == bindparam("event"),
    Place.firm_id.is_not(None),
    Place.is_retired.is_(False),
)


def _booths(session: Session, event_id: int) -> str:
    return read_text(session, _BOOTHS, event=event_id)


def _of_booths(text: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for _, firm, name in split_text(text):
        found.setdefault(int(firm), []).extend(dict.fromkeys((name, *place_translations(name).values())))
    return found
