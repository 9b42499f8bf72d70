"""Tables of records: searched, sorted and paged, with a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypedDict, cast

from sqlalchemy import ColumnElement, Integer, Select, SQLColumnExpression, func, or_, select, true
from sqlalchemy.orm import Session

from scheduler import i18n
from scheduler.domain import fields
from scheduler.domain.entities import RequestState, Tier
from scheduler.services.directory.delegation_lookup import firms_in_delegation
from scheduler.services.directory.references import FirmRef
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, Updates, fetch_page, fetch_updates
from scheduler.services.participants.row_counts import (
    count_absences,
    count_firm_meetings,
    count_requests,
    count_rows,
    find_merged,
    select_published_meetings,
)
from scheduler.services.schedule.scheduled import IS_ACCEPTED
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.text import clean_line, match_condition
from scheduler.storage.base import Timestamped
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Firm,
    Hall,
    Interpreter,
    InterpreterBusy,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
)

PAGE_SIZE = 50
PRESENT, WITHDRAWN = "here", "withdrawn"


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Query of a table: text, state (empty: any) and page. With `keys`, only these rows."""

    text: str = ""
    state: str = PRESENT
    sort: str = "name"
    number: int = 1
    keys: Iterable[str] | None = None
    delegation: str = ""
    """Key of a delegation, for its firms and their people."""
    cursor: str | None = None
    limit: int = PAGE_SIZE
    updates: Updates | None = None
    """Only rows that have changed, in that order."""


ALL_ROWS: Final = TableQuery()


@dataclass(frozen=True, slots=True)
class RecordRow:
    """Common fields of the three tables."""

    key: str
    name: str
    latin_name: str
    meetings: int
    """Published meetings."""
    is_withdrawn: bool
    merged_into: str
    """Key of the record it was merged into, or empty."""


@dataclass(frozen=True, slots=True)
class FirmRow(RecordRow):
    """A row of a firm."""

    country: str
    tier: Tier
    hall: str
    booth: str
    people: int
    waiting: int
    """Requests that need its response."""
    accepted: int
    """Accepted requests."""


@dataclass(frozen=True, slots=True)
class PersonRow(RecordRow):
    """A row of a person."""

    firm: FirmRef
    title: str
    email: str
    languages: tuple[str, ...]
    is_exhibitor: bool
    has_bounced: bool
    absent: int
    """Blocked slots."""


@dataclass(frozen=True, slots=True)
class InterpreterRow(RecordRow):
    """A row of an interpreter."""

    email: str
    languages: tuple[str, ...]
    has_bounced: bool
    absent: int
    """Slots without a shift."""


def _sorted(name: str, *keys: SQLColumnExpression[Any], descending: bool = False) -> Order:
    kinds = tuple(int if isinstance(cast(Any, key).type, Integer) else str for key in keys)
    return Order(name, keys, kinds, descending)


