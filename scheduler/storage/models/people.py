"""Firms and the people who sit in meetings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.domain.entities import Tier
from scheduler.domain.fields import (
    Country,
    DelegationName,
    Email,
    FirmName,
    JobTitle,
    Key,
    Language,
    MeetingsPerDay,
    Origin,
    Pavilion,
    PersonName,
    Phone,
    Timezone,
    Website,
)
from scheduler.storage.base import Base, enum_column


class Firm(Base):
    """A company at an event. `name` is in its own script, `latin_name` for other readers."""

    __tablename__ = "firm"
    __table_args__ = (UniqueConstraint("event_id", "key"),)

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
    """What it offers, in a few words each; `needs` and `products` likewise."""
    needs: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    products: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    unwanted: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """What it does not want to be offered: for itself, nobody else reads it."""
    welcomed_at: Mapped[datetime | None]
    """When an exhibitor answered or skipped what is asked at the first sign-in, or null before."""
    logo: Mapped[str | None] = mapped_column(String(16))
    """Of its logo: a digest of the octets, which its address names, or null for none."""
    hall_id: Mapped[int | None] = mapped_column(ForeignKey("hall.id"), index=True)
    host_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    """The firm at whose stand this one stands: a joint stand, whose booth and capacity are the host's."""
    max_per_day: Mapped[MeetingsPerDay | None]
    min_meetings: Mapped[MeetingsPerDay] = mapped_column(default=0)
    feed_seed: Mapped[str | None] = mapped_column(String(32))
    """As an attendee's, or None until an exhibitor asks for a feed of the firm."""
    feed_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    withdrawn_at: Mapped[datetime | None]
    """When an organiser took the firm out of the event, or null while it takes part."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    """The record of the same firm that goes on, if this one was a second one."""

    attendees: Mapped[list[Attendee]] = relationship(
        back_populates="firm", order_by="Attendee.id", viewonly=True
    )


class FirmLogo(Base):
    """The logo of a firm as a small PNG, which we wrote."""

    __tablename__ = "firm_logo"

    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    octets: Mapped[bytes]


class FirmNote(Base):
    """What a firm keeps about another for itself: that it is saved, a note, that they never meet."""

    __tablename__ = "firm_note"
    __table_args__ = (Index("ix_firm_note_about_id", "about_id"),)

    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    about_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    is_saved: Mapped[bool] = mapped_column(default=False, server_default=false())
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    never_since: Mapped[datetime | None]
    """Since when no request goes either way between the two."""
    wanted_at: Mapped[datetime | None]
    """When the other firm told the organisers that it would have asked: what that costs."""
    dismissed_at: Mapped[datetime | None]
    """When the firm said that the other is nothing for it: it is not suggested any more."""
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    changed_at: Mapped[datetime]


class Attendee(Base):
    """A person of a firm who sits in meetings. An exhibitor also answers for the firm."""

    __tablename__ = "attendee"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        UniqueConstraint("event_id", "email"),
        Index("ix_attendee_account_id", "account_id"),
        Index("ix_attendee_firm_id", "firm_id"),
        Index("ix_attendee_summary_hash", "summary_hash", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    key: Mapped[Key]
    name: Mapped[PersonName]
    latin_name: Mapped[PersonName]
    email: Mapped[Email]
    """Lower case, the same as its account's."""
    title: Mapped[JobTitle] = mapped_column(default="")
    phone: Mapped[Phone] = mapped_column(default="", server_default="")
    """For organisers, the own firm, and the partners of a meeting that both sides have accepted."""
    languages: Mapped[list[str]]
    areas: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """Keys of the chain areas that the person takes care of for the firm."""
    mail_language: Mapped[Language] = mapped_column(default="", server_default="")
    """The language of mails that was chosen, or empty for the one that `readers` derives."""
    timezone: Mapped[Timezone] = mapped_column(default="", server_default="")
    """The IANA name of the time zone that was chosen, or empty for the one that `readers` derives."""
    is_exhibitor: Mapped[bool] = mapped_column(default=False)
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """The account of the chamber that imported the person, or null once organisers have confirmed them.

    Until then the person signs in only while that account has its role.
    """
    is_exhibitor_proposed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether a chamber says that the person answers for the firm. Organisers confirm it."""
    max_per_day: Mapped[MeetingsPerDay | None]
    feed_seed: Mapped[str] = mapped_column(String(32))
    """Changed to revoke the feed's address. The token is derived from it and the secret key."""
    feed_hash: Mapped[str] = mapped_column(String(64), unique=True)
    summary_hash: Mapped[str | None] = mapped_column(String(64))
    """The hash of the token that stops the summaries to `email`, or null before the first summary."""
    summaries_off_at: Mapped[datetime | None]
    """When the person wanted no more summaries."""
    welcomed_at: Mapped[datetime | None]
    """When the mail that invites the person to the event was queued last."""
    came_at: Mapped[datetime | None]
    """When the person first signed in after they were added to the event."""
    quiet_until: Mapped[datetime | None]
    """What happened to requests up to then is not told by digests: the person was not of the firm."""
    bounced_at: Mapped[datetime | None]
    """When a mail server said for good that the address does not take mail (RFC 3464)."""
    bounce: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """What it said."""
    withdrawn_at: Mapped[datetime | None]
    """As a firm's."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    seen_version_id: Mapped[int | None] = mapped_column(ForeignKey("schedule_version.id"), index=True)
    """The version whose changes this person has seen on the week's page, or null before the first time."""

    firm: Mapped[Firm] = relationship(back_populates="attendees", viewonly=True)


