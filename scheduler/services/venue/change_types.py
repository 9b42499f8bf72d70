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
    """A break or a special slot, with local start and end. A break may have no name."""

    kind: PauseKind
    name: str
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class DayInput:
    """Local opening hours of a day, and the pauses without meetings."""

    on: date
    opens: time
    closes: time
    pauses: Sequence[PauseInput] = ()


@dataclass(frozen=True, slots=True)
class ChangeDays:
    """All days of the event. Days that are not listed are removed.

    Slots start every `slot_minutes`. The last `changeover_minutes` of each are for walking to the next.
    """

    days: Sequence[DayInput]
    slot_minutes: SlotMinutes
    changeover_minutes: ChangeoverMinutes = 0


@dataclass(frozen=True, slots=True)
class HallInput:
    """A hall. Without a key it is new. `names` are translations, by language code."""

    name: str
    key: str = ""
    names: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ChangeHalls:
    """All halls in order. Halls that are not listed are removed, if they are empty."""

    halls: Sequence[HallInput]


@dataclass(frozen=True, slots=True)
class HallWalk:
    """Walking minutes between two halls, equal in both directions."""

    from_hall: HallKey
    to_hall: HallKey
    minutes: WalkingMinutes


@dataclass(frozen=True, slots=True)
class ChangeWalks:
    """Some walking times. The others do not change."""

    walks: Sequence[HallWalk]


@dataclass(frozen=True, slots=True)
class AddTables:
    """Tables R-01, R-02 and so on: a prefix, and `count` numbers starting at `first`."""

    hall: HallKey
    prefix: TablePrefix
    count: NewTables
    first: FirstTable = 1
    capacity: Capacity = 1


@dataclass(frozen=True, slots=True)
class PlaceInput:
    """Name and capacity of a table or booth. `hall` moves a table; None keeps its hall."""

    key: Key
    name: str
    capacity: int
    hall: str | None = None


@dataclass(frozen=True, slots=True)
class ChangePlaces:
    """Some tables and booths. The others do not change."""

    places: Sequence[PlaceInput]


@dataclass(frozen=True, slots=True)
class ClosePlaces:
    """Close tables or booths in some slots, or reopen them. Slots that have started are ignored."""

    places: Sequence[str]
    slots: Sequence[str]
    closed: bool = True


@dataclass(frozen=True, slots=True)
class RemoveTables:
    """Remove tables permanently."""

    places: Sequence[str]


@dataclass(frozen=True, slots=True)
class AreaInput:
    """A chain area. Without a key it is new. `names` are translations, by language code."""

    name: str
    key: str = ""
    names: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ChangeAreas:
    """All chain areas. Areas that are not listed are removed from firms too."""

    areas: Sequence[AreaInput]


@dataclass(frozen=True, slots=True)
class GuestInput:
    """A guest of honour: a country with its ISO code, or a province, optionally with a pavilion."""

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
    """Result of a change: descriptions, notes on further consequences, and values for the audit log.

    `renamed` are ids of places that get another name in calendars.
    """

    said: Sequence[str] = ()
    notes: Sequence[str] = ()
    before: dict[str, object] | None = None
    after: dict[str, object] | None = None
    renamed: frozenset[int] = frozenset()
