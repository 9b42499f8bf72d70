"""Rights: a matrix by role, and the scopes that an API token needs in addition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType

from scheduler.i18n import gettext_lazy


class Role(StrEnum):
    """A role in an event. A person may have several. The first five are those of `TeamRole`."""

    OWNER = "owner"
    ORGANISER = "organiser"
    VIEWER = "read-only"
    HELP_DESK = "desk helper"
    DELEGATION_MANAGER = "chamber"
    EXHIBITOR = "exhibitor"
    ATTENDEE = "attendee"
    INTERPRETER = "interpreter"


class Reach(IntEnum):
    """Reach of a right: oneself, one's firm, one's delegations and their members, or the whole event."""

    PERSON = 1
    FIRM = 2
    DELEGATION = 3
    EVENT = 4


class Right(StrEnum):
    """A permission in an event. The value is its name in documents."""

    READ_EVENT = "read the event with its slots and halls"
    READ_DIRECTORY = "read the directory of firms and people"
    READ_CONTACTS = "read email addresses and phone numbers"
    READ_REQUESTS = "read meeting requests"
    REQUEST_MEETINGS = "request meetings, respond to requests and withdraw them"
    EDIT_FIRM_NOTES = "save firms, add notes, and exclude meetings with a firm"
    EDIT_FIRM_PROFILE = "edit the firm's profile"
    MANAGE_COLLEAGUES = "add, change and remove colleagues"
    LOCK_REQUESTS = "apply suggested fixes, and lock requests to slots"
    READ_FIRM_AGENDAS = "read firms' agendas"
    READ_AGENDAS = "read people's agendas"
    REPLY_TO_INVITATIONS = "reply to invitations"
    REPORT_OUTCOMES = "report outcomes of meetings"
    READ_OUTCOMES = "read outcomes of meetings"
    EDIT_BUSY_TIMES = "mark busy times and link calendars"
    CHOOSE_PREFERENCES = "choose language, time zone and summary emails"
    RENEW_FEED = "reset a person's calendar feed"
    MANAGE_FIRM_FEED = "create, reset and delete the firm's calendar feed"
    CREATE_TOKENS = "create API tokens, list and revoke one's own"
    MANAGE_ALL_TOKENS = "list and revoke everyone's API tokens"
    READ_SERVICE_TOKENS = "see the API tokens of services"
    READ_ALERTS = "read open alerts"
    READ_RUNS = "follow runs"
    MANAGE_RUNS = "start and cancel runs"
    MANAGE_SCENARIOS = "create and solve scenarios"
    READ_VERSIONS = "read schedule versions and change sets"
    EDIT_DRAFTS = "edit manual drafts"
    PUBLISH = "publish, discard and restore versions; cancel a publishing"
    READ_EMAIL_QUEUE = "read the email queue"
    CONTROL_EMAIL_QUEUE = "pause, stop and send emails"
    READ_CALENDAR_STATUS = "read the calendar status, and failed emails"
    REPAIR_DELIVERY = "resend failed emails, correct addresses"
    READ_INBOX = "read incoming emails"
    HANDLE_INBOX = "handle incoming emails"
    IMPORT = "import firms, people and interpreters"
    IMPORT_MEMBERS = "import the firms and people of a delegation"
    READ_DELEGATIONS = "read delegations, with the phone numbers of their people"
    ASSIGN_DELEGATION_LEADERS = "choose who leads and accompanies a delegation"
    MANAGE_DELEGATIONS = "create delegations, and assign firms and people"
    MANAGE_PARTICIPANTS = "change, remove and merge firms, people and interpreters"
    EDIT_EMAIL_TEMPLATES = "edit and test email texts"
    CHANGE_VENUE = "change the venue: days, halls, tables, areas"
    CHANGE_SETTINGS = "change the event's settings"
    READ_TEAM = "read the team"
    MANAGE_TEAM = "invite team members, change and end their roles"
    READ_AUDIT_LOG = "read the audit log"
    MANAGE_WEBHOOKS = "create webhooks, read their messages and send these again"
    MANAGE_EVENT = "copy, archive and delete the event"


_OWN = {
    Right.READ_EVENT: Reach.EVENT,
    Right.READ_DIRECTORY: Reach.EVENT,
    Right.READ_CONTACTS: Reach.FIRM,
    Right.READ_REQUESTS: Reach.FIRM,
    Right.READ_FIRM_AGENDAS: Reach.FIRM,
    Right.READ_AGENDAS: Reach.PERSON,
    Right.REPLY_TO_INVITATIONS: Reach.PERSON,
    Right.REPORT_OUTCOMES: Reach.PERSON,
    Right.READ_OUTCOMES: Reach.PERSON,
    Right.EDIT_BUSY_TIMES: Reach.PERSON,
    Right.CHOOSE_PREFERENCES: Reach.PERSON,
    Right.RENEW_FEED: Reach.PERSON,
}

_NOBODY_ELSES = frozenset(
    {
        Right.REPLY_TO_INVITATIONS,
        Right.REPORT_OUTCOMES,
        Right.EDIT_BUSY_TIMES,
        Right.CHOOSE_PREFERENCES,
        Right.RENEW_FEED,
        Right.MANAGE_FIRM_FEED,
        Right.EDIT_FIRM_NOTES,
        Right.EDIT_FIRM_PROFILE,
        Right.MANAGE_COLLEAGUES,
    }
)
"""Rights that only the person or firm themselves can exercise, never an organiser for them."""

_LOOK_UP = frozenset(
    {Right.READ_EVENT, Right.READ_DIRECTORY, Right.READ_FIRM_AGENDAS, Right.READ_AGENDAS, Right.READ_TEAM}
)
"""Rights that the help desk needs to tell people when and where they meet."""

_READ = _LOOK_UP | {
    Right.READ_REQUESTS,
    Right.READ_ALERTS,
    Right.READ_RUNS,
    Right.READ_VERSIONS,
    Right.READ_EMAIL_QUEUE,
}
"""Rights to read the state of an event, without people's emails or addresses."""

