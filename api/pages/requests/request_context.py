"""Context of request pages: counts, common times and firm badges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.pages.requests.labels import ANY_STATE, UNSCHEDULED
from scheduler.domain.entities import RequestState, Side
from scheduler.services.events.timetable import get_timetable
from scheduler.services.identity.actors import Actor
from scheduler.services.requests import history, outcomes, request_lists
from scheduler.services.requests.cards import RequestCard
from scheduler.services.requests.dashboard import dashboard
from scheduler.services.requests.preferences import common_times


def counts(db: Session, actor: Actor, side: Side, text: str = "") -> dict[str, int]:
    """Return the number of requests by tab, in the order of the tabs."""
    counts = request_lists.count_requests(db, actor, text=text)
    is_sent = side is Side.FROM
    by = counts.sent if is_sent else counts.received
    tabs = {ANY_STATE: sum(by.values())}
    for state in RequestState:
        tabs[state.value] = by[state]
        if state is RequestState.ACCEPTED:
            tabs[UNSCHEDULED] = counts.sent_unscheduled if is_sent else counts.received_unscheduled
    return tabs


def common(db: Session, actor: Actor, cards: Iterable[RequestCard]) -> Mapping[str, frozenset[str]]:
    """Return common free times by partner, for requests that await a response."""
    waiting = [card for card in cards if card.state is RequestState.PENDING]
    return common_times.common_slots(
        db, actor, [each.key for card in waiting for each in (card.from_firm, card.to_firm)]
    )


def around(db: Session, actor: Actor, side: Side, cards: Iterable[RequestCard]) -> dict[str, Any]:
    """Return template values that accompany the cards of requests."""
    return {
        "side": side,
        "times": get_timetable(db, actor),
        "now": context.now(),
        "outcomes": outcomes.list_outcomes(db, actor, cards),
    }


def of_page(db: Session, actor: Actor, side: Side, card: RequestCard) -> dict[str, Any]:
    """Return additional values of a request's own page: the partner's badge, history, common times."""
    partner = (card.to_firm if side is Side.FROM else card.from_firm).key
    return {
        "sight": dashboard.list_firm_badges(db, actor, {partner})[partner],
        "history": history.list_history(db, actor, card.key),
        "common": common(db, actor, [card]) if actor.firm_id else {},
    }
