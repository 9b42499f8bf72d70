"""Runs: how to solve, and how far it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from api.v1.schemas.base import Input, Output
from api.v1.schemas.derived import derived_from
from scheduler.domain.entities import AfterRun
from scheduler.domain.fields import Budget, MaxMoved, Number, RunNote, RunSeconds
from scheduler.domain.plan import CommitmentClash
from scheduler.services.planning.runs.run_control import RunCard


class NewRunIn(Input):
    """How to solve; the event's settings hold for what is left out."""

    seconds: RunSeconds | None = Field(None, description="Wall time of the solve.")
    then: AfterRun = Field(AfterRun.DRAFT, description="Publishing needs the scope schedule:publish.")
    budget: Budget | None = Field(
        None, description="Publish only if at most so many published meetings are touched."
    )
    max_moved: MaxMoved | None = Field(
        0,
        description="Improve the published plan, by changing at most so many meetings that could stay. "
        "0: published meetings change only where they have to. Null: where it pays by the priorities.",
    )
    hand_draft: Number | None = Field(
        None,
        description="Number of an open draft by hand whose steps the run keeps; by default it keeps those of "
        "the published version.",
    )
    note: RunNote = Field("", description="What the run is for.")


class ProgressOut(Output):
    """The last report of a solve; the figures are null until there is a plan or a bound."""

    seconds: float
    phase: str
    score: float | None
    bound: float | None
    served_bound: float | None
    terms: dict[str, float]


@derived_from(CommitmentClash, without=("detail",))
class ClashOut(Output):
    """Locked requests and frozen meetings which no plan keeps all of, and any fewer of them it can."""


@derived_from(RunCard, without=("id", "asked_by", "heartbeat_at", "curve", "version_state", "by", "changed"))
class RunOut(Output):
    """A run; follow it by asking again until its state is finished, failed or cancelled."""

    progress: Annotated[ProgressOut | None, BeforeValidator(lambda value: value or None)]
    clashes: list[ClashOut] = Field(description="Why they are.")
