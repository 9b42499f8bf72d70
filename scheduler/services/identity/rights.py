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
    READER = "read-only"
    DESK = "desk helper"
    CHAMBER = "chamber"
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

    READ_EVENT = "read the event with its times and halls"
    READ_DIRECTORY = "read the directory of firms and people"
    READ_CONTACTS = "read mail addresses and telephone numbers"
    READ_REQUESTS = "read meeting requests"
    ASK = "ask for meetings, answer and withdraw requests"
    KEEP_NOTES = "save firms, note them, and say that there is to be no meeting with them"
    KEEP_PROFILE = "change what one's firm says of itself"
    KEEP_COLLEAGUES = "add, change and remove people of one's firm"
    LOCK_REQUESTS = "do remedies, and lock requests to times"
    READ_FIRM_AGENDAS = "read firms' agendas"
    READ_AGENDAS = "read people's agendas"
    ANSWER_INVITATIONS = "answer invitations"
    SAY_OUTCOMES = "say what came of meetings"
    READ_OUTCOMES = "read what came of meetings"
    KEEP_BUSY_TIMES = "mark times and link calendars"
    CHOOSE_PREFERENCES = "choose language, time zone and summaries of mails"
    RENEW_FEED = "renew a person's calendar feed"
    KEEP_FIRM_FEED = "make, renew and end a firm's calendar feed"
    MAKE_TOKENS = "make API tokens, see and revoke one's own"
    KEEP_ALL_TOKENS = "see and revoke everybody's API tokens"
    READ_ALERTS = "read what failed and is not over"
    READ_RUNS = "follow runs"
    RUN = "start and cancel runs"
    TRY = "make and solve what-ifs beside the plan"
    READ_VERSIONS = "read schedule versions and change sets"
    CHANGE_DRAFTS = "change drafts by hand"
    PUBLISH = "publish, take back, roll back and discard versions"
    READ_MAILS = "see how many mails are on their way"
    STEER_MAILS = "pause, stop and send mails"
    READ_CALENDAR_HEALTH = "read what came of invitations, and mails that failed"
    REPAIR_DELIVERY = "send failed mails again, correct addresses"
    READ_INBOX = "read mails that came in"
    HANDLE_INBOX = "decide about mails that came in"
    IMPORT = "import firms, people and interpreters"
    IMPORT_MEMBERS = "import the firms and people of a delegation"
    READ_DELEGATIONS = "read delegations, with the telephone numbers of their people"
    LEAD_DELEGATIONS = "say who leads and accompanies a delegation"
    KEEP_DELEGATIONS = "make delegations, say who belongs to them"
    KEEP_PEOPLE = "change, withdraw and merge firms, people and interpreters"
    CHANGE_MAIL_TEXTS = "change and try the texts of mails"
    CHANGE_VENUE = "change the venue: days, halls, tables, areas"
    CHANGE_SETTINGS = "change the event's settings"
    READ_TEAM = "see who is in the team"
    CHANGE_TEAM = "invite people to the team, change and end their roles"
    READ_TRAIL = "read who did what"
    KEEP_EVENT = "copy, archive and delete the event"


_OWN = {
    Right.READ_EVENT: Reach.EVENT,
    Right.READ_DIRECTORY: Reach.EVENT,
    Right.READ_CONTACTS: Reach.FIRM,
    Right.READ_REQUESTS: Reach.FIRM,
    Right.READ_FIRM_AGENDAS: Reach.FIRM,
    Right.READ_AGENDAS: Reach.PERSON,
    Right.ANSWER_INVITATIONS: Reach.PERSON,
    Right.SAY_OUTCOMES: Reach.PERSON,
    Right.READ_OUTCOMES: Reach.PERSON,
    Right.KEEP_BUSY_TIMES: Reach.PERSON,
    Right.CHOOSE_PREFERENCES: Reach.PERSON,
    Right.RENEW_FEED: Reach.PERSON,
}

