"""Context of request pages: counts, common times and firm badges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.pages.requests.labels import ANY_STATE, NEEDS_RESPONSE, UNSCHEDULED, WAITING
from scheduler.domain.entities import RequestState, Side
from scheduler.services.events.timetable import get_timetable
from scheduler.services.identity.actors import Actor
from scheduler.services.requests import history, outcomes, request_lists
from scheduler.services.requests.cards import RequestCard
from scheduler.services.requests.dashboard import dashboard
from scheduler.services.requests.preferences import common_times


@dataclass(frozen=True, slots=True)
class ListCounts:
    """Numbers of requests by tab, in the order of the tabs, and of the list of each direction and of both."""

    tabs: Mapping[str, int]
    lists: Mapping[Side | None, int]
    first_deadline: datetime | None
    """Earliest deadline of the received requests that await a response."""


def counts(db: Session, actor: Actor, side: Side | None, text: str = "") -> ListCounts:
    """Return the counts of a list of received or sent requests, or of both."""
    counts = request_lists.count_requests(db, actor, text=text)
    by = {Side.FROM: counts.sent, Side.TO: counts.received}
    unscheduled = {Side.FROM: counts.sent_unscheduled, Side.TO: counts.received_unscheduled}
    lists: dict[Side | None, int] = {each: sum(of.values()) for each, of in by.items()}
    lists[None] = sum(lists.values())
    shown = (side,) if side is not None else tuple(by)
    tabs = {ANY_STATE: lists[side]}
    for state in RequestState:
        if state is RequestState.PENDING and side is None:
            tabs[NEEDS_RESPONSE], tabs[WAITING] = by[Side.TO][state], by[Side.FROM][state]
        else:
            tabs[state.value] = sum(by[each][state] for each in shown)
        if state is RequestState.ACCEPTED:
            tabs[UNSCHEDULED] = sum(unscheduled[each] for each in shown)
    return ListCounts(tabs, lists, counts.first_deadline)


def common(db: Session, actor: Actor, cards: Iterable[RequestCard]) -> Mapping[str, frozenset[str]]:
    """Return common free times by partner, for requests that await a response."""
    waiting = [card for card in cards if card.state is RequestState.PENDING]
    return common_times.common_slots(
        db, actor, [each.key for card in waiting for each in (card.from_firm, card.to_firm)]
    )


def around(db: Session, actor: Actor, cards: Sequence[RequestCard]) -> dict[str, Any]:
    """Return template values that accompany the cards of requests: the reader's side, the partner's badge."""
    sides = request_lists.list_sides(db, actor, cards)
    return {
        "sides": sides,
        "badges": dashboard.list_firm_badges(
            db, actor, {partner_of(card, sides[card.key]) for card in cards}
        ),
        "times": get_timetable(db, actor),
        "now": context.now(),
        "outcomes": outcomes.list_outcomes(db, actor, cards),
    }


def of_page(db: Session, actor: Actor, side: Side, card: RequestCard) -> dict[str, Any]:
    """Return additional values of a request's own page: history, common times."""
    return {
        "side": side,
        "history": history.list_history(db, actor, card.key),
        "common": common(db, actor, [card]) if actor.firm_id else {},
    }


def partner_of(card: RequestCard, side: Side) -> str:
    """Return the key of the other firm."""
    return (card.to_firm if side is Side.FROM else card.from_firm).key
