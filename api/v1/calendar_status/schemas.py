"""Calendar health: people with what came of their invitations, and dead letters."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from api.v1.directory.schemas import FirmRefOut, PersonRefOut
from api.v1.schemas.base import CountryCode, Listing, Output, PageQuery, SearchQuery
from scheduler.domain.entities import AnswerSource, CalendarState, MailFailure, Method, Partstat
from scheduler.domain.fields import HallName, Key


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


class AnswerOut(Output):
    """An answer to the invitation as it is told now."""

    partstat: Partstat
    source: AnswerSource
    at: datetime
    comment: str
    proposed_start: datetime | None


class CalendarEntryOut(Output):
    """A meeting in a person's calendar; `is_off`: cancelled, which the calendar could not be told."""

    request: str = Field(validation_alias="request_key")
    partner: str
    start: datetime
    end: datetime
    place: str
    hall: str
    state: CalendarState
    sequence: int | None = Field(description="Of the newest message about it.")
    sent_at: datetime | None
    answer: AnswerOut | None
    is_called_off: bool
    is_off: bool


class CalendarPersonOut(Output):
    """A person with the meetings of the published schedule; `reason` says why to call, empty if not to.

    `email` and `phone` are null without the scope `contacts:read`.
    """

    key: str
    name: str
    latin_name: str
    title: str
    email: str | None
    phone: str | None
    languages: list[str]
    firm: FirmRefOut
    bounced_at: datetime | None
    bounce: str
    worst: CalendarState | None
    counts: dict[CalendarState, int]
    reason: str
    meetings: list[CalendarEntryOut]


class CalendarHealthOut(Listing[CalendarPersonOut]):
    """People of the published schedule; `version` is null before the first one."""

    version: int | None
    timezone: str
    totals: dict[CalendarState, int] = Field(description="Meetings in calendars by state, of the whole list.")


class DeadLetterOut(Output):
    """A mail that failed, or that is tried again: then `next_attempt_at` is set."""

    kind: str = Field(description="invitation, resend (between publishings) or summary.")
    address: str | None = Field(description="Null without the scope `contacts:read`; `error` is empty then.")
    person: PersonRefOut | None
    method: Method | None = Field(description="Null for a mail that is about several meetings or none.")
    failure: MailFailure | None
    error: str
    attempts: int
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None


class DeadLetterList(Listing[DeadLetterOut]):
    pass


class DeadLetterQuery(PageQuery):
    retrying: Annotated[bool, BeforeValidator(_flag)] = Field(
        False, strict=True, description="Mails that are tried again, in place of those that failed."
    )
