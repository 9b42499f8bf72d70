"""Drafts by hand: what they are, and the steps that change them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import MAX_ID, Input, Output
from api.v1.schemas.derived import derived_from
from scheduler.domain.entities import JobState
from scheduler.domain.fields import Key, NamedPeople
from scheduler.services.board.commands import MAX_MEETINGS
from scheduler.services.board.draft_view import DraftCard, StepLine
from scheduler.services.board.steps import StepResult

Seen = Annotated[int, Field(ge=0, le=MAX_ID)]


class StepIn(Input):
    """What every step has."""

    seen: Seen | None = Field(
        None,
        description="The draft's `revision` that you last read: if somebody changed the same meeting since, "
        "nothing is done (409). Null: do it all the same.",
    )


class RequestStepIn(StepIn):
    request: Key


class TimeStepIn(RequestStepIn):
    slot: Key


class SwapIn(StepIn):
    request: Key
    other: Key


class TargetIn(Input):
    """Where a request is to be held. Nobody named: those who sit in it, or who can."""

    request: Key
    slot: Key
    place: Key
    people: NamedPeople = Field([])
    interpreter: Key | None = None


class PutIn(StepIn):
    """The first target is the one that is meant; others make room for it, and some are dropped."""

    targets: Annotated[list[TargetIn], Field(min_length=1, max_length=MAX_MEETINGS)]
    dropped: Annotated[list[Key], Field(max_length=MAX_MEETINGS)] = Field([])


@derived_from(StepResult, without=("by",))
class TakenOut(Output):
    """A step that was done, undone or done again."""


@derived_from(StepLine, without=("is_own",))
class StepLineOut(Output):
    """A step of the log; `by` is null without the scope `contacts:read`."""

    by: str | None


@derived_from(DraftCard, without=("own_done", "own_undone", "to_undo"))
class DraftOut(Output):
    """A draft by hand with its last steps, the newest first."""

    revision: int = Field(description="Give it back as `seen` with the next step.")
    steps: list[StepLineOut]


class BeginningOut(Output):
    """A draft by hand that a worker begins; ask again until the state is done or failed."""

    number: int = Field(description="Of the version that it is begun from.")
    state: JobState
    draft: int | None = Field(description="Number of the newest draft by hand from it.")
    error: str | None
