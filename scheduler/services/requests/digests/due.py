"""Due digests: request changes that a reader has not been sent, and when to send them.

Digest items are not queued, because pages, links, programs, imports, organisers and time change requests.
Each item is sent once, and undone steps never. Each minute a query finds pairs of a request's state and an
exhibitor without a row in `digest_item`. The row is inserted with the email, and its primary key (request,
person, kind) decides between two clocks. A step is considered once it can no longer be undone. Items older
than seven days are not sent. At 3,000 firms and 45,000 requests the query takes 0.18 s on both databases. The
3,000 emails of a first morning, of 15 items each, take 33 s in batches of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.entities import MUST, DigestKind, RequestState, Side
from scheduler.services.identity.preferences import choose_timezone
from scheduler.services.requests.transitions import UNDO_TIME
from scheduler.storage.base import UtcDateTime
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Consent,
    DigestItem,
    DigestPreference,
    Event,
    Firm,
    Invitation,
    MeetingRequest,
    OutboxEmail,
)

MORNING = time(8)
"""Local time at which daily digests are sent."""
RECENT = timedelta(days=7)
"""Older outcomes are not sent: there was a reason why they were not sent in time."""
PAUSE = timedelta(hours=1)
"""Minimum time between two immediate digests."""
LAST_CALL = timedelta(hours=36)
"""Time of the last reminder before a request expires, so that one morning falls on the day before."""
FIRST_CALL = timedelta(hours=84)
ENOUGH = timedelta(days=1)
"""No reminder of a request that was sent more recently."""
_OFFSETS = (timedelta(), LAST_CALL, FIRST_CALL, -ENOUGH, -RECENT, -UNDO_TIME)
"""The times from now that the queries compare with."""

AfterNow = Callable[[timedelta], Any]
"""Returns the time so long after now, or the parameter of it."""

_REQUEST = MeetingRequest


@dataclass(frozen=True, slots=True)
class PendingItem:
    """An item that a reader has not been sent. It happened, or became final, at `moment`."""

    request_id: int
    kind: DigestKind
    moment: datetime
    is_must: bool


@dataclass(frozen=True, slots=True)
class DigestReader:
    """An exhibitor who gets digests in the morning of time zone `zone`.

    `last_digest_at` is the time of the last digest.

    `at_once` are the kinds that do not wait for the morning.
    """

    attendee_id: int
    zone: ZoneInfo
    at_once: Set[DigestKind] = frozenset()
    last_digest_at: datetime | None = None


def is_digest_due(reader: DigestReader, items: Sequence[PendingItem], *, now: datetime) -> bool:
    """Return True if a digest is due.

    It is due in the first morning after an item, and at once for a must-have or if the reader chose so.
    """
    return next_digest_at(reader, items) <= now


def next_digest_at(reader: DigestReader, items: Iterable[PendingItem]) -> datetime:
    """Return when the first digest with any of these items, at least one, is due."""
    return min(_due_at(reader, item) for item in items)


def _due_at(reader: DigestReader, item: PendingItem) -> datetime:
    if item.kind in reader.at_once or (item.is_must and item.kind is DigestKind.RECEIVED):
        return max(item.moment, reader.last_digest_at + PAUSE) if reader.last_digest_at else item.moment
    return next_morning(item.moment, reader.zone)


def next_morning(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the first MORNING in a time zone that is not before a moment."""
    local = moment.astimezone(zone)
    day = local.date() if local.time() <= MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, zone)


def list_pending_items(session: Session, *, now: datetime) -> dict[int, list[PendingItem]]:
    """Return unsent items by attendee, for events that send digests and exhibitors who want them."""
    found: dict[int, list[PendingItem]] = {}
    rows = session.execute(_pending_query(), _moments("now", now))
    for attendee_id, request_id, name, at, priority in rows:
        kind = DigestKind(name)
        item = PendingItem(request_id, kind, at + _AFTER[kind], priority >= MUST)
        found.setdefault(attendee_id, []).append(item)
    return found


@cache
def _pending_query() -> CompoundSelect[int, int, str, Any, int]:
    """Build the query once: that takes longer than executing it, and each clock does so every minute."""
    return union_all(*(_of_kind(kind, _after("now"), _after("now")) for kind in DigestKind))


def forecast_digests(
    session: Session, event_id: int, *, now: datetime, until: datetime
) -> dict[int, datetime]:
    """Return when the next digest of each attendee is due, for those who get one until then.

    That holds if no request changes meanwhile. A digest that is overdue is due now. Runs one query, which
    returns a row per attendee.
    """
    moments = _moments("now", now) | _moments("until", until)
    found: dict[int, datetime] = {}
    for row in session.execute(_forecast_query(), {"event_id": event_id, **moments}):
        items = [
            PendingItem(0, kind, getattr(row, name) + _AFTER[kind], is_must)
            for name, (kind, is_must) in _FORECAST.items()
            if getattr(row, name) is not None
        ]
        own = choose_timezone(row.timezone, row.country, now) or row.venue
        reader = digest_reader(row.attendee_id, own, row.venue, row.DigestPreference)
        due = max(next_digest_at(reader, items), now)
        if due <= until:
            found[row.attendee_id] = due
    return found


