"""Calendar status of people, and failed emails."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from api.v1.schemas.base import CountryCode, Output, PageQuery, SearchQuery, UpdatedSince, UpdateListing
from api.v1.schemas.derived import derived_from
from api.v1.schemas.values import FailureName, ReplySourceName
from scheduler.domain.entities import CalendarState
from scheduler.domain.fields import HallName, Key
from scheduler.services.delivery.failed_emails import FailedEmail
from scheduler.services.emails.calendar_status.people import BoardPerson
from scheduler.services.emails.calendar_status.states import CalendarEntry, LastReply


def _flag(value: object) -> object:
    """A truth value of a query string as JSON would write it."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


class CalendarStatusQuery(SearchQuery):
    state: CalendarState | None = Field(None, description="Only people with a meeting in this state.")
    hall: HallName | None = Field(None, description="Name of a hall: only meetings there.")
    day: date | None = Field(None, description="Only meetings of this day at the venue.")
    country: CountryCode | None = Field(None, description="Of the person's firm.")
    firm: Key | None = Field(None, description="Key of a firm: only its people.")
    needs_call: Annotated[bool, BeforeValidator(_flag)] = Field(
        False, strict=True, description="Only people who need a call."
    )
    sort: Literal["first", "status", "name", "firm"] = Field(
        "first", description="By the first meeting (that needs a call), status, name or firm."
    )
    updated_since: UpdatedSince | None = Field(
        None,
        description="A time with its offset (RFC 3339). Only people whose status has changed since are "
        "listed, each with all meetings; without any, the schedule no longer has the person. It takes no "
        "filter, and `sort` is not applied. Repeat it with the `cursor`.",
    )


@derived_from(LastReply, without=("sequence",))
class InvitationReplyOut(Output):
    """A reply to the current invitation."""

    source: ReplySourceName


@derived_from(
    CalendarEntry,
    without=("attendee_id", "error"),
    renamed={
        "request_key": "request",
        "is_called_off": "is_cancelled",
        "is_off": "cancellation_failed",
    },
)
class CalendarEntryOut(Output):
    """A meeting in a person's calendar."""

    reply: InvitationReplyOut | None = Field(validation_alias="answer")


@derived_from(BoardPerson, without=("calls",))
class CalendarPersonOut(Output):
    """A person with the meetings of the published schedule.

    `email` and `phone` are null without the scope `contacts:read`.
    """

    email: str | None
    phone: str | None
    status: CalendarState | None = Field(
        validation_alias="worst", description="The worst state of a meeting."
    )
    counts: dict[CalendarState, int]
    call_reason: str = Field(validation_alias="reason", description="Why to call the person, or empty.")
    meetings: list[CalendarEntryOut]


class CalendarStatusListOut(UpdateListing[CalendarPersonOut]):
    """People of the published schedule; `version` is null before the first one."""

    version: int | None
    timezone: str
    totals: dict[CalendarState, int] | None = Field(
        description="Meetings by state, of the whole list. Null with `updated_since`."
    )


@derived_from(FailedEmail, without=("id", "content"))
class FailedEmailOut(Output):
    """An email that failed, or that will be retried: then `next_attempt_at` is set."""

    failure: FailureName | None
    address: str | None = Field(description="Null without the scope `contacts:read`; `error` is empty then.")


class FailedEmailQuery(PageQuery):
    retrying: Annotated[bool, BeforeValidator(_flag)] = Field(
        False, strict=True, description="Emails that will be retried, instead of those that failed."
    )
