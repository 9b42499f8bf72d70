"""Entries of the audit log, and the result of its verification."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Output, SearchQuery
from api.v1.schemas.derived import derived_from
from api.v1.schemas.values import ActionName, ActionText, RoleText
from scheduler.services.audit_log.verification import Chain
from scheduler.services.operations.audit_entries import AuditEntry

Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(9000, 12, 31))]


class ChangedValueOut(Output):
    """A changed value, as text; empty for no value."""

    name: str
    before: str
    after: str


@derived_from(
    AuditEntry,
    renamed={
        "act": "action",
        "what": "description",
        "who": "actor",
        "for_firm": "on_behalf_of",
        "about": "subject",
    },
)
class AuditLogEntryOut(Output):
    """An action, with the values before and after it."""

    action: ActionText = Field(validation_alias="act")
    role: RoleText
    changes: list[ChangedValueOut]


class AuditLogQuery(SearchQuery):
    action: ActionName | None = None
    since: Day | None = Field(None, description="The first day, in the event's time zone.")
    until: Day | None = Field(None, description="The last day.")


_VERIFIED = {"rows": "verified_entries", "broken": "error", "erased": "erased_entries"}


@derived_from(Chain, without=("id", "event"), renamed=_VERIFIED)
class AuditLogVerificationOut(Output):
    """The result of the verification. Store `verified_entries` and `last_hash` to compare them later."""
