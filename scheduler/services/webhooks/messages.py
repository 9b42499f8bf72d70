"""Messages of a webhook endpoint with their delivery attempts, and their replay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound, WrongState
from scheduler.domain.webhooks import AttemptFailure, MessageState
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.webhooks.endpoints import find_row
from scheduler.storage.models import WebhookAttempt, WebhookEndpoint, WebhookMessage

SHOWN_ATTEMPTS: Final = 10
"""Attempts of a message in lists: the newest, at least a whole schedule."""

_NEWEST = Order("webhook-messages", (WebhookMessage.entry,), (int,), descending=True)


@dataclass(frozen=True, slots=True)
class AttemptCard:
    """A delivery attempt."""

    at: datetime
    status: int | None
    """HTTP status; None without a response."""
    failure: AttemptFailure | None
    """None if it was delivered."""
    milliseconds: int
    response: str
    """Start of the response body, at most 1,000 characters."""


@dataclass(frozen=True, slots=True)
class MessageCard:
    """A message and its newest attempts."""

    entry: int
    """Number of the audit log entry that the message is about."""
    type: str
    state: MessageState
    next_attempt_at: datetime | None
    """None unless pending."""
    created_at: datetime
    """When the message was made or replayed."""
    attempts: tuple[AttemptCard, ...]
    """The ten newest attempts, newest first."""


def list_messages(
    session: Session,
    actor: Actor,
    number: int,
    *,
    state: MessageState | None = None,
    cursor: str | None = None,
    page_number: int = 1,
    limit: int = 30,
) -> Page[MessageCard]:
    """Return the messages of an endpoint, newest first. Raises NotFound."""
    endpoint = find_row(session, actor, number)
    query = select(WebhookMessage).where(WebhookMessage.endpoint_id == endpoint.id)
    if state is not None:
        query = query.where(WebhookMessage.state == state)
    page = fetch_page(session, query, _NEWEST, cursor=cursor, number=page_number, limit=limit)
    return page.of(_cards(session, [row[0] for row in page.items]))


def replay_message(session: Session, actor: Actor, number: int, entry: int, *, now: datetime) -> MessageCard:
    """Send a message again, with a new schedule of attempts. Its ID stays the same.

    Raises NotFound, or WrongState if the endpoint is disabled.
    """
    endpoint = _enabled(session, actor, number)
    replayed = _replay(session, endpoint, WebhookMessage.entry == entry, now)
    if not replayed:
        raise NotFound("message", entry)
    about = pgettext_lazy(
        "audit log", "webhook %(number)s: message %(entry)s sent again", number=number, entry=entry
    )
    recording.record_act(session, actor, Act.WEBHOOK, about, now=now)
    row = session.scalars(
        select(WebhookMessage).where(WebhookMessage.endpoint_id == endpoint.id, WebhookMessage.entry == entry)
    ).one()
    return _cards(session, [row])[0]


def replay_failed(session: Session, actor: Actor, number: int, *, since: datetime, now: datetime) -> int:
    """Send all failed messages since a time again. Return their number.

    Raises NotFound, or WrongState if the endpoint is disabled.
    """
    endpoint = _enabled(session, actor, number)
    failed = (WebhookMessage.state == MessageState.FAILED) & (WebhookMessage.created_at >= since)
    replayed = _replay(session, endpoint, failed, now)
    if replayed:
        about = pgettext_lazy("audit log", "webhook %(number)s: failed messages sent again", number=number)
        recording.record_act(
            session, actor, Act.WEBHOOK, about, after={"messages": replayed, "since": since}, now=now
        )
    return replayed


def _enabled(session: Session, actor: Actor, number: int) -> WebhookEndpoint:
    endpoint = find_row(session, actor, number, to_change=True)
    if endpoint.disabled_at is not None:
        raise WrongState(
            "webhook",
            number,
            "disabled",
            "used",
            gettext_lazy("This webhook is disabled. Enable it first."),
        )
    return endpoint


def _replay(session: Session, endpoint: WebhookEndpoint, which: ColumnElement[bool], now: datetime) -> int:
    replayed = (
        update(WebhookMessage)
        .where(WebhookMessage.endpoint_id == endpoint.id, which)
        .values(state=MessageState.PENDING, attempts=0, next_attempt_at=now, created_at=now)
        .returning(WebhookMessage.id)
    )
    return len(session.scalars(replayed, execution_options={"synchronize_session": False}).all())


def _cards(session: Session, rows: Sequence[WebhookMessage]) -> list[MessageCard]:
    position = func.row_number().over(
        partition_by=WebhookAttempt.message_id, order_by=WebhookAttempt.id.desc()
    )
    numbered = (
        select(WebhookAttempt.id, position.label("position"))
        .where(WebhookAttempt.message_id.in_([row.id for row in rows]))
        .subquery()
    )
    attempts: dict[int, list[AttemptCard]] = defaultdict(list)
    newest = (
        select(WebhookAttempt)
        .join(numbered, numbered.c.id == WebhookAttempt.id)
        .where(numbered.c.position <= SHOWN_ATTEMPTS)
        .order_by(WebhookAttempt.id.desc())
    )
    for each in session.scalars(newest):
        card = AttemptCard(each.at, each.status, each.failure, each.milliseconds, each.response)
        attempts[each.message_id].append(card)
    return [
        MessageCard(
            row.entry, row.type, row.state, row.next_attempt_at, row.created_at, tuple(attempts[row.id])
        )
        for row in rows
    ]
