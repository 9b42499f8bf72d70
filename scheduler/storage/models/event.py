"""An event and its venue: slots, halls, walking times, places."""

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
    area_names: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """What they are called in other languages: key to language to name."""
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The problem's `policy`, as in docs/problem-format.md. A missing key has its default."""
    guests: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")
    """The guests of honour: of each its kind, name, country and pavilion, as `venue/guests.py` writes it."""
    import_words: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """What organisers said that words of spreadsheets mean, as `imports/choices.py` writes it."""
    live_at: Mapped[datetime | None]
    """When it went live. Until then it is in rehearsal: its mails reach its organisers alone."""
    archived_at: Mapped[datetime | None]
    """When it was put away: lists leave it out, and no run begins by itself."""
    deleted_at: Mapped[datetime | None] = mapped_column(index=True)
    """When somebody deleted it: it is there for nobody, and a worker deletes its rows.

    That of an event which is being made lies ahead: until all of it is there, and where that never comes.
    """
    deleted_by_id: Mapped[int | None]
    """The account that did it, which stays."""
    solve_seconds: Mapped[SolveSeconds] = mapped_column(default=60)
    freeze_hours: Mapped[FreezeHours] = mapped_column(default=12)
    """A run leaves published meetings that start within these hours as they are."""
    request_days: Mapped[RequestDays] = mapped_column(default=14)
    """A pending request expires after these days."""
    must_budget: Mapped[MustBudget] = mapped_column(default=5, server_default="5")
    """How many musts a firm may have among its open requests; 0: any number."""
    colleagues: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether exhibitors may add, change and remove people of their firms."""
    registration: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether firms may register themselves, on a page that everybody can see."""
    proposals: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether attendees may propose other times for their meetings."""
    mail_per_minute: Mapped[MailPerMinute] = mapped_column(default=600)
    mail_ready_at: Mapped[datetime | None]
    """The time at which the mail rate allows the next mail. Each claim moves it on."""
    mails_paused_at: Mapped[datetime | None]
    """Since when no mail of the event goes out, until an organiser lets them go on."""
    publish_hold: Mapped[HoldMinutes] = mapped_column(default=5, server_default="5")
    """Minutes between an organiser's press on publish and the publishing, in which it can be taken back."""
    summary_mails: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether each person whom a publishing concerns gets one mail with all of it, besides invitations."""
    digest_mails: Mapped[bool] = mapped_column(default=True, server_default=false())
    """Whether exhibitors are told by mail what becomes of their firm's requests. Not in events of before."""
    digests_since: Mapped[datetime | None]
    """What happened before is not told: when digests were switched on."""
    contact: Mapped[Contact] = mapped_column(default="", server_default="")
    """The contact for questions, in one line. It is empty if nobody is named."""
    remind_minutes: Mapped[RemindMinutes] = mapped_column(default=0, server_default="0")
    """Minutes before a meeting at which calendars remind its attendees; 0: not at all."""
    night_percent: Mapped[Percent] = mapped_column(default=5, server_default="5")
    """A night publishes only if it changes at most so many per cent of the published meetings,"""
    night_a_person: Mapped[ChangesAPerson] = mapped_column(default=2, server_default="2")
    """and at most so many of each person,"""
    night_hours: Mapped[QuietHours] = mapped_column(default=24, server_default="24")
    """and none that starts within so many hours."""
    night_late: Mapped[LateMinutes] = mapped_column(default=60, server_default="60")
    """A night that begins more than so many minutes after its time makes a draft only."""

    slots: Mapped[list[Slot]] = relationship(
        primaryjoin="and_(Event.id == Slot.event_id, Slot.is_retired.is_(False))",
        order_by="Slot.position",
        viewonly=True,
    )
    halls: Mapped[list[Hall]] = relationship(order_by="Hall.position", viewonly=True)

    def frozen_until(self, now: datetime) -> datetime:
        """The end of the hours in which runs leave published meetings as they are. Hands may change them."""
        return now + timedelta(hours=self.freeze_hours)

    @classmethod
    def is_there(cls) -> ColumnElement[bool]:
        """Made and not deleted. Whoever looks an event up by anything but its id asks this."""
        return cls.deleted_at.is_(None)

    @classmethod
    def is_deleted(cls, now: datetime) -> ColumnElement[bool]:
        """Its rows are to go."""
        return cls.deleted_at <= now

    @classmethod
    def by_key(cls, key: Any) -> ColumnElement[bool]:
        """The event with this key, unless it was deleted."""
        return and_(cls.key == key, cls.is_there())

    @property
    def named_areas(self) -> dict[str, VenueLabel]:
        """The chain areas in their order: key to name, which keeps what it is in other languages."""
        return {key: venue_label(str(name), self.area_names.get(key, {})) for key, name in self.areas.items()}