_OF_DELEGATION = (
    Right.READ_CONTACTS,
    Right.READ_REQUESTS,
    Right.REQUEST_MEETINGS,
    Right.READ_FIRM_AGENDAS,
    Right.READ_AGENDAS,
    Right.READ_DELEGATIONS,
    Right.ASSIGN_DELEGATION_LEADERS,
    Right.IMPORT_MEMBERS,
)
"""Rights of a delegation manager for their members."""

_RUN_EVENT = frozenset(right for right in Right if right not in _NOBODY_ELSES)

_OWNERS_ONLY = frozenset({Right.MANAGE_TEAM, Right.MANAGE_EVENT, Right.READ_SERVICE_TOKENS})
"""Rights of an owner that organisers do not have."""

WHEN_ARCHIVED = frozenset(right for right in Right if right.name.startswith("READ_")) | {Right.MANAGE_EVENT}
"""The rights that remain in an archived event: reading it and restoring it."""

MATRIX: Mapping[Role, Mapping[Right, Reach]] = MappingProxyType(
    {
        Role.OWNER: dict.fromkeys(_RUN_EVENT, Reach.EVENT),
        Role.ORGANISER: dict.fromkeys(_RUN_EVENT - _OWNERS_ONLY, Reach.EVENT),
        Role.VIEWER: dict.fromkeys(_READ, Reach.EVENT),
        Role.HELP_DESK: dict.fromkeys(_LOOK_UP, Reach.EVENT),
        Role.DELEGATION_MANAGER: {
            Right.READ_EVENT: Reach.EVENT,
            **dict.fromkeys(_OF_DELEGATION, Reach.DELEGATION),
        },
        Role.EXHIBITOR: {
            **_OWN,
            Right.REQUEST_MEETINGS: Reach.FIRM,
            Right.REPORT_OUTCOMES: Reach.FIRM,
            Right.READ_OUTCOMES: Reach.FIRM,
            Right.EDIT_FIRM_NOTES: Reach.FIRM,
            Right.EDIT_FIRM_PROFILE: Reach.FIRM,
            Right.MANAGE_COLLEAGUES: Reach.FIRM,
            Right.READ_AGENDAS: Reach.FIRM,
            Right.MANAGE_FIRM_FEED: Reach.FIRM,
            Right.CREATE_TOKENS: Reach.PERSON,
        },
        Role.ATTENDEE: _OWN,
        Role.INTERPRETER: {
            Right.READ_EVENT: Reach.EVENT,
            Right.READ_AGENDAS: Reach.PERSON,
            Right.EDIT_BUSY_TIMES: Reach.PERSON,
            Right.CHOOSE_PREFERENCES: Reach.PERSON,
            Right.RENEW_FEED: Reach.PERSON,
        },
    }
)
"""Reach by role and right. Missing rights are denied. With several roles, the farthest reach applies."""

