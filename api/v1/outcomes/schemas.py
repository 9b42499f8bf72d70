"""What each side says that came of a meeting, and what the event's report counts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.v1.schedule.schemas import AgendaItemOut
from api.v1.schemas.base import Input, Output, Parameters
from api.v1.schemas.derived import derived_from
from scheduler.domain.fields import CURRENCIES, Amount
from scheduler.domain.rules.outcomes import OutcomeKind, OutcomeReport
from scheduler.services.reports.outcomes.by_country import CountryShare
from scheduler.services.reports.outcomes.chain_report import GroupMeetings, OutcomeLine
from scheduler.services.reports.outcomes.outcome_list import OutcomeFilter
from scheduler.services.reports.outcomes.outcomes import ReportedOutcome
from scheduler.services.reports.statistics.chain_flow import ChainLink

Currency = Annotated[Literal[CURRENCIES], Field(description="ISO 4217.")]  # type: ignore[valid-type]


class OutcomeQuery(Parameters):
    """Which meetings: by what is missing, or by what counts of them."""

    show: OutcomeFilter = OutcomeFilter.ALL


class OutcomeIn(Input):
    """What came of a meeting. An amount goes with an intent or a signature, and with its currency."""

    kind: OutcomeKind
    amount: Amount | None = Field(None, description="In whole units of the currency.")
    currency: Currency | None = None


class MeetingOutcomeOut(Output):
    """A meeting of the firm that has begun, and what both sides say came of it."""

    meeting: AgendaItemOut
    own: ReportedOutcome | None
    partner: ReportedOutcome | None
    counts: OutcomeReport | None = Field(description="What a report counts: never more than both say.")
    differ: bool
    may_say: bool = Field(description="Whether this token's owner can say it for the firm.")


class OutcomesOut(Output):
    """Meetings in time order. `version` is null before a schedule is published."""

    version: int | None
    items: list[MeetingOutcomeOut]
    counts: dict[OutcomeFilter, int] = Field(description="Of all that have begun, by what `show` gives.")
    ahead: int = Field(description="Meetings that have not begun.")


@derived_from(OutcomeLine)
class OutcomeLineOut(Output):
    """Meetings that count as one outcome: said alike by both, by one side alone, or differently."""

    meetings: int


class ChainReportOut(Output):
    """What the published schedule led to."""

    version: int = Field(validation_alias="number")
    meetings: int = Field(description="Without those that were called off.")
    begun: int
    silent: int = Field(description="Meetings that have begun, of which nobody says what came.")
    areas: dict[str, str] = Field(description="Keys and names of the areas.")
    links: list[ChainLink]
    countries: list[CountryShare]
    guests: list[GroupMeetings]
    outcomes: list[OutcomeLineOut]


class ReportedOut(Output):
    """A meeting of which somebody says what came."""

    request: str
    asking: str = Field(description="Name of the firm that asked.")
    asked: str
    asking_says: OutcomeReport | None
    asked_says: OutcomeReport | None
    counts: OutcomeReport
