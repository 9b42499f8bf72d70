"""Types of venue change, each the desired state of one part of the venue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from scheduler.domain.entities import PauseKind
from scheduler.domain.fields import (
    Capacity,
    ChangeoverMinutes,
    FirstTable,
    HallKey,
    Key,
    NewTables,
    SlotMinutes,
    TablePrefix,
    WalkingMinutes,
)
from scheduler.domain.guests import GuestKind


@dataclass(frozen=True, slots=True)
class PauseInput:
    """A break or a special slot, from and to by the event's time zone. A break may have no name."""

    kind: PauseKind
    name: str
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class DayInput:
    """The hours of a day by the event's time zone, and when there are no meetings in between."""

    on: date
    opens: time
    closes: time
    pauses: Sequence[PauseInput] = ()


@dataclass(frozen=True, slots=True)
class ChangeDays:
    """All days of the event. One that is not among them goes.

    Slots begin every `slot_minutes`. The last `changeover_minutes` of each are for the way to the next.
    """

    days: Sequence[DayInput]
    slot_minutes: SlotMinutes
    changeover_minutes: ChangeoverMinutes = 0


@dataclass(frozen=True, slots=True)
class HallInput:
    """A hall. One without a key is new. `names` are those in other languages, by their codes."""

    name: str
    key: str = ""
    names: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ChangeHalls:
    """All halls in their order. One that is not among them goes, if nothing is in it."""

    halls: Sequence[HallInput]


@dataclass(frozen=True, slots=True)
class HallWalk:
    """Minutes on foot between two halls, the same both ways."""

    from_hall: HallKey
    to_hall: HallKey
    minutes: WalkingMinutes


@dataclass(frozen=True, slots=True)
class ChangeWalks:
    """Some walks. The others stay as they are."""

    walks: Sequence[HallWalk]


@dataclass(frozen=True, slots=True)
class AddTables:
    """Tables R-01, R-02 and so on: a prefix, and `count` numbers from `first` on."""

    hall: HallKey
    prefix: TablePrefix
    count: NewTables
    first: FirstTable = 1
    capacity: Capacity = 1


@dataclass(frozen=True, slots=True)
class PlaceInput:
    """The name and capacity of a table or booth. `hall` moves a table; None leaves it where it is."""

    key: Key
    name: str
    capacity: int
    hall: str | None = None


@dataclass(frozen=True, slots=True)
class ChangePlaces:
    """Some tables and booths. The others stay as they are."""

    places: Sequence[PlaceInput]


@dataclass(frozen=True, slots=True)
class ClosePlaces:
    """Close tables or booths in some slots, or open them again. Slots that have begun are left out."""

    places: Sequence[str]
    slots: Sequence[str]
    closed: bool = True


@dataclass(frozen=True, slots=True)
class RemoveTables:
    """Take tables away for good."""

    places: Sequence[str]


@dataclass(frozen=True, slots=True)
class AreaInput:
    """A chain area. One without a key is new. `names` are those in other languages, by their codes."""

    name: str
    key: str = ""
    names: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ChangeAreas:
    """All chain areas. Firms lose one that is not among them."""

    areas: Sequence[AreaInput]


@dataclass(frozen=True, slots=True)
class GuestInput:
    """A guest of honour: a country with its ISO code, or a province. It may have a pavilion."""

    kind: GuestKind
    name: str
    country: str = ""
    pavilion: str = ""


@dataclass(frozen=True, slots=True)
class ChangeGuests:
    """All guests of honour."""

    guests: Sequence[GuestInput]


VenueChange = (
    ChangeDays
    | ChangeHalls
    | ChangeWalks
    | AddTables
    | ChangePlaces
    | ClosePlaces
    | RemoveTables
    | ChangeAreas
    | ChangeGuests
)


@dataclass(slots=True)
class ChangeResult:
    """What was done: in words, with what follows besides meetings, and as values for the trail.

    `renamed` are the ids of places that calendars name otherwise by now.
    """

    said: Sequence[str] = ()
    notes: Sequence[str] = ()
    before: dict[str, object] | None = None
    after: dict[str, object] | None = None
    renamed: frozenset[int] = frozenset()
