"""The outbox, what each calendar was told, and what digests told of requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, true
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
from scheduler.storage.base import Base, enum_column


class Invitation(Base):
    """A message to one attendee's calendar about one meeting. The last row of a UID is its known state.

    Written when its mail is claimed for sending. A details-only update (RFC 5546 2.1.4) keeps its
    SEQUENCE, so it renews `dtstamp` and `content` of the row.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        UniqueConstraint("uid", "attendee_id", "sequence", "method"),
        Index("ix_invitation_attendee_id", "attendee_id"),
        Index("ix_invitation_event_id", "event_id"),
        Index("ix_invitation_token_hash", "token_hash"),
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
    """A digest of what `content` is made of: the same again means that there is nothing to say."""
    partstat: Mapped[Partstat] = mapped_column(
        enum_column(Partstat, "partstat"), default=Partstat.NEEDS_ACTION
    )
    token_hash: Mapped[str] = mapped_column(String(64))
    """Of the token in the organiser's address: one a (UID, attendee), derived from them and the key."""
    first_message_id: Mapped[str] = mapped_column(String(255))
    """Message-ID of the first mail about this UID, for threading."""


class InterpreterNotice(Base):
    """What an interpreter was last told: all their meetings. Written when its mail is claimed for sending."""

    __tablename__ = "interpreter_told"

    interpreter_id: Mapped[int] = mapped_column(ForeignKey("interpreter.id"), primary_key=True)
    address: Mapped[Email]
    """Of whom it was told. Who has the address now, if it is another one, was told nothing."""
    summary: Mapped[dict[str, Any]]
    told_at: Mapped[datetime]


class InterpreterFeed(Base):
    """The secret address of an interpreter's feed, which opens for who had `address` when it was made."""

    __tablename__ = "interpreter_feed"

    interpreter_id: Mapped[int] = mapped_column(ForeignKey("interpreter.id"), primary_key=True)
    address: Mapped[Email]
    seed: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)


class MailText(Base):
    """A text of an event's mails in a language that an organiser has put in place of the catalogue's."""

    __tablename__ = "mail_text"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    language: Mapped[Language] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    """As `wording.key` has it: subject.new, footer."""
    text: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    changed_at: Mapped[datetime]


def _domain(context: Any) -> str:
    return email_domain(context.get_current_parameters()["to_address"])


