"""Directory of an event's firms and people: search with filters, and one firm."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, true
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.errors import NotFound
from scheduler.services.directory import facets, firm_rows, text_search
from scheduler.services.directory.cards import (
    FIRMS_IN_HALLS,
    PERSON_COLUMNS,
    FirmCard,
    PersonCard,
    firm_cards,
    person_card,
)
from scheduler.services.directory.facets import EVERY_FIRM, Facets, FirmFilters
from scheduler.services.directory.firm_rows import FirmRow
from scheduler.services.directory.references import find_firm, find_person
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import (
    Order,
    Page,
    Updates,
    decode_cursor,
    encode_cursor,
    fetch_page,
    fetch_updates,
    page_of_list,
    require_unfiltered,
)
from scheduler.services.text import is_storable, match_condition
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Consent, Firm
from scheduler.storage.rows import rows_of

_BY_ID = FIRMS_IN_HALLS.where(in_chunks(Firm.id, bindparam("firms")))
_OF_EVENT = FIRMS_IN_HALLS.where(Firm.event_id == bindparam("event"))
_BY_KEY = _OF_EVENT.where(Firm.key == bindparam("key"))
_BESIDE_OWN = _OF_EVENT.where(or_(Firm.key == bindparam("key"), Firm.id == bindparam("own")))
_EVERYONE = (
    select(*PERSON_COLUMNS)
    .join(Firm, Firm.id == Attendee.firm_id)
    .where(Attendee.event_id == bindparam("event"))
)
_PEOPLE = _EVERYONE.where(Firm.withdrawn_at.is_(None), Attendee.withdrawn_at.is_(None))
_LISTED = Consent.permits(ConsentPurpose.DIRECTORY, event_id=bindparam("event"), attendee_id=Attendee.id)
_PEOPLE_OF = _PEOPLE.where(in_chunks(Attendee.firm_id, bindparam("firms"))).order_by(Attendee.id)
_LISTED_OF = _PEOPLE_OF.where(or_(_LISTED, Attendee.firm_id == bindparam("own_firm")))
_BY_NAME = Order("people", (func.lower(Attendee.latin_name), Attendee.id), (str, int))


class FirmOrder(StrEnum):
    """Sort order of firms. Firms with the same relevance are sorted by name."""

    BEST = "best"
    FIT = "fit"
    NAME = "name"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A page of firms. `meant` has the corrections of misspelt words. `all` counts the event's firms.

    `walks` are walking minutes from the own firm by key, if the page is sorted by them.
    """

    page: Page[FirmCard]
    facets: Facets
    meant: Mapping[str, tuple[str, ...]]
    all: int
    walks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FirmPage:
    """A firm with its people."""

    card: FirmCard
    people: tuple[PersonCard, ...]


def search_directory(
    session: Session,
    actor: Actor,
    filters: FirmFilters = EVERY_FIRM,
    *,
    order: FirmOrder = FirmOrder.BEST,
    ranks: Mapping[str, int] | None = None,
    only: Collection[str] | None = None,
    number: int = 1,
    limit: int = 30,
) -> SearchResult:
    """Return a page of the matching firms, with counts for each filter value.

    `ranks` are positions of firms by key, from the best fit to the reader's own. Firms without one come last.
    If `only` is given, other firms are ignored. Takes at most fifteen queries for any number of firms. Raises
    InvalidInput.
    """
    actor.require(Right.READ_DIRECTORY)
    asked = filters.checked()
    directory = firm_rows.read_directory(session, actor, with_text=bool(filters.text))
    sought = text_search.search_text(directory, filters.text)
    counted = sought.rows if only is None else [row for row in sought.rows if row.key in only]
    left = facets.filter_rows(counted, asked)
    walks: dict[str, int] = {}
    if order is FirmOrder.NEAR:
        minutes = firm_rows.read_walks(session, actor)
        walks = {row.key: minutes[hall] for row in left for hall in row.hall if hall in minutes}
    page = page_of_list(
        "firms", _ordered(left, order, walks or ranks or {}, sought.scores), number=number, limit=limit
    )
    cards = _cards_of(session, actor, page.items)
    return SearchResult(
        page=page.of(cards),
        facets=_counted(directory, counted, asked),
        meant=sought.meant,
        all=len(directory.rows),
        walks={card.key: walks[card.key] for card in cards if card.key in walks},
    )


