"""Labels of the columns and settings that the audit log names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.pages.events.email_texts import PARTS as MAIL_PARTS
from api.pages.imports.import_labels import KINDS
from api.pages.participants import columns
from api.pages.planning.scenarios.sentences import DIALS
from scheduler.i18n import gettext_lazy

TABLES: Final[Mapping[str, str]] = {
    "event": gettext_lazy("Event"),
    "slot": gettext_lazy("Time"),
    "hall": gettext_lazy("Hall"),
    "walking_time": gettext_lazy("Walking minutes"),
    "firm": gettext_lazy("Firm"),
    "attendee": gettext_lazy("Person"),
    "interpreter": gettext_lazy("Interpreter"),
    "place": gettext_lazy("Place"),
    "meeting_request": gettext_lazy("Meeting request"),
    "delegation": gettext_lazy("Delegation"),
    "firm_registration": gettext_lazy("Registration"),
}
"""Names of a row, for each table that a help desk action may change."""

LABELS: Final[Mapping[str, str]] = {
    **{kind.value: label for kind, label in KINDS.items()},
    **DIALS,
    **MAIL_PARTS,
    **columns.LABELS,
    # Columns of rows
    "hall_id": gettext_lazy("Hall"),
    "host_id": gettext_lazy("At the stand of"),
    "firm_id": gettext_lazy("Firm"),
    "leader_id": gettext_lazy("Leader"),
    "capacity": gettext_lazy("Meetings there at once"),
    "state": gettext_lazy("State"),
    "rehearsed": gettext_lazy("Emails rehearsed"),
    "invitations_sent": gettext_lazy("Invitations sent"),
    "topic": gettext_lazy("Topic"),
    "message": gettext_lazy("Message"),
    "priority": gettext_lazy("Rank"),
    "length": gettext_lazy("Length"),
    "place": gettext_lazy("Place"),
    "expires_at": gettext_lazy("Ends"),
    "withdrawn_at": gettext_lazy("Left the event"),
    "decided_at": gettext_lazy("Decided"),
    "person": gettext_lazy("Person"),
    "latin_person": gettext_lazy("Name in Latin letters"),
    "reason": gettext_lazy("Reason"),
    "minutes": gettext_lazy("Minutes"),
    # Settings
    "language": gettext_lazy("Email language"),
    "solve_seconds": gettext_lazy("Seconds to search"),
    "freeze_hours": gettext_lazy("Hours that stay as they are"),
    "request_days": gettext_lazy("Days until a request without an answer expires"),
    "must_budget": gettext_lazy("Musts a firm may have"),
    "proposals": gettext_lazy("Attendees may propose other times for their meetings"),
    "colleagues": gettext_lazy("Exhibitors may add, change and remove people of their firms"),
    "registration": gettext_lazy("Firms may register themselves"),
    "mail_per_minute": gettext_lazy("Emails per minute"),
    "publish_hold": gettext_lazy("Minutes in which a publishing can be taken back"),
    "summary_mails": gettext_lazy("Send a summary after the invitations"),
    "digest_mails": gettext_lazy("Email exhibitors about their requests"),
    "contact": gettext_lazy("Whom to call"),
    "remind_minutes": gettext_lazy("Reminder before a meeting (minutes)"),
    "overnight_percent": gettext_lazy("Percentage of published meetings changed per run"),
    "overnight_per_person": gettext_lazy("Changes per person per run"),
    "overnight_protected_hours": gettext_lazy("Protected time before a meeting (hours)"),
    "overnight_late_minutes": gettext_lazy("Latest start (minutes late)"),
    "times": gettext_lazy("Overnight runs"),
    # Other logged values
    "role": gettext_lazy("Role"),
    "until": gettext_lazy("Ends"),
    "delegations": gettext_lazy("Delegations"),
    "operator": gettext_lazy("Operator"),
    "declined": gettext_lazy("Reason"),
    "accepted": gettext_lazy("Firm"),
    "rows": gettext_lazy("Emails"),
    "joined": gettext_lazy("Joined"),
    "left": gettext_lazy("Left"),
    "origin": gettext_lazy("Where from"),
    "leader": gettext_lazy("Leader"),
    "escort": gettext_lazy("Escort"),
    "escort_phone": gettext_lazy("Escort's telephone"),
    "people": gettext_lazy("People"),
    "caller": gettext_lazy("Who calls"),
    "scopes": gettext_lazy("It may"),
    "parts": gettext_lazy("What comes along"),
    "published": gettext_lazy("Published version"),
    "hold in minutes": gettext_lazy("Minutes in which a publishing can be taken back"),
    "seconds": gettext_lazy("Seconds to search"),
    "changes": gettext_lazy("Changes"),
    "slot": gettext_lazy("Time"),
    "slots": gettext_lazy("Times"),
    "kind": gettext_lazy("What came of it"),
    "amount": gettext_lazy("Amount"),
    "currency": gettext_lazy("Currency"),
    "then": gettext_lazy("Then"),
    "may change": gettext_lazy("Meetings that may change"),
    "max_moved": gettext_lazy("Meetings that may change"),
    "address": gettext_lazy("Email address"),
    "tables": gettext_lazy("Tables"),
    "closed": gettext_lazy("Closed"),
    "places": gettext_lazy("Place"),
    "when": gettext_lazy("When"),
    "characters": gettext_lazy("Characters"),
    "begins": gettext_lazy("It begins with"),
}
"""Labels by the name in the audit log."""
