"""Entries of the trail, and whether it is whole."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Output, SearchQuery
from api.v1.schemas.derived import derived_from
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.verification import Chain
from scheduler.services.operations.audit_entries import AuditEntry

Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(9000, 12, 31))]


class ChangedValueOut(Output):
    """A value that was changed, as texts; empty for nothing."""

    name: str
    before: str
    after: str


@derived_from(AuditEntry)
class EntryOut(Output):
    """Who did what, when, with what was before and what is after."""

    changes: list[ChangedValueOut]


class EntryQuery(SearchQuery):
    act: Act | None = None
    since: Day | None = Field(None, description="The first day, in the event's time zone.")
    until: Day | None = Field(None, description="The last day.")


@derived_from(Chain, without=("id", "event"))
class ChainOut(Output):
    """The trail from its first row on. Keep `rows` and `last_hash` elsewhere: that row has it for ever."""
