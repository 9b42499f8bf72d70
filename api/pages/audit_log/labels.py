"""What the columns and settings that the trail names are called on the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.pages.events.mail_texts import PARTS as MAIL_PARTS
from api.pages.imports.words import KINDS
from api.pages.participants import columns
from api.pages.planning.scenarios.sentences import DIALS
from scheduler.saying import say

TABLES: Final[Mapping[str, str]] = {
    "event": say("Event"),
    "slot": say("Time"),
    "hall": say("Hall"),
    "walking_time": say("Walking minutes"),
    "firm": say("Firm"),
    "attendee": say("Person"),
    "interpreter": say("Interpreter"),
    "place": say("Place"),
    "meeting_request": say("Meeting request"),
    "delegation": say("Delegation"),
    "firm_registration": say("Registration"),
}
"""A row of each table that a step of the desk may change."""

LABELS: Final[Mapping[str, str]] = {
    **{kind.value: label for kind, label in KINDS.items()},
    **DIALS,
    **MAIL_PARTS,
    **columns.LABELS,
    # Columns of rows
    "hall_id": say("Hall"),
    "host_id": say("At the stand of"),
    "firm_id": say("Firm"),
    "leader_id": say("Leader"),
    "capacity": say("Meetings there at once"),
    "state": say("State"),
    "rehearsed": say("Emails rehearsed"),
    "invitations_sent": say("Invitations sent"),
    "topic": say("Topic"),
    "message": say("Message"),
    "priority": say("Rank"),
    "length": say("Length"),
    "place": say("Place"),
    "expires_at": say("Ends"),
    "withdrawn_at": say("Left the event"),
    "decided_at": say("Decided"),
    "person": say("Person"),
    "latin_person": say("Name in Latin letters"),
    "reason": say("Reason"),
    "minutes": say("Minutes"),
    # Settings
    "language": say("Language of mails"),
    "solve_seconds": say("Seconds to search"),
    "freeze_hours": say("Hours that stay as they are"),
    "request_days": say("Days until a request without an answer expires"),
    "must_budget": say("Musts a firm may have"),
    "proposals": say("Attendees may propose other times for their meetings"),
    "colleagues": say("Exhibitors may add, change and remove people of their firms"),
    "registration": say("Firms may register themselves"),
    "mail_per_minute": say("Mails a minute"),
    "publish_hold": say("Minutes in which a publishing can be taken back"),
    "summary_mails": say("Send a summary after the invitations"),
    "digest_mails": say("Tell exhibitors by mail what becomes of their requests"),
    "contact": say("Whom to call"),
    "remind_minutes": say("Remind attendees so many minutes before a meeting"),
    "night_percent": say("At most so many per cent of the published meetings change"),
    "night_a_person": say("At most so many changes for one person"),
    "night_hours": say("Nothing that starts within so many hours is changed or added"),
    "night_late": say("Publish only if the run begins at most so many minutes late"),
    "times": say("Overnight runs"),
    # What else is noted
    "role": say("Role"),
    "until": say("Ends"),
    "delegations": say("Delegations"),
    "operator": say("Operator"),
    "declined": say("Reason"),
    "accepted": say("Firm"),
    "rows": say("Mails"),
    "joined": say("Joined"),
    "left": say("Left"),
    "origin": say("Where from"),
    "leader": say("Leader"),
    "escort": say("Escort"),
    "escort_phone": say("Escort's telephone"),
    "people": say("People"),
    "caller": say("Who calls"),
    "scopes": say("It may"),
    "parts": say("What comes along"),
    "published": say("Published version"),
    "hold in minutes": say("Minutes in which a publishing can be taken back"),
    "seconds": say("Seconds to search"),
    "changes": say("Changes"),
    "slot": say("Time"),
    "slots": say("Times"),
    "kind": say("What came of it"),
    "amount": say("Amount"),
    "currency": say("Currency"),
    "then": say("Then"),
    "may change": say("Meetings that may change"),
    "max_moved": say("Meetings that may change"),
    "address": say("Mail address"),
    "tables": say("Tables"),
    "closed": say("Closed"),
    "places": say("Place"),
    "when": say("When"),
    "characters": say("Characters"),
    "begins": say("It begins with"),
}
"""By the name that the trail has."""
