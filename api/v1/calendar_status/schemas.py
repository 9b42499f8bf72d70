"""Calendar health: people with what came of their invitations, and dead letters."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from api.v1.schemas.base import CountryCode, Listing, Output, PageQuery, SearchQuery
from api.v1.schemas.derived import derived_from
from scheduler.domain.entities import CalendarState
from scheduler.domain.fields import HallName, Key
from scheduler.services.delivery.failed_emails import FailedEmail
from scheduler.services.emails.calendar_status.people import BoardPerson
from scheduler.services.emails.calendar_status.states import CalendarEntry, LastReply


def _flag(value: object) -> object:
    """A truth value of a query string as JSON would write it."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


class HealthQuery(SearchQuery):
    state: CalendarState | None = Field(None, description="Only people with a meeting in this state.")
    hall: HallName | None = Field(None, description="Name of a hall: only meetings there.")
    day: date | None = Field(None, description="Only meetings of this day at the venue.")
    country: CountryCode | None = Field(None, description="Of the person's firm.")
    firm: Key | None = Field(None, description="Key of a firm: only its people.")
    calls: Annotated[bool, BeforeValidator(_flag)] = Field(
        False, strict=True, description="Only who needs a call."
    )
    sort: Literal["first", "worst", "name", "firm"] = Field(
        "first", description="By the first meeting (that needs a call), the worst state, name or firm."
    )


@derived_from(LastReply, without=("sequence",))
class AnswerOut(Output):
    """An answer to the invitation as it is told now."""


@derived_from(CalendarEntry, without=("attendee_id", "error"), renamed={"request_key": "request"})
class CalendarEntryOut(Output):
    """A meeting in a person's calendar; `is_off`: cancelled, which the calendar could not be told."""

    answer: AnswerOut | None


@derived_from(BoardPerson, without=("calls",))
class CalendarPersonOut(Output):
    """A person with the meetings of the published schedule; `reason` says why to call, empty if not to.

    `email` and `phone` are null without the scope `contacts:read`.
    """

    email: str | None
    phone: str | None
    worst: CalendarState | None
    counts: dict[CalendarState, int]
    reason: str
    meetings: list[CalendarEntryOut]


class CalendarHealthOut(Listing[CalendarPersonOut]):
    """People of the published schedule; `version` is null before the first one."""

    version: int | None
    timezone: str
    totals: dict[CalendarState, int] = Field(description="Meetings in calendars by state, of the whole list.")


@derived_from(FailedEmail, without=("id", "content"))
class DeadLetterOut(Output):
    """A mail that failed, or that is tried again: then `next_attempt_at` is set."""

    address: str | None = Field(description="Null without the scope `contacts:read`; `error` is empty then.")


class DeadLetterQuery(PageQuery):
    retrying: Annotated[bool, BeforeValidator(_flag)] = Field(
        False, strict=True, description="Mails that are tried again, in place of those that failed."
    )