@listens_for(Event, "before_insert")
def _number(_mapper: Any, connection: Connection, event: Event) -> None:
    """SQLite would give a new event the number of the newest one that was deleted, and with it its trail."""
    if connection.dialect.name == "sqlite" and event.id is None:
        used = "SELECT max(id) FROM event", "SELECT max(chain) FROM trail_head"
        event.id = 1 + max(connection.scalar(text(query)) or 0 for query in used)


class RunSchedule(Base):
    """A time at which a run begins by itself, on some days of the week, on the venue's clock."""

    __tablename__ = "night_time"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    at: Mapped[time]
    weekdays: Mapped[str] = mapped_column(String(7))
    """The days, 1 for Monday to 7 for Sunday, in this order: "67" is every weekend."""
    then: Mapped[AfterRun] = mapped_column(enum_column(AfterRun, "after_night"))
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    """None once the event is over."""


class Slot(Base):
    """One meeting time. `position` counts from 0 in time order, with the retired ones."""

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
    """A time that the venue no longer has. Versions of before still name it."""

    @classmethod
    def of(cls, event_id: Any) -> ColumnElement[bool]:
        """The meeting times that an event has now."""
        return and_(cls.event_id == event_id, cls.is_retired.is_(False))

    def following(self, length: int) -> Select[int]:
        """The ids of this slot and of those after it in its block, at most `length` of them."""
        after = (Slot.block == self.block) & (Slot.position >= self.position)
        return select(Slot.id).where(Slot.of(self.event_id), after).order_by(Slot.position).limit(length)


class Pause(Base):
    """A break or a special slot: hours of a day without meetings that have a name."""

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
    """The name in other languages, by their codes. Who reads none of them reads `name`."""
    position: Mapped[Count] = mapped_column(default=0)


class WalkingTime(Base):
    """Minutes on foot between two halls, the same both ways. A pair is stored once, from the lower id."""

    __tablename__ = "walking_time"

    from_hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), primary_key=True)
    to_hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), primary_key=True, index=True)
    minutes: Mapped[WalkingMinutes]


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
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"), index=True)
    kind: Mapped[PlaceKind] = mapped_column(enum_column(PlaceKind, "place_kind"))
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    capacity: Mapped[Capacity] = mapped_column(default=1)
    is_retired: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A booth that its firm has left, or a table that is gone. Versions of before still name it."""

    hall: Mapped[Hall] = relationship(viewonly=True)


class PlaceClosure(Base):
    """A slot in which a place is closed."""

    __tablename__ = "place_busy"
    __table_args__ = (Index("ix_place_busy_slot_id", "slot_id"),)

    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True)


class InterpreterStation(Base):
    """A slot in which an interpreter sits at one table, and interprets there alone."""

    __tablename__ = "interpreter_station"
    __table_args__ = (Index("ix_interpreter_station_place_id", "place_id"),)

    interpreter_id: Mapped[int] = mapped_column(ForeignKey("interpreter.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True, index=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
