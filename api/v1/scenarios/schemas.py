"""What-ifs: their changes, their state, and the figures that they tell."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from api.v1.runs.schemas import ClashOut, ProgressOut
from api.v1.schemas.base import Input, Output
from api.v1.schemas.derived import derived_from
from scheduler.domain.fields import WhatIfName, WhatIfSeconds
from scheduler.services.planning.scenarios.scenario_changes import MAX_CHANGES, AnyChange
from scheduler.services.planning.scenarios.scenario_rows import ScenarioCard

Changes = Annotated[list[AnyChange], Field(max_length=MAX_CHANGES)]


class NewWhatIfIn(Input):
    """Changes of the event's problem, by a name; without any, it is the event as it is."""

    name: WhatIfName
    changes: Changes = Field([])
    seconds: WhatIfSeconds | None = Field(
        None, description="Wall time of the solve. Without it, 20, or less if the event's runs have less."
    )


class WhatIfChangeIn(Input):
    """What is left out or null stays as it is."""

    name: WhatIfName | None = None
    changes: Changes | None = None
    seconds: WhatIfSeconds | None = None


class WhatIfFiguresOut(Output):
    """Figures of a plan; null where there is no such figure. Shares are in per cent."""

    held: int
    requests: int = Field(description="Accepted requests.")
    weight: float
    score: float = Field(description="By the dials of the what-if.")
    event_score: float = Field(description="By the dials of the event.")
    people: int = Field(description="Who could come in some slot.")
    people_without: int = Field(description="Of these, who have no meeting.")
    changed: int = Field(description="Published meetings that are held otherwise, or not.")
    told: int | None = Field(description="People of meetings that differ; null if nothing is published.")
    hall_change: float
    idle: float
    mean: float | None
    twentieth: float | None = Field(description="One firm in twenty has at most this share.")
    worst: float | None
    gini: float | None


class WhatIfPlanOut(WhatIfFiguresOut):
    """Those of the what-if's plan, with what was proved of it."""

    bound: float | None
    held_bound: int | None = Field(description="No plan of this what-if holds more requests.")
    weight_bound: float | None
    gap: float | None = Field(
        description="What the score may lack to the best one at most, in per cent of what the bound has more "
        "than the plan that holds nothing."
    )


class WhatIfResultOut(Output):
    """What people have, and what the what-if would give them."""

    now: WhatIfFiguresOut | None = Field(description="Of the published version; null if there is none.")
    then: WhatIfPlanOut
    version: int | None = Field(description="Number of the version that was published then.")
    fingerprint: str = Field(description="Of the event's problem, before the changes.")
    not_kept: list[str] = Field(
        [], description="Requests that are locked or frozen, and left out all the same."
    )
    clashes: list[ClashOut] = Field([], description="Why they are.")


@derived_from(ScenarioCard)
class WhatIfOut(Output):
    """A what-if; follow it by asking again until its state is done or failed."""

    progress: Annotated[ProgressOut | None, BeforeValidator(lambda value: value or None)]
    result: WhatIfResultOut | None


class DeletedOut(Output):
    """What was deleted."""

    number: int
