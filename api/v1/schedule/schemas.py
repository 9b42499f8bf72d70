"""Schedule versions, their meetings and change sets, and agendas."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.v1.directory.schemas import FirmRefOut, PersonRefOut
from api.v1.schemas.base import Input, Listing, Output, PageQuery
from scheduler.domain.changes import ChangeKind
from scheduler.domain.entities import JobState, PlanStatus, RequestState, VersionState
from scheduler.domain.fields import Number


class VersionOut(Output):
    """A schedule version. People only see the published one."""

    number: int
    state: VersionState
    run: int | None = Field(description="Number of the run that made it.")
    compared_with: int | None = Field(description="Number of the version published before it.")
    copy_of: int | None = Field(description="On a rollback: number of the version that it repeats.")
    status: PlanStatus
    score: float
    bound: float | None
    served_bound: float | None
    meetings_bound: int | None = Field(description="Proved: no plan holds more requests than that.")
    terms: dict[str, float]
    created_at: datetime
    published_at: datetime | None


class VersionList(Listing[VersionOut]):
    pass


class MeetingOut(Output):
    """A meeting of a version, by keys."""

    request: str
    slot: str
    start: datetime
    place: str
    attendees: list[str]
    interpreter: str | None


class MeetingList(Listing[MeetingOut]):
    pass


class WayOut(Output):
    """A remedy: what kind of thing to do with which ids, and the slot to hold the request in."""

    kind: str
    ids: list[str]
    slot: str


class UnscheduledOut(Output):
    """An accepted request that a version does not hold, and why."""

    request: str
    reason: str
    detail: str
    blockers: list[str]
    remedies: list[str]
    ways: list[WayOut] = Field([], description="The remedies once more, in their order, for programs.")


class UnscheduledList(Listing[UnscheduledOut]):
    pass


class PlannedOut(Output):
    """Where a plan puts a request, by keys."""

    request: str
    slot: str
    place: str
    attendees: list[str]
    interpreter: str | None


class ChangeOut(Output):
    """What becomes of one meeting; `details` names what differs: slot, place, attendees, interpreter."""

    request: str
    kind: ChangeKind
    before: PlannedOut | None
    after: PlannedOut | None
    details: list[str]


class ChangeSetOut(Listing[ChangeOut]):
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


class PublishingOut(Output):
    """A publishing; follow it by asking again until its state is done, failed or taken_back.

    People see the version as soon as the version's own state is published; what each of them has to be told
    is written after that.
    """

    number: int = Field(description="Of the version.")
    state: JobState
    asked_at: datetime
    begins_at: datetime | None = Field(
        description="It can be taken back until it begins, which is not before this time; null: at once."
    )
    started_at: datetime | None
    finished_at: datetime | None
    done: int = Field(description="So many people's messages are written.")
    total: int = Field(description="Of so many people.")
    mails: int = Field(description="How many mails were queued.")
    error: str | None = Field(description="Why it failed, or why the last attempt did.")


class AgendaItemOut(Output):
    """A meeting as one side sees it; called off: still in calendars, not in the next schedule."""

    request: str = Field(validation_alias="request_key")
    request_state: RequestState
    is_called_off: bool
    start: datetime
    end: datetime
    place: str
    hall: str
    firm: FirmRefOut
    partner: FirmRefOut
    people: list[PersonRefOut]
    partner_people: list[PersonRefOut]
    interpreter: PersonRefOut | None
    topic: str


class AgendaOut(Output):
    """The published meetings of a person or a firm in time order; `version` is null before the first one."""

    key: str
    name: str
    latin_name: str
    timezone: str
    version: int | None
    published_at: datetime | None
    items: list[AgendaItemOut]
