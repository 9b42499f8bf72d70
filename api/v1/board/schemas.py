"""Manual drafts, and the steps that change them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import MAX_ID, Input, Output
from api.v1.schemas.derived import derived_from
from api.v1.schemas.values import JobStateName
from scheduler.domain.fields import Key, NamedPeople
from scheduler.services.board.commands import MAX_MEETINGS
from scheduler.services.board.draft_view import DraftCard, StepLine
from scheduler.services.board.steps import StepResult

Revision = Annotated[int, Field(ge=0, le=MAX_ID)]


class DraftStepIn(Input):
    """What every step has."""

    expected_revision: Revision | None = Field(
        None,
        description="The draft's `revision` that you last read. If the same meeting was changed since, "
        "nothing is done (409). Null: no check.",
    )


class RequestStepIn(DraftStepIn):
    request: Key


class SlotStepIn(RequestStepIn):
    slot: Key


class SwapMeetingsIn(DraftStepIn):
    request: Key
    other: Key


class PlacementIn(Input):
    """Where to schedule a request. Without people: the current ones, or any who are available."""

    request: Key
    slot: Key
    place: Key
    people: NamedPeople = Field([])
    interpreter: Key | None = None


class PlaceMeetingsIn(DraftStepIn):
    """The first target is the meeting to place; others make room for it, and some are dropped."""

    targets: Annotated[list[PlacementIn], Field(min_length=1, max_length=MAX_MEETINGS)]
    dropped: Annotated[list[Key], Field(max_length=MAX_MEETINGS)] = Field([])


@derived_from(StepResult, without=("by",), renamed={"gain": "score_change"})
class DraftStepResultOut(Output):
    """A step that was done, undone or redone."""


@derived_from(StepLine, without=("is_own",), renamed={"pairs": "firms", "count": "meetings"})
class DraftStepOut(Output):
    """A step in the history; `by` is null without the scope `contacts:read`."""

    by: str | None


@derived_from(DraftCard, without=("own_done", "own_undone", "to_undo"))
class DraftOut(Output):
    """A manual draft with its latest steps, newest first."""

    revision: int = Field(description="Send it as `expected_revision` with the next step.")
    steps: list[DraftStepOut]


class DraftCreationOut(Output):
    """A manual draft that a worker creates; poll until the state is done or failed."""

    number: int = Field(description="Of the version that it is created from.")
    state: JobStateName
    draft: int | None = Field(description="Number of the newest manual draft created from it.")
    error: str | None