class OutboxMail(Base):
    """One mail to be sent. All that its bytes depend on is here, so that a retry is the same mail."""

    __tablename__ = "outbox_mail"
    __table_args__ = (
        Index("ix_outbox_mail_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_outbox_mail_event_id_state", "event_id", "state"),
        Index("ix_outbox_mail_about_event_id", "about_event_id"),
        Index("ix_outbox_mail_attendee_id", "attendee_id"),
        Index("ix_outbox_mail_interpreter_id", "interpreter_id"),
        Index("ix_outbox_mail_state_domain", "state", "domain"),
        Index("ix_outbox_mail_event_id_uid", "event_id", "uid", "attendee_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """The event at whose rate it goes, or null for a mail that waits behind no others."""
    about_event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """The event that it is of, where it keeps to no rate."""
    kind: Mapped[OutboxKind] = mapped_column(enum_column(OutboxKind, "outbox_kind"))
    attendee_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"))
    interpreter_id: Mapped[int | None] = mapped_column(ForeignKey("interpreter.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_request.id"), index=True)
    sign_in_link_id: Mapped[int | None] = mapped_column(ForeignKey("sign_in_link.id"), index=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("schedule_version.id"), index=True)
    """The publishing that it belongs to."""
    to_address: Mapped[Email]
    domain: Mapped[str] = mapped_column(String(253), default=_domain)
    """Of `to_address`."""
    to_name: Mapped[PersonName] = mapped_column(default="")
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    thread_id: Mapped[str | None] = mapped_column(String(255))
    """Message-ID of the first mail about this UID, null on the first one. A person's summaries share one."""
    uid: Mapped[str | None] = mapped_column(String(255))
    """The meeting. For a summary, one of its meetings, whose address receives replies."""
    method: Mapped[Method | None] = mapped_column(enum_column(Method, "outbox_method"))
    sequence: Mapped[int | None]
    dtstamp: Mapped[datetime | None]
    """Of a message about a meeting, as in `payload`."""
    facts: Mapped[str | None] = mapped_column(String(48))
    """A digest of what an invitation is made of, as in `Invitation`."""
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """An invitation's message (method, sequence, dtstamp, partstat, kind, content) or a summary, with
    `wording`, the event's own texts of it, or a sign-in's language, or the texts of an alert."""
    state: Mapped[OutboxState] = mapped_column(enum_column(OutboxState, "outbox_state"))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(120))
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    rehearsed_as: Mapped[str | None] = mapped_column(String(16))
    """What it is, as `payloads.label` has it, of a mail that counts as sent and went to nobody: its event
    was in rehearsal."""
    error: Mapped[str | None] = mapped_column(Text)
    failure: Mapped[str | None] = mapped_column(String(16))
    """What `error` is, of MailFailure: temporary, permanent, held or bounced."""
    stopped_at: Mapped[datetime | None]
    """When an organiser set the mail aside before a sender claimed it. Such a mail is not due."""
    dropped_at: Mapped[datetime | None]
    """When a mail that failed was put away: by an organiser, or because a newer one took its place."""
    created_at: Mapped[datetime]


class MailRoute(Base):
    """How a provider of recipients, or the mail server itself, takes our mails just now.

    There is a row where a limit is set, or where mails were refused and none was taken since.
    """

    __tablename__ = "mail_route"

    name: Mapped[str] = mapped_column(String(253), primary_key=True)
    """As `MailRates.route` gives it, or empty for the mail server."""
    ready_at: Mapped[datetime | None]
    """From when on the next mail may go, by its rate."""
    per_minute: Mapped[float | None]
    """Mails a minute at `slowed_at`. The rate grows from then on. Null means the usual rate."""
    slowed_at: Mapped[datetime | None]
    refusal: Mapped[Refusal | None] = mapped_column(enum_column(Refusal, "mail_route_refusal"))
    """The kind of the last refusals in a row, or null after a mail was accepted."""
    refusals: Mapped[int] = mapped_column(default=0)
    """How many of that kind, of different addresses, with no mail taken in between."""
    refused_address: Mapped[Email] = mapped_column(default="")
    said: Mapped[str] = mapped_column(String(400), default="")
    """The server's words at the last refusal."""
    refused_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    """No mail is sent before this time. Then one is sent as a test. Null means no pause."""
    probed_at: Mapped[datetime | None]
    """When that one mail was claimed."""
    pauses: Mapped[int] = mapped_column(default=0)
    """Pauses in a row: each is twice as long as the one before."""
    is_told: Mapped[bool] = mapped_column(default=False)
    """Whether an alert is open about it."""


class DigestItem(Base):
    """One thing that a person was told about a request. The primary key lets nothing be told twice."""

    __tablename__ = "digest_item"
    __table_args__ = (
        Index("ix_digest_item_message_id", "message_id"),
        Index("ix_digest_item_token_hash", "token_hash"),
    )

    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True, index=True)
    kind: Mapped[DigestKind] = mapped_column(enum_column(DigestKind, "digest_kind"), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(255))
    """Of the mail in the outbox."""
    token_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the token that answers the request, where the item asks for an answer."""
    made_at: Mapped[datetime]


class DigestChoice(Base):
    """What an exhibitor wants to be told. A person without a row gets everything, once a day."""

    __tablename__ = "digest_choice"

    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    asked: Mapped[bool] = mapped_column(default=True, server_default=true())
    reminders: Mapped[bool] = mapped_column(default=True, server_default=true())
    answers: Mapped[bool] = mapped_column(default=True, server_default=true())
    asked_at_once: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether new requests are sent at once, rather than once a day."""
    reminders_at_once: Mapped[bool] = mapped_column(default=False, server_default=false())
    answers_at_once: Mapped[bool] = mapped_column(default=False, server_default=false())
    daily_at_venue: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the daily email comes by the venue's clock, rather than by the person's own."""
    stopped_at: Mapped[datetime | None]
    """When the person stopped all digests by one press."""
    stop_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of the token that stops them, or null before the first digest."""
    mailed_at: Mapped[datetime | None]
    """When the last digest was made."""


class CalendarUse(Base):
    """That a person used a way into their calendar: one row a person and way, however often."""

    __tablename__ = "calendar_use"

    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    way: Mapped[CalendarImportMethod] = mapped_column(
        enum_column(CalendarImportMethod, "calendar_way"), primary_key=True
    )
    last_at: Mapped[datetime]


class PhoneCall(Base):
    """Who phones an attendee whom no mail reaches, and what came of it."""

    __tablename__ = "phone_call"

    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    caller_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    note: Mapped[CallNote] = mapped_column(default="", server_default="")
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    changed_at: Mapped[datetime]
