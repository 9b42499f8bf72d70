"""The venue as it is, and what a change of it touches."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from api.v1.schemas.base import Output
from scheduler.domain.entities import PauseKind
from scheduler.domain.guests import GuestKind

ClockOut = Annotated[str, BeforeValidator(lambda at: f"{at:%H:%M}")]
"""Hours and minutes by the event's time zone."""


class TouchedMeetingOut(Output):
    """A published meeting that can no longer be held as it is."""

    request: str
    firms: list[str]
    start: datetime
    end: datetime
    place: str
    hall: str
    finds_place: bool = Field(description="Whether another place is free at its time.")


class VenueLookOut(Output):
    """What a change does and touches."""

    saved: bool
    said: list[str] = Field(description="The change in words; empty if it changes nothing.")
    notes: list[str]
    touched: int = Field(description="Published meetings that the next run has to move.")
    elsewhere: int = Field(description="How many of them find another place at their time.")
    soon: int = Field(description="How many of them begin so soon that a run leaves them as they are.")
    renamed: int = Field(description="Published meetings whose calendars get another name of the place.")
    meetings: list[TouchedMeetingOut] = Field(description="The first 200 of those that are touched.")
    digest: str


class PauseOut(Output):
    kind: PauseKind
    name: str
    start: ClockOut
    end: ClockOut


class DayOut(Output):
    """The hours of a day by the event's time zone; its slots are those of the event."""

    on: date
    opens: ClockOut
    closes: ClockOut
    pauses: list[PauseOut]


class VenueHallOut(Output):
    """A hall with what is in it."""

    key: str
    name: str
    names: dict[str, str]
    firms: int
    tables: int
    booths: int
    meetings: int = Field(description="Published meetings.")


class HallWalkOut(Output):
    from_hall: str
    to_hall: str
    minutes: int


class VenueAreaOut(Output):
    key: str
    name: str
    names: dict[str, str]
    firms: int


class GuestOut(Output):
    kind: GuestKind
    name: str
    country: str
    pavilion: str


class VenueOut(Output):
    """The venue as it is."""

    timezone: str
    slot_minutes: int
    changeover_minutes: int
    days: list[DayOut]
    halls: list[VenueHallOut]
    walks: list[HallWalkOut]
    areas: list[VenueAreaOut]
    guests: list[GuestOut]
