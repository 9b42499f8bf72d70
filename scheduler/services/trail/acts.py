"""What the trail tells of: each act by its key in the table, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Act(StrEnum):
    """Something that somebody did. The value is what the table keeps: it never changes."""

    EVENT = "event"
    SETTINGS = "settings"
    VENUE = "venue"
    IMPORT = "import"
    FIRM = "firm"
    PERSON = "person"
    INTERPRETER = "interpreter"
    DELEGATION = "delegation"
    REQUEST = "request"
    NEVER = "never-meet"
    OUTCOME = "outcome"
    LOCK = "lock"
    RUN = "run"
    WHAT_IF = "what-if"
    HAND = "hand"
    PUBLISH = "publish"
    ROLL_BACK = "roll-back"
    DISCARD = "discard"
    MAILS = "mails"
    MAIL_TEXTS = "mail-texts"
    INBOX = "inbox"
    ADDRESS = "address"
    EXPORT = "export"
    UNDO = "undo"
    TOKEN = "token"  # noqa: S105 -- a word, no secret
    ROLE = "role"
    SIGN_IN = "sign-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGN_OUT = "sign-out"


WORDS: Mapping[Act, str] = MappingProxyType(
    {
        Act.EVENT: "Event made, copied, archived or deleted",
        Act.SETTINGS: "Settings",
        Act.VENUE: "Venue",
        Act.IMPORT: "Imports",
        Act.FIRM: "Firms",
        Act.PERSON: "People",
        Act.INTERPRETER: "Interpreters",
        Act.DELEGATION: "Delegations",
        Act.REQUEST: "Requests in a firm's name",
        Act.UNDO: "Steps of the people desk undone",
        Act.NEVER: "Firms that are never to meet",
        Act.OUTCOME: "What came of meetings",
        Act.LOCK: "Requests locked to times",
        Act.RUN: "Runs",
        Act.WHAT_IF: "What-ifs",
        Act.HAND: "Drafts changed by hand",
        Act.PUBLISH: "Publishings",
        Act.ROLL_BACK: "Roll-backs",
        Act.DISCARD: "Drafts discarded",
        Act.MAILS: "Mails paused, stopped, sent",
        Act.MAIL_TEXTS: "Texts of mails",
        Act.INBOX: "Mails decided by a person",
        Act.ADDRESS: "Mail addresses",
        Act.EXPORT: "Exports",
        Act.TOKEN: "API tokens",
        Act.ROLE: "Roles",
        Act.SIGN_IN: "Sign-ins",
        Act.SIGN_IN_FAILED: "Sign-ins that failed",
        Act.SIGN_OUT: "Sessions ended",
    }
)
"""What a person reads of an act, as the heading of all of its kind."""
