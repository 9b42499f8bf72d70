"""Runs: how to solve, and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field, field_validator

from api.v1.schemas.base import Input, Listing, Output
from scheduler.domain.entities import AfterRun, RunState
from scheduler.domain.fields import Budget, MaxMoved, Number, RunNote, RunSeconds


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


class ClashOut(Output):
    """Locked requests and frozen meetings which no plan keeps all of, and any fewer of them it can."""

    requests: list[str]
    cause: str = Field(
        description="alone (it cannot be scheduled there at all), people (somebody would be in two at once), "
        "walk, person-cap, firm-cap, place, interpreter, precedence, or rules (several of these)."
    )
    who: list[str] = Field(description="Keys of the people, firms or places concerned.")


class RunOut(Output):
    """A run; follow it by asking again until its state is finished, failed or cancelled."""

    number: int
    state: RunState
    then: AfterRun
    budget: int | None
    max_moved: int | None = Field(description="Null: what pays by the event's priorities.")
    hand_draft: int | None = Field(description="Number of the version by hand whose steps it keeps.")
    seconds: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_asked: bool
    stop_asked: bool = Field(description="To end its search now, and keep the best plan.")
    note: str
    fingerprint: str | None = Field(description="Of the problem that was solved.")
    progress: ProgressOut | None
    error: str | None
    version: int | None = Field(description="Number of the schedule version that the run made.")
    not_kept: list[str] = Field(description="Requests that are locked or frozen, and left out all the same.")
    clashes: list[ClashOut] = Field(description="Why they are.")

    @field_validator("progress", mode="before")
    @classmethod
    def _none_yet(cls, value: Any) -> Any:
        return value or None


class RunList(Listing[RunOut]):
    pass
