"""Inbound emails, and the latest reply of each attendee to each meeting."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.domain.entities import MailBox, MailKind, MailOutcome, Partstat, ReplySource
from scheduler.domain.fields import Count, Email
from scheduler.storage.base import Base, Timestamped, enum_column
from scheduler.storage.models.mail import OutboxEmail
from scheduler.storage.models.people import Attendee


class InboundEmail(Base):
    """An inbound email with its classification.

    The same octets to the same address are one row, however often they are delivered. A reply to an
    invitation has its event, request, attendee and UID. A reply to another email of ours has `about`, and as
    many of these as that email has. An email without an event is for the operators.
    """

    __tablename__ = "inbound_email"
    __table_args__ = (
        UniqueConstraint("token_hash", "digest"),
        Index("ix_inbound_email_event_id_outcome", "event_id", "outcome"),
        Index("ix_inbound_email_attendee_id", "attendee_id"),
        Index("ix_inbound_email_outcome", "outcome"),
        Index("ix_inbound_email_outbox_email_id", "outbox_email_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_request.id"), index=True)
    attendee_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"))
    uid: Mapped[str | None] = mapped_column(String(255))
    """UID identified by the token in the recipient address, with the request and attendee."""
    outbox_email_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_email.id"))
    """Our email that the token identifies, or that its headers reply to."""
    box: Mapped[MailBox] = mapped_column(
        enum_column(MailBox, "mailbox"), default=MailBox.ANSWERS, server_default="answers"
    )
    """Which of our addresses received it."""
    token_hash: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the octets."""
    kind: Mapped[MailKind] = mapped_column(enum_column(MailKind, "email_kind"))
    message_id: Mapped[str] = mapped_column(String(255))
    sender: Mapped[Email]
    """From address, for display only. It is not trusted."""
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Text that a person added to a reply."""
    answers: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """VEVENTs of a reply, as written by invites.inbound.CalendarReply."""
    bounce: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Content of a report: a Bounce, a Complaint, or the recipients of a forwarded invitation."""
    outcome: Mapped[MailOutcome] = mapped_column(enum_column(MailOutcome, "email_outcome"))
    reason: Mapped[str] = mapped_column(String(400), default="")
    """A sentence: the action taken, or why there was none."""
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """The organiser who decided about the email, or null if it was automatic."""
    size: Mapped[int]
    """Octets of the original email."""
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """Raw octets: complete until the email is processed, then truncated, and eventually deleted."""
    stored_size: Mapped[int]
    """Octets of `raw`."""
    attempts: Mapped[int] = mapped_column(default=0)
    """Number of attempts to parse and process the email."""
    attempted_at: Mapped[datetime | None]

    attendee: Mapped[Attendee | None] = relationship(viewonly=True)
    about: Mapped[OutboxEmail | None] = relationship(viewonly=True)


class FailedEmailRead(Base):
    """An unread message of the IMAP mailbox whose processing has started.

    The row is deleted on success.
    """

    __tablename__ = "failed_email_read"

    mailbox: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of server, user and folder."""
    validity: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """UIDVALIDITY: UIDs are valid as long as it is unchanged (RFC 3501 2.3.1.1)."""
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    attempts: Mapped[int]
    attempted_at: Mapped[datetime]


class InvitationReply(Timestamped, Base):
    """The latest reply of an attendee to a meeting (RFC 5546 2.1.5). A later one replaces it."""

    __tablename__ = "invitation_reply"
    __table_args__ = (
        UniqueConstraint("uid", "attendee_id"),
        Index("ix_invitation_reply_request_id", "request_id"),
        Index("ix_invitation_reply_event_id", "event_id"),
        Index("ix_invitation_reply_updates", "event_id", "updated_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"))
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), index=True)
    uid: Mapped[str] = mapped_column(String(255))
    sequence: Mapped[Count]
    """SEQUENCE of the invitation replied to."""
    dtstamp: Mapped[datetime | None]
    """When the reply was made, by the sender's clock."""
    partstat: Mapped[Partstat] = mapped_column(enum_column(Partstat, "reply_partstat"))
    """NEEDS-ACTION for a counter-proposal alone, which is not a reply."""
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    """The colleague who attends instead, as named by the attendee who declined."""
    comment: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[ReplySource] = mapped_column(enum_column(ReplySource, "reply_source"))
    responded_at: Mapped[datetime]
    proposed_start: Mapped[datetime | None]
    proposed_end: Mapped[datetime | None]
    proposed_slots: Mapped[list[Any] | None] = mapped_column(JSON)
    """Keys of start slots that the next run may use, if the proposal suits the others."""