_FORECAST = {kind.name: (kind, False) for kind in DigestKind} | {"MUST": (DigestKind.RECEIVED, True)}
"""Columns of the forecast: the time of the earliest item of each kind, and of new must-haves apart."""


@cache
def _forecast_query() -> Select[Any]:
    """Build the query for the earliest items of each attendee that are pending at some time until the end."""
    of_event = Event.id == bindparam("event_id")
    items = (_of_kind(kind, _after("now"), _after("until")).where(of_event) for kind in DigestKind)
    item = union_all(*items).subquery()

    def earliest(name: str) -> ColumnElement[datetime]:
        kind, is_must = _FORECAST[name]
        urgency = item.c.priority >= MUST if is_must else item.c.priority < MUST
        which = and_(item.c.kind == kind.value, urgency if kind is DigestKind.RECEIVED else true())
        return func.min(item.c.at).filter(which).label(name)

    columns = (earliest(name) for name in _FORECAST)
    first = select(item.c.attendee_id, *columns).group_by(item.c.attendee_id).subquery()
    return (
        select(first, Attendee.timezone, Firm.country, Event.timezone.label("venue"), DigestPreference)
        .join(Attendee, Attendee.id == first.c.attendee_id)
        .join(Firm, Firm.id == Attendee.firm_id)
        .join(Event, Event.id == Attendee.event_id)
        .outerjoin(DigestPreference, DigestPreference.attendee_id == Attendee.id)
    )


def _moments(name: str, moment: datetime) -> dict[str, datetime]:
    """Return the values of the parameters of `_after(name)`."""
    return {_moment(name, by).key: moment + by for by in _OFFSETS}


def _after(name: str) -> AfterNow:
    return partial(_moment, name)


@cache
def _moment(name: str, by: timedelta) -> BindParameter[datetime]:
    """Return the parameter of the time `by` after the moment with this name."""
    return bindparam(f"{name}_{_OFFSETS.index(by)}", type_=UtcDateTime)


def list_concerned_attendees(session: Session, request_ids: Iterable[int], *, now: datetime) -> set[int]:
    """Return the attendees who would be notified of these requests if they were not quiet."""
    ids = list(request_ids)
    kinds = (kind for kind in DigestKind if kind not in (DigestKind.THREE_DAYS, DigestKind.ONE_DAY))

    def after(by: timedelta) -> datetime:
        return now + UNDO_TIME + by

    queries = (_of_kind(kind, after, after, quiet=False) for kind in kinds)
    rows = session.execute(union_all(*(query.where(in_chunks(_REQUEST.id, ids)) for query in queries)))
    return {row[0] for row in rows}


_AFTER = {
    DigestKind.RECEIVED: timedelta(0),
    DigestKind.THREE_DAYS: -FIRST_CALL,
    DigestKind.ONE_DAY: -LAST_CALL,
    DigestKind.ACCEPTED: UNDO_TIME,
    DigestKind.DECLINED: UNDO_TIME,
    DigestKind.CANCELLED: UNDO_TIME,
    DigestKind.EXPIRED: timedelta(0),
}
"""Delay after which an item is final, because steps can be undone for a while."""


def digest_reader(attendee_id: int, own: str, venue: str, choice: DigestPreference | None) -> DigestReader:
    """Return the reader with these IANA time zones, their own and the venue's."""
    if choice is None:
        return DigestReader(attendee_id, ZoneInfo(own))
    zone = ZoneInfo(venue if choice.daily_at_venue else own)
    return DigestReader(attendee_id, zone, immediate_kinds(choice), choice.last_digest_at)


def immediate_kinds(choice: DigestPreference) -> frozenset[DigestKind]:
    """Return the kinds that a person wants at once."""
    return frozenset(kind for kind, column in _WANTED.items() if getattr(choice, f"{column.key}_at_once"))


_WANTED: dict[DigestKind, InstrumentedAttribute[bool]] = {
    DigestKind.RECEIVED: DigestPreference.asked,
    DigestKind.THREE_DAYS: DigestPreference.reminders,
    DigestKind.ONE_DAY: DigestPreference.reminders,
    DigestKind.ACCEPTED: DigestPreference.answers,
    DigestKind.DECLINED: DigestPreference.answers,
    DigestKind.CANCELLED: DigestPreference.answers,
    DigestKind.EXPIRED: DigestPreference.answers,
}


