"""The tables of the people desk, a record, and what steps on them take and give."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from api.v1.directory.schemas import FirmRefOut, SlotOut
from api.v1.imports.schemas import CellIn, Column
from api.v1.schemas.base import Input, Listing, Output, SearchQuery
from scheduler.domain.entities import RequestState, Tier
from scheduler.domain.fields import Key, Note
from scheduler.services.participants.editing import MAX_ROWS
from scheduler.services.participants.journal import StepKind
from scheduler.services.participants.withdrawals import SoleAttendee

Keys = Annotated[list[Key], Field(min_length=1, max_length=MAX_ROWS)]
InEvent = Literal["here", "withdrawn", "any"]


class DeskKind(StrEnum):
    """A table of the desk."""

    FIRMS = "firms"
    PEOPLE = "people"
    INTERPRETERS = "interpreters"


class RecordRowOut(Output):
    """What the rows of all tables have; `meetings` are published ones."""

    key: str
    name: str
    latin_name: str
    meetings: int
    is_withdrawn: bool
    merged_into: str = Field(description="Key of the record that goes on, or empty.")


class FirmRowOut(RecordRowOut):
    """A firm."""

    country: str
    tier: Tier
    hall: str
    booth: str
    people: int
    waiting: int = Field(description="Requests that wait for its answer.")
    accepted: int


class PersonRowOut(RecordRowOut):
    """A person; `email` is null without the scope `contacts:read`."""

    firm: FirmRefOut
    title: str
    email: str | None
    languages: list[str]
    is_exhibitor: bool
    has_bounced: bool
    absent: int = Field(description="Slots in which the person is absent.")


class InterpreterRowOut(RecordRowOut):
    """An interpreter; `email` is null without the scope `contacts:read`."""

    email: str | None
    languages: list[str]
    has_bounced: bool
    absent: int = Field(description="Slots without a shift.")


class FirmRowList(Listing[FirmRowOut]):
    pass


class PersonRowList(Listing[PersonRowOut]):
    pass


class InterpreterRowList(Listing[InterpreterRowOut]):
    pass


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


class AbsenceSlotOut(Output):
    """A slot of a person or an interpreter."""

    slot: SlotOut
    is_absent: bool
    is_busy: bool = Field(description="A calendar of the person's own takes it.")
    is_meeting: bool = Field(description="A published meeting takes it.")
    station: str = Field(description="The table at which an interpreter sits then, or empty.")


class AbsencesOut(Output):
    """All slots of the event for one person or interpreter."""

    key: str
    slots: list[AbsenceSlotOut]


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


class LeftOut(Output):
    """What a step ended and touched."""

    requests: int = Field(description="Requests that ended.")
    meetings: int = Field(description="Published meetings that the next run plans anew.")


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


class StepOut(Output):
    """A step of the desk."""

    number: int = Field(validation_alias="id")
    kind: StepKind
    subject: str
    note: str
    at: datetime
    undone_at: datetime | None


class StepList(Output):
    """The last 200 steps, the newest first."""

    items: list[StepOut]


class RequestRowOut(Output):
    """A request in a line."""

    key: str
    state: RequestState
    from_firm: FirmRefOut
    to_firm: FirmRefOut
    topic: str
    priority: int
    created_at: datetime
    expires_at: datetime | None
    answered_at: datetime | None
    by_organiser: bool = Field(description="An organiser took the last step, or asked, in a firm's name.")


class RequestRowList(Listing[RequestRowOut]):
    pass


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


class RequestStepsOut(Output):
    """How many took the step, and why the others did not."""

    done: int
    refused: list[str]
