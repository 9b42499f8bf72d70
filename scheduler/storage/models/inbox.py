"""What came back: the mails that came in, and the last answer of each attendee about each meeting."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.domain.entities import AnswerSource, MailBox, MailKind, MailOutcome, Partstat
from scheduler.domain.fields import Count, Email
from scheduler.storage.base import Base, enum_column
from scheduler.storage.models.mail import OutboxMail
from scheduler.storage.models.people import Attendee


class InboundMail(Base):
    """A mail that came to an address of ours, with what it was understood to be.

    The same octets to the same address are one row, however often they are handed in. A mail that answers an
    invitation has its event, request, attendee and UID. One that answers another mail of ours has `about` and
    as many of these as that mail has. A mail without an event is for the operators.
    """

    __tablename__ = "inbound_mail"
    __table_args__ = (
        UniqueConstraint("token_hash", "digest"),
        Index("ix_inbound_mail_event_id_outcome", "event_id", "outcome"),
        Index("ix_inbound_mail_attendee_id", "attendee_id"),
        Index("ix_inbound_mail_outcome", "outcome"),
        Index("ix_inbound_mail_about_id", "about_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_request.id"), index=True)
    attendee_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"))
    uid: Mapped[str | None] = mapped_column(String(255))
    """The meeting and the attendee that the token in the recipient address stands for."""
    about_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_mail.id"))
    """The mail of ours that the token stands for, or that the mail says it answers."""
    box: Mapped[MailBox] = mapped_column(
        enum_column(MailBox, "mail_box"), default=MailBox.ANSWERS, server_default="answers"
    )
    """Which of our addresses it came to."""
    token_hash: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the octets."""
    kind: Mapped[MailKind] = mapped_column(enum_column(MailKind, "mail_kind"))
    message_id: Mapped[str] = mapped_column(String(255))
    sender: Mapped[Email]
    """The From address: shown, and trusted for nothing."""
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What a person wrote beside an answer."""
    answers: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """The VEVENTs of an answer, as invites.inbound.Answer writes them."""
    bounce: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What a server or a program reports: a Bounce, a Complaint, or whom an invitation was forwarded to."""
    outcome: Mapped[MailOutcome] = mapped_column(enum_column(MailOutcome, "mail_outcome"))
    reason: Mapped[str] = mapped_column(String(400), default="")
    """A sentence: what was done, or why nothing was."""
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """The organiser who decided about the mail, or null if the rules did."""
    size: Mapped[int]
    """Octets of the mail as it came in."""
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """The octets as they came: all until the mail is judged, then cut at a limit, and some day removed."""
    kept: Mapped[int]
    """Octets of `raw`."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often the mail was begun to be read and judged."""
    attempted_at: Mapped[datetime | None]

    attendee: Mapped[Attendee | None] = relationship(viewonly=True)
    about: Mapped[OutboxMail | None] = relationship(viewonly=True)


class FailedMailRead(Base):
    """An unread mail of the IMAP mailbox whose intake has begun.

    The row is deleted when the intake is done.
    """

    __tablename__ = "untaken_mail"

    mailbox: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of its server, user and folder."""
    validity: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """UIDVALIDITY: UIDs hold as long as it does (RFC 3501 2.3.1.1)."""
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    attempts: Mapped[int]
    tried_at: Mapped[datetime]


class Answer(Base):
    """The last answer of an attendee about a meeting (RFC 5546 2.1.5). A later one takes its place."""

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("uid", "attendee_id"),
        Index("ix_answer_request_id", "request_id"),
        Index("ix_answer_event_id", "event_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"))
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), index=True)
    uid: Mapped[str] = mapped_column(String(255))
    sequence: Mapped[Count]
    """Of the invitation that was answered."""
    dtstamp: Mapped[datetime | None]
    """When the answer was made, by its maker's clock."""
    partstat: Mapped[Partstat] = mapped_column(enum_column(Partstat, "answer_partstat"))
    """NEEDS-ACTION for a counter-proposal alone, which is no answer."""
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    """The colleague who goes instead, as whoever declined has said."""
    comment: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[AnswerSource] = mapped_column(enum_column(AnswerSource, "answer_source"))
    answered_at: Mapped[datetime]
    proposed_start: Mapped[datetime | None]
    proposed_end: Mapped[datetime | None]
    proposed_slots: Mapped[list[Any] | None] = mapped_column(JSON)
    """Keys of the start slots that the next run may use, if the proposal suits the others."""
