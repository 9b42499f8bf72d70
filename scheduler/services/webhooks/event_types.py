"""Event types of webhooks: one for each act of an event's audit log, and the message about an entry."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from scheduler.plugins import AuditEvent
from scheduler.services.audit_log.acts import Act

EVENT_TYPES: Final[Mapping[Act, str]] = MappingProxyType(
    {
        Act.EVENT: "event.changed",
        Act.SETTINGS: "event.settings_changed",
        Act.VENUE: "venue.changed",
        Act.IMPORT: "participants.imported",
        Act.FIRM: "firm.changed",
        Act.PERSON: "person.changed",
        Act.INTERPRETER: "interpreter.changed",
        Act.DELEGATION: "delegation.changed",
        Act.REGISTRATION: "registration.changed",
        Act.UNDO: "participants.change_undone",
        Act.REQUEST: "request.changed_for_firm",
        Act.LOCK: "request.lock_changed",
        Act.OUTCOME: "meeting.outcome_changed",
        Act.RUN: "run.changed",
        Act.SCENARIO: "scenario.changed",
        Act.MANUAL_DRAFT: "draft.edited",
        Act.DISCARD: "draft.discarded",
        Act.PUBLISH: "schedule.published",
        Act.RESTORE: "schedule.restored",
        Act.EMAILS: "emails.changed",
        Act.EMAIL_TEXTS: "emails.texts_changed",
        Act.INBOX: "inbox.email_handled",
        Act.ADDRESS: "person.address_changed",
        Act.PRIVACY: "privacy.data_changed",
        Act.ROLE: "team.role_changed",
        Act.TOKEN: "token.changed",
        Act.WEBHOOK: "webhook.changed",
    }
)
"""The type of each act that is sent. Types are stored and part of the API, so they must never change."""

NOT_SENT: Final[Mapping[Act, str]] = MappingProxyType(
    {
        Act.EXCLUSION: "a firm's own note, which organisers do not pass on",
        Act.EXPORT: "changes nothing",
        Act.CONTACT_VIEW: "changes nothing",
        Act.SIGN_IN: "belongs to no event",
        Act.SIGN_IN_FAILED: "belongs to no event",
        Act.SIGN_OUT: "belongs to no event",
    }
)
"""Acts without an event type, with the reason."""

MAX_NAMES: Final = 100
"""Changed values that a message names. The audit log has them all."""
_MAX_NAME: Final = 60
MAX_BODY: Final = 20_000
"""Octets of a body at most, as the specification recommends."""

_ADDRESS: Final = re.compile(r"(?<![^\s,;<>()@])[^\s,;<>()@]++@[^\s,;<>()]++")
_TYPE_OF: Final = MappingProxyType({act.value: name for act, name in EVENT_TYPES.items()})


def type_of(act: str) -> str | None:
    """Return the event type of a stored act, None for an act that is not sent."""
    return _TYPE_OF.get(act)


def message_id(entry: AuditEvent) -> str:
    """Return the `webhook-id` of the message about an entry: the same at each attempt and replay."""
    return f"audit_{entry.id}"


def message_body(entry: AuditEvent) -> bytes:
    """Return the JSON of the message. It names what changed, and has neither values nor email addresses.

    A receiver reads values by the API, within the scopes of its token. The subject can name a person.
    """
    data = {
        "event": entry.event,
        "entry": entry.number,
        "about": _ADDRESS.sub("…", entry.about),
        "firm": entry.for_firm,
        "changed": [change.name[:_MAX_NAME] for change in entry.changes[:MAX_NAMES]],
    }
    document = {"type": type_of(entry.act), "timestamp": entry.at.isoformat(), "data": data}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
