"""Firms and attendees, interpreters and delegations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.domain.entities import Tier
from scheduler.domain.fields import (
    Country,
    DayLimit,
    DelegationName,
    Email,
    FirmName,
    JobTitle,
    Key,
    Language,
    MeetingLimit,
    MeetingsPerDay,
    Origin,
    Pavilion,
    PersonName,
    Phone,
    Timezone,
    Website,
)
from scheduler.storage.base import Base, Timestamped, enum_column


class Firm(Timestamped, Base):
    """A company at an event. `name` is in its native script, `latin_name` for other readers."""

    __tablename__ = "firm"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        Index("ix_firm_updates", "event_id", "updated_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[Key]
    name: Mapped[FirmName]
    latin_name: Mapped[FirmName] = mapped_column(index=True)
    country: Mapped[Country]
    tier: Mapped[Tier] = mapped_column(enum_column(Tier, "tier"))
    areas: Mapped[list[str]]
    pavilion: Mapped[Pavilion | None]
    description: Mapped[str] = mapped_column(Text, default="")
    website: Mapped[Website] = mapped_column(default="")
    offers: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """Offered products and services, in a few words each. Likewise `needs` and `products`."""
    needs: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    products: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    unwanted: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """Products that the firm does not want to be offered. Visible only to the firm."""
    onboarded_at: Mapped[datetime | None]
    """When an exhibitor completed or skipped the onboarding questions, or null before."""
    logo: Mapped[str | None] = mapped_column(String(16))
    """Digest of the logo, used in its URL, or null without one."""
    hall_id: Mapped[int | None] = mapped_column(ForeignKey("hall.id"), index=True)
    host_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    """The firm whose booth this one shares. Booth and capacity are the host's."""
    max_per_day: Mapped[MeetingsPerDay | None]
    min_meetings: Mapped[MeetingsPerDay] = mapped_column(default=0)
    feed_seed: Mapped[str | None] = mapped_column(String(32))
    """As an attendee's, or None until an exhibitor requests a feed for the firm."""
    feed_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    feed_address: Mapped[bytes | None]
    withdrawn_at: Mapped[datetime | None]
    """When an organiser removed the firm from the event, or null while it participates."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    """The surviving record, if this one was a duplicate."""

    attendees: Mapped[list[Attendee]] = relationship(
        back_populates="firm", order_by="Attendee.id", viewonly=True
    )


class FirmLogo(Base):
    """A firm's logo as a small PNG that we encoded."""

    __tablename__ = "firm_logo"

    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    octets: Mapped[bytes]


class FirmNote(Base):
    """A firm's private record about another: saved, a note, or never to meet."""

    __tablename__ = "firm_note"
    __table_args__ = (Index("ix_firm_note_other_firm_id", "other_firm_id"),)

    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    other_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    is_saved: Mapped[bool] = mapped_column(default=False, server_default=false())
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    blocked_since: Mapped[datetime | None]
    """Since when requests between the two are blocked."""
    interest_reported_at: Mapped[datetime | None]
    """When the other firm reported to the organisers that it would have sent a request."""
    dismissed_at: Mapped[datetime | None]
    """When the firm dismissed the other as a suggestion."""
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    changed_at: Mapped[datetime]


