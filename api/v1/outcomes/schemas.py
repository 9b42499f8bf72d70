"""What each side says that came of a meeting, and what the event's report counts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.v1.directory.schemas import PersonRefOut
from api.v1.schedule.schemas import AgendaItemOut
from api.v1.schemas.base import Input, Listing, Output, Parameters
from scheduler.domain.entities import Tier
from scheduler.domain.fields import CURRENCIES, Amount
from scheduler.domain.rules.outcomes import OutcomeKind
from scheduler.services.reports.outcomes.outcome_list import OutcomeFilter

Currency = Annotated[Literal[CURRENCIES], Field(description="ISO 4217.")]  # type: ignore[valid-type]


class OutcomeQuery(Parameters):
    """Which meetings: by what is missing, or by what counts of them."""

    show: OutcomeFilter = OutcomeFilter.ALL


class OutcomeIn(Input):
    """What came of a meeting. An amount goes with an intent or a signature, and with its currency."""

    kind: OutcomeKind
    amount: Amount | None = Field(None, description="In whole units of the currency.")
    currency: Currency | None = None


class OutcomeWordOut(Output):
    """What came of a meeting; the amount in whole units of its currency."""

    kind: OutcomeKind
    amount: int | None
    currency: str | None


class SaidOutcomeOut(Output):
    """What one side says."""

    outcome: OutcomeWordOut
    by: PersonRefOut
    said_at: datetime
    is_changed: bool = Field(description="The side said something else before.")


class MeetingOutcomeOut(Output):
    """A meeting of the firm that has begun, and what both sides say came of it."""

    meeting: AgendaItemOut
    own: SaidOutcomeOut | None
    partner: SaidOutcomeOut | None
    counts: OutcomeWordOut | None = Field(description="What a report counts: never more than both say.")
    differ: bool
    may_say: bool = Field(description="Whether this token's owner can say it for the firm.")


class OutcomesOut(Output):
    """Meetings in time order. `version` is null before a schedule is published."""

    version: int | None
    items: list[MeetingOutcomeOut]
    counts: dict[OutcomeFilter, int] = Field(description="Of all that have begun, by what `show` gives.")
    ahead: int = Field(description="Meetings that have not begun.")


class ChainLinkOut(Output):
    """Requests between firms of two tiers and first areas, those that are nearer to the source first."""

    upper: Tier
    upper_area: str
    lower: Tier
    lower_area: str
    wished: int = Field(description="Accepted requests.")
    scheduled: int


class WishedHeldOut(Output):
    """Accepted requests, and how many of them are held."""

    wished: int
    held: int


class CountryShareOut(Output):
    """The requests of a country's firms, or of those of one first area; `area` is null for the whole."""

    country: str
    area: str | None
    firms: int
    all: WishedHeldOut
    tiers: dict[Tier, WishedHeldOut]
    across: int = Field(description="Meetings with a firm of another tier.")


class GuestMeetingsOut(Output):
    """The meetings of a guest of honour's firms."""

    name: str
    firms: int
    meetings: int
    across: int = Field(description="Between two tiers.")


class OutcomeLineOut(Output):
    """Meetings that count as one outcome: said alike by both, by one side alone, or differently."""

    kind: OutcomeKind
    meetings: int
    alike: int
    alone: int
    differing: int
    amounts: dict[str, int] = Field(description="Sums by currency.")


class ChainReportOut(Output):
    """What the published schedule led to."""

    version: int = Field(validation_alias="number")
    meetings: int = Field(description="Without those that were called off.")
    begun: int
    silent: int = Field(description="Meetings that have begun, of which nobody says what came.")
    areas: dict[str, str] = Field(description="Keys and names of the areas.")
    links: list[ChainLinkOut]
    countries: list[CountryShareOut]
    guests: list[GuestMeetingsOut]
    outcomes: list[OutcomeLineOut]


class ReportedOut(Output):
    """A meeting of which somebody says what came."""

    request: str
    asking: str = Field(description="Name of the firm that asked.")
    asked: str
    asking_says: OutcomeWordOut | None
    asked_says: OutcomeWordOut | None
    counts: OutcomeWordOut


class ReportedList(Listing[ReportedOut]):
    pass