def search_firms(
    session: Session,
    actor: Actor,
    filters: FirmFilters = EVERY_FIRM,
    *,
    cursor: str | None = None,
    limit: int = 30,
    updates: Updates | None = None,
) -> Page[FirmCard]:
    """Return the event's firms by Latin name, for the API. Raises InvalidInput.

    With `updates`, only those that have changed, in that order, with removed ones. They take no filter.
    """
    actor.require(Right.READ_DIRECTORY)
    if updates is not None:
        require_unfiltered(filters != EVERY_FIRM)
        query = _OF_EVENT.params(event=actor.event_id)
        changed = fetch_updates(session, query, "firms", Firm, updates, cursor=cursor, limit=limit)
        return changed.of(firm_cards(session, actor, changed.items))
    fields.require_valid("limit", limit, fields.PageSize)
    directory = firm_rows.read_directory(session, actor, with_text=bool(filters.text))
    found = facets.filter_rows(text_search.search_text(directory, filters.text).rows, filters.checked())
    name, firm_id = decode_cursor("firms", (str, int), cursor) if cursor else ("", 0)
    first = bisect_right(found, (name, firm_id), key=lambda row: row.order)
    shown = found[first : first + limit]
    more = encode_cursor("firms", shown[-1].order) if first + limit < len(found) else None
    return Page(_cards_of(session, actor, shown), more, len(found), limit=limit)


def count_firms(session: Session, actor: Actor, filters: FirmFilters = EVERY_FIRM) -> Facets:
    """Count the firms that would match each filter value, for the API. Seven queries. Raises InvalidInput."""
    actor.require(Right.READ_DIRECTORY)
    asked = filters.checked()
    directory = firm_rows.read_directory(session, actor, with_text=bool(filters.text))
    return _counted(directory, text_search.search_text(directory, filters.text).rows, asked)


def _counted(
    directory: firm_rows.Directory, found: Sequence[FirmRow], asked: Mapping[str, frozenset[str]]
) -> Facets:
    names = {"area": directory.areas, "hall": directory.halls, "delegation": directory.delegations}
    return facets.count_values(found, asked, names)


def _ordered(
    by_name: Sequence[FirmRow], order: FirmOrder, ranks: Mapping[str, int], scores: Mapping[int, int]
) -> Sequence[FirmRow]:
    if order in (FirmOrder.FIT, FirmOrder.NEAR):
        last = max(ranks.values(), default=0) + 1
        return sorted(by_name, key=lambda row: ranks.get(row.key, last))
    return sorted(by_name, key=lambda row: -scores[row.id]) if order is FirmOrder.BEST else by_name


def _cards_of(session: Session, actor: Actor, found: Sequence[FirmRow]) -> tuple[FirmCard, ...]:
    """Return the cards of these rows, in their order."""
    by_id = {row.id: row for row in rows_of(session, _BY_ID, firms=[row.id for row in found])}
    return firm_cards(session, actor, [by_id[row.id] for row in found])


def show_firm(session: Session, actor: Actor, firm_key: str) -> FirmPage:
    """Return a firm with its people, with four queries. Raises NotFound for a firm of another event."""
    actor.require(Right.READ_DIRECTORY)
    pages = _firm_pages(session, actor, _BY_KEY, firm_key)
    if firm_key not in pages:
        raise NotFound("firm", firm_key)
    return pages[firm_key]


