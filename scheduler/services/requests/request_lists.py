"""Request lists: sent, received, one by key, and counts by state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import RequestState, Side, VersionState
from scheduler.domain.errors import NotFound
from scheduler.services.directory.references import (
    find_requested_firm,
    firm_columns,
    person_columns,
)
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, Updates, fetch_page, fetch_updates
from scheduler.services.requests.cards import RequestCard, build_cards
from scheduler.services.requests.transitions import can_see
from scheduler.services.text import clean_line, is_storable, match_condition
from scheduler.storage.models import (
    Attendee,
    Firm,
    MeetingRequest,
    PlannedMeeting,
    ScheduleVersion,
)
from scheduler.storage.rows import rows_of

_Sender, _Receiver = aliased(Firm), aliased(Firm)
_Asker, _Answerer = aliased(Attendee), aliased(Attendee)
_EVENT: BindParameter[int] = bindparam("event")
_FIRM: BindParameter[int] = bindparam("firm")


class RequestOrder(StrEnum):
    """Order of a list of requests."""

    NEWEST = "newest"
    DEADLINE = "deadline"
    RANK = "rank"
    FIT = "fit"


_LAST = MeetingRequest.created_at, MeetingRequest.id
_NEVER = case((MeetingRequest.expires_at.is_(None), 1), else_=0)
_NEWEST = Order("requests", _LAST, (datetime, int), descending=True)
_ORDERS = {
    RequestOrder.DEADLINE: Order(
        "requests", (_NEVER, MeetingRequest.expires_at, MeetingRequest.id), (int, datetime, int)
    ),
    RequestOrder.RANK: Order("requests", (-MeetingRequest.priority, *_LAST), (int, datetime, int)),
}
_RANKS = 200
"""Number of firms that the order by fit distinguishes."""


def _by_fit(ranks: Sequence[str]) -> Order:
    places = {key: place for place, key in enumerate(ranks[:_RANKS])}
    place = case(places, value=_Sender.key, else_=len(places))
    other = case(places, value=_Receiver.key, else_=len(places))
    return Order("requests", (place + other, *_LAST), (int, datetime, int))


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Counts by state (all states present) and direction, and unscheduled ones among the accepted.

    For a whole event, each request counts in both directions.
    """

    sent: Mapping[RequestState, int]
    received: Mapping[RequestState, int]
    sent_unscheduled: int = 0
    received_unscheduled: int = 0
    first_deadline: datetime | None = None
    """Earliest deadline of the pending requests that were received."""


def list_requests(
    session: Session,
    actor: Actor,
    *,
    side: Side | None = None,
    firm: str | None = None,
    state: RequestState | None = None,
    unscheduled: bool = False,
    text: str = "",
    cursor: str | None = None,
    number: int = 1,
    limit: int = 30,
    total: int | None = None,
    order: RequestOrder = RequestOrder.NEWEST,
    ranks: Sequence[str] = (),
    updates: Updates | None = None,
) -> Page[RequestCard]:
    """Return a page of a firm's requests: by default the actor's own, else (for organisers) by key.

    An organiser who gives no firm gets those of the whole event. `unscheduled` filters accepted requests
    without a published meeting. `text` is searched in topic, message and names of both firms. `ranks` are
    keys of firms, best fit first, for the order by fit. Cursors only work with the order by newest. `total`
    is the count, if known from `count_requests`. Runs four queries, or three if the total is known or one
    page holds all. With `updates`, only those that have changed, in that order.
    """
    firm_id = find_requested_firm(session, actor, Right.READ_REQUESTS, firm)
    asked = _values(event=actor.event_id, firm=firm_id, state=state)
    query = _listed(frozenset(asked), side, unscheduled=unscheduled)
    if updates is not None:
        searched = query.where(match_condition(text, _SEARCHED))
        changed: dict[str, Any] = {"cursor": cursor, "limit": limit, "values": asked}
        page = fetch_updates(session, searched, "requests", MeetingRequest, updates, **changed)
        return page.of(build_cards(session, actor, page.items))
    by_fit = order is RequestOrder.FIT and bool(ranks)
    by = _by_fit(ranks) if by_fit else _ORDERS.get(order, _NEWEST)
    part: dict[str, Any] = {"cursor": cursor, "number": number, "limit": limit, "total": total}
    if by_fit or clean_line(text):
        page = fetch_page(session, query.params(asked).where(match_condition(text, _SEARCHED)), by, **part)
    else:
        page = fetch_page(session, query, by, **part, values=asked)
    return page.of(build_cards(session, actor, page.items))


def first_requests(
    session: Session,
    actor: Actor,
    which: ColumnElement[bool],
    order: Sequence[SQLColumnExpression[Any]],
    limit: int,
) -> Sequence[RequestCard]:
    """Return the first requests that match a condition, in an order. Runs three queries.

    The condition must restrict the firms: nothing else hides other firms' requests.
    """
    query = _listed(frozenset({"event"})).params(event=actor.event_id)
    rows = session.execute(query.where(which).order_by(*order).limit(limit)).all()
    return build_cards(session, actor, rows)


def show_request(session: Session, actor: Actor, key: str) -> RequestCard:
    """Return a request. Raises NotFound for requests of other firms and events."""
    row = None
    if is_storable(key):
        row = session.execute(_BY_KEY, {"event": actor.event_id, "key": key}).first()
    if row is None or not can_see(actor, row[0]):
        raise NotFound("meeting request", key)
    return build_cards(session, actor, [row])[0]


