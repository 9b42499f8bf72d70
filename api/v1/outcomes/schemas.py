"""Outcomes of meetings as each side reports them, and the chain report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.v1.schedule.schemas import AgendaItemOut
from api.v1.schemas.base import Input, Output, PageQuery, Parameters, UpdatedSince
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
    """Filter of meetings by missing, conflicting or counted outcome."""

    filter: OutcomeFilter = OutcomeFilter.ALL


class OutcomeIn(Input):
    """The outcome of a meeting. An amount needs a currency, and an intent or a signature."""

    kind: OutcomeKind
    amount: Amount | None = Field(None, description="In whole units of the currency.")
    currency: Currency | None = None


class MeetingOutcomeOut(Output):
    """A started meeting of the firm, with the outcome that each side reports."""

    meeting: AgendaItemOut
    own: ReportedOutcome | None
    partner: ReportedOutcome | None
    counted: OutcomeReport | None = Field(
        description="What the chain report counts: never more than both sides report."
    )
    differ: bool
    can_report: bool = Field(description="Whether this token's owner can report for the firm.")


class OutcomeListOut(Output):
    """Meetings in time order. `version` is null before a schedule is published."""

    version: int | None
    items: list[MeetingOutcomeOut]
    counts: dict[OutcomeFilter, int] = Field(description="Of all started meetings, by `filter`.")
    upcoming: int = Field(description="Meetings that have not started.")


@derived_from(OutcomeLine, renamed={"alike": "matching", "alone": "one_sided", "differing": "conflicting"})
class OutcomeLineOut(Output):
    """Meetings that count as one outcome."""

    meetings: int


class ChainReportOut(Output):
    """The outcomes of the published schedule."""

    version: int = Field(validation_alias="number")
    meetings: int = Field(description="Without cancelled meetings.")
    started: int = Field(validation_alias="begun", description="Meetings that have started.")
    unreported: int = Field(
        validation_alias="silent", description="Started meetings without a reported outcome."
    )
    areas: dict[str, str] = Field(description="Keys and names of the areas.")
    links: list[ChainLink]
    countries: list[CountryShare]
    guests: list[GroupMeetings]
    outcomes: list[OutcomeLineOut]


class ReportedMeetingQuery(PageQuery):
    updated_since: UpdatedSince | None = Field(
        None,
        description="A time with its offset (RFC 3339). Only meetings whose reports have changed since are "
        "listed, and reported meetings that the schedule no longer has. Repeat it with the `cursor`.",
    )


class ReportedMeetingOut(Output):
    """A meeting with a reported outcome."""

    request: str
    from_firm: str = Field(description="Name of the firm that sent the request.")
    to_firm: str
    from_outcome: OutcomeReport | None
    to_outcome: OutcomeReport | None
    counted: OutcomeReport | None = Field(description="Null if both reports were withdrawn.")
    is_removed: bool = Field(
        description="With `updated_since`: the list no longer has the meeting, as its reports were withdrawn "
        "or the meeting was cancelled."
    )
