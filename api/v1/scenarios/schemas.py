"""Scenarios: their changes, state and figures."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from api.v1.runs.schemas import ClashOut, ProgressOut
from api.v1.schemas.base import Input, Output
from api.v1.schemas.derived import derived_from
from api.v1.schemas.values import ScenarioStateName
from scheduler.domain.fields import WhatIfName, WhatIfSeconds
from scheduler.services.planning.scenarios.scenario_changes import MAX_CHANGES, AnyChange
from scheduler.services.planning.scenarios.scenario_rows import ScenarioCard

Changes = Annotated[list[AnyChange], Field(max_length=MAX_CHANGES)]


class NewScenarioIn(Input):
    """A named scenario of changes; without changes, the event as it is."""

    name: WhatIfName
    changes: Changes = Field([])
    seconds: WhatIfSeconds | None = Field(
        None, description="Wall time of the solve. By default 20, or less if the event's runs have less."
    )


class ScenarioUpdateIn(Input):
    """Omitted fields stay as they are."""

    name: WhatIfName | None = None
    changes: Changes | None = None
    seconds: WhatIfSeconds | None = None


class ScenarioFiguresOut(Output):
    """Figures of a plan. Shares are percentages."""

    scheduled: int = Field(validation_alias="held", description="Scheduled requests.")
    requests: int = Field(description="Accepted requests.")
    weight: float
    score: float = Field(description="By the scenario's priorities.")
    event_score: float = Field(description="By the event's priorities.")
    people: int = Field(description="People who are available in some slot.")
    people_without_meetings: int = Field(
        validation_alias="people_without", description="Those of them without a meeting."
    )
    changed: int = Field(description="Published meetings that change or are not scheduled.")
    notified: int | None = Field(
        validation_alias="told", description="People with changed meetings; null if nothing is published."
    )
    hall_change: float
    idle: float
    mean: float | None = Field(description="Mean share of scheduled requests by firm.")
    fifth_percentile: float | None = Field(
        validation_alias="twentieth", description="5% of firms have at most this share."
    )
    minimum: float | None = Field(validation_alias="worst", description="The lowest share of a firm.")
    gini: float | None


class ScenarioPlanOut(ScenarioFiguresOut):
    """Figures of the scenario's plan, with proven bounds."""

    bound: float | None
    scheduled_bound: int | None = Field(
        validation_alias="held_bound", description="No plan of this scenario can include more requests."
    )
    weight_bound: float | None
    gap: float | None = Field(
        description="Largest possible distance to the best score, in percent of the distance between the "
        "bound and an empty plan."
    )


class ScenarioResultOut(Output):
    """The live plan, and the scenario's."""

    live: ScenarioFiguresOut | None = Field(
        validation_alias="now", description="Of the published version; null if there is none."
    )
    scenario: ScenarioPlanOut = Field(validation_alias="then")
    version: int | None = Field(description="Number of the version that was published at that time.")
    fingerprint: str = Field(description="Of the event's problem, before the changes.")
    not_kept: list[str] = Field([], description="Locked requests and frozen meetings that are not scheduled.")
    clashes: list[ClashOut] = Field([], description="Why they are not scheduled.")


@derived_from(ScenarioCard)
class ScenarioOut(Output):
    """A scenario; poll it until its state is done or failed."""

    state: ScenarioStateName
    progress: Annotated[ProgressOut | None, BeforeValidator(lambda value: value or None)]
    result: ScenarioResultOut | None
