"""Entries of the trail, and whether it is whole."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Listing, Output, SearchQuery
from scheduler.services.audit_log.acts import Act

Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(9000, 12, 31))]


class ChangedValueOut(Output):
    """A value that was changed, as texts; empty for nothing."""

    name: str
    before: str
    after: str


class EntryOut(Output):
    """Who did what, when, with what was before and what is after."""

    number: int = Field(description="Counted from 1, without a gap.")
    at: datetime
    act: str
    what: str = Field(description="The act in words.")
    who: str = Field(description="The mail address of the account, or a name such as the night.")
    role: str
    by_token: bool = Field(description="Whether an API token did it for them.")
    for_firm: str = Field(description="Key of the firm in whose name it was done, or empty.")
    about: str
    changes: list[ChangedValueOut]
    hash: str = Field(description="SHA-256 of this entry and of the hash before it.")


class EntryList(Listing[EntryOut]):
    pass


class EntryQuery(SearchQuery):
    act: Act | None = None
    since: Day | None = Field(None, description="The first day, in the event's time zone.")
    until: Day | None = Field(None, description="The last day.")


class ChainOut(Output):
    """The trail from its first row on. Keep `rows` and `last_hash` elsewhere: that row has it for ever."""

    rows: int = Field(description="The rows that hold.")
    last_hash: str
    broken: str = Field(description="What is wrong with the first row that does not hold; empty: nothing.")
