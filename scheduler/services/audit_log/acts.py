"""Acts of the audit log: the stored key and its label."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from scheduler.i18n import gettext_lazy


class Act(StrEnum):
    """Kind of action. The value is stored, so it must never change."""

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
    EXCLUSION = "never-meet"
    OUTCOME = "outcome"
    LOCK = "lock"
    RUN = "run"
    SCENARIO = "what-if"
    MANUAL_DRAFT = "hand"
    PUBLISH = "publish"
    RESTORE = "roll-back"
    DISCARD = "discard"
    EMAILS = "mails"
    EMAIL_TEXTS = "mail-texts"
    INBOX = "inbox"
    ADDRESS = "address"
    EXPORT = "export"
    CONTACT_VIEW = "look"
    PRIVACY = "privacy"
    UNDO = "undo"
    TOKEN = "token"  # noqa: S105 -- a word, no secret
    WEBHOOK = "webhook"
    ROLE = "role"
    SIGN_IN = "sign-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGN_OUT = "sign-out"


WORDS: Mapping[Act, str] = MappingProxyType(
    {
        Act.EVENT: gettext_lazy("Event created, copied, archived or deleted"),
        Act.SETTINGS: gettext_lazy("Settings"),
        Act.VENUE: gettext_lazy("Venue"),
        Act.IMPORT: gettext_lazy("Imports"),
        Act.FIRM: gettext_lazy("Exhibitors"),
        Act.PERSON: gettext_lazy("People"),
        Act.INTERPRETER: gettext_lazy("Interpreters"),
        Act.DELEGATION: gettext_lazy("Delegations"),
        Act.REGISTRATION: gettext_lazy("Exhibitor registrations"),
        Act.REQUEST: gettext_lazy("Requests on behalf of exhibitors"),
        Act.UNDO: gettext_lazy("Participant changes undone"),
        Act.EXCLUSION: gettext_lazy("Exhibitors that must not meet"),
        Act.OUTCOME: gettext_lazy("Meeting outcomes"),
        Act.LOCK: gettext_lazy("Requests locked to times"),
        Act.RUN: gettext_lazy("Runs"),
        Act.SCENARIO: gettext_lazy("Scenarios"),
        Act.MANUAL_DRAFT: gettext_lazy("Manual changes to drafts"),
        Act.PUBLISH: gettext_lazy("Publications"),
        Act.RESTORE: gettext_lazy("Restored versions"),
        Act.DISCARD: gettext_lazy("Discarded drafts"),
        Act.EMAILS: gettext_lazy("Emails paused, stopped or sent"),
        Act.EMAIL_TEXTS: gettext_lazy("Email texts"),
        Act.INBOX: gettext_lazy("Emails processed manually"),
        Act.ADDRESS: gettext_lazy("Email addresses"),
        Act.EXPORT: gettext_lazy("Exports"),
        Act.CONTACT_VIEW: gettext_lazy("Email addresses viewed"),
        Act.PRIVACY: gettext_lazy("Personal data"),
        Act.TOKEN: gettext_lazy("API tokens"),
        Act.WEBHOOK: gettext_lazy("Webhooks"),
        Act.ROLE: gettext_lazy("Roles"),
        Act.SIGN_IN: gettext_lazy("Sign-ins"),
        Act.SIGN_IN_FAILED: gettext_lazy("Failed sign-ins"),
        Act.SIGN_OUT: gettext_lazy("Ended sessions"),
    }
)
"""Label of each act, also used as the heading of a group."""
