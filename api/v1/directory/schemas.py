"""The event, its firms and its people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field

from api.v1.schemas.base import CountryCode, Listing, Output, PageQuery, Parameters, SearchQuery
from scheduler.domain.entities import RequestState, Tier
from scheduler.domain.fields import GuestName, Key, Language, Search
from scheduler.services.directory.facets import MOST_VALUES


class SlotOut(Output):
    """A meeting time, closed at the start and open at the end; slots of a block follow each other."""

    key: str
    start: datetime
    end: datetime
    block: str


class HallOut(Output):
    key: str
    name: str


class EventOut(Output):
    """The token's event, and what the token may do there."""

    key: str
    name: str
    timezone: str = Field(description="IANA name, such as Asia/Shanghai.")
    areas: dict[str, str] = Field(description="Names of the chain areas by key.")
    contact: str = Field(description="Whom to call or write to with questions; empty if nobody is named.")
    slots: list[SlotOut]
    halls: list[HallOut]
    is_organiser: bool
    firm: str | None = Field(description="Key of the firm that the token's owner belongs to.")
    scopes: list[str]


class FirmRefOut(Output):
    key: str
    name: str
    latin_name: str
    country: str


class PersonRefOut(Output):
    key: str
    name: str
    latin_name: str
    title: str


class OpenRequestOut(Output):
    """A pending or accepted request between a firm and the token's; `sent` by the token's firm."""

    key: str
    state: RequestState
    sent: bool


class FirmOut(Output):
    """A firm as the directory lists it."""

    key: str
    name: str
    latin_name: str
    country: str = Field(description="ISO 3166-1 alpha-2.")
    tier: Tier
    areas: list[str]
    pavilion: str | None
    hall: str | None = Field(description="The hall's name.")
    booths: list[str]
    description: str
    offers: list[str] = Field(description="In a few words each.")
    needs: list[str]
    products: list[str]
    website: str
    is_own: bool
    open_requests: list[OpenRequestOut]


class PersonOut(Output):
    """An attendee; `email` is null for other firms' people, and without the scope `contacts:read`."""

    key: str
    name: str
    latin_name: str
    title: str
    languages: list[str]
    areas: list[str] = Field(description="Keys of the chain areas that the person takes care of.")
    is_exhibitor: bool
    firm: FirmRefOut
    email: str | None


class FirmWithPeople(Output):
    """A firm and its people."""

    firm: FirmOut
    people: list[PersonOut]


class FirmList(Listing[FirmOut]):
    pass


class PersonList(Listing[PersonOut]):
    pass


T = TypeVar("T")
Several = Annotated[
    list[T],
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
    Field(default_factory=list, max_length=MOST_VALUES),
]
"""Values of a parameter that may be given several times."""


class FirmFilterQuery(Parameters):
    """Firms that have every word, and of each filter one of its values."""

    text: Search = Field("", description="Every word is part of what is searched.")
    country: Several[CountryCode]
    area: Several[Key] = Field(description="Keys of chain areas.")
    tier: Several[Tier]
    hall: Several[Key] = Field(description="Keys of halls.")
    language: Several[Language] = Field(description="Codes of languages that its people speak.")
    guest: Several[GuestName] = Field(description="Names of guests of honour.")
    delegation: Several[Key] = Field(description="Keys of delegations that bring the firm.")


class FirmQuery(PageQuery, FirmFilterQuery):
    pass


class FirmCount(Output):
    """A value of a filter, what to call it, and how many firms it leaves."""

    value: str
    label: str
    count: int


class FirmCounts(Output):
    """The values of each filter, the most frequent first; those of tiers along the chain."""

    country: list[FirmCount]
    area: list[FirmCount]
    tier: list[FirmCount]
    hall: list[FirmCount]
    language: list[FirmCount]
    guest: list[FirmCount]
    delegation: list[FirmCount]


class PersonQuery(SearchQuery):
    firm: Key | None = Field(None, description="Key of a firm: only its people.")
