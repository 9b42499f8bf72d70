"""Dashboard news: changes that others made to the firm's requests, until marked as seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side
from scheduler.services.directory.references import PersonRef, person_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.requests import request_lists
from scheduler.services.requests.cards import RequestCard
from scheduler.storage.models import Attendee, ExcludedPerson, MeetingRequest, SeenChange

NEWS_FOR = timedelta(days=7)
"""Older changes are not news, even if they were never marked as seen."""


class NewsKind(StrEnum):
    """Kind of a news item."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    """By the other firm, the organisers, or a colleague of the viewer."""
    EXPIRED = "expired"
    ABSENT = "absent"
    """A colleague of the viewer cannot attend the meeting, which takes place."""


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One change of a request of the firm. `key` identifies it in forms; a later change gets another key.

    `person` is the colleague who cannot attend or who cancelled, else None. `others_go` is True if a
    colleague cannot attend, and other people named by the request do.
    """

    key: str
    kind: NewsKind
    card: RequestCard
    at: datetime
    note: str
    person: PersonRef | None = None
    others_go: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """The newest items, and the total count."""

    items: Sequence[NewsItem]
    count: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A change as read from the database, before its request is loaded."""

    request_id: int
    kind: NewsKind
    at: datetime
    note: str
    person_id: int | None = None
    person: PersonRef | None = None
    others_go: bool = False

    @property
    def key(self) -> str:
        return f"{self.request_id}.{self.person_id or 0}.{self.at.timestamp():.6f}"


def list_unseen(session: Session, actor: Actor, *, limit: int, now: datetime) -> News:
    """Return the actor's unseen news, newest first. Runs at most six queries."""
    rows = _unseen(session, actor, now)
    shown = rows[:limit]
    of_requests = MeetingRequest.id.in_({row.request_id for row in shown})
    found = (
        request_lists.first_requests(session, actor, of_requests, (MeetingRequest.id,), limit)
        if shown
        else ()
    )
    ids = sorted({row.request_id for row in shown})
    cards = dict(zip(ids, found, strict=True))
    items = [
        NewsItem(row.key, row.kind, cards[row.request_id], row.at, row.note, row.person, row.others_go)
        for row in shown
    ]
    return News(items, len(rows))


def mark_seen(session: Session, actor: Actor, keys: Iterable[str], *, now: datetime) -> int:
    """Mark items as seen by the actor, by the keys that a page showed. Return their number.

    Keys of outdated items are ignored. Items that arrive while the page is open remain unseen.
    """
    wanted = set(keys)
    seen = [row for row in _unseen(session, actor, now) if row.key in wanted]
    session.execute(
        delete(SeenChange).where(
            SeenChange.attendee_id == actor.attendee_id, SeenChange.moment < now - NEWS_FOR
        )
    )
    session.add_all(
        SeenChange(
            attendee_id=actor.attendee_id,
            request_id=row.request_id,
            colleague_id=row.person_id,
            moment=row.at,
        )
        for row in seen
    )
    session.flush()
    return len(seen)


def _unseen(session: Session, actor: Actor, now: datetime) -> list[_Row]:
    since = now - NEWS_FOR
    seen = {
        tuple(row)
        for row in session.execute(
            select(SeenChange.request_id, SeenChange.colleague_id, SeenChange.moment).where(
                SeenChange.attendee_id == actor.attendee_id
            )
        )
    }
    rows = [*_of_requests(session, actor, since, now), *_of_colleagues(session, actor, since)]
    new = [row for row in rows if (row.request_id, row.person_id, row.at) not in seen]
    return sorted(new, key=lambda row: (row.at, row.request_id), reverse=True)


_KINDS = {
    RequestState.ACCEPTED: NewsKind.ACCEPTED,
    RequestState.DECLINED: NewsKind.DECLINED,
    RequestState.WITHDRAWN: NewsKind.CANCELLED,
    RequestState.EXPIRED: NewsKind.EXPIRED,
}


_AGREED = RequestState.ACCEPTED.value
"""State before a cancellation. A declined invitation stores no earlier state."""


def _of_requests(session: Session, actor: Actor, since: datetime, now: datetime) -> Iterable[_Row]:
    """Yield changes of the firm's requests by others, and expirations."""
    request = MeetingRequest
    query: Select[*tuple[Any, ...]] = (
        select(
            request.id,
            request.state,
            request.responded_at,
            request.expires_at,
            request.response_note,
            Attendee.firm_id,
            *person_columns(Attendee),
        )
        .outerjoin(Attendee, Attendee.id == request.responded_by)
        .where(request.event_id == actor.event_id, _is_news(actor, since, now))
    )
    for request_id, state, responded_at, expires_at, note, firm_id, *person in session.execute(query):
        kind = _KINDS[state]
        is_own = kind is NewsKind.CANCELLED and firm_id == actor.firm_id
        yield _Row(
            request_id,
            kind,
            expires_at if kind is NewsKind.EXPIRED else responded_at,
            "" if kind is NewsKind.EXPIRED else note,
            person=PersonRef(*person) if is_own else None,
        )


def _is_news(actor: Actor, since: datetime, now: datetime) -> ColumnElement[bool]:
    request = MeetingRequest
    is_own, is_theirs = request.from_firm_id == actor.firm_id, request.to_firm_id == actor.firm_id
    ended = request.state.in_((RequestState.ACCEPTED, RequestState.DECLINED))
    cancelled = request.state == RequestState.WITHDRAWN
    by_asked = or_(request.responded_side == Side.TO, request.responded_side.is_(None))
    by_asking = or_(request.responded_side == Side.FROM, request.responded_side.is_(None))
    by_colleague = and_(
        request.responded_by.is_not(None),
        request.responded_by != actor.attendee_id,
        func.coalesce(request.before["state"].as_string(), _AGREED) == _AGREED,
    )
    is_expired = and_(
        request.state == RequestState.EXPIRED, request.expires_at > since, request.expires_at <= now
    )
    is_new = request.responded_at > since
    return or_(
        and_(is_own, or_(ended, cancelled), by_asked, is_new),
        and_(is_theirs, cancelled, by_asking, is_new),
        and_(is_own, cancelled, request.responded_side == Side.FROM, by_colleague, is_new),
        and_(is_theirs, cancelled, request.responded_side == Side.TO, by_colleague, is_new),
        and_(is_own, is_expired),
    )


def _of_colleagues(session: Session, actor: Actor, since: datetime) -> Iterable[_Row]:
    """Yield colleagues who cannot attend a meeting of an accepted request."""
    query = (
        select(
            ExcludedPerson.request_id,
            ExcludedPerson.attendee_id,
            ExcludedPerson.excluded_at,
            ExcludedPerson.note,
            ExcludedPerson.others_go(),
            *person_columns(Attendee),
        )
        .join(Attendee, Attendee.id == ExcludedPerson.attendee_id)
        .join(MeetingRequest, MeetingRequest.id == ExcludedPerson.request_id)
        .where(
            Attendee.firm_id == actor.firm_id,
            Attendee.id != actor.attendee_id,
            ExcludedPerson.excluded_at > since,
            MeetingRequest.state == RequestState.ACCEPTED,
        )
    )
    for request_id, person_id, at, note, others_go, *person in session.execute(query):
        yield _Row(request_id, NewsKind.ABSENT, at, note, person_id, PersonRef(*person), others_go)
