"""The venue, and changes of it."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal

from pydantic import Field

from api.v1.schemas.base import Input
from scheduler.domain.entities import PauseKind
from scheduler.domain.fields import (
    AreaName,
    Capacity,
    ChangeoverMinutes,
    FirstTable,
    GuestName,
    HallKey,
    HallName,
    Key,
    Language,
    NewTables,
    Pavilion,
    SlotMinutes,
    TableName,
    TablePrefix,
    WalkingMinutes,
)
from scheduler.domain.guests import GuestKind
from scheduler.services.venue import change_types
from scheduler.services.venue.change_types import VenueChange

Clock = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]
"""Hours and minutes by the event's time zone."""
Text = Annotated[str, Field(max_length=200)]


class PauseIn(Input):
    """A break, or a special slot such as an opening ceremony, in the event's time zone."""

    kind: PauseKind = PauseKind.BREAK
    name: Text = ""
    start: Clock
    end: Clock


class DayIn(Input):
    """The hours of a day, in the event's time zone."""

    on: date
    opens: Clock
    closes: Clock
    pauses: Annotated[list[PauseIn], Field(max_length=20)] = Field(default_factory=list)


class DaysIn(Input):
    """All days; others are removed."""

    kind: Literal["days"]
    days: Annotated[list[DayIn], Field(min_length=1, max_length=31)]
    slot_minutes: SlotMinutes
    changeover_minutes: ChangeoverMinutes = 0

    def wanted(self) -> VenueChange:
        days = [
            change_types.DayInput(
                day.on,
                time.fromisoformat(day.opens),
                time.fromisoformat(day.closes),
                [
                    change_types.PauseInput(
                        p.kind, p.name, time.fromisoformat(p.start), time.fromisoformat(p.end)
                    )
                    for p in day.pauses
                ],
            )
            for day in self.days
        ]
        return change_types.ChangeDays(days, self.slot_minutes, self.changeover_minutes)


class HallIn(Input):
    """A hall; one without a key is new. `names` are those in other languages, by their codes."""

    key: HallKey | None = None
    name: HallName
    names: Annotated[dict[Language, HallName], Field(max_length=20)] = Field(default_factory=dict)


class HallsIn(Input):
    """All halls in order; others are removed if they are empty."""

    kind: Literal["halls"]
    halls: Annotated[list[HallIn], Field(min_length=1, max_length=40)]

    def wanted(self) -> VenueChange:
        return change_types.ChangeHalls(
            [
                change_types.HallInput(hall.name, hall.key or "", list(hall.names.items()))
                for hall in self.halls
            ]
        )


class HallWalkIn(Input):
    """Minutes on foot between two halls, the same both ways."""

    from_hall: HallKey
    to_hall: HallKey
    minutes: WalkingMinutes


class WalksIn(Input):
    """Some walks; the others do not change."""

    kind: Literal["walks"]
    walks: Annotated[list[HallWalkIn], Field(min_length=1, max_length=800)]

    def wanted(self) -> VenueChange:
        return change_types.ChangeWalks(
            [change_types.HallWalk(w.from_hall, w.to_hall, w.minutes) for w in self.walks]
        )


class NewTablesIn(Input):
    """New tables: a prefix and consecutive numbers."""

    kind: Literal["new_tables"]
    hall: HallKey
    prefix: TablePrefix
    count: NewTables
    first: FirstTable = 1
    capacity: Capacity = 1

    def wanted(self) -> VenueChange:
        return change_types.AddTables(self.hall, self.prefix, self.count, self.first, self.capacity)


class PlaceIn(Input):
    """The name and capacity of a table or booth; `hall` moves a table."""

    key: Key
    name: TableName
    capacity: Capacity
    hall: HallKey | None = None


class PlacesIn(Input):
    """Some tables and booths; the others do not change."""

    kind: Literal["places"]
    places: Annotated[list[PlaceIn], Field(min_length=1, max_length=2000)]

    def wanted(self) -> VenueChange:
        return change_types.ChangePlaces(
            [change_types.PlaceInput(p.key, p.name, p.capacity, p.hall) for p in self.places]
        )


class ClosingIn(Input):
    """Close tables or booths in some slots, or reopen them."""

    kind: Literal["closing"]
    places: Annotated[list[Key], Field(min_length=1, max_length=2000)]
    slots: Annotated[list[Key], Field(min_length=1, max_length=500)]
    closed: bool = True

    def wanted(self) -> VenueChange:
        return change_types.ClosePlaces(self.places, self.slots, self.closed)


class RemovalIn(Input):
    """Remove tables."""

    kind: Literal["removal"]
    places: Annotated[list[Key], Field(min_length=1, max_length=2000)]

    def wanted(self) -> VenueChange:
        return change_types.RemoveTables(self.places)


class AreaIn(Input):
    """A chain area; one without a key is new. `names` are those in other languages, by their codes."""

    key: Key | None = None
    name: AreaName
    names: Annotated[dict[Language, AreaName], Field(max_length=20)] = Field(default_factory=dict)


class AreasIn(Input):
    """All chain areas; firms lose others."""

    kind: Literal["areas"]
    areas: Annotated[list[AreaIn], Field(max_length=50)]

    def wanted(self) -> VenueChange:
        return change_types.ChangeAreas(
            [
                change_types.AreaInput(area.name, area.key or "", list(area.names.items()))
                for area in self.areas
            ]
        )


class GuestIn(Input):
    """A guest of honour: a country with its ISO code, or a province."""

    kind: GuestKind
    name: GuestName
    country: Annotated[str, Field(max_length=2)] = ""
    pavilion: Pavilion = ""


class GuestsIn(Input):
    """All guests of honour."""

    kind: Literal["guests"]
    guests: Annotated[list[GuestIn], Field(max_length=20)]

    def wanted(self) -> VenueChange:
        return change_types.ChangeGuests(
            [change_types.GuestInput(g.kind, g.name, g.country, g.pavilion) for g in self.guests]
        )


AnyChange = Annotated[
    DaysIn | HallsIn | WalksIn | NewTablesIn | PlacesIn | ClosingIn | RemovalIn | AreasIn | GuestsIn,
    Field(discriminator="kind"),
]


class VenueChangeIn(Input):
    """A change of one kind; without the preview's digest it is only previewed."""

    change: AnyChange
    digest: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="Of the preview. Without it nothing is saved."
    )