SCOPES: Mapping[Right, frozenset[str]] = MappingProxyType(
    {
        Right.READ_EVENT: frozenset({"events:read"}),
        Right.READ_DIRECTORY: frozenset({"people:read"}),
        Right.READ_CONTACTS: frozenset({"contacts:read"}),
        Right.READ_REQUESTS: frozenset({"requests:read", "requests:write"}),
        Right.REQUEST_MEETINGS: frozenset({"requests:write"}),
        Right.LOCK_REQUESTS: frozenset({"requests:write"}),
        Right.READ_FIRM_AGENDAS: frozenset({"schedule:read"}),
        Right.READ_AGENDAS: frozenset({"schedule:read"}),
        Right.READ_OUTCOMES: frozenset({"outcomes:read", "outcomes:write"}),
        Right.REPORT_OUTCOMES: frozenset({"outcomes:write"}),
        Right.READ_RUNS: frozenset({"runs:read", "runs:write", "settings:write"}),
        Right.MANAGE_RUNS: frozenset({"runs:write"}),
        Right.MANAGE_SCENARIOS: frozenset({"runs:write"}),
        Right.READ_VERSIONS: frozenset({"schedule:read", "schedule:publish"}),
        Right.EDIT_DRAFTS: frozenset({"drafts:write"}),
        Right.PUBLISH: frozenset({"schedule:publish"}),
        Right.READ_EMAIL_QUEUE: frozenset({"schedule:read", "schedule:publish"}),
        Right.CONTROL_EMAIL_QUEUE: frozenset({"schedule:publish"}),
        Right.READ_CALENDAR_STATUS: frozenset({"calendar-status:read"}),
        Right.IMPORT: frozenset({"people:write"}),
        Right.REPAIR_DELIVERY: frozenset({"people:write"}),
        Right.CHANGE_VENUE: frozenset({"venue:write"}),
        Right.MANAGE_PARTICIPANTS: frozenset({"people:write"}),
        Right.READ_DELEGATIONS: frozenset({"people:write"}),
        Right.ASSIGN_DELEGATION_LEADERS: frozenset({"people:write"}),
        Right.MANAGE_DELEGATIONS: frozenset({"people:write"}),
        Right.CHANGE_SETTINGS: frozenset({"settings:write"}),
        Right.READ_TEAM: frozenset({"team:read", "team:write"}),
        Right.MANAGE_TEAM: frozenset({"team:write"}),
        Right.READ_AUDIT_LOG: frozenset({"audit-log:read"}),
        Right.MANAGE_WEBHOOKS: frozenset({"webhooks:write"}),
        Right.MANAGE_EVENT: frozenset({"events:write"}),
    }
)
"""The scopes of which a token needs at least one. Rights without an entry require a signed-in person."""

ANY_TOKEN = frozenset({Right.READ_EVENT})
"""Rights of every token, whatever its scopes."""


def reaches(roles: Iterable[Role], right: Right) -> frozenset[Reach]:
    """Return the reaches of the right in the roles that have it."""
    return frozenset(MATRIX[role][right] for role in roles if right in MATRIX[role])


def in_scope(scopes: frozenset[str] | None, right: Right) -> bool:
    """Return True if a token's scopes permit the right. None stands for a person, whom no scope limits."""
    return scopes is None or right in ANY_TOKEN or not scopes.isdisjoint(SCOPES.get(right, ()))


def out_of_scope(right: Right) -> str:
    """Return the sentence that explains why a token may not use the right."""
    scopes = sorted(SCOPES.get(right, ()))
    if not scopes:
        return gettext_lazy("Only a signed-in person can do this.")
    return f"This token does not have the scope {' or '.join(scopes)}."
