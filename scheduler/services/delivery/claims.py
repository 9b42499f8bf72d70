"""Claims on queued emails within the event's rate, their results, and stale claims.

An outdated message must never be sent after a newer one: a retry or a resent failed email can be older than
what the calendar has received since, and the calendar could then show the wrong time. So each claim looks for
a newer message about the same UID and attendee, and archives the claimed one if there is any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select, true, tuple_, update
from sqlalchemy.orm import Session

from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import EmailFailure, OutboxKind, OutboxState
from scheduler.secret_keys import SecretKeys
from scheduler.services.delivery import address_reports, email_routes
from scheduler.services.delivery.email_routes import Routes
from scheduler.services.delivery.sent_records import (
    choose_keys,
    record_interpreter_notices,
    record_invitations,
)
from scheduler.services.operations import site_pause
from scheduler.services.outbox import digest_pruning, letters, outbox, payloads
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Event, OutboxEmail

CLAIM_SECONDS = 60
"""A sender returns emails that it has not sent after this time.

The sweep for stale claims waits twice as long.
"""

_OF_NO_QUEUE = OutboxEmail.event_id.is_(None)
"""Condition: the email is in no event's queue, so it ignores queue order and pauses."""

AT_RATE_OF_EVENT = and_(
    _OF_NO_QUEUE,
    OutboxEmail.kind == OutboxKind.DESK,
    or_(*map(payloads.is_letter_condition, letters.AT_RATE_OF_EVENT)),
)
"""Condition: a letter at the rate of the event it is about.

It precedes the event's queue and ignores its pause.
"""

URGENT = and_(_OF_NO_QUEUE, ~AT_RATE_OF_EVENT)
"""Condition: a person waits for the email, and it uses no event's rate: sign-in links, alerts."""

STALE = "What it said no longer holds, or a newer message took its place."
HELD = "Mail to this address came back; nothing is sent to it until it is corrected, or tried again by hand."


def claim_emails(
    session: Session,
    *,
    worker: str,
    limit: int,
    secret_key: SecretKeys,
    now: datetime,
    urgent: bool = False,
    routes: Routes | None = None,
) -> list[OutboxEmail]:
    """Claim up to `limit` due emails, urgent ones first, within the rates of each event and each route.

    Urgent emails use no event's rate. Sign-in links come first, then other urgent emails, then letters at the
    rate of their event. With `urgent` only urgent emails are claimed. `routes` are the current states of the
    routes; the default has no limits.

    An email is archived if a newer message has superseded it, and held if its address bounces. The calendar
    of a held email still counts as notified, so that publishing does not queue it again.
    """
    routes = routes or Routes(EmailRates())
    sign_in = OutboxEmail.kind == OutboxKind.SIGN_IN
    rows = _take(session, _due(now) & URGENT & sign_in, worker, limit, now)
    rows += _take_by_route(session, _due(now) & URGENT & ~sign_in, routes, worker, limit - len(rows), now)
    for event_id in () if urgent else _events_of_letters(session, now):
        allowed = _let_out(session, event_id, limit - len(rows), now, though_paused=True)
        which = _due(now) & AT_RATE_OF_EVENT & (OutboxEmail.about_event_id == event_id)
        rows += _take_by_route(session, which, routes, worker, allowed, now)
    through = None  # remaining sends of our mail server; queried once, and only if an email would use it
    for event_id in () if urgent else _events_due(session, routes, now):
        allowed = _let_out(session, event_id, limit - len(rows), now)
        if allowed and through is None:
            through = email_routes.available_sends(
                session, routes, email_routes.SERVER, limit - len(rows), now
            )
        which = _due(now) & (OutboxEmail.event_id == event_id)
        taken = _take_by_route(session, which, routes, worker, min(allowed, through or 0), now)
        through = None if through is None else through - len(taken)
        rows += taken
    return _remembered(session, rows, secret_key, now)


