"""Events: a list, new ones and copies."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.v1.schemas.base import Input, Output, PageQuery
from api.v1.schemas.derived import derived_from
from api.v1.venue.changes import Clock
from scheduler.domain.fields import (
    AreaName,
    Days,
    Email,
    EventName,
    Halls,
    Language,
    SlotMinutes,
    TablesPerHall,
    WalkingMinutes,
)
from scheduler.services.events.archives.event_copy import PARTS, EventCopy, Part
from scheduler.services.events.client_events import EventSummary
from scheduler.services.events.new_event import MAX_BLOCKS, NewEvent

EventKey = Annotated[
    str,
    StringConstraints(min_length=3, max_length=64),
    Field(description="Short name in addresses: a to z, digits and hyphens."),
]
Owner = Annotated[
    Email | None,
    Field(
        description="Email address of the operator who owns the new event. Required for a service's token, "
        "and null for an account's."
    ),
]


@derived_from(EventSummary)
class EventSummaryOut(Output):
    """An event in a list. `/event` has its slots and halls."""


class EventQuery(PageQuery):
    """A page of events."""

    state: Literal["active", "archived"] | None = Field(None, description="Only events in this state.")


class MeetingHoursIn(Input):
    """Daily meeting hours, in the event's time zone."""

    start: Clock
    end: Clock


class NewEventIn(Input):
    """A new event with its venue."""

    key: EventKey
    name: EventName
    timezone: Annotated[str, Field(max_length=64, description="IANA time zone, like Asia/Shanghai.")]
    first_day: date
    days: Days = 1
    blocks: Annotated[list[MeetingHoursIn], Field(min_length=1, max_length=MAX_BLOCKS)] = Field(
        description="Meeting hours of each day."
    )
    slot_minutes: SlotMinutes = 30
    halls: Halls = 1
    tables_per_hall: TablesPerHall = 10
    walking_minutes: Annotated[WalkingMinutes, Field(description="Between any two halls.")] = 5
    areas: Annotated[list[AreaName], Field(max_length=50)] = Field(
        default_factory=list, description="Value chain areas."
    )
    language: Annotated[Language, Field(description="Of emails to people whose language is unknown.")] = "en"
    owner: Owner = None

    def form(self) -> NewEvent:
        values = self.model_dump(exclude={"owner", "blocks"})
        blocks = [(time.fromisoformat(each.start), time.fromisoformat(each.end)) for each in self.blocks]
        return NewEvent(**values, blocks=blocks)


class EventCopyIn(Input):
    """A new event with parts of another one."""

    key: EventKey
    name: EventName
    first_day: date | None = Field(None, description="First day of the copy. Required with `venue`.")
    parts: Annotated[list[Part], Field(max_length=len(PARTS))] = Field(
        default_factory=lambda: list(PARTS), description="By default all parts. People require their firms."
    )
    owner: Owner = None

    def form(self) -> EventCopy:
        return EventCopy(key=self.key, name=self.name, first_day=self.first_day, parts=tuple(self.parts))
