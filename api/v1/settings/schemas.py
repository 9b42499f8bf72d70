"""Settings of the event, its overnight runs and its scheduling priorities."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any

from pydantic import Field, JsonValue

from api.v1.schemas.base import Input, Output
from api.v1.schemas.derived import derived_from
from api.v1.venue.changes import Clock
from api.v1.venue.schemas import ClockOut
from scheduler.domain.entities import AfterRun
from scheduler.domain.fields import (
    ChangesAPerson,
    Contact,
    EventName,
    FreezeHours,
    HoldMinutes,
    Language,
    LateMinutes,
    MailPerMinute,
    MustBudget,
    Percent,
    QuietHours,
    RemindMinutes,
    RequestDays,
    SolveSeconds,
)
from scheduler.services.events.events import EventSettings
from scheduler.services.events.overnight_schedule import MAX_TIMES, OvernightSettings, OvernightTime

RENAMED = {
    "mail_per_minute": "emails_per_minute",
    "summary_mails": "summary_emails",
    "digest_mails": "digest_emails",
}
"""Names in the API by names of the service."""


@derived_from(EventSettings, without=("policy",), renamed=RENAMED)
class EventSettingsOut(Output):
    """The settings of the event; `/priorities` has its scheduling priorities."""


class EventSettingsIn(Input):
    """Settings to change; the others stay."""

    name: EventName | None = None
    language: Language | None = Field(None, description="Of emails to people whose language is unknown.")
    solve_seconds: SolveSeconds | None = None
    freeze_hours: FreezeHours | None = None
    request_days: RequestDays | None = None
    must_budget: MustBudget | None = None
    proposals: bool | None = None
    colleagues: bool | None = None
    registration: bool | None = None
    emails_per_minute: MailPerMinute | None = None
    publish_hold: HoldMinutes | None = None
    summary_emails: bool | None = None
    digest_emails: bool | None = None
    contact: Contact | None = None
    remind_minutes: RemindMinutes | None = None


Weekdays = Annotated[
    str,
    Field(
        pattern="^1?2?3?4?5?6?7?$",
        min_length=1,
        max_length=7,
        description="In order, 1 is Monday: 67 is every weekend.",
    ),
]


@derived_from(OvernightTime)
class OvernightTimeOut(Output):
    """A start time in the event's time zone; `next_at` is the next start, null after the event."""

    at: ClockOut


@derived_from(OvernightSettings)
class OvernightSettingsOut(Output):
    """Start times of overnight runs, and the limits within which these publish."""

    times: list[OvernightTimeOut]


class OvernightTimeIn(Input):
    """A start time in the event's time zone."""

    at: Clock
    weekdays: Weekdays = "1234567"
    then: AfterRun = AfterRun.DRAFT

    def start_time(self) -> OvernightTime:
        return OvernightTime(time.fromisoformat(self.at), self.weekdays, self.then)


class OvernightSettingsIn(Input):
    """Settings to change; the others stay. `times` replaces all start times."""

    times: Annotated[list[OvernightTimeIn], Field(max_length=MAX_TIMES)] | None = None
    overnight_percent: Percent | None = None
    overnight_per_person: ChangesAPerson | None = None
    overnight_protected_hours: QuietHours | None = None
    overnight_late_minutes: LateMinutes | None = None


class PrioritiesOut(Output):
    """The scheduling priorities. A key that is missing has its default."""

    policy: dict[str, Any] = Field(description="As `policy` in the problem format.")


class PrioritiesIn(Input):
    """Keys of the policy to change; null for the default. The others stay."""

    policy: Annotated[dict[str, JsonValue], Field(min_length=1, max_length=20)] = Field(
        description="As `policy` in the problem format."
    )