def _of_kind(
    kind: DigestKind, after_now: AfterNow, after_end: AfterNow, *, quiet: bool = True
) -> Select[int, int, str, Any, int]:
    """Return the query for items of a kind that are pending at some time from now until the end.

    With `quiet`, quiet requests are left out.
    """
    at, to, conditions = _conditions(kind, after_now, after_end)
    is_quiet = func.coalesce(at <= _REQUEST.quiet_until, false()) if quiet else false()
    told = exists().where(
        DigestItem.request_id == _REQUEST.id,
        DigestItem.attendee_id == Attendee.id,
        DigestItem.kind == kind,
    )
    return (
        select(
            Attendee.id.label("attendee_id"),
            _REQUEST.id.label("request_id"),
            literal(kind.value).label("kind"),
            at.label("at"),
            _REQUEST.priority.label("priority"),
        )
        .join(Event, Event.id == _REQUEST.event_id)
        .join(Attendee, to)
        .outerjoin(DigestPreference, DigestPreference.attendee_id == Attendee.id)
        .where(
            _REQUEST.state == kind.state,
            conditions,
            ~is_quiet,
            ~func.coalesce(at <= Attendee.quiet_until, false()),
            Event.digest_mails,
            Event.is_there(),
            Attendee.is_exhibitor,
            Attendee.withdrawn_at.is_(None),
            Attendee.bounced_at.is_(None),
            DigestPreference.stopped_at.is_(None),
            func.coalesce(_WANTED[kind], true()),
            _was_invited(),
            Consent.permits(ConsentPurpose.NOTIFICATIONS, event_id=Event.id, attendee_id=Attendee.id),
            ~told,
        )
    )


def _conditions(
    kind: DigestKind, after_now: AfterNow, after_end: AfterNow
) -> tuple[SQLColumnExpression[Any], ColumnElement[bool], ColumnElement[bool]]:
    """Return the time column, the SQL condition for recipients, and further conditions, for a kind.

    An item becomes pending before the end, and is so until after now. A new request that expires before the
    end is left out, because its reminder is an item of its own.
    """
    asking, asked = Attendee.firm_id == _REQUEST.from_firm_id, Attendee.firm_id == _REQUEST.to_firm_id
    created, expires, answered = _REQUEST.created_at, _REQUEST.expires_at, _REQUEST.responded_at
    was_long_ago = created <= after_end(-ENOUGH)
    if kind is DigestKind.RECEIVED:
        is_open = or_(expires.is_(None), expires > after_end(timedelta()))
        return created, asked, and_(is_open, created >= Event.digests_since)
    if kind is DigestKind.THREE_DAYS:
        return (
            expires,
            asked,
            and_(expires > after_now(LAST_CALL), expires <= after_end(FIRST_CALL), was_long_ago),
        )
    if kind is DigestKind.ONE_DAY:
        is_open = expires > after_now(timedelta())
        return expires, asked, and_(is_open, expires <= after_end(LAST_CALL), was_long_ago)
    if kind is DigestKind.EXPIRED:
        return expires, asking, and_(expires >= Event.digests_since, expires > after_now(-RECENT))
    settled = and_(
        answered >= Event.digests_since, answered > after_now(-RECENT), answered <= after_end(-UNDO_TIME)
    )
    if kind is DigestKind.CANCELLED:
        return answered, or_(asking, asked), and_(settled, _other_side_knows())
    side = _REQUEST.responded_side
    return answered, asking, and_(settled, or_(side == Side.TO, side.is_(None)))


def _was_invited() -> ColumnElement[bool]:
    """SQL condition: the reader knows of the event, by an invitation, an earlier email or by signing in."""
    return or_(
        Attendee.invited_at.is_not(None),
        Attendee.first_sign_in_at.is_not(None),
        DigestPreference.last_digest_at.is_not(None),
        exists().where(Invitation.attendee_id == Attendee.id),
    )


def _other_side_knows() -> ColumnElement[bool]:
    """SQL condition: the reader is on the side that did not cancel, and knows of the request."""
    side, to_asked = _REQUEST.responded_side, Attendee.firm_id == _REQUEST.to_firm_id
    was_told = exists().where(
        DigestItem.request_id == _REQUEST.id,
        DigestItem.attendee_id == Attendee.id,
        DigestItem.kind.in_((DigestKind.RECEIVED, DigestKind.THREE_DAYS, DigestKind.ONE_DAY)),
        OutboxEmail.message_id == DigestItem.message_id,
        OutboxEmail.attempts > 0,
    )
    was_agreed = _REQUEST.before["state"].as_string() == RequestState.ACCEPTED.value
    return or_(
        and_(~to_asked, or_(side == Side.TO, side.is_(None))),
        and_(to_asked, or_(side == Side.FROM, side.is_(None)), or_(was_agreed, was_told)),
    )