class AddressChange(Base):
    """An organiser gave an attendee another mail address, or said that the old one works again."""

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
    """Another address from which an attendee answers, as an organiser has said."""

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
    """A mail server said that the address of a reader does not exist: one of two reports that it takes."""

    __tablename__ = "address_report"
    __table_args__ = (
        Index("ix_address_report_attendee_id", "attendee_id"),
        Index("ix_address_report_interpreter_id", "interpreter_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    attendee_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"))
    interpreter_id: Mapped[int | None] = mapped_column(ForeignKey("interpreter.id"))
    address: Mapped[Email]
    said: Mapped[str] = mapped_column(String(300))
    reported_at: Mapped[datetime]


class AttendeeBusy(Base):
    """A slot in which an attendee is unavailable."""

    __tablename__ = "attendee_busy"

    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True, index=True)


class Interpreter(Base):
    __tablename__ = "interpreter"
    __table_args__ = (UniqueConstraint("event_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[Key]
    name: Mapped[PersonName]
    latin_name: Mapped[PersonName]
    email: Mapped[Email]
    languages: Mapped[list[str]]
    mail_language: Mapped[Language] = mapped_column(default="", server_default="")
    timezone: Mapped[Timezone] = mapped_column(default="", server_default="")
    """Both as an attendee's: what the interpreter chose, or empty."""
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
    """What an organiser did to firms, people and interpreters at the desk, so that it can be undone."""

    __tablename__ = "desk_step"
    __table_args__ = (Index("ix_desk_step_event_id_id", "event_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    kind: Mapped[str] = mapped_column(String(32))
    """As people_desk.journal has it: edit-firm, absence."""
    subject: Mapped[FirmName]
    """Whom it was about, by name."""
    note: Mapped[str] = mapped_column(Text, default="")
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    taken_at: Mapped[datetime]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    undone_at: Mapped[datetime | None]
    changes: Mapped[dict[str, Any]]
    """Rows that it changed, with each value before and after; rows that it added or deleted."""


class Delegation(Base):
    """Firms and people who travel together, with a leader of theirs and somebody who accompanies them."""

    __tablename__ = "delegation"
    __table_args__ = (UniqueConstraint("event_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[Key]
    name: Mapped[DelegationName]
    origin: Mapped[Origin] = mapped_column(default="")
    """The country, the province or the chamber that sends it, in words."""
    leader_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    escort: Mapped[Origin] = mapped_column(default="")
    """The name of who accompanies it. An escort sits in no meeting, so it is no attendee."""
    escort_phone: Mapped[Phone] = mapped_column(default="")


class DelegationFirm(Base):
    """A firm of a delegation: all its people belong to it."""

    __tablename__ = "delegation_firm"
    __table_args__ = (Index("ix_delegation_firm_firm_id", "firm_id"),)

    delegation_id: Mapped[int] = mapped_column(ForeignKey("delegation.id"), primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)


class DelegationPerson(Base):
    """A person of a delegation, whose firm is not."""

    __tablename__ = "delegation_person"
    __table_args__ = (Index("ix_delegation_person_attendee_id", "attendee_id"),)

    delegation_id: Mapped[int] = mapped_column(ForeignKey("delegation.id"), primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
