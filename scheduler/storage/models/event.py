"""Events and venues: slots, halls, walking times, places."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    and_,
    false,
    select,
    text,
    true,
)
from sqlalchemy.event import listens_for
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.domain.brand import BrandPicture
from scheduler.domain.entities import AfterRun, PauseKind, PlaceKind
from scheduler.domain.fields import (
    Capacity,
    ChangesAPerson,
    Contact,
    Count,
    EventKey,
    EventName,
    FreezeHours,
    HallKey,
    HallName,
    HoldMinutes,
    Key,
    Language,
    LateMinutes,
    MailPerMinute,
    MustBudget,
    PauseName,
    Percent,
    QuietHours,
    RemindMinutes,
    RequestDays,
    SolveSeconds,
    Timezone,
    WalkingMinutes,
)
from scheduler.i18n import VenueLabel, venue_label
from scheduler.storage.base import Base, enum_column


class Event(Base):
    """One expo with its settings. Every other row belongs to one event."""

    __tablename__ = "event"
    __table_args__ = (CheckConstraint("mail_per_minute > 0", name="mail_per_minute_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[EventKey] = mapped_column(unique=True)
    name: Mapped[EventName]
    timezone: Mapped[Timezone]
    language: Mapped[Language] = mapped_column(default="en")
    created_at: Mapped[datetime]
    areas: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Names of the supply chain areas, by key."""
    area_names: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Translations of area names, by key and language."""
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The problem's `policy`, as in docs/problem-format.md. Missing keys get their defaults."""
    guests: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")
    """Guests of honour, each with kind, name, country and pavilion (see `domain/guests.py`)."""
    import_words: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Organisers' mapping of spreadsheet words, as written by `imports/choices.py`."""
    live_at: Mapped[datetime | None]
    """When it went live. Before that it is in rehearsal: emails only reach its organisers."""
    archived_at: Mapped[datetime | None]
    """When it was archived. Lists omit it, and no run starts automatically."""
    deleted_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it was deleted. It is hidden from everyone, and a worker deletes its rows.

    An event under construction has a time in the future. If construction never completes, it is deleted then.
    """
    deleted_by_id: Mapped[int | None]
    """The account that deleted the event. It is kept."""
    solve_seconds: Mapped[SolveSeconds] = mapped_column(default=60)
    freeze_hours: Mapped[FreezeHours] = mapped_column(default=12)
    """Runs do not change published meetings that start within this many hours."""
    request_days: Mapped[RequestDays] = mapped_column(default=14)
    """Days until a pending request expires."""
    must_budget: Mapped[MustBudget] = mapped_column(default=5, server_default="5")
    """Maximum number of must-haves among a firm's open requests. 0 means no limit."""
    colleagues: Mapped[bool] = mapped_column(default=True, server_default=true())
    """True if exhibitors may add, edit and remove attendees of their firm."""
    registration: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if firms may register themselves on a public page."""
    proposals: Mapped[bool] = mapped_column(default=True, server_default=true())
    """True if attendees may propose other times for their meetings."""
    mail_per_minute: Mapped[MailPerMinute] = mapped_column(default=600)
    mail_ready_at: Mapped[datetime | None]
    """Earliest time of the next email under the rate limit. Each claim advances it."""
    mails_paused_at: Mapped[datetime | None]
    """Since when emails of the event are paused, until an organiser resumes them."""
    publish_hold: Mapped[HoldMinutes] = mapped_column(default=5, server_default="5")
    """Minutes between an organiser's publish command and the publication, during which it can be undone."""
    summary_mails: Mapped[bool] = mapped_column(default=True, server_default=true())
    """True if each person affected by a publication gets one summary email, besides invitations."""
    digest_mails: Mapped[bool] = mapped_column(default=True, server_default=false())
    """True if exhibitors get digests about their firm's requests. False for events older than the setting."""
    digests_since: Mapped[datetime | None]
    """When digests were switched on. Earlier activity is not reported."""
    brand: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Logo, colours, sender name and texts of the event's look, as written by `domain/brand.py`."""
    contact: Mapped[Contact] = mapped_column(default="", server_default="")
    """Contact for questions, on one line, or empty."""
    remind_minutes: Mapped[RemindMinutes] = mapped_column(default=0, server_default="0")
    """Minutes before a meeting for calendar reminders. 0 means none."""
    overnight_percent: Mapped[Percent] = mapped_column(default=5, server_default="5")
    """An overnight run publishes only if it changes at most this percentage of the published meetings."""
    overnight_per_person: Mapped[ChangesAPerson] = mapped_column(default=2, server_default="2")
    """An overnight run publishes only if it changes at most this many meetings of each person."""
    overnight_protected_hours: Mapped[QuietHours] = mapped_column(default=24, server_default="24")
    """An overnight run publishes only if no changed meeting starts within this many hours."""
    overnight_late_minutes: Mapped[LateMinutes] = mapped_column(default=60, server_default="60")
    """An overnight run that starts later than this many minutes only makes a draft."""

    slots: Mapped[list[Slot]] = relationship(
        primaryjoin="and_(Event.id == Slot.event_id, Slot.is_retired.is_(False))",
        order_by="Slot.position",
        viewonly=True,
    )
    halls: Mapped[list[Hall]] = relationship(order_by="Hall.position", viewonly=True)

    def frozen_until(self, now: datetime) -> datetime:
        """Return the end of the freeze window. Runs keep published meetings in it; manual edits need not."""
        return now + timedelta(hours=self.freeze_hours)

    @classmethod
    def is_there(cls) -> ColumnElement[bool]:
        """Return the condition for complete events that are not deleted. Required in lookups except by id."""
        return cls.deleted_at.is_(None)

    @classmethod
    def is_deleted(cls, now: datetime) -> ColumnElement[bool]:
        """Return the condition for events whose rows must be deleted."""
        return cls.deleted_at <= now

    @classmethod
    def by_key(cls, key: Any) -> ColumnElement[bool]:
        """Return the condition for the event with this key, unless deleted."""
        return and_(cls.key == key, cls.is_there())

    @property
    def named_areas(self) -> dict[str, VenueLabel]:
        """The supply chain areas in order: key to name, with its translations."""
        return {key: venue_label(str(name), self.area_names.get(key, {})) for key, name in self.areas.items()}


