"""The venue, and the effect of a change."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

from api.v1.schemas.base import Output
from api.v1.schemas.derived import derived_from
from scheduler.domain.entities import PauseKind
from scheduler.services.venue.change_types import GuestInput, HallWalk
from scheduler.services.venue.venue import VenueArea, VenueHall
from scheduler.services.venue.venue_changes import VenueChangePreview

ClockOut = Annotated[str, BeforeValidator(lambda at: f"{at:%H:%M}")]
"""Hours and minutes by the event's time zone."""


@derived_from(
    VenueChangePreview,
    renamed={"said": "summary", "touched": "affected", "elsewhere": "relocatable", "soon": "within_freeze"},
)
class VenueChangePreviewOut(Output):
    """The effect of a change."""

    saved: bool


class PauseOut(Output):
    kind: PauseKind
    name: str
    start: ClockOut
    end: ClockOut


class DayOut(Output):
    """The hours of a day, in the event's time zone."""

    on: date
    opens: ClockOut
    closes: ClockOut
    pauses: list[PauseOut]


@derived_from(VenueHall, without=("areas",))
class VenueHallOut(Output):
    """A hall with its booths and tables."""


@derived_from(GuestInput)
class GuestOut(Output):
    """A guest of honour."""


class VenueOut(Output):
    """The venue."""

    timezone: str
    slot_minutes: int
    changeover_minutes: int
    days: list[DayOut]
    halls: list[VenueHallOut]
    walks: list[HallWalk]
    areas: list[VenueArea]
    guests: list[GuestOut]