def list_sides(session: Session, actor: Actor, cards: Iterable[RequestCard]) -> dict[str, Side]:
    """Return the actor's side of each request by key, as `actor_side` does. Runs at most one query."""
    own = None
    if actor.firm_id is not None:
        own = rows_of(session, _OWN_KEY, firm=actor.firm_id).scalar_one_or_none()
    return {card.key: Side.FROM if card.from_firm.key == own else Side.TO for card in cards}


def actor_side(session: Session, actor: Actor, card: RequestCard) -> Side:
    """Return the actor's side of a request: the sender's if it is the own firm, else the receiver's."""
    return list_sides(session, actor, [card])[card.key]


def count_requests(
    session: Session, actor: Actor, *, firm: str | None = None, text: str = ""
) -> RequestCounts:
    """Return counts for tabs and filters, of the same requests as `list_requests`, with the same search.

    Runs one query.
    """
    firm_id = find_requested_firm(session, actor, Right.READ_REQUESTS, firm)
    query = _COUNTS_OF_EVENT if firm_id is None else _COUNTS_OF_FIRM
    if clean_line(text):
        query = _with_firms(query).where(match_condition(text, _SEARCHED))
    rows = rows_of(session, query, **_values(event=actor.event_id, firm=firm_id))
    by = {direction: dict.fromkeys(RequestState, 0) for direction in (True, False)}
    without = {True: 0, False: 0}
    first_deadline = None
    for state, was_sent, without_meeting, number, deadline in rows:
        by[was_sent][state] += number
        without[was_sent] += without_meeting
        if state is RequestState.PENDING and not was_sent:
            first_deadline = deadline
    if firm_id is None:
        by[True], without[True] = by[False], without[False]
    return RequestCounts(by[True], by[False], without[True], without[False], first_deadline)


def _is_unscheduled() -> ColumnElement[bool]:
    """SQL condition: accepted when the published schedule was made, and not scheduled in it."""
    published_id, published = (
        select(column)
        .where(ScheduleVersion.event_id == _EVENT, ScheduleVersion.state == VersionState.PUBLISHED)
        .scalar_subquery()
        for column in (ScheduleVersion.id, ScheduleVersion.created_at)
    )
    held = (
        select(PlannedMeeting.id)
        .where(PlannedMeeting.version_id == published_id, PlannedMeeting.request_id == MeetingRequest.id)
        .correlate(MeetingRequest)
    )
    return and_(
        MeetingRequest.state == RequestState.ACCEPTED,
        func.coalesce(MeetingRequest.responded_at, MeetingRequest.created_at) <= published,
        ~held.exists(),
    )


_OWN_KEY = select(Firm.key).where(Firm.id == _FIRM)
_SEARCHED: Sequence[SQLColumnExpression[str]] = (
    MeetingRequest.topic,
    MeetingRequest.message,
    MeetingRequest.reply_topic,
    MeetingRequest.reply_message,
    _Sender.name,
    _Sender.latin_name,
    _Receiver.name,
    _Receiver.latin_name,
)


def _with_firms(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.join(_Sender, _Sender.id == MeetingRequest.from_firm_id).join(
        _Receiver, _Receiver.id == MeetingRequest.to_firm_id
    )


_QUERY = (
    _with_firms(
        select(
            MeetingRequest,
            *firm_columns(_Sender),
            *firm_columns(_Receiver),
            *person_columns(_Asker),
            *person_columns(_Answerer),
        )
    )
    .outerjoin(_Asker, _Asker.id == MeetingRequest.created_by)
    .outerjoin(_Answerer, _Answerer.id == MeetingRequest.responded_by)
    .where(MeetingRequest.event_id == _EVENT)
)


_OF_FIRM = {
    Side.FROM: MeetingRequest.from_firm_id == _FIRM,
    Side.TO: MeetingRequest.to_firm_id == _FIRM,
    None: or_(MeetingRequest.from_firm_id == _FIRM, MeetingRequest.to_firm_id == _FIRM),
}


@lru_cache(maxsize=64)
def _listed(
    asked: frozenset[str], side: Side | None = None, *, unscheduled: bool = False
) -> Select[*tuple[Any, ...]]:
    """Return the query of `list_requests` for these parameters, cached."""
    query = _QUERY
    if "firm" in asked:
        query = query.where(_OF_FIRM[side])
    if "state" in asked:
        query = query.where(MeetingRequest.state == bindparam("state"))
    return query.where(_is_unscheduled()) if unscheduled else query


def _values(**asked: Any) -> dict[str, Any]:
    """Return the parameters that have a value."""
    return {name: value for name, value in asked.items() if value is not None}


_BY_KEY = _QUERY.where(MeetingRequest.key == bindparam("key"))


def _counts(is_sent: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    groups = MeetingRequest.state, is_sent
    unscheduled = func.sum(case((_is_unscheduled(), 1), else_=0))
    first_deadline = func.min(MeetingRequest.expires_at)
    query = select(*groups, unscheduled, func.count(), first_deadline).where(
        MeetingRequest.event_id == _EVENT
    )
    return query.group_by(*groups)


_COUNTS_OF_EVENT = _counts(MeetingRequest.from_firm_id.is_(None))
_COUNTS_OF_FIRM = _counts(_OF_FIRM[Side.FROM]).where(_OF_FIRM[None])
