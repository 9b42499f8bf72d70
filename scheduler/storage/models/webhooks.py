"""Webhooks: endpoints of an event, messages to them, and delivery attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.fields import WebhookName
from scheduler.domain.webhooks import AttemptFailure, DisabledReason, MessageState, SignatureScheme
from scheduler.storage.base import Base, enum_column

MAX_RESPONSE = 1_000
"""Characters of a response that are stored."""


class WebhookEndpoint(Base):
    """An https URL that receives messages about an event. URL and secrets are stored encrypted."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (Index("ix_webhook_endpoint_event_id", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    name: Mapped[WebhookName]
    url: Mapped[bytes]
    types: Mapped[list[str]] = mapped_column(default=list)
    """Event types that it receives. Empty for all."""
    scheme: Mapped[SignatureScheme] = mapped_column(enum_column(SignatureScheme, "webhook_scheme"))
    secret: Mapped[bytes]
    """Newest signing key, serialised with its prefix."""
    previous_secret: Mapped[bytes | None]
    """The key before the rotation, which also signs until `previous_until`."""
    previous_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    entry: Mapped[int]
    """Number of the last audit log entry of which messages were made."""
    delivered_at: Mapped[datetime | None]
    """Time of the last delivery."""
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[DisabledReason | None] = mapped_column(
        enum_column(DisabledReason, "webhook_disabled_reason")
    )


class WebhookMessage(Base):
    """A message about an audit log entry to an endpoint. Its body is made from the entry at each attempt."""

    __tablename__ = "webhook_message"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "entry"),
        Index("ix_webhook_message_next_attempt_at", "next_attempt_at"),
        Index("ix_webhook_message_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"))
    entry: Mapped[int]
    """Number of the entry in the event's audit log."""
    type: Mapped[str] = mapped_column(String(60))
    state: Mapped[MessageState] = mapped_column(enum_column(MessageState, "webhook_message_state"))
    attempts: Mapped[int] = mapped_column(default=0)
    """Attempts of the present schedule. A replay begins a new one."""
    next_attempt_at: Mapped[datetime | None]
    """None unless pending. During an attempt it is the end of the worker's lease."""
    created_at: Mapped[datetime]
    """When the message was made, or replayed."""


class WebhookAttempt(Base):
    """An attempt to deliver a message, with the start of the response."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_message_id", "message_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("webhook_message.id"))
    at: Mapped[datetime]
    status: Mapped[int | None]
    """HTTP status, None without a response."""
    failure: Mapped[AttemptFailure | None] = mapped_column(
        enum_column(AttemptFailure, "webhook_attempt_failure")
    )
    milliseconds: Mapped[int]
    response: Mapped[str] = mapped_column(String(MAX_RESPONSE))
    """Start of the response body, with control characters replaced."""
