"""The tables of the people desk, a record, and what steps on them take and give."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from api.v1.imports.schemas import CellIn, Column
from api.v1.schemas.base import Input, Output, SearchQuery
from api.v1.schemas.derived import derived_from
from scheduler.domain.entities import RequestState
from scheduler.domain.fields import Key, Note
from scheduler.services.participants.absences import AbsenceSlot
from scheduler.services.participants.affected_meetings import AffectedCounts
from scheduler.services.participants.editing import MAX_ROWS
from scheduler.services.participants.journal import StepCard
from scheduler.services.participants.record_tables import InterpreterRow, PersonRow
from scheduler.services.participants.request_table import BulkStepResult
from scheduler.services.participants.withdrawals import SoleAttendee

Keys = Annotated[list[Key], Field(min_length=1, max_length=MAX_ROWS)]
InEvent = Literal["here", "withdrawn", "any"]


class DeskKind(StrEnum):
    """A table of the desk."""

    FIRMS = "firms"
    PEOPLE = "people"
    INTERPRETERS = "interpreters"


@derived_from(PersonRow)
class PersonRowOut(Output):
    """A person; `email` is null without the scope `contacts:read`."""

    email: str | None


@derived_from(InterpreterRow)
class InterpreterRowOut(Output):
    """An interpreter; `email` is null without the scope `contacts:read`."""

    email: str | None


class DeskTableQuery(SearchQuery):
    """Rows of a table."""

    state: InEvent = "here"


class FirmTableQuery(DeskTableQuery):
    sort: Literal["name", "country", "tier", "hall", "waiting"] = "name"


class PersonTableQuery(DeskTableQuery):
    sort: Literal["name", "firm", "title", "email"] = "name"


class InterpreterTableQuery(DeskTableQuery):
    sort: Literal["name", "email"] = "name"


class RecordOut(Output):
    """A record: its cells as the import has them, without address and number but for `contacts:read`."""

    kind: DeskKind
    key: str
    cells: dict[str, str]
    version: str = Field(description="Of these cells. Give it back as `seen` when you change them.")


class RecordChangeIn(Input):
    """Cells by column; the others stay. A firm moves by its columns `hall` and `booth`."""

    cells: Annotated[dict[Column, CellIn], Field(min_length=1, max_length=40)]
    seen: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="The version that you last read: if it is another one by now, nothing is changed."
    )


class RecordChangedOut(RecordOut):
    """The record after a change."""

    changed: bool
    moved: bool = Field(description="Whether the firm has another booth.")
    meetings: int = Field(description="Published meetings at the old booth, which go along.")


class AbsencesOut(Output):
    """All slots of the event for one person or interpreter."""

    key: str
    slots: list[AbsenceSlot]


class AbsencesIn(Input):
    """All slots in which somebody is absent; in the others they are there."""

    slots: Annotated[list[Key], Field(max_length=1000)]
    note: Note = Field("", description="To the partners of meetings that are called off.")
    table: str | None = Field(
        None,
        max_length=64,
        description="Given, an interpreter is tied to this table in the slots, or to none if it is empty. "
        "Nothing else changes.",
    )


class KeysIn(Input):
    """Some records of a table."""

    keys: Keys


class LeaveIn(KeysIn):
    """Who leaves the event."""

    note: Note = Field("", description="To the partners of requests that end.")
    named_alone: SoleAttendee = Field(
        SoleAttendee.COLLEAGUE, description="Who goes to meetings to which a person alone is named."
    )
    dry_run: bool = Field(False, description="Only say what it would end and touch.")


@derived_from(AffectedCounts, without=("firms", "soon"))
class LeftOut(Output):
    """What a step ended and touched."""


class BroughtBackOut(Output):
    """How many take part again."""

    records: int


class MergeIn(Input):
    """The record that goes on."""

    into: Key


class MergedOut(Output):
    """The record that goes on, and how many requests ended that both had."""

    key: str
    requests: int


@derived_from(StepCard, without=("by",), renamed={"id": "number"})
class StepOut(Output):
    """A step of the desk."""


class RequestTableQuery(SearchQuery):
    state: RequestState | None = None
    firm: Key | None = Field(None, description="Key of a firm.")
    delegation: Key | None = Field(None, description="Key of a delegation.")
    sort: Literal["newest", "priority", "from", "to"] = "newest"


class RequestStepsIn(Input):
    """A step on some requests, each in the name of the firm whose step it is."""

    keys: Keys
    step: Literal["accept", "decline", "withdraw", "undo"]
    note: Note = ""


@derived_from(BulkStepResult)
class RequestStepsOut(Output):
    """How many took the step, and why the others did not."""
