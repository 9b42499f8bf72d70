"""Delivery of webhook messages, in a worker.

Each enabled endpoint follows the event's audit log, and gets a message about each entry of its types. A
worker claims a message by moving its next attempt to the end of a lease, so a message of a dead worker is
sent again. Messages arrive at least once, and in no guaranteed order.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Final

import structlog
from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind
from scheduler.domain.webhooks import AttemptFailure, DisabledReason, MessageState
from scheduler.i18n import gettext_lazy
from scheduler.invites.transport.remote import Fetcher, FetchFailure, FetchRequest, NotPublic
from scheduler.secret_keys import SecretKeys
from scheduler.services import links
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.audit_log.subscribe import entries_after
from scheduler.services.identity import encryption
from scheduler.services.operations import alerts, site_pause
from scheduler.services.text import clean_line
from scheduler.services.webhooks import endpoints, event_types, signatures
from scheduler.storage.database import Database
from scheduler.storage.models import AuditChain, Event, WebhookAttempt, WebhookEndpoint, WebhookMessage
from scheduler.storage.models.webhooks import MAX_RESPONSE

SCHEDULE: Final = (
    timedelta(),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Delay before each attempt, counted from the one before: the specification's schedule."""
JITTER: Final = 0.1
"""A delay is longer by up to this share, at random."""
MAX_RETRY_AFTER = timedelta(hours=24)
"""A longer Retry-After counts as this."""
REQUEST_SECONDS: Final = 15.0
LEASE = timedelta(minutes=2)
AT_ONCE: Final = 100
"""Entries of which messages are made at once, and messages that are looked at."""
_OCTETS: Final = 4 * MAX_RESPONSE
"""Octets of a response that are read. A character has at most four."""
_GONE: Final = 410

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an attempt."""

    status: int | None
    failure: AttemptFailure | None
    response: str = ""
    retry_after: timedelta = timedelta()
    milliseconds: int = 0


def is_sending_due(session: Session, *, now: datetime) -> bool:
    """Return True if messages are to be made or sent, and the site is not paused."""
    if site_pause.is_paused(session):
        return False
    return session.scalar(_behind().limit(1)) is not None or session.scalar(_due(now).limit(1)) is not None


def send_messages(
    database: Database,
    secret_key: SecretKeys,
    *,
    fetcher: Fetcher | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    max_seconds: float = 25.0,
) -> int:
    """Make messages of new entries, and send those that are due. Return the number of attempts.

    After a failed attempt, the endpoint's other messages wait for the next turn.
    """
    ends = time.monotonic() + max_seconds
    fetcher = fetcher or Fetcher(max_octets=_OCTETS)
    with database.read() as session:
        behind = session.scalars(_behind()).all()
    for endpoint_id in behind:
        with database.write() as session:
            make_messages(session, endpoint_id, now=database.now_in(session))
    attempts, failed = 0, set[int]()
    with database.read() as session:
        due = session.execute(_due(database.now_in(session)).limit(AT_ONCE)).all()
    for message_id, endpoint_id, next_attempt_at in due:
        if should_stop() or time.monotonic() > ends:
            break
        if endpoint_id in failed:
            continue
        outcome = _attempt(database, secret_key, fetcher, message_id, next_attempt_at)
        if outcome is None:
            continue
        attempts += 1
        if outcome.failure is not None:
            failed.add(endpoint_id)
    return attempts


def make_messages(session: Session, endpoint_id: int, *, now: datetime) -> None:
    """Make messages of the next audit log entries for an endpoint."""
    row = session.scalar(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.disabled_at.is_(None))
        .with_for_update(key_share=True)
    )
    if row is None:
        return
    entries = entries_after(session, row.event_id, row.entry, limit=AT_ONCE)
    made = [
        {
            "endpoint_id": row.id,
            "entry": each.number,
            "type": name,
            "state": MessageState.PENDING,
            "attempts": 0,
            "next_attempt_at": now,
            "created_at": now,
        }
        for each in entries
        if (name := event_types.type_of(each.act)) is not None and (not row.types or name in row.types)
    ]
    if made:
        session.execute(insert(WebhookMessage), made)
    if entries:
        row.entry = entries[-1].number


def next_delay(attempts: int, retry_after: timedelta, *, jitter: float) -> timedelta | None:
    """Return the delay before the next attempt after `attempts` failed ones, None if that was the last.

    `jitter` is from 0 to 1. A Retry-After delays the attempt further, at most by `MAX_RETRY_AFTER`.
    """
    if attempts >= len(SCHEDULE):
        return None
    return max(SCHEDULE[attempts] * (1 + JITTER * jitter), min(retry_after, MAX_RETRY_AFTER))


def parse_retry_after(text: str, now: datetime) -> timedelta:
    """Return the delay of a Retry-After header: seconds or a date (RFC 9110 10.2.3). Zero if invalid."""
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return timedelta()
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(timedelta(), moment - now)


def _behind() -> Select[int]:
    """Query for the enabled endpoints of which the audit log has new entries."""
    return (
        select(WebhookEndpoint.id)
        .join(AuditChain, AuditChain.chain == WebhookEndpoint.event_id)
        .join(Event, Event.id == WebhookEndpoint.event_id)
        .where(
            WebhookEndpoint.disabled_at.is_(None), AuditChain.number > WebhookEndpoint.entry, Event.is_there()
        )
        .order_by(WebhookEndpoint.id)
    )


def _due(now: datetime) -> Select[int, int, datetime | None]:
    """Query for the messages that are due, with their endpoint and time, longest waiting first."""
    return (
        select(WebhookMessage.id, WebhookMessage.endpoint_id, WebhookMessage.next_attempt_at)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookMessage.endpoint_id)
        .join(Event, Event.id == WebhookEndpoint.event_id)
        .where(WebhookMessage.next_attempt_at <= now, Event.is_there())
        .order_by(WebhookMessage.next_attempt_at, WebhookMessage.id)
    )


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A claimed message: where it goes, and what with."""

    url: str
    keys: tuple[str, ...]
    id: str
    body: bytes


