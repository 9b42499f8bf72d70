"""Schedule versions, their meetings and change sets, and agendas."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.v1.schemas.base import Input, Listing, Output, PageQuery, UpdatedSince
from api.v1.schemas.derived import derived_from
from api.v1.schemas.values import JobStateName
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


@derived_from(
    Unscheduled, without=("about", "obstacles"), renamed={"remedies": "fixes", "ways": "fix_actions"}
)
class UnscheduledOut(Output):
    """An accepted request that a version does not schedule, and the reason."""


class ChangeSetOut(Listing[Change]):
    """A version compared with the one published before it."""

    compared_with: int | None = Field(description="Send it when you publish.")
    counts: dict[ChangeKind, int]
    affected: int = Field(
        description="Published meetings that are moved, relocated, reassigned or cancelled."
    )
    people_notified: int = Field(description="Attendees of changed meetings.")
    omitted: list[str] = Field(description="A draft's requests that are no longer accepted.")
    emails: int | None = Field(
        description="Emails that publishing a draft now would send, besides those already queued."
    )


class MeetingQuery(PageQuery):
    updated_since: UpdatedSince | None = Field(
        None,
        description="As for `/firms`: meetings that differ from the schedule published then, cancelled ones "
        "too, and those whose request has changed since.",
    )


class ChangeQuery(PageQuery):
    kind: ChangeKind | None = Field(None, description="By default all changes.")


class PublishIn(Input):
    """`compared_with` of the change set that you reviewed; null if nothing was published then."""

    compared_with: Number | None


@derived_from(
    JobCard,
    without=("id", "attempts"),
    renamed={"mails": "emails"},
)
class PublishingOut(Output):
    """A publishing; poll it until its state is done, failed or cancelled.

    People see the version as soon as its own state is published; their emails are written after that.
    """

    state: JobStateName
    number: int = Field(description="Of the version.")


@derived_from(AgendaItem, without=("withdrawn",), renamed={"request_key": "request"})
class AgendaItemOut(Output):
    """A meeting as one side sees it."""

    place: str
    hall: str
    is_cancelled: bool = Field(
        validation_alias="is_called_off",
        description="It is still in calendars, but not in the next schedule.",
    )


@derived_from(Agenda)
class AgendaOut(Output):
    """The published meetings of a person or a firm in time order; `version` is null before the first one."""

    items: list[AgendaItemOut]
