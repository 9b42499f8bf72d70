"""Outbox, sent invitations and sent digests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.domain.emails.rates import email_domain
from scheduler.domain.entities import (
    DigestKind,
    Method,
    OutboxKind,
    OutboxState,
    Partstat,
    Refusal,
)
from scheduler.domain.fields import CallNote, Count, Email, Language, PersonName
from scheduler.logs import REQUEST_ID_LENGTH, current_request
from scheduler.storage.base import Base, Timestamped, enum_column


class Invitation(Base):
    """A message sent to one attendee's calendar about one meeting. The last row of a UID is its known state.

    Inserted when its email is claimed for sending. A details-only update (RFC 5546 2.1.4) keeps the SEQUENCE,
    so it updates `dtstamp` and `content` of the row.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        UniqueConstraint("uid", "attendee_id", "sequence", "method"),
        Index("ix_invitation_attendee_id", "attendee_id"),
        Index("ix_invitation_event_id", "event_id"),
        Index("ix_invitation_token_hash", "token_hash"),
        Index(
            "ix_invitation_change",
            "event_id",
            "attendee_id",
            sqlite_where=text("is_change"),
            postgresql_where=text("is_change"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), index=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"))
    uid: Mapped[str] = mapped_column(String(255))
    sequence: Mapped[Count]
    method: Mapped[Method] = mapped_column(enum_column(Method, "method"))
    dtstamp: Mapped[datetime]
    content: Mapped[dict[str, Any]]
    facts: Mapped[str | None] = mapped_column(String(48))
    """Digest of the inputs of `content`. If it is unchanged, there is nothing to send."""
    partstat: Mapped[Partstat] = mapped_column(
        enum_column(Partstat, "partstat"), default=Partstat.NEEDS_ACTION
    )
    token_hash: Mapped[str] = mapped_column(String(64))
    """Hash of the token in the organiser's address, one per (UID, attendee), derived from them and the
    key.
    """
    key_number: Mapped[int] = mapped_column(default=1, server_default="1")
    """Number of that key."""
    first_message_id: Mapped[str] = mapped_column(String(255))
    """Message-ID of the first email about this UID, for threading."""
    is_change: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if it tells of a change of a meeting that the attendee knew, which no one withdrew."""


class InterpreterNotice(Base):
    """All meetings last sent to an interpreter. Written when the email is claimed for sending."""

    __tablename__ = "interpreter_notice"

    interpreter_id: Mapped[int] = mapped_column(ForeignKey("interpreter.id"), primary_key=True)
    address: Mapped[Email]
    """Recipient of that email. If the address has changed since, the new one has received nothing."""
    summary: Mapped[dict[str, Any]]
    sent_at: Mapped[datetime]


class InterpreterFeed(Base):
    """Secret URL of an interpreter's feed. Valid only while `address` is the interpreter's."""

    __tablename__ = "interpreter_feed"

    interpreter_id: Mapped[int] = mapped_column(ForeignKey("interpreter.id"), primary_key=True)
    address: Mapped[Email]
    seed: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    encrypted: Mapped[bytes | None]
    """As `feed_address` of an attendee."""


class EmailText(Base):
    """An organiser's custom text for an event's emails in one language, replacing the catalogue's."""

    __tablename__ = "email_text"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    language: Mapped[Language] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    """As in `wording.part_key`: subject.new, footer."""
    text: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    changed_at: Mapped[datetime]


def _domain(context: Any) -> str:
    return email_domain(context.get_current_parameters()["to_address"])


class OutboxEmail(Timestamped, Base):
    """One outgoing email. The row determines its bytes, so that a retry sends the same email."""

    __tablename__ = "outbox_email"
    __table_args__ = (
        Index("ix_outbox_email_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_outbox_email_event_id_state", "event_id", "state"),
        Index("ix_outbox_email_about_event_id", "about_event_id"),
        Index("ix_outbox_email_attendee_id", "attendee_id"),
        Index("ix_outbox_email_interpreter_id", "interpreter_id"),
        Index("ix_outbox_email_state_domain", "state", "domain"),
        Index("ix_outbox_email_event_id_uid", "event_id", "uid", "attendee_id", "id"),
        Index(
            "ix_outbox_email_updates",
            "event_id",
            "updated_at",
            "id",
            postgresql_where=text("uid IS NOT NULL"),
            sqlite_where=text("uid IS NOT NULL"),
        ),
        Index(
            "ix_outbox_email_sent_at",
            "sent_at",
            postgresql_where=text("sent_at IS NOT NULL"),
            sqlite_where=text("sent_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """The event whose rate limit applies, or null for an email that is not rate-limited."""
    about_event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """The event that it concerns, if it is not rate-limited."""
    kind: Mapped[OutboxKind] = mapped_column(enum_column(OutboxKind, "outbox_kind"))
    attendee_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"))
    interpreter_id: Mapped[int | None] = mapped_column(ForeignKey("interpreter.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_request.id"), index=True)
    sign_in_link_id: Mapped[int | None] = mapped_column(ForeignKey("sign_in_link.id"), index=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("schedule_version.id"), index=True)
    """The publication that it belongs to."""
    to_address: Mapped[Email]
    domain: Mapped[str] = mapped_column(String(253), default=_domain)
    """Domain of `to_address`."""
    to_name: Mapped[PersonName] = mapped_column(default="")
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    thread_id: Mapped[str | None] = mapped_column(String(255))
    """Message-ID of the first email about this UID, null on the first one. A person's summaries share one."""
    uid: Mapped[str | None] = mapped_column(String(255))
    """UID of the meeting. For a summary, one of its meetings, whose address receives replies."""
    method: Mapped[Method | None] = mapped_column(enum_column(Method, "outbox_method"))
    sequence: Mapped[int | None]
    dtstamp: Mapped[datetime | None]
    """Of a message about a meeting, as in `payload`."""
    facts: Mapped[str | None] = mapped_column(String(48))
    """Digest of the inputs of an invitation, as in `Invitation`."""
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """An invitation's message (method, sequence, dtstamp, partstat, kind, content) or a summary, with the
    event's custom texts as `wording`; the language of a sign-in email; or the texts of an alert.
    """
    state: Mapped[OutboxState] = mapped_column(enum_column(OutboxState, "outbox_state"))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(120))
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    rehearsed_as: Mapped[str | None] = mapped_column(String(16))
    """Label (`payloads.mail_label`) of an email that only counts as sent, as its event was in rehearsal."""
    error: Mapped[str | None] = mapped_column(Text)
    failure: Mapped[str | None] = mapped_column(String(16))
    """EmailFailure of `error`: temporary, permanent, held or bounced."""
    stopped_at: Mapped[datetime | None]
    """When an organiser cancelled the email before a sender claimed it. It is no longer due."""
    dropped_at: Mapped[datetime | None]
    """When a failed email was archived, by an organiser or because a newer one replaced it."""
    created_at: Mapped[datetime]
    key_number: Mapped[int | None]
    """Number of the key that its tokens are derived from, or null until a sender claims it."""
    web_request: Mapped[str | None] = mapped_column(String(REQUEST_ID_LENGTH), default=current_request)
    """ID of the web request that caused it, as in the logs."""
    accepted_reply: Mapped[str | None] = mapped_column(String(200))
    """What the mail server replied when it accepted the email, usually with its queue number."""


class EmailRoute(Base):
    """Current delivery state of a recipients' provider, or of the mail server itself.

    A row exists if a limit is set, or if emails were refused and none has been accepted since.
    """

    __tablename__ = "email_route"

    name: Mapped[str] = mapped_column(String(253), primary_key=True)
    """As in `EmailRates.route`, or empty for the mail server."""
    ready_at: Mapped[datetime | None]
    """Earliest time of the next email under the rate limit."""
    per_minute: Mapped[float | None]
    """Emails per minute at `slowed_at`. The rate grows from then on. Null means the normal rate."""
    slowed_at: Mapped[datetime | None]
    refusal: Mapped[Refusal | None] = mapped_column(enum_column(Refusal, "email_route_refusal"))
    """Kind of the latest consecutive refusals, or null after an email was accepted."""
    refusals: Mapped[int] = mapped_column(default=0)
    """Number of consecutive refusals of that kind, for different addresses."""
    refused_address: Mapped[Email] = mapped_column(default="")
    last_reply: Mapped[str] = mapped_column(String(400), default="")
    """The server's text at the last refusal."""
    refused_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    """No email is sent before this time. Then one is sent as a probe. Null means no pause."""
    probed_at: Mapped[datetime | None]
    """When the probe was claimed."""
    pauses: Mapped[int] = mapped_column(default=0)
    """Consecutive pauses, each twice as long as the previous one."""
    has_open_alert: Mapped[bool] = mapped_column(default=False)
    """True while an alert about it is open."""


class DigestItem(Base):
    """A notification about a request that was sent to a person. The primary key prevents duplicates."""

    __tablename__ = "digest_item"
    __table_args__ = (
        Index("ix_digest_item_message_id", "message_id"),
        Index("ix_digest_item_token_hash", "token_hash"),
    )

    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True, index=True)
    kind: Mapped[DigestKind] = mapped_column(enum_column(DigestKind, "digest_kind"), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(255))
    """Message-ID of the email in the outbox."""
    token_hash: Mapped[str | None] = mapped_column(String(64))
    """Hash of the token to respond to the request, if the item asks for a response."""
    key_number: Mapped[int] = mapped_column(default=1, server_default="1")
    """Number of the key that the token is derived from."""
    created_at: Mapped[datetime]


class DigestPreference(Base):
    """Notification settings of an exhibitor. Without a row, a person gets everything once a day."""

    __tablename__ = "digest_preference"

    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    asked: Mapped[bool] = mapped_column(default=True, server_default=true())
    reminders: Mapped[bool] = mapped_column(default=True, server_default=true())
    answers: Mapped[bool] = mapped_column(default=True, server_default=true())
    asked_at_once: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True to send new requests at once, rather than once a day."""
    reminders_at_once: Mapped[bool] = mapped_column(default=False, server_default=false())
    answers_at_once: Mapped[bool] = mapped_column(default=False, server_default=false())
    daily_at_venue: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True to send the daily digest by venue time, rather than the person's own time zone."""
    stopped_at: Mapped[datetime | None]
    """When the person unsubscribed from all digests."""
    unsubscribe_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Hash of the unsubscribe token in digests that were sent before 0.9.0, by the first key."""
    last_digest_at: Mapped[datetime | None]
    """When the last digest was created."""


class CalendarUse(Base):
    """Use of a calendar import method by a person: one row per person and method."""

    __tablename__ = "calendar_use"

    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    way: Mapped[CalendarImportMethod] = mapped_column(
        enum_column(CalendarImportMethod, "calendar_method"), primary_key=True
    )
    last_used_at: Mapped[datetime]


class PhoneCall(Base):
    """Caller and result of phoning an attendee whom email does not reach."""

    __tablename__ = "phone_call"

    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    caller_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    note: Mapped[CallNote] = mapped_column(default="", server_default="")
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    changed_at: Mapped[datetime]