_NOBODY_ELSES = frozenset(
    {
        Right.ANSWER_INVITATIONS,
        Right.SAY_OUTCOMES,
        Right.KEEP_BUSY_TIMES,
        Right.CHOOSE_PREFERENCES,
        Right.RENEW_FEED,
        Right.KEEP_FIRM_FEED,
        Right.KEEP_NOTES,
        Right.KEEP_PROFILE,
        Right.KEEP_COLLEAGUES,
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
    Right.READ_MAILS,
}
"""Rights to read the state of an event, without people's emails or addresses."""

_OF_DELEGATION = (
    Right.READ_CONTACTS,
    Right.READ_REQUESTS,
    Right.ASK,
    Right.READ_FIRM_AGENDAS,
    Right.READ_AGENDAS,
    Right.READ_DELEGATIONS,
    Right.LEAD_DELEGATIONS,
    Right.IMPORT_MEMBERS,
)
"""Rights of a delegation manager for their members."""

_RUN_EVENT = frozenset(right for right in Right if right not in _NOBODY_ELSES)

WHEN_ARCHIVED = frozenset(right for right in Right if right.name.startswith("READ_")) | {Right.KEEP_EVENT}
"""The rights that remain in an archived event: reading it and restoring it."""

MATRIX: Mapping[Role, Mapping[Right, Reach]] = MappingProxyType(
    {
        Role.OWNER: dict.fromkeys(_RUN_EVENT, Reach.EVENT),
        Role.ORGANISER: dict.fromkeys(_RUN_EVENT - {Right.CHANGE_TEAM, Right.KEEP_EVENT}, Reach.EVENT),
        Role.READER: dict.fromkeys(_READ, Reach.EVENT),
        Role.DESK: dict.fromkeys(_LOOK_UP, Reach.EVENT),
        Role.CHAMBER: {Right.READ_EVENT: Reach.EVENT, **dict.fromkeys(_OF_DELEGATION, Reach.DELEGATION)},
        Role.EXHIBITOR: {
            **_OWN,
            Right.ASK: Reach.FIRM,
            Right.SAY_OUTCOMES: Reach.FIRM,
            Right.READ_OUTCOMES: Reach.FIRM,
            Right.KEEP_NOTES: Reach.FIRM,
            Right.KEEP_PROFILE: Reach.FIRM,
            Right.KEEP_COLLEAGUES: Reach.FIRM,
            Right.READ_AGENDAS: Reach.FIRM,
            Right.KEEP_FIRM_FEED: Reach.FIRM,
            Right.MAKE_TOKENS: Reach.PERSON,
        },
        Role.ATTENDEE: _OWN,
        Role.INTERPRETER: {
            Right.READ_EVENT: Reach.EVENT,
            Right.READ_AGENDAS: Reach.PERSON,
            Right.KEEP_BUSY_TIMES: Reach.PERSON,
            Right.CHOOSE_PREFERENCES: Reach.PERSON,
            Right.RENEW_FEED: Reach.PERSON,
        },
    }
)
"""Reach by role and right. Missing rights are denied. With several roles, the farthest reach applies."""

SCOPES: Mapping[Right, frozenset[str]] = MappingProxyType(
    {
        Right.READ_DIRECTORY: frozenset({"people:read"}),
        Right.READ_CONTACTS: frozenset({"contacts:read"}),
        Right.READ_REQUESTS: frozenset({"requests:read", "requests:write"}),
        Right.ASK: frozenset({"requests:write"}),
        Right.LOCK_REQUESTS: frozenset({"requests:write"}),
        Right.READ_FIRM_AGENDAS: frozenset({"schedule:read"}),
        Right.READ_AGENDAS: frozenset({"schedule:read"}),
        Right.READ_OUTCOMES: frozenset({"outcomes:read", "outcomes:write"}),
        Right.SAY_OUTCOMES: frozenset({"outcomes:write"}),
        Right.READ_RUNS: frozenset({"runs:read", "runs:write"}),
        Right.RUN: frozenset({"runs:write"}),
        Right.TRY: frozenset({"runs:write"}),
        Right.READ_VERSIONS: frozenset({"schedule:read", "schedule:publish"}),
        Right.CHANGE_DRAFTS: frozenset({"drafts:write"}),
        Right.PUBLISH: frozenset({"schedule:publish"}),
        Right.READ_MAILS: frozenset({"schedule:read", "schedule:publish"}),
        Right.STEER_MAILS: frozenset({"schedule:publish"}),
        Right.READ_CALENDAR_HEALTH: frozenset({"calendars:read"}),
        Right.IMPORT: frozenset({"people:write"}),
        Right.REPAIR_DELIVERY: frozenset({"people:write"}),
        Right.CHANGE_VENUE: frozenset({"venue:write"}),
        Right.KEEP_PEOPLE: frozenset({"people:write"}),
        Right.READ_TEAM: frozenset({"team:read", "team:write"}),
        Right.CHANGE_TEAM: frozenset({"team:write"}),
        Right.READ_TRAIL: frozenset({"trail:read"}),
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
        return gettext_lazy("Only a person who is signed in may do this.")
    return f"This token does not have the scope {' or '.join(scopes)}."
