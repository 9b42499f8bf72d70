"""What the trail tells of: each act by its key in the table, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from scheduler.saying import say


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
    REGISTRATION = "registration"
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
    LOOK = "look"
    UNDO = "undo"
    TOKEN = "token"  # noqa: S105 -- a word, no secret
    ROLE = "role"
    SIGN_IN = "sign-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGN_OUT = "sign-out"


WORDS: Mapping[Act, str] = MappingProxyType(
    {
        Act.EVENT: say("Event made, copied, archived or deleted"),
        Act.SETTINGS: say("Settings"),
        Act.VENUE: say("Venue"),
        Act.IMPORT: say("Imports"),
        Act.FIRM: say("Firms"),
        Act.PERSON: say("People"),
        Act.INTERPRETER: say("Interpreters"),
        Act.DELEGATION: say("Delegations"),
        Act.REGISTRATION: say("Firms that registered themselves"),
        Act.REQUEST: say("Requests in a firm's name"),
        Act.UNDO: say("Steps of the people desk undone"),
        Act.NEVER: say("Firms that are never to meet"),
        Act.OUTCOME: say("What came of meetings"),
        Act.LOCK: say("Requests locked to times"),
        Act.RUN: say("Runs"),
        Act.WHAT_IF: say("What-ifs"),
        Act.HAND: say("Drafts changed by hand"),
        Act.PUBLISH: say("Publishings"),
        Act.ROLL_BACK: say("Roll-backs"),
        Act.DISCARD: say("Drafts discarded"),
        Act.MAILS: say("Mails paused, stopped, sent"),
        Act.MAIL_TEXTS: say("Texts of mails"),
        Act.INBOX: say("Mails decided by a person"),
        Act.ADDRESS: say("Mail addresses"),
        Act.EXPORT: say("Exports"),
        Act.LOOK: say("Email addresses viewed"),
        Act.TOKEN: say("API tokens"),
        Act.ROLE: say("Roles"),
        Act.SIGN_IN: say("Sign-ins"),
        Act.SIGN_IN_FAILED: say("Sign-ins that failed"),
        Act.SIGN_OUT: say("Sessions ended"),
    }
)
"""What a person reads of an act, as the heading of all of its kind."""
