"""SampleEvent: an invented event as plain data, for the database loader and for problem files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from scheduler.domain.entities import PlaceWish, RequestState, Tier
from scheduler.domain.problem import Policy


@dataclass(frozen=True, slots=True)
class SampleArea:
    """A chain area: `key` as in `SampleFirm.areas`, `name` for pages, `names` those in other languages."""

    key: str
    name: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SampleSlot:
    """One meeting time (aware, in the event's time zone); `block` as in the problem file."""

    key: str
    start: datetime
    end: datetime
    block: str


@dataclass(frozen=True, slots=True)
class SampleHall:
    """A hall with what it is called in other languages."""

    key: str
    name: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SampleWalk:
    """Walking time between two halls, both ways, in minutes; each pair is listed once."""

    from_hall: str
    to_hall: str
    minutes: int


@dataclass(frozen=True, slots=True)
class SampleTable:
    """A table of a hall's meeting zone."""

    key: str
    hall: str
    capacity: int = 1
    unavailable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleBooth:
    """The booth of one firm; `capacity` meetings at once."""

    key: str
    hall: str
    firm_key: str
    capacity: int = 1
    unavailable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleFirm:
    """`name` is in the firm's own script, `latin_name` in ASCII; `country` is ISO 3166-1 alpha-2.

    `description` and `needs` are in its language. What it says is true of `products`, `needed` and `denied`,
    in the words of the tables: it offers the first, needs the second, and neither of the third.
    """

    key: str
    name: str
    latin_name: str
    country: str
    tier: Tier
    areas: tuple[str, ...]
    hall: str
    booth_key: str
    pavilion: str | None
    description: str
    website: str
    max_per_day: int | None = None
    min_meetings: int = 0
    products: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """Somebody of a firm; an exhibitor answers for the firm (one or two a firm). `busy` are slot keys."""

    key: str
    firm_key: str
    name: str
    latin_name: str
    email: str
    title: str
    languages: tuple[str, ...]
    busy: tuple[str, ...]
    max_per_day: int | None
    is_exhibitor: bool


@dataclass(frozen=True, slots=True)
class SampleInterpreter:
    key: str
    name: str
    latin_name: str
    email: str
    languages: tuple[str, ...]
    busy: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One firm asks another; `length` in slots, people and allowed start slots by key.

    `note` is what the asked firm wrote when it declined, or the asking firm when it withdrew; else empty.
    """

    key: str
    from_firm: str
    to_firm: str
    weight: int
    length: int
    place: PlaceWish
    topic: str
    message: str
    state: RequestState
    from_attendees: tuple[str, ...] = ()
    to_attendees: tuple[str, ...] = ()
    slots: tuple[str, ...] | None = None
    note: str = ""


@dataclass(frozen=True)
class SampleEvent:
    """Everything of one event. `key` is a short name for addresses; requests are in order of submission.

    `languages` are ISO 639-1 codes with English names; `timezone` is an IANA name.
    """

    key: str
    name: str
    timezone: str
    languages: Mapping[str, str]
    start_date: date
    days: tuple[date, ...]
    guest_country: str
    areas: tuple[SampleArea, ...]
    slots: tuple[SampleSlot, ...]
    halls: tuple[SampleHall, ...]
    walking: tuple[SampleWalk, ...]
    tables: tuple[SampleTable, ...]
    booths: tuple[SampleBooth, ...]
    firms: tuple[SampleFirm, ...]
    attendees: tuple[SamplePerson, ...]
    interpreters: tuple[SampleInterpreter, ...]
    requests: tuple[SampleRequest, ...]
    policy: Policy = field(default_factory=lambda: Policy(fair_share=0.5))

    @cached_property
    def people_of(self) -> Mapping[str, tuple[SamplePerson, ...]]:
        """The attendees of each firm, by firm key."""
        people: dict[str, list[SamplePerson]] = {firm.key: [] for firm in self.firms}
        for person in self.attendees:
            people[person.firm_key].append(person)
        return {key: tuple(members) for key, members in people.items()}

    def requests_in(self, state: RequestState) -> tuple[SampleRequest, ...]:
        """The requests in one state, in order of submission."""
        return tuple(request for request in self.requests if request.state is state)
