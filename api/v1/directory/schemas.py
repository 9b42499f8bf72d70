"""The event, its firms and its people."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field

from api.v1.schemas.base import CountryCode, Output, PageQuery, Parameters, SearchQuery, UpdatedSince
from api.v1.schemas.derived import derived_from
from scheduler.domain.entities import Tier
from scheduler.domain.fields import GuestName, Key, Language, Search
from scheduler.services.directory.cards import FirmCard, PersonCard
from scheduler.services.directory.facets import MOST_VALUES, Facets
from scheduler.services.directory.references import SlotRef


class HallOut(Output):
    key: str
    name: str


class EventOut(Output):
    """The token's event, and what the token may do there."""

    key: str
    name: str
    timezone: str = Field(description="IANA name, such as Asia/Shanghai.")
    areas: dict[str, str] = Field(description="Names of the chain areas by key.")
    contact: str = Field(description="Whom to contact with questions, or empty.")
    slots: list[SlotRef]
    halls: list[HallOut]
    is_organiser: bool
    firm: str | None = Field(description="Key of the firm that the token's owner belongs to.")
    scopes: list[str]


@derived_from(FirmCard, without=("host", "languages", "logo", "note"))
class FirmOut(Output):
    """A firm as the directory lists it."""


@derived_from(PersonCard)
class PersonOut(Output):
    """An attendee; `email` is null for other firms' people, and without the scope `contacts:read`."""


class FirmWithPeople(Output):
    """A firm and its people."""

    firm: FirmOut
    people: list[PersonOut]


T = TypeVar("T")
Several = Annotated[
    list[T],
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
    Field(default_factory=list, max_length=MOST_VALUES),
]
"""Values of a parameter that may be given several times."""


class FirmFilterQuery(Parameters):
    """Firms that have every word, and of each filter one of its values."""

    text: Search = Field("", description="Words to search for; every word must match.")
    country: Several[CountryCode]
    area: Several[Key] = Field(description="Keys of chain areas.")
    tier: Several[Tier]
    hall: Several[Key] = Field(description="Keys of halls.")
    language: Several[Language] = Field(description="Codes of languages that its people speak.")
    guest: Several[GuestName] = Field(description="Names of guests of honour.")
    delegation: Several[Key] = Field(description="Keys of delegations that bring the firm.")


class FirmQuery(PageQuery, FirmFilterQuery):
    updated_since: UpdatedSince | None = None


@derived_from(Facets, without=("relation",))
class FirmCounts(Output):
    """The values of each filter, the most frequent first; those of tiers along the chain."""


class PersonQuery(SearchQuery):
    firm: Key | None = Field(None, description="Key of a firm: only its people.")
    updated_since: UpdatedSince | None = None
