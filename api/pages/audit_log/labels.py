"""Labels of the columns and settings that the audit log names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.pages.events.email_texts import PARTS as MAIL_PARTS
from api.pages.imports.import_labels import KINDS
from api.pages.participants import columns
from api.pages.planning.scenarios.sentences import DIALS
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.privacy_notices import PURPOSES
from scheduler.services.privacy.audit_answers import TITLES

TABLES: Final[Mapping[str, str]] = {
    "event": gettext_lazy("Event"),
    "slot": gettext_lazy("Time"),
    "hall": gettext_lazy("Hall"),
    "walking_time": gettext_lazy("Walking times"),
    "firm": gettext_lazy("Exhibitor"),
    "attendee": gettext_lazy("Person"),
    "interpreter": gettext_lazy("Interpreter"),
    "place": gettext_lazy("Location"),
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
    **{purpose.value: text.label for purpose, text in PURPOSES.items()},
    **{topic.value: title for topic, title in TITLES.items()},
    # Columns of rows
    "hall_id": gettext_lazy("Hall"),
    "host_id": gettext_lazy("Shares booth with"),
    "firm_id": gettext_lazy("Exhibitor"),
    "leader_id": gettext_lazy("Leader"),
    "capacity": gettext_lazy("Simultaneous meetings"),
    "state": gettext_lazy("Status"),
    "rehearsed": gettext_lazy("Emails rehearsed"),
    "invitations_sent": gettext_lazy("Invitations sent"),
    "topic": gettext_lazy("Topic"),
    "message": gettext_lazy("Message"),
    "priority": gettext_lazy("Priority"),
    "length": gettext_lazy("Duration"),
    "place": gettext_lazy("Location"),
    "expires_at": gettext_lazy("Expires"),
    "withdrawn_at": gettext_lazy("Removed from event"),
    "decided_at": gettext_lazy("Decision"),
    "person": gettext_lazy("Person"),
    "latin_person": gettext_lazy("Name in Latin letters"),
    "reason": gettext_lazy("Reason"),
    "minutes": gettext_lazy("Minutes"),
    # Settings
    "language": gettext_lazy("Email language"),
    "solve_seconds": gettext_lazy("Search time (seconds)"),
    "freeze_hours": gettext_lazy("Freeze period (hours)"),
    "request_days": gettext_lazy("Requests expire after (days)"),
    "must_budget": gettext_lazy("Must-have requests per exhibitor"),
    "proposals": gettext_lazy("Attendees can propose other times for their meetings"),
    "colleagues": gettext_lazy("Company contacts can add, edit and remove colleagues"),
    "registration": gettext_lazy("Companies can register"),
    "mail_per_minute": gettext_lazy("Emails per minute"),
    "publish_hold": gettext_lazy("Publishing delay (minutes)"),
    "summary_mails": gettext_lazy("Send a schedule summary after the invitations"),
    "digest_mails": gettext_lazy("Email company contacts about their requests"),
    "contact": gettext_lazy("Contact for questions"),
    "remind_minutes": gettext_lazy("Reminder before a meeting (minutes)"),
    "accent": gettext_lazy("Accent colour"),
    "banner": gettext_lazy("Banner colour"),
    "sender": gettext_lazy("Sender name"),
    "tagline": gettext_lazy("Text below the headline"),
    "logo": gettext_lazy("Logo"),
    "banner_picture": gettext_lazy("Banner picture"),
    "overnight_percent": gettext_lazy("Percentage of published meetings changed per run"),
    "overnight_per_person": gettext_lazy("Changes per person per run"),
    "overnight_protected_hours": gettext_lazy("Protected time before a meeting (hours)"),
    "overnight_late_minutes": gettext_lazy("Latest start (minutes late)"),
    "times": gettext_lazy("Overnight runs"),
    # Other logged values
    "purposes": gettext_lazy("Ask for consent to"),
    "role": gettext_lazy("Role"),
    "until": gettext_lazy("Expires"),
    "delegations": gettext_lazy("Delegations"),
    "operator": gettext_lazy("Operator"),
    "declined": gettext_lazy("Reason"),
    "accepted": gettext_lazy("Exhibitor"),
    "rows": gettext_lazy("Emails"),
    "joined": gettext_lazy("Joined"),
    "left": gettext_lazy("Left"),
    "origin": gettext_lazy("Origin"),
    "leader": gettext_lazy("Leader"),
    "escort": gettext_lazy("Escort"),
    "escort_phone": gettext_lazy("Escort's phone number"),
    "people": gettext_lazy("People"),
    "caller": gettext_lazy("Caller"),
    "scopes": gettext_lazy("Permissions"),
    "parts": gettext_lazy("Content to copy"),
    "published": gettext_lazy("Published version"),
    "hold in minutes": gettext_lazy("Publishing delay (minutes)"),
    "seconds": gettext_lazy("Search time (seconds)"),
    "changes": gettext_lazy("Changes"),
    "slot": gettext_lazy("Time"),
    "slots": gettext_lazy("Times"),
    "kind": gettext_lazy("Outcome"),
    "amount": gettext_lazy("Amount"),
    "currency": gettext_lazy("Currency"),
    "then": gettext_lazy("After the run"),
    "may change": gettext_lazy("Changed meetings (maximum)"),
    "max_moved": gettext_lazy("Changed meetings (maximum)"),
    "address": gettext_lazy("Email address"),
    "tables": gettext_lazy("Tables"),
    "closed": gettext_lazy("Closed"),
    "places": gettext_lazy("Location"),
    "when": gettext_lazy("Time"),
    "characters": gettext_lazy("Character count"),
    "begins": gettext_lazy("Starts with"),
}
"""Labels by the name in the audit log."""
