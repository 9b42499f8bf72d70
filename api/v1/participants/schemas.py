"""Participants: their tables, a record, and changes of records."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from api.v1.imports.schemas import CellIn, Column
from api.v1.schemas.base import Input, Output, SearchQuery, UpdatedSince
from api.v1.schemas.derived import derived_from
from api.v1.schemas.values import ChangeKindName, SoleAttendeeName
from scheduler.domain.entities import RequestState
from scheduler.domain.fields import Key, Note
from scheduler.services.participants.absences import AbsenceSlot
from scheduler.services.participants.affected_meetings import AffectedCounts
from scheduler.services.participants.editing import MAX_ROWS
from scheduler.services.participants.journal import StepCard
from scheduler.services.participants.record_tables import FirmRow, InterpreterRow, PersonRow
from scheduler.services.participants.request_table import BulkStepResult
from scheduler.services.participants.withdrawals import SoleAttendee

Keys = Annotated[list[Key], Field(min_length=1, max_length=MAX_ROWS)]
ParticipantState = Literal["active", "removed", "any"]


class ParticipantKind(StrEnum):
    """A table of participants."""

    FIRMS = "firms"
    PEOPLE = "people"
    INTERPRETERS = "interpreters"


@derived_from(FirmRow, renamed={"is_withdrawn": "is_removed", "waiting": "awaiting_response"})
class FirmRowOut(Output):
    """A row of a firm."""


@derived_from(PersonRow, renamed={"is_withdrawn": "is_removed", "absent": "unavailable_slots"})
class PersonRowOut(Output):
    """A person; `email` is null without the scope `contacts:read`."""

    email: str | None


@derived_from(InterpreterRow, renamed={"is_withdrawn": "is_removed", "absent": "unavailable_slots"})
class InterpreterRowOut(Output):
    """An interpreter; `email` is null without the scope `contacts:read`."""

    email: str | None


class ParticipantQuery(SearchQuery):
    """Rows of a table."""

    state: ParticipantState = "active"
    updated_since: UpdatedSince | None = Field(
        None, description="As for `/firms`; then any `state` is listed, and `sort` is not applied."
    )


class FirmTableQuery(ParticipantQuery):
    sort: Literal["name", "country", "tier", "hall", "awaiting_response"] = "name"


class PersonTableQuery(ParticipantQuery):
    sort: Literal["name", "firm", "title", "email"] = "name"


class InterpreterTableQuery(ParticipantQuery):
    sort: Literal["name", "email"] = "name"


class RecordOut(Output):
    """A record with its cells as in an import; email address and number need `contacts:read`."""

    kind: ParticipantKind
    key: str
    cells: dict[str, str]
    version: str = Field(description="Of these cells. Send it as `expected_version` when you change them.")


class RecordChangeIn(Input):
    """Cells by column; the others stay. A firm moves by its columns `hall` and `booth`."""

    cells: Annotated[dict[Column, CellIn], Field(min_length=1, max_length=40)]
    expected_version: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="The version that you last read. If it has changed since, nothing is changed (409)."
    )


class RecordChangedOut(RecordOut):
    """The record after a change."""

    changed: bool
    moved: bool = Field(description="Whether the firm has another booth.")
    meetings: int = Field(description="Published meetings at the old booth, which move along.")


@derived_from(
    AbsenceSlot,
    renamed={"is_absent": "is_unavailable", "is_meeting": "has_meeting", "station": "assigned_table"},
)
class SlotAvailabilityOut(Output):
    """A slot of the event, as it applies to one person or interpreter."""


class UnavailabilityOut(Output):
    """All slots of the event for a person or interpreter."""

    key: str
    slots: list[SlotAvailabilityOut]


class UnavailabilityIn(Input):
    """All slots in which a person is unavailable; they are available in the others."""

    slots: Annotated[list[Key], Field(max_length=1000)]
    note: Note = Field("", description="For the partners of cancelled meetings.")
    table: str | None = Field(
        None,
        max_length=64,
        description="Assigns an interpreter to this table in the slots, or to none if it is empty. "
        "Nothing else changes.",
    )


class KeysIn(Input):
    """Records of a table."""

    keys: Keys


class RemoveIn(KeysIn):
    """Records to remove from the event."""

    note: Note = Field("", description="For the partners of requests that end.")
    sole_attendee: SoleAttendeeName = Field(
        SoleAttendee.COLLEAGUE,
        description="Who attends meetings with a removed person as the only named attendee.",
    )
    dry_run: bool = Field(False, description="Only report the effect.")


@derived_from(AffectedCounts, without=("firms", "soon"))
class RemovalEffectOut(Output):
    """Requests that ended, and published meetings that the next run plans again."""


class RestoredOut(Output):
    """The number of restored records."""

    records: int


class MergeIn(Input):
    """The record to keep."""

    into: Key


class MergedOut(Output):
    """The remaining record, and the number of closed requests that both had."""

    key: str
    requests: int


@derived_from(StepCard, without=("by",), renamed={"id": "number"})
class ParticipantChangeOut(Output):
    """A change of records that can be undone."""

    kind: ChangeKindName


class RequestTableQuery(SearchQuery):
    state: RequestState | None = None
    firm: Key | None = Field(None, description="Key of a firm.")
    delegation: Key | None = Field(None, description="Key of a delegation.")
    sort: Literal["newest", "priority", "from", "to"] = "newest"


class RequestActionIn(Input):
    """An action on several requests, each on behalf of the firm whose turn it is."""

    keys: Keys
    action: Literal["accept", "decline", "withdraw", "undo"]
    note: Note = ""


@derived_from(BulkStepResult)
class RequestActionResultOut(Output):
    """The number of changed requests, and why others were refused."""
