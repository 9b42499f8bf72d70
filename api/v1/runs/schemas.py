"""Runs: their settings and progress."""

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
    """Settings of a run; the event's settings apply to omitted ones."""

    seconds: RunSeconds | None = Field(None, description="Wall time of the solve.")
    when_finished: AfterRun = Field(
        AfterRun.DRAFT, description="Publishing needs the scope schedule:publish."
    )
    publish_limit: Budget | None = Field(
        None, description="Publish only if at most this many published meetings change."
    )
    max_moved: MaxMoved | None = Field(
        0,
        description="Change at most this many published meetings that could stay. "
        "0: published meetings change only if they must. Null: as many as the priorities justify.",
    )
    manual_draft: Number | None = Field(
        None,
        description="Number of an open manual draft whose steps the run keeps; by default those of the "
        "published version.",
    )
    note: RunNote = Field("", description="Purpose of the run.")


class ProgressOut(Output):
    """The latest progress of a solve; figures are null until there is a plan or a bound."""

    seconds: float
    phase: str
    score: float | None
    bound: float | None
    served_bound: float | None
    terms: dict[str, float]


@derived_from(CommitmentClash, without=("detail",), renamed={"who": "involved"})
class ClashOut(Output):
    """A minimal set of locked requests and frozen meetings that no plan can keep together."""


@derived_from(
    RunCard,
    without=("id", "requested_by", "heartbeat_at", "curve", "version_state", "by", "changed"),
    renamed={
        "then": "when_finished",
        "budget": "publish_limit",
    },
)
class RunOut(Output):
    """A run; poll it until its state is finished, failed or cancelled."""

    progress: Annotated[ProgressOut | None, BeforeValidator(lambda value: value or None)]
    clashes: list[ClashOut] = Field(description="Why they are not scheduled.")