def _count_received(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Subquery: number of requests that a firm received, served by the index on firm and state."""
    counted = select(func.count()).where(MeetingRequest.to_firm_id == Firm.id, *conditions)
    return counted.correlate(Firm).scalar_subquery()


_WAITING = _count_received(MeetingRequest.state == RequestState.PENDING)
_LATIN = {table: func.lower(table.latin_name) for table in (Firm, Attendee, Interpreter)}
FIRM_SORTS: Final[Mapping[str, Order]] = {
    "name": _sorted("firms", _LATIN[Firm], Firm.id),
    "country": _sorted("firms by country", Firm.country, _LATIN[Firm], Firm.id),
    "tier": _sorted("firms by tier", Firm.tier, _LATIN[Firm], Firm.id),
    "hall": _sorted("firms by hall", func.coalesce(Hall.position + 1, 0), _LATIN[Firm], Firm.id),
    "waiting": _sorted("firms by requests", _WAITING, Firm.id, descending=True),
}
PERSON_SORTS: Final[Mapping[str, Order]] = {
    "name": _sorted("people", _LATIN[Attendee], Attendee.id),
    "firm": _sorted("people by firm", _LATIN[Firm], Firm.id, _LATIN[Attendee], Attendee.id),
    "title": _sorted("people by title", func.lower(Attendee.title), _LATIN[Attendee], Attendee.id),
    "email": _sorted("people by address", Attendee.email),
}
INTERPRETER_SORTS: Final[Mapping[str, Order]] = {
    "name": _sorted("interpreters", _LATIN[Interpreter], Interpreter.id),
    "email": _sorted("interpreters by address", Interpreter.email, Interpreter.id),
}
SORTS: Final = {
    ImportKind.FIRMS: FIRM_SORTS,
    ImportKind.PEOPLE: PERSON_SORTS,
    ImportKind.INTERPRETERS: INTERPRETER_SORTS,
}


def list_firms(session: Session, actor: Actor, ask: TableQuery = ALL_ROWS) -> Page[FirmRow]:
    """Return firms with booths and counts of open requests.

    Runs at most six queries. With `keys`, only these.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    query = select(Firm, Hall.name, Hall.names).outerjoin(Hall, Hall.id == Firm.hall_id)
    query = _filter_rows(query, Firm, actor, (Firm.name, Firm.latin_name, Firm.key), ask)
    page = _page(session, query, Firm, FIRM_SORTS, ask)
    rows: list[tuple[Firm, str]] = [
        (row[0], i18n.venue_label(row[1] or "", row[2] or {})) for row in page.items
    ]
    ids = [firm.id for firm, _ in rows]
    booths: dict[int | None, list[str]] = {}
    stands = select(Place.firm_id, Place.name).where(in_chunks(Place.firm_id, ids), ~Place.is_retired)
    for firm_id, name in session.execute(stands.order_by(Place.id)):
        booths.setdefault(firm_id, []).append(i18n.place_label(name))
    people = count_rows(session, select(Attendee.firm_id, func.count()), Attendee.firm_id, ids,
                      Attendee.withdrawn_at.is_(None))  # fmt: skip
    waiting, accepted = count_requests(session, ids)
    meetings = count_firm_meetings(session, actor, ids)
    into = find_merged(session, Firm, [firm for firm, _ in rows])
    return page.of(
        FirmRow(
            **_shared(firm, meetings, into),
            country=firm.country,
            tier=firm.tier,
            hall=hall,
            booth=i18n.join_texts(booths.get(firm.id, ())),
            people=people.get(firm.id, 0),
            waiting=waiting.get(firm.id, 0),
            accepted=accepted.get(firm.id, 0),
        )
        for firm, hall in rows
    )


def list_people(session: Session, actor: Actor, ask: TableQuery = ALL_ROWS) -> Page[PersonRow]:
    """Return people of all firms. Runs at most five queries."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    query = select(Attendee, Firm).join(Firm, Firm.id == Attendee.firm_id)
    seen = (Attendee.email,) if actor.may(Right.READ_CONTACTS) else ()  # a search reveals it too
    searched = (
        Attendee.name, Attendee.latin_name, Attendee.title, Firm.name, Firm.latin_name, Attendee.key,
        *seen,
    )  # fmt: skip
    query = _filter_rows(query, Attendee, actor, searched, ask)
    page = _page(session, query, Attendee, PERSON_SORTS, ask)
    rows: list[tuple[Attendee, Firm]] = [(row[0], row[1]) for row in page.items]
    ids = [person.id for person, _ in rows]
    away = count_absences(session, AttendeeBusy.attendee_id, AttendeeBusy.slot_id, ids)
    seats = (
        select(PlannedAttendee.attendee_id, func.count())
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(PlannedMeeting.version_id.in_(select_published_meetings(actor)), IS_ACCEPTED)
    )
    meetings = count_rows(session, seats, PlannedAttendee.attendee_id, ids)
    into = find_merged(session, Attendee, [person for person, _ in rows])
    return page.of(
        PersonRow(
            **_shared(person, meetings, into, firm),
            firm=FirmRef(firm.key, firm.name, firm.latin_name, firm.country),
            title=person.title,
            email=person.email,
            languages=tuple(person.languages),
            is_exhibitor=person.is_exhibitor,
            has_bounced=person.bounced_at is not None,
            absent=away.get(person.id, 0),
        )
        for person, firm in rows
    )


def list_interpreters(session: Session, actor: Actor, ask: TableQuery = ALL_ROWS) -> Page[InterpreterRow]:
    """Return interpreters. Runs at most five queries."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    email = (Interpreter.email,) if actor.may(Right.READ_CONTACTS) else ()
    searched = (Interpreter.name, Interpreter.latin_name, Interpreter.key, *email)
    query = _filter_rows(select(Interpreter), Interpreter, actor, searched, ask)
    page = _page(session, query, Interpreter, INTERPRETER_SORTS, ask)
    rows: list[Interpreter] = [row[0] for row in page.items]
    ids = [row.id for row in rows]
    away = count_absences(session, InterpreterBusy.interpreter_id, InterpreterBusy.slot_id, ids)
    held = (
        select(PlannedMeeting.interpreter_id, func.count())
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(PlannedMeeting.version_id.in_(select_published_meetings(actor)), IS_ACCEPTED)
    )
    meetings = count_rows(session, held, PlannedMeeting.interpreter_id, ids)
    into = find_merged(session, Interpreter, rows)
    return page.of(
        InterpreterRow(
            **_shared(row, meetings, into),
            email=row.email,
            languages=tuple(row.languages),
            has_bounced=row.bounced_at is not None,
            absent=away.get(row.id, 0),
        )
        for row in rows
    )


class _Shared(TypedDict):
    """Keyword arguments for the fields of `RecordRow`."""

    key: str
    name: str
    latin_name: str
    meetings: int
    is_withdrawn: bool
    merged_into: str


def _shared(
    row: Firm | Attendee | Interpreter,
    meetings: Mapping[int, int],
    into: Mapping[int, str],
    firm: Firm | None = None,
) -> _Shared:
    """Return the common fields of a row. People of a withdrawn firm count as withdrawn."""
    return {
        "key": row.key,
        "name": row.name,
        "latin_name": row.latin_name,
        "meetings": meetings.get(row.id, 0),
        "is_withdrawn": any(each and each.withdrawn_at is not None for each in (row, firm)),
        "merged_into": into.get(row.id, ""),
    }


def _filter_rows(
    query: Select[*tuple[Any, ...]],
    table: Any,
    actor: Actor,
    searched: Iterable[SQLColumnExpression[str]],
    ask: TableQuery,
) -> Select[*tuple[Any, ...]]:
    is_gone = table.withdrawn_at.is_not(None)
    if table is Attendee:
        is_gone = or_(is_gone, Firm.withdrawn_at.is_not(None))
    in_state = is_gone if ask.state == WITHDRAWN else ~is_gone if ask.state == PRESENT else true()
    query = query.where(table.event_id == actor.event_id, in_state)
    if ask.delegation and table is not Interpreter:
        firm_id = Firm.id if table is Firm else Attendee.firm_id
        query = query.where(firm_id.in_(firms_in_delegation(actor, ask.delegation)))
    if clean_line(ask.text):
        fields.require_valid("text", ask.text, fields.Search)
        query = query.where(match_condition(ask.text, searched))
    return query if ask.keys is None else query.where(in_chunks(table.key, ask.keys))


def _page(
    session: Session,
    query: Select[*tuple[Any, ...]],
    table: type[Timestamped],
    sorts: Mapping[str, Order],
    ask: TableQuery,
) -> Page[Any]:
    if ask.updates is not None:
        name = sorts["name"].name
        return fetch_updates(session, query, name, table, ask.updates, cursor=ask.cursor, limit=ask.limit)
    order = sorts.get(ask.sort, sorts["name"])
    return fetch_page(session, query, order, cursor=ask.cursor, number=ask.number, limit=ask.limit)