@listens_for(Event, "before_insert")
def _number(_mapper: Any, connection: Connection, event: Event) -> None:
    """Assign an unused id on SQLite, which would reuse that of the last deleted event, and its audit log."""
    if connection.dialect.name == "sqlite" and event.id is None:
        used = "SELECT max(id) FROM event", "SELECT max(chain) FROM audit_chain"
        event.id = 1 + max(connection.scalar(text(query)) or 0 for query in used)


class EventPicture(Base):
    """The logo or banner picture of an event's brand, as we encoded it."""

    __tablename__ = "event_picture"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    kind: Mapped[BrandPicture] = mapped_column(enum_column(BrandPicture, "brand_picture"), primary_key=True)
    octets: Mapped[bytes]


class RunSchedule(Base):
    """A scheduled overnight run: venue time on certain weekdays."""

    __tablename__ = "run_schedule"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    at: Mapped[time]
    weekdays: Mapped[str] = mapped_column(String(7))
    """Weekdays in order, 1 for Monday to 7 for Sunday: "67" is every weekend."""
    then: Mapped[AfterRun] = mapped_column(enum_column(AfterRun, "after_run"))
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    """None once the event is over."""


class Slot(Base):
    """One meeting time. `position` counts from 0 in time order, including retired slots."""

    __tablename__ = "slot"
    __table_args__ = (UniqueConstraint("event_id", "key"), UniqueConstraint("event_id", "position"))

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[str] = mapped_column(String(32))
    position: Mapped[Count]
    start: Mapped[datetime]
    end: Mapped[datetime]
    block: Mapped[str] = mapped_column(String(32))
    is_retired: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if the venue no longer offers this time. Earlier versions still refer to it."""

    @classmethod
    def of(cls, event_id: Any) -> ColumnElement[bool]:
        """Return the condition for an event's current slots."""
        return and_(cls.event_id == event_id, cls.is_retired.is_(False))

    def following(self, length: int) -> Select[int]:
        """Return the ids of this and the following slots in its block, at most `length`."""
        after = (Slot.block == self.block) & (Slot.position >= self.position)
        return select(Slot.id).where(Slot.of(self.event_id), after).order_by(Slot.position).limit(length)


class Pause(Base):
    """A break or special slot: a named part of a day without meetings."""

    __tablename__ = "pause"
    __table_args__ = (Index("ix_pause_event_id", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    kind: Mapped[PauseKind] = mapped_column(enum_column(PauseKind, "pause_kind"))
    name: Mapped[PauseName]
    start: Mapped[datetime]
    end: Mapped[datetime]


class Hall(Base):
    __tablename__ = "hall"
    __table_args__ = (UniqueConstraint("event_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[HallKey]
    name: Mapped[HallName]
    names: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Translations of the name, by language code. `name` is the fallback."""
    position: Mapped[Count] = mapped_column(default=0)


class WalkingTime(Base):
    """Walking minutes between two halls, the same both ways. Each pair is stored once, from the lower id."""

    __tablename__ = "walking_time"

    from_hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), primary_key=True)
    to_hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), primary_key=True, index=True)
    minutes: Mapped[WalkingMinutes]


class Place(Base):
    """A booth of one firm, or a table in a meeting zone."""

    __tablename__ = "place"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        CheckConstraint("(kind = 'booth') = (firm_id IS NOT NULL)", name="booth_has_owner"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[Key]
    name: Mapped[str] = mapped_column(String(120))
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), index=True)
    kind: Mapped[PlaceKind] = mapped_column(enum_column(PlaceKind, "place_kind"))
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    capacity: Mapped[Capacity] = mapped_column(default=1)
    is_retired: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True for a booth that its firm gave up, or a removed table. Earlier versions still refer to it."""

    hall: Mapped[Hall] = relationship(viewonly=True)


class PlaceClosure(Base):
    """A slot in which a place is closed."""

    __tablename__ = "place_closure"
    __table_args__ = (Index("ix_place_closure_slot_id", "slot_id"),)

    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True)


class InterpreterAssignment(Base):
    """A slot in which an interpreter is assigned to one table, and interprets only there."""

    __tablename__ = "interpreter_assignment"
    __table_args__ = (Index("ix_interpreter_assignment_place_id", "place_id"),)

    interpreter_id: Mapped[int] = mapped_column(ForeignKey("interpreter.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True, index=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