def claim_rehearsed_emails(
    session: Session, *, worker: str, limit: int, secret_key: SecretKeys, now: datetime, urgent: bool = False
) -> tuple[int, list[OutboxEmail]]:
    """Claim up to `limit` due emails of events in rehearsal, which must not be sent.

    Return their number, and those that would be sent. Their content counts as sent, so that the next email
    states what changed since. Going live locks the event's row too, so the two take turns. It deletes these
    records.
    """
    which = _in_rehearsal(now, urgent=urgent)
    events = session.scalars(
        select(Event.id)
        .where(Event.id.in_(select(outbox.event_of_mail()).where(which)), Event.live_at.is_(None))
        .order_by(Event.id)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    if not events:
        return 0, []
    rows = _take(session, which & in_chunks(outbox.event_of_mail(), events), worker, limit, now)
    return len(rows), _remembered(session, rows, secret_key, now)


def _remembered(
    session: Session, rows: Sequence[OutboxEmail], secret_key: SecretKeys, now: datetime
) -> list[OutboxEmail]:
    """Record the content of claimed emails, then return those that may be sent."""
    choose_keys(session, rows, secret_key)
    record_invitations(session, [row for row in rows if row.kind is OutboxKind.INVITATION], secret_key)
    record_interpreter_notices(session, [row for row in rows if row.kind is OutboxKind.BRIEFING], now=now)
    return _to_be_sent(session, rows, now)


def _take_by_route(
    session: Session, which: ColumnElement[bool], routes: Routes, worker: str, limit: int, now: datetime
) -> list[OutboxEmail]:
    """Claim emails within the rates of their providers. Providers without a rate are not limited."""
    limited = routes.limited()
    if not limited or limit <= 0:
        return _take(session, which, worker, limit, now)
    slow = routes.of(limited)
    domains = session.scalars(select(OutboxEmail.domain).where(which, slow).distinct()).all()
    rows: list[OutboxEmail] = []
    for name in sorted({routes.rates.routes.get(domain, domain) for domain in domains}):
        allowed = email_routes.available_sends(session, routes, name, limit - len(rows), now)
        rows += _take(session, which & routes.of([name]), worker, allowed, now)
    return rows + _take(session, which & ~slow, worker, limit - len(rows), now)


def _events_due(session: Session, routes: Routes, now: datetime) -> Sequence[int]:
    due = select(OutboxEmail.event_id).where(_due(now), ~routes.of(email_routes.closed_routes(routes, now)))
    goes = Event.mails_paused_at.is_(None)
    return session.scalars(
        select(Event.id).where(Event.id.in_(due), goes).order_by(Event.mail_ready_at.nulls_first(), Event.id)
    ).all()


def _events_of_letters(session: Session, now: datetime) -> Sequence[int]:
    due = select(OutboxEmail.about_event_id).where(_due(now), AT_RATE_OF_EVENT)
    return session.scalars(
        select(Event.id).where(Event.id.in_(due)).order_by(Event.mail_ready_at.nulls_first(), Event.id)
    ).all()


def _due(now: datetime) -> ColumnElement[bool]:
    """Condition: the email may be sent now. This is the only place that excludes events in rehearsal."""
    return _ready(now) & ~outbox.rehearsal_condition()


def _in_rehearsal(now: datetime, *, urgent: bool) -> ColumnElement[bool]:
    """Condition: the email would be due if its event were not in rehearsal."""
    which = _ready(now) & outbox.rehearsal_condition()
    return which & URGENT if urgent else which & (_OF_NO_QUEUE | ~outbox.paused_condition())


def _ready(now: datetime) -> ColumnElement[bool]:
    return and_(
        OutboxEmail.state == OutboxState.QUEUED,
        OutboxEmail.next_attempt_at <= now,
        OutboxEmail.stopped_at.is_(None),
        ~site_pause.paused_condition(),
    )


def _take(
    session: Session, which: ColumnElement[bool], worker: str, limit: int, now: datetime
) -> list[OutboxEmail]:
    """Set queued rows to sending. Rows locked by another sender are skipped."""
    if limit <= 0:
        return []
    chosen = session.scalars(
        select(OutboxEmail.id)
        .where(which)
        .order_by(OutboxEmail.next_attempt_at, OutboxEmail.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    # Two statements: PostgreSQL may run a subquery with LIMIT and SKIP LOCKED once per row.
    claimed = (
        update(OutboxEmail)
        .where(in_chunks(OutboxEmail.id, chosen), OutboxEmail.state == OutboxState.QUEUED)
        .values(
            state=OutboxState.SENDING,
            claimed_by=worker,
            claimed_at=now,
            attempts=OutboxEmail.attempts + 1,
        )
        .returning(OutboxEmail)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return sorted(session.scalars(claimed).all(), key=lambda row: row.id)


def _let_out(
    session: Session, event_id: int, limit: int, now: datetime, *, though_paused: bool = False
) -> int:
    """Take emails from the event's token bucket, which holds one second's worth.

    Return how many may be sent.
    """
    if limit <= 0:
        return 0
    goes = true() if though_paused else Event.mails_paused_at.is_(None)
    event = session.scalars(
        select(Event)
        .where(Event.id == event_id, goes)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if event is None:
        return 0
    allowed, event.mail_ready_at = email_routes.take_from_bucket(
        event.mail_ready_at, event.mail_per_minute, limit, now
    )
    session.flush()
    return allowed


def _to_be_sent(session: Session, rows: Sequence[OutboxEmail], now: datetime) -> list[OutboxEmail]:
    """Return the claimed emails except superseded and held ones, which are marked as failed."""
    stale = digest_pruning.remove_stale_items(session, rows)
    replaced = (OutboxKind.DIGEST, OutboxKind.BRIEFING)
    in_question = [row.id for row in rows if row.uid is not None or row.kind in replaced]
    if not in_question:
        return list(rows)
    which = in_chunks(OutboxEmail.id, in_question)
    stale |= set(session.scalars(select(OutboxEmail.id).where(which, outbox.superseded_condition())))
    held = set(session.scalars(select(OutboxEmail.id).where(which, address_reports.held_emails())))
    _set_failed(session, stale, error=STALE, dropped_at=now)
    _set_failed(session, held - stale, error=HELD, failure=EmailFailure.BOUNCED.value)
    return [row for row in rows if row.id not in stale | held]


def _set_failed(session: Session, ids: Iterable[int], **values: Any) -> None:
    if ids:
        session.execute(
            update(OutboxEmail)
            .where(in_chunks(OutboxEmail.id, ids))
            .values(state=OutboxState.FAILED, claimed_by=None, **values)
        )


def mark_sent(session: Session, row_id: int, *, worker: str, now: datetime, reply: str | None = None) -> None:
    """Mark an email as accepted by the server, with its reply."""
    session.execute(
        update(OutboxEmail)
        .where(OutboxEmail.id == row_id, OutboxEmail.claimed_by == worker)
        .values(state=OutboxState.SENT, sent_at=now, error=None, failure=None, accepted_reply=reply)
    )


def release_claims(session: Session, rows: Iterable[OutboxEmail], *, at: datetime) -> None:
    """Return claimed emails to the queue of which no byte was sent.

    They are due at `at`, and the claim does not count as an attempt. A first claim still has one effect: the
    calendar counts as notified, and the email is never dropped.
    """
    claimed = [(row.id, row.claimed_by) for row in rows]  # a swept row may be another sender's by now
    attempts = case((OutboxEmail.attempts > 1, OutboxEmail.attempts - 1), else_=OutboxEmail.attempts)
    session.execute(
        update(OutboxEmail)
        .where(
            tuple_(OutboxEmail.id, OutboxEmail.claimed_by).in_(claimed),
            OutboxEmail.state == OutboxState.SENDING,
        )
        .values(state=OutboxState.QUEUED, next_attempt_at=at, claimed_by=None, attempts=attempts)
        .execution_options(synchronize_session=False)
    )


def postpone_due(session: Session, *, reason: str, until: datetime, now: datetime) -> None:
    """Postpone all due emails with this reason, because the mail server is unreachable."""
    failure = EmailFailure.TEMPORARY.value
    session.execute(
        update(OutboxEmail).where(_due(now)).values(next_attempt_at=until, error=reason, failure=failure)
    )


def requeue_stale(session: Session, *, now: datetime) -> int:
    """Requeue emails claimed by senders that died. Return their number."""
    lost = session.scalars(
        update(OutboxEmail)
        .where(
            OutboxEmail.state == OutboxState.SENDING,
            OutboxEmail.claimed_at < now - timedelta(seconds=2 * CLAIM_SECONDS),
        )
        .values(state=OutboxState.QUEUED, next_attempt_at=now, claimed_by=None)
        .returning(OutboxEmail.id)
    )
    return len(lost.all())


def is_email_due(
    session: Session, *, now: datetime, urgent: bool = False, routes: Routes | None = None
) -> bool:
    """Return True if an urgent email is due, or any email whose route is open or about to open."""
    due = _due(now) & URGENT if urgent else _due(now) & (_OF_NO_QUEUE | ~outbox.paused_condition())
    if routes is not None:
        due &= URGENT | ~routes.of(email_routes.closed_routes(routes, now))
    return _is_any(session, due)


def is_rehearsed_email_due(session: Session, *, now: datetime, urgent: bool = False) -> bool:
    """Return True if `claim_rehearsed_emails` would find an email."""
    return _is_any(session, _in_rehearsal(now, urgent=urgent))


def _is_any(session: Session, which: ColumnElement[bool]) -> bool:
    return session.scalar(select(OutboxEmail.id).where(which).limit(1)) is not None