class Attendee(Timestamped, Base):
    """A person of a firm who attends meetings. An exhibitor also responds for the firm."""

    __tablename__ = "attendee"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        UniqueConstraint("event_id", "email"),
        Index("ix_attendee_account_id", "account_id"),
        Index("ix_attendee_firm_id", "firm_id"),
        Index("ix_attendee_summary_hash", "summary_hash", unique=True),
        Index("ix_attendee_updates", "event_id", "updated_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    key: Mapped[Key]
    name: Mapped[PersonName]
    latin_name: Mapped[PersonName]
    email: Mapped[Email]
    """Lower case, identical to the account's."""
    title: Mapped[JobTitle] = mapped_column(default="")
    phone: Mapped[Phone] = mapped_column(default="", server_default="")
    """Visible to organisers, the firm, and the partners of a meeting accepted by both sides."""
    languages: Mapped[list[str]]
    areas: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """Keys of the supply chain areas that the person covers for the firm."""
    mail_language: Mapped[Language] = mapped_column(default="", server_default="")
    """Chosen language for emails, or empty for the derived one (`readers`)."""
    timezone: Mapped[Timezone] = mapped_column(default="", server_default="")
    """Chosen time zone as an IANA name, or empty for the derived one (`readers`)."""
    is_exhibitor: Mapped[bool] = mapped_column(default=False)
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """Account of the delegation manager who imported the person, or null once organisers have confirmed them.

    Until then, the person can sign in only while that account has its role.
    """
    is_exhibitor_proposed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if a delegation manager proposes the person as an exhibitor. Organisers confirm it."""
    max_per_day: Mapped[MeetingsPerDay | None]
    max_in_row: Mapped[MeetingLimit | None]
    """The most meetings of the person in a row (H16), or null for the limit of the event's policy."""
    max_days: Mapped[DayLimit | None]
    """The most days on which the person has meetings (H17), or null for the limit of the event's policy."""
    feed_seed: Mapped[str] = mapped_column(String(32))
    """Seed of the feed token, with the secret key. Changed to revoke the feed's URL."""
    feed_hash: Mapped[str] = mapped_column(String(64), unique=True)
    feed_address: Mapped[bytes | None]
    """Encrypted token of a feed whose key has ended, so that its URL goes on. Null if the seed gives it."""
    summary_hash: Mapped[str | None] = mapped_column(String(64))
    """Hash of the unsubscribe token in summaries that were sent before 0.9.0, by the first key."""
    summaries_stopped_at: Mapped[datetime | None]
    """When the person unsubscribed from summaries."""
    invited_at: Mapped[datetime | None]
    """When the event invitation email was last queued."""
    first_sign_in_at: Mapped[datetime | None]
    """When the person first signed in after being added to the event."""
    quiet_until: Mapped[datetime | None]
    """Digests omit request activity up to this time, since the person was not yet with the firm."""
    bounced_at: Mapped[datetime | None]
    """When a mail server permanently rejected the address (RFC 3464)."""
    bounce: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """The server's text."""
    withdrawn_at: Mapped[datetime | None]
    """As a firm's."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    seen_version_id: Mapped[int | None] = mapped_column(ForeignKey("schedule_version.id"), index=True)
    """The version whose changes the person has seen on the calendar page, or null before the first time."""

    firm: Mapped[Firm] = relationship(back_populates="attendees", viewonly=True)


class AddressChange(Base):
    """An organiser's change of an attendee's email address, or confirmation that the old one works again."""

    __tablename__ = "address_change"
    __table_args__ = (Index("ix_address_change_attendee_id", "attendee_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"))
    old_address: Mapped[Email]
    new_address: Mapped[Email]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    changed_at: Mapped[datetime]


class AttendeeAlias(Base):
    """An additional address from which an attendee replies, as entered by an organiser."""

    __tablename__ = "attendee_alias"
    __table_args__ = (Index("ix_attendee_alias_attendee_id", "attendee_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"))
    address: Mapped[Email]
    added_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    added_at: Mapped[datetime]
    removed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    removed_at: Mapped[datetime | None]


class AddressReport(Base):
    """A mail server's report that a recipient's address does not exist. It takes two to mark the address."""

    __tablename__ = "address_report"
    __table_args__ = (
        Index("ix_address_report_attendee_id", "attendee_id"),
        Index("ix_address_report_interpreter_id", "interpreter_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    attendee_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"))
    interpreter_id: Mapped[int | None] = mapped_column(ForeignKey("interpreter.id"))
    address: Mapped[Email]
    diagnostic: Mapped[str] = mapped_column(String(300))
    reported_at: Mapped[datetime]


class AttendeeBusy(Base):
    """A slot in which an attendee is unavailable."""

    __tablename__ = "attendee_busy"

    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True, index=True)


class Interpreter(Timestamped, Base):
    __tablename__ = "interpreter"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        Index("ix_interpreter_updates", "event_id", "updated_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[Key]
    name: Mapped[PersonName]
    latin_name: Mapped[PersonName]
    email: Mapped[Email]
    languages: Mapped[list[str]]
    mail_language: Mapped[Language] = mapped_column(default="", server_default="")
    timezone: Mapped[Timezone] = mapped_column(default="", server_default="")
    """Both as an attendee's: the interpreter's choice, or empty."""
    bounced_at: Mapped[datetime | None]
    bounce: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """Both as an attendee's."""
    withdrawn_at: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("interpreter.id"), index=True)


class InterpreterBusy(Base):
    """A slot in which an interpreter is unavailable."""

    __tablename__ = "interpreter_busy"

    interpreter_id: Mapped[int] = mapped_column(ForeignKey("interpreter.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True, index=True)


class RegistryChange(Base):
    """An organiser's change to firms, attendees or interpreters in the participant registry, for undo."""

    __tablename__ = "registry_change"
    __table_args__ = (Index("ix_registry_change_event_id_id", "event_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    kind: Mapped[str] = mapped_column(String(32))
    """As in `participants.journal`: edit-firm, absence."""
    subject: Mapped[FirmName]
    """Name of the subject."""
    note: Mapped[str] = mapped_column(Text, default="")
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    changed_at: Mapped[datetime]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    undone_at: Mapped[datetime | None]
    changes: Mapped[dict[str, Any]]
    """Changed rows, with each value before and after, and rows added or deleted."""


class Delegation(Base):
    """Firms and people who travel together, with a leader and an escort."""

    __tablename__ = "delegation"
    __table_args__ = (UniqueConstraint("event_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[Key]
    name: Mapped[DelegationName]
    origin: Mapped[Origin] = mapped_column(default="")
    """The country, province or chamber that sends it, in words."""
    leader_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    escort: Mapped[Origin] = mapped_column(default="")
    """The escort's name. An escort attends no meetings, and is therefore not an attendee."""
    escort_phone: Mapped[Phone] = mapped_column(default="")


class DelegationFirm(Base):
    """A firm of a delegation, including all its people."""

    __tablename__ = "delegation_firm"
    __table_args__ = (Index("ix_delegation_firm_firm_id", "firm_id"),)

    delegation_id: Mapped[int] = mapped_column(ForeignKey("delegation.id"), primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)


class DelegationPerson(Base):
    """A person of a delegation whose firm does not belong to it."""

    __tablename__ = "delegation_person"
    __table_args__ = (Index("ix_delegation_person_attendee_id", "attendee_id"),)

    delegation_id: Mapped[int] = mapped_column(ForeignKey("delegation.id"), primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
