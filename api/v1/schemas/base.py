"""Parents of the API's models: inputs refuse what they do not know, outputs read the services' objects."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from scheduler.domain.fields import Country, Cursor, PageSize, Search

T = TypeVar("T")

MAX_ID = 2**31 - 1
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")


class Input(BaseModel):
    """A body or a query string; a field that there is not is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameters(Input):
    """What a query string or headers say: texts, of which none is null."""


class Output(BaseModel):
    """An answer, read from an object's attributes; every field is always there."""

    model_config = ConfigDict(
        from_attributes=True,
        validate_by_name=True,
        validate_by_alias=True,
        json_schema_serialization_defaults_required=True,
    )


class DeletedOut(Output):
    """The number of the deleted object."""

    number: int


class Items(Output, Generic[T]):
    """All items of a list."""

    items: list[T]

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{public_name(params[0].__name__)}List"


class Listing(Items[T], Generic[T]):
    """Some items of a list; `next_cursor` leads to what follows and is null at the end."""

    next_cursor: str | None
    total: int = Field(description="Number of items of the whole list.")


class UpdateListing(Listing[T], Generic[T]):
    """Some items of a list that a program can read again by their changes."""

    next_updated_since: datetime | None = Field(
        description="With `updated_since`: the time to send at the next poll. Null otherwise."
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{public_name(params[0].__name__)}List"


def public_name(name: str) -> str:
    """What the OpenAPI document calls a class: answers have no `Out` there, nor services' values `Card`."""
    return name.removesuffix("Out").removesuffix("Card")


def _whole(value: Any) -> Any:
    """A number of a query string as JSON would write it; other spellings are left for pydantic to refuse."""
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else {"not a number": value}


WholeQuery = BeforeValidator(_whole)

UpdatedSince = Annotated[
    AwareDatetime,
    Field(
        ge=datetime(1970, 1, 1, tzinfo=UTC),
        le=datetime(9000, 1, 1, tzinfo=UTC),
        description="A time with its offset (RFC 3339). Only items that have changed since are listed, "
        "removed ones too, in the order of their changes. Repeat it with the `cursor`.",
    ),
]

CountryCode = Annotated[Country, Field(pattern="^[A-Z]{2}$")]


class PageQuery(Parameters):
    """Where a page of a list begins and how long it is."""

    cursor: Cursor | None = Field(
        None, description="The `next_cursor` of the previous page; omit it for the first page."
    )
    limit: Annotated[PageSize, WholeQuery] = 30


class SearchQuery(PageQuery):
    """A page of a list that can be searched."""

    text: Search = Field("", description="Words to search for; every word must match.")