def _attempt(
    database: Database, secret_key: SecretKeys, fetcher: Fetcher, message_id: int, due: datetime | None
) -> Outcome | None:
    """Claim, send, and record the outcome. Return None if another worker has claimed the message."""
    with database.write() as session:
        now = database.now_in(session)
        claimed = session.execute(
            update(WebhookMessage)
            .where(WebhookMessage.id == message_id, WebhookMessage.next_attempt_at == due)
            .values(next_attempt_at=now + LEASE, attempts=WebhookMessage.attempts + 1)
            .returning(WebhookMessage.endpoint_id, WebhookMessage.entry)
            .execution_options(synchronize_session=False)
        ).first()
        if claimed is None or site_pause.is_paused(session):
            return None
        prepared = _prepare(session, secret_key, *claimed, now=now)
    began = time.monotonic()
    outcome = Outcome(None, AttemptFailure.SECRET) if prepared is None else _post(fetcher, prepared, now=now)
    milliseconds = round((time.monotonic() - began) * 1000)
    with database.write() as session:
        _record(session, message_id, outcome, milliseconds, now=database.now_in(session))
    return outcome


def _prepare(
    session: Session, secret_key: SecretKeys, endpoint_id: int, entry: int, *, now: datetime
) -> _Prepared | None:
    """Return the message of an entry, None if the endpoint's secrets can't be decrypted."""
    row = session.get_one(WebhookEndpoint, endpoint_id)
    (event,) = entries_after(session, row.event_id, entry - 1, limit=1)
    sealed = [row.secret]
    if row.previous_secret is not None and row.previous_until is not None and row.previous_until > now:
        sealed.append(row.previous_secret)
    try:
        keys = tuple(encryption.decrypt(secret_key, endpoints.KEY, each) for each in sealed)
        url = encryption.decrypt(secret_key, endpoints.URL, row.url)
    except encryption.UnreadableSecret:
        return None
    return _Prepared(url, keys, event_types.message_id(event), event_types.message_body(event))