def show_firm_beside_own(session: Session, actor: Actor, firm_key: str) -> tuple[FirmPage, FirmPage]:
    """Return a firm and the actor's own, with their people, in as many queries as for one.

    Raises NotFound.
    """
    actor.require(Right.READ_DIRECTORY)
    pages = _firm_pages(session, actor, _BESIDE_OWN, firm_key, own=actor.firm_id)
    own = next((page for page in pages.values() if page.card.is_own), None)
    if firm_key not in pages or own is None:
        raise NotFound("firm", firm_key)
    return pages[firm_key], own


def _firm_pages(
    session: Session, actor: Actor, which: Select[*tuple[Any, ...]], firm_key: str, **more: Any
) -> dict[str, FirmPage]:
    """Return some firms of the event with their people, by key."""
    if not is_storable(firm_key):
        return {}
    found = rows_of(session, which, event=actor.event_id, key=firm_key, **more).all()
    people: dict[int, list[PersonCard]] = {}
    of_firms = {"event": actor.event_id, "firms": [firm.id for firm in found]}
    listed = _PEOPLE_OF if _sees_all(actor) else _LISTED_OF
    for row in rows_of(
        session, listed, **of_firms, **({} if listed is _PEOPLE_OF else {"own_firm": actor.firm_id})
    ):
        people.setdefault(row.firm_id, []).append(person_card(actor, row))
    cards = firm_cards(session, actor, found)
    return {
        card.key: FirmPage(card=card, people=tuple(people.get(firm.id, ())))
        for card, firm in zip(cards, found, strict=True)
    }


def search_people(
    session: Session,
    actor: Actor,
    *,
    text: str = "",
    firm: str | None = None,
    cursor: str | None = None,
    limit: int = 30,
    updates: Updates | None = None,
) -> Page[PersonCard]:
    """Return the event's attendees by Latin name, or those of one firm.

    `text` is searched in names and titles. With `updates`, only those that have changed, in that order, with
    removed ones. They take no filter.
    """
    actor.require(Right.READ_DIRECTORY)
    if updates is not None:
        require_unfiltered(bool(text or firm))
        everyone = _EVERYONE.params(event=actor.event_id).where(_is_visible(actor))
        changed = fetch_updates(session, everyone, "people", Attendee, updates, cursor=cursor, limit=limit)
        return changed.of(person_card(actor, row) for row in changed.items)
    query = _PEOPLE.params(event=actor.event_id).where(
        _is_visible(actor), match_condition(text, (Attendee.name, Attendee.latin_name, Attendee.title))
    )
    if firm is not None:
        query = query.where(Attendee.firm_id == find_firm(session, actor.event_id, firm).id)
    page = fetch_page(session, query, _BY_NAME, cursor=cursor, limit=limit)
    return page.of(person_card(actor, row) for row in page.items)


_PERSON = (
    select(*PERSON_COLUMNS).join(Firm, Firm.id == Attendee.firm_id).where(Attendee.id == bindparam("person"))
)


def _sees_all(actor: Actor) -> bool:
    """Return True for the event's team. Companies see those who consent to the directory, and colleagues."""
    return actor.firm_id is None or actor.may(Right.READ_CONTACTS)


def _is_visible(actor: Actor) -> ColumnElement[bool]:
    if _sees_all(actor):
        return true()
    listed = Consent.permits(ConsentPurpose.DIRECTORY, event_id=actor.event_id, attendee_id=Attendee.id)
    return or_(listed, Attendee.firm_id == actor.firm_id)


def show_person(session: Session, actor: Actor, person_key: str) -> PersonCard:
    """Return one attendee. Raises NotFound for one of another event, or who is not listed for the actor."""
    actor.require(Right.READ_DIRECTORY)
    found = find_person(session, actor.event_id, person_key)
    row = session.execute(_PERSON.where(_is_visible(actor)), {"person": found.id}).one_or_none()
    if row is None:
        raise NotFound("person", person_key)
    return person_card(actor, row)
