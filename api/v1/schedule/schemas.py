"""Schedule versions, their meetings and change sets, and agendas."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.v1.schemas.base import Input, Listing, Output, PageQuery
from api.v1.schemas.derived import derived_from
from scheduler.domain.changes import Change, ChangeKind
from scheduler.domain.entities import PlanStatus
from scheduler.domain.fields import Number
from scheduler.domain.plan import Meeting, Unscheduled
from scheduler.services.publishing.version_actions import JobCard
from scheduler.services.schedule.agendas import Agenda, AgendaItem
from scheduler.services.schedule.history import VersionCard


@derived_from(VersionCard, without=("id",))
class VersionOut(Output):
    """A schedule version. People only see the published one."""

    status: PlanStatus


@derived_from(Meeting)
class VersionMeetingOut(Output):
    """A meeting of a version, by keys."""

    start: datetime


@derived_from(Unscheduled, without=("about", "obstacles"))
class UnscheduledOut(Output):
    """An accepted request that a version does not hold, and why."""


class ChangeSetOut(Listing[Change]):
    """A version against the one published before it; `items` are the changes that were asked for."""

    compared_with: int | None = Field(description="Give it back when you publish.")
    counts: dict[ChangeKind, int]
    touched: int = Field(description="Published meetings that are moved, relocated, reassigned or cancelled.")
    people_told: int = Field(description="Attendees of meetings that differ.")
    left_out: list[str] = Field(description="A draft's requests that are no longer accepted.")
    mails: int | None = Field(
        description="Mails that publishing a draft now would send, besides those that are on their way."
    )


class ChangeQuery(PageQuery):
    kind: ChangeKind | None = Field(None, description="None: all that differs.")


class PublishIn(Input):
    """`compared_with` of the change set that you looked at; null if nothing was published then."""

    compared_with: Number | None


@derived_from(JobCard, without=("id", "attempts"))
class PublishingOut(Output):
    """A publishing; follow it by asking again until its state is done, failed or taken_back.

    People see the version as soon as the version's own state is published; what each of them has to be told
    is written after that.
    """

    number: int = Field(description="Of the version.")


@derived_from(AgendaItem, without=("withdrawn",), renamed={"request_key": "request"})
class AgendaItemOut(Output):
    """A meeting as one side sees it; called off: still in calendars, not in the next schedule."""

    place: str
    hall: str
    is_called_off: bool


@derived_from(Agenda)
class AgendaOut(Output):
    """The published meetings of a person or a firm in time order; `version` is null before the first one."""

    items: list[AgendaItemOut]