def _post(fetcher: Fetcher, message: _Prepared, *, now: datetime) -> Outcome:
    timestamp = int(now.timestamp())
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures.signature_header(message.keys, message.id, timestamp, message.body),
    }
    question = FetchRequest("POST", headers, message.body)
    try:
        found = fetcher.exchange(message.url, question, ends=fetcher.clock() + REQUEST_SECONDS)
    except TimeoutError:
        return Outcome(None, AttemptFailure.TIMEOUT)
    except ssl.SSLCertVerificationError:
        return Outcome(None, AttemptFailure.CERTIFICATE)
    except NotPublic:
        return Outcome(None, AttemptFailure.NOT_PUBLIC)
    except (FetchFailure, OSError, HTTPException, ValueError):
        return Outcome(None, AttemptFailure.UNREACHABLE)
    text = clean_line(found.octets.decode("utf-8", "replace"))[:MAX_RESPONSE]
    failure = None if 200 <= found.status < 300 else AttemptFailure.STATUS
    return Outcome(found.status, failure, text, parse_retry_after(found.retry_after, now))


def _record(session: Session, message_id: int, outcome: Outcome, milliseconds: int, *, now: datetime) -> None:
    endpoint_id = session.scalar(select(WebhookMessage.endpoint_id).where(WebhookMessage.id == message_id))
    if endpoint_id is None:  # deleted during the attempt
        return
    endpoint = session.scalars(
        select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update(key_share=True)
    ).one()
    message = session.get_one(WebhookMessage, message_id)
    session.add(
        WebhookAttempt(
            message_id=message_id,
            at=now,
            status=outcome.status,
            failure=outcome.failure,
            milliseconds=milliseconds,
            response=outcome.response,
        )
    )
    delay = next_delay(message.attempts, outcome.retry_after, jitter=random.random())  # noqa: S311
    if outcome.failure is None:
        message.state, message.next_attempt_at = MessageState.DELIVERED, None
        endpoint.delivered_at = now
    elif delay is None or endpoint.disabled_at is not None:
        message.state, message.next_attempt_at = MessageState.FAILED, None
    else:
        message.next_attempt_at = now + delay
    session.flush()
    if outcome.failure is None or endpoint.disabled_at is not None:
        return
    log.warning("webhook failed", webhook=endpoint.id, status=outcome.status, failure=outcome.failure.value)
    is_silent = endpoint.delivered_at is None or endpoint.delivered_at <= message.created_at
    if outcome.status == _GONE:
        _disable(session, endpoint, DisabledReason.GONE, now)
    elif delay is None and is_silent:
        _disable(session, endpoint, DisabledReason.FAILING, now)


def _disable(session: Session, endpoint: WebhookEndpoint, reason: DisabledReason, now: datetime) -> None:
    endpoints.mark_disabled(session, endpoint, reason, now=now)
    event = session.get_one(Event, endpoint.event_id)
    about = pgettext_lazy("audit log", "webhook %(number)s disabled", number=endpoint.id)
    doer = NamedDoer(event_id=event.id, name=pgettext_lazy("audit log", "webhook delivery"))
    recording.record_act(session, doer, Act.WEBHOOK, about, after={"reason": reason.value}, now=now)
    told = (
        gettext_lazy(
            "The server of the webhook %(name)s no longer wants messages (status 410). The webhook is "
            "disabled until you enable it.",
            name=endpoint.name,
        )
        if reason is DisabledReason.GONE
        else gettext_lazy(
            "The server of the webhook %(name)s accepted no message for three days. The webhook is disabled "
            "until you enable it.",
            name=endpoint.name,
        )
    )
    alerts.raise_alert(
        session,
        AlertKind.WEBHOOK_DISABLED,
        event_id=event.id,
        about=endpoints.alert_subject(endpoint.id),
        reason=told,
        path=links.webhook(event.key, endpoint.id),
        now=now,
    )
