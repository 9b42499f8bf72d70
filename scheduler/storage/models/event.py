"""An event and its venue: slots, halls, walking times, places."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.domain.entities import AfterRun, PlaceKind
from scheduler.domain.fields import Contact, EventKey, EventName, HallKey, HallName, Key, Language, Timezone
from scheduler.storage.base import Base, states


class Event(Base):
    """One expo with its rules. Every other row belongs to one event."""

    __tablename__ = "event"
    __table_args__ = (CheckConstraint("mail_per_minute > 0", name="mail_per_minute_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[EventKey] = mapped_column(unique=True)
    name: Mapped[EventName]
    timezone: Mapped[Timezone]
    language: Mapped[Language] = mapped_column(default="en")
    created_at: Mapped[datetime]
    areas: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The chain areas: key to name."""
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The problem's `policy`, as in docs/problem-format.md. A missing key has its default."""
    solve_seconds: Mapped[int] = mapped_column(default=60)
    freeze_hours: Mapped[int] = mapped_column(default=12)
    """A run leaves published meetings that start within these hours as they are."""
    request_days: Mapped[int] = mapped_column(default=14)
    """A pending request expires after these days."""
    proposals: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether attendees may propose other times for their meetings."""
    mail_per_minute: Mapped[int] = mapped_column(default=600)
    mail_ready_at: Mapped[datetime | None]
    """The time at which the mail rate allows the next mail. Each claim moves it on."""
    mails_paused_at: Mapped[datetime | None]
    """Since when no mail of the event goes out, until an organiser lets them go on."""
    publish_hold: Mapped[int] = mapped_column(default=5, server_default="5")
    """Minutes between an organiser's press on publish and the publishing, in which it can be taken back."""
    summary_mails: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether each person whom a publishing concerns gets one mail with all of it, besides invitations."""
    contact: Mapped[Contact] = mapped_column(default="", server_default="")
    """The contact for questions, in one line. It is empty if nobody is named."""
    remind_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    """Minutes before a meeting at which calendars remind its attendees; 0: not at all."""
    rerun_enabled: Mapped[bool] = mapped_column(default=True)
    rerun_time: Mapped[time] = mapped_column(default=time(2, 0))
    rerun_timezone: Mapped[Timezone]
    rerun_then: Mapped[AfterRun] = mapped_column(states(AfterRun, "after_run"), default=AfterRun.DRAFT)
    rerun_budget: Mapped[int] = mapped_column(default=50)
    """Publish after a rerun only if at most this many published meetings are touched."""
    rerun_late: Mapped[int] = mapped_column(default=60, server_default="60")
    """A rerun that begins more than so many minutes after its time makes a draft only."""
    next_rerun_at: Mapped[datetime | None] = mapped_column(index=True)

    slots: Mapped[list[Slot]] = relationship(order_by="Slot.position", viewonly=True)
    halls: Mapped[list[Hall]] = relationship(order_by="Hall.position", viewonly=True)


class Slot(Base):
    """One meeting time. `position` counts from 0 in time order."""

    __tablename__ = "slot"
    __table_args__ = (UniqueConstraint("event_id", "key"), UniqueConstraint("event_id", "position"))

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[str] = mapped_column(String(32))
    position: Mapped[int]
    start: Mapped[datetime]
    end: Mapped[datetime]
    block: Mapped[str] = mapped_column(String(32))


class Hall(Base):
    __tablename__ = "hall"
    __table_args__ = (UniqueConstraint("event_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[HallKey]
    name: Mapped[HallName]
    position: Mapped[int] = mapped_column(default=0)


class WalkingTime(Base):
    """Minutes on foot between two halls, the same both ways. A pair is stored once, from the lower id."""

    __tablename__ = "walking_time"

    from_hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), primary_key=True)
    to_hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), primary_key=True)
    minutes: Mapped[int]


class Place(Base):
    """A booth of one firm, or a table of a meeting zone."""

    __tablename__ = "place"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        CheckConstraint("(kind = 'booth') = (firm_id IS NOT NULL)", name="booth_has_owner"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[Key]
    name: Mapped[str] = mapped_column(String(120))
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"))
    kind: Mapped[PlaceKind] = mapped_column(states(PlaceKind, "place_kind"))
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    capacity: Mapped[int] = mapped_column(default=1)
    is_retired: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A booth that its firm has left. The row stays as long as a version refers to it."""

    hall: Mapped[Hall] = relationship(viewonly=True)


class PlaceBusy(Base):
    """A slot in which a place is closed."""

    __tablename__ = "place_busy"
    __table_args__ = (Index("ix_place_busy_slot_id", "slot_id"),)

    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True)
