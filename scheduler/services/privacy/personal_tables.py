"""Where the database has data of one person: tables, the columns that make a row the person's own, and what
erasure does with each table and text.

Tests compare the mappings with the schema, so that a new column that refers to people, and a new text, is in
one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import JSON, Column, Enum, LargeBinary, String, Table

from scheduler.services.events.archives import event_tables

NOW: Final = "now"
"""The time of an erasure, as a column's value in `CLEARED_COLUMNS`."""

OWN_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "account": ("id",),
        "address_change": ("attendee_id",),
        "address_report": ("attendee_id", "interpreter_id"),
        "api_token": ("created_by",),
        "attendee": ("id",),
        "attendee_alias": ("attendee_id",),
        "attendee_busy": ("attendee_id",),
        "busy_source": ("attendee_id",),
        "calendar_use": ("attendee_id",),
        "consent": ("attendee_id",),
        "delegation": ("leader_id",),
        "delegation_person": ("attendee_id",),
        "digest_item": ("attendee_id",),
        "digest_preference": ("attendee_id",),
        "excluded_person": ("attendee_id",),
        "federated_identity": ("account_id",),
        "firm_note": ("changed_by",),
        "firm_registration": ("email",),
        "import_file": ("account_id",),
        "inbound_email": ("attendee_id", "sender"),
        "interpreter": ("id",),
        "interpreter_assignment": ("interpreter_id",),
        "interpreter_busy": ("interpreter_id",),
        "interpreter_feed": ("interpreter_id",),
        "interpreter_notice": ("interpreter_id",),
        "invitation": ("attendee_id",),
        "invitation_reply": ("attendee_id",),
        "late_notice": ("attendee_id",),
        "meeting_outcome": ("reported_by",),
        "meeting_request": ("created_by", "responded_by"),
        "onboarding_state": ("account_id",),
        "outbox_email": ("attendee_id", "interpreter_id", "to_address"),
        "passkey": ("account_id",),
        "phone_call": ("attendee_id",),
        "planned_attendee": ("attendee_id",),
        "planned_meeting": ("interpreter_id",),
        "recovery_code": ("account_id",),
        "request_draft": ("changed_by",),
        "request_person": ("attendee_id",),
        "request_transition": ("attendee_id", "account_id"),
        "seen_change": ("attendee_id",),
        "sign_in_link": ("account_id",),
        "sign_in_request": ("email",),
        "team_delegation": ("account_id",),
        "team_invitation": ("email",),
        "team_member": ("account_id",),
        "web_session": ("account_id",),
    }
)
"""Columns by which a row is a person's own: their ids, or their email address."""

_DONE = "what the person did to rows about others; the audit log has it"
_SAME = "the same person in another row, or an address of a row that is found by its person"
_FEED = "a secret of a calendar feed"

OTHER_COLUMNS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("address_change", "changed_by"): _DONE,
        ("address_change", "new_address"): _SAME,
        ("address_change", "old_address"): _SAME,
        ("address_report", "address"): _SAME,
        ("api_token", "revoked_by"): _DONE,
        ("attendee", "account_id"): _SAME,
        ("attendee", "imported_by"): _DONE,
        ("attendee", "email"): _SAME,
        ("attendee", "feed_address"): _FEED,
        ("attendee", "merged_into_id"): _SAME,
        ("attendee_alias", "added_by"): _DONE,
        ("attendee_alias", "address"): _SAME,
        ("attendee_alias", "removed_by"): _DONE,
        ("account", "email"): _SAME,
        ("busy_source", "address"): "a secret of the person's calendar",
        ("compliance_answer", "changed_by"): _DONE,
        ("edit_step", "changed_by"): _DONE,
        ("email_route", "refused_address"): "the last refusal of a provider, for operators",
        ("email_text", "changed_by"): _DONE,
        ("event", "deleted_by_id"): _DONE,
        ("firm", "feed_address"): _FEED,
        ("firm_registration", "decided_by"): _DONE,
        ("import_job", "requested_by"): _DONE,
        ("inbound_email", "handled_by"): _DONE,
        ("interpreter", "email"): _SAME,
        ("interpreter", "merged_into_id"): _SAME,
        ("interpreter_feed", "address"): _SAME,
        ("interpreter_notice", "address"): _SAME,
        ("invitation_reply", "delegate_id"): "a colleague's reply, which names the person",
        ("manual_draft", "started_by"): _DONE,
        ("phone_call", "caller_id"): _DONE,
        ("phone_call", "changed_by"): _DONE,
        ("registry_change", "changed_by"): _DONE,
        ("registry_change", "undone_by"): _DONE,
        ("privacy_notice", "published_by"): _DONE,
        ("run", "requested_by"): _DONE,
        ("schedule_version", "published_by"): _DONE,
        ("seen_change", "colleague_id"): "what a colleague has seen",
        ("team_invitation", "created_by"): _DONE,
        ("version_job", "requested_by"): _DONE,
    }
)
"""Columns that refer to people, or have addresses, and make no row a person's own, with the reason."""

DELETED_TABLES: Final = (
    "outbox_email",
    "sign_in_link",
    "sign_in_request",
    "web_session",
    "federated_identity",
    "passkey",
    "recovery_code",
    "team_invitation",
    "team_delegation",
    "team_member",
    "onboarding_state",
    "address_change",
    "address_report",
    "attendee_alias",
    "attendee_busy",
    "busy_source",
    "calendar_use",
    "consent",
    "digest_item",
    "digest_preference",
    "interpreter_busy",
    "interpreter_feed",
    "interpreter_notice",
    "phone_call",
    "seen_change",
)
"""Tables whose rows of a person are deleted on erasure, each before those that it refers to."""

CLEARED_COLUMNS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "account": {"email": "erased-{id}@erased.invalid", "name": "", "is_operator": False},
        "api_token": {"name": "erased", "revoked_at": NOW},
        "attendee": {
            "name": "Erased person {id}",
            "latin_name": "Erased person {id}",
            "email": "erased-{id}@erased.invalid",
            "title": "",
            "phone": "",
            "languages": [],
            "areas": [],
            "mail_language": "",
            "timezone": "",
            "feed_address": None,
            "summary_hash": None,
            "summaries_stopped_at": NOW,
            "bounced_at": None,
            "bounce": "",
            "withdrawn_at": NOW,
        },
        "excluded_person": {"note": ""},
        "firm_registration": {
            "person": "Erased person",
            "latin_person": "Erased person",
            "email": "erased-{id}@erased.invalid",
            "title": "",
            "languages": [],
            "note": "",
        },
        "inbound_email": {
            "sender": "",
            "subject": "",
            "text": "",
            "note": "",
            "answers": [],
            "bounce": {},
            "reason": "",
            "raw": b"",
            "stored_size": 0,
        },
        "interpreter": {
            "name": "Erased person {id}",
            "latin_name": "Erased person {id}",
            "email": "erased-{id}@erased.invalid",
            "languages": [],
            "mail_language": "",
            "timezone": "",
            "bounced_at": None,
            "bounce": "",
            "withdrawn_at": NOW,
        },
        "invitation_reply": {"comment": ""},
    }
)
"""Tables whose rows of a person stay on erasure, and what these columns have then. `{id}` is the row's id."""

KEPT_TABLES: Final = frozenset(
    (
        "delegation", "delegation_person", "firm_note", "import_file", "interpreter_assignment", "invitation",
        "late_notice", "meeting_outcome", "meeting_request", "planned_attendee", "planned_meeting",
        "request_draft", "request_person", "request_transition",
    )
)  # fmt: skip
"""Tables whose rows of a person stay on erasure: they say who met whom, without names. Texts are searched."""

SEARCHED_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "address_report": ("diagnostic",),
        "alert": ("about", "reason", "path", "open_key"),
        "attendee": ("bounce",),
        "comparison": ("left_out", "told"),
        "comparison_part": ("rows",),
        "compliance_answer": ("text",),
        "delegation": ("name", "origin", "escort", "escort_phone"),
        "edit_step": ("changes",),
        "email_route": ("refused_address", "last_reply"),
        "email_text": ("text",),
        "event": ("contact", "brand"),
        "excluded_person": ("note",),
        "firm": ("description",),
        "firm_note": ("note",),
        "firm_registration": ("note", "reason"),
        "idempotency_key": ("body",),
        "import_file": ("name", "options", "fixes"),
        "import_job": ("found", "progress", "error"),
        "inbound_email": ("sender", "subject", "text", "note", "answers", "bounce", "reason"),
        "installation": ("pause_reason",),
        "interpreter": ("bounce",),
        "interpreter_notice": ("summary",),
        "invitation": ("content",),
        "invitation_reply": ("comment",),
        "meeting_outcome": ("before",),
        "meeting_request": ("topic", "message", "reply_topic", "reply_message", "response_note", "before"),
        "oidc_request": ("errand",),
        "outbox_email": ("payload", "error", "failure", "accepted_reply"),
        "phone_call": ("note",),
        "print_code": ("subject_key",),
        "privacy_notice": ("controller", "contact", "texts"),
        "registry_change": ("subject", "note", "changes"),
        "request_draft": ("name", "form"),
        "request_transition": ("note",),
        "run": ("note", "error", "problem", "plan", "basis", "changed", "not_kept"),
        "scenario": ("name", "changes", "progress", "result", "error"),
        "schedule_version": ("groups",),
        "sign_in_link": ("errand",),
        "sign_in_request": ("errand",),
        "unscheduled_request": ("reason", "answer"),
        "version_job": ("error",),
        "web_session": ("errand",),
        "webhook_attempt": ("response",),
    }
)
"""Texts about others that may name a person. Octets are compressed texts. Erasure replaces the mentions."""

_CODES = "codes, keys, counts and times"
_THINGS = "names of firms, events and things"
_OTHERS = "details of other people"
_COMPUTED = "computed figures"

UNSEARCHED_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "account": {"email": _OTHERS, "name": _OTHERS},
        "address_change": {"old_address": _OTHERS, "new_address": _OTHERS},
        "address_report": {"address": _OTHERS},
        "api_token": {"name": _OTHERS, "scopes": _CODES},
        "attendee": dict.fromkeys(
            ("key", "name", "latin_name", "email", "title", "phone", "languages", "areas", "mail_language",
             "timezone", "feed_address"), _OTHERS),
        "attendee_alias": {"address": _OTHERS},
        "audit_cursor": {"subscriber": _CODES},
        "audit_log_entry": dict.fromkeys(
            ("act", "who", "role", "for_firm", "about", "before", "after"),
            "erased by `audit_log.erasure`, which keeps the hash chains whole"),
        "busy_source": dict.fromkeys(
            ("key", "name", "address", "account", "timezone", "found", "octets", "etag", "modified",
             "failure"),
            _OTHERS),
        "cached_statistic": {"name": _CODES, "mark": _CODES, "octets": "erasure deletes it"},
        "comparison": {"key": _CODES, "counts": _COMPUTED},
        "consent": {"language": _CODES},
        "delegation": {"key": _CODES},
        "digest_item": {"message_id": _CODES},
        "edit_step": {"kind": _CODES, "score": _COMPUTED},
        "email_route": {"name": _CODES},
        "email_text": {"language": _CODES, "key": _CODES},
        "event": {
            **dict.fromkeys(("key", "timezone", "language", "areas", "policy", "guests"), _CODES),
            **dict.fromkeys(("name", "area_names", "import_words"), _THINGS),
        },
        "federated_identity": {"issuer": _CODES, "subject": _OTHERS},
        "event_picture": {"octets": "a picture of the event"},
        "failed_email_read": {"mailbox": _CODES},
        "firm": {
            **dict.fromkeys(("key", "country", "areas", "logo", "feed_address"), _CODES),
            **dict.fromkeys(
                ("name", "latin_name", "pavilion", "website", "offers", "needs", "products", "unwanted"),
                _THINGS),
        },
        "firm_logo": {"octets": "a picture of the firm"},
        "firm_registration": {
            **dict.fromkeys(("country", "areas", "mail_language", "consents"), _CODES),
            **dict.fromkeys(("name", "latin_name", "hall", "booth", "website"), _THINGS),
            **dict.fromkeys(("person", "latin_person", "email", "title", "languages"), _OTHERS),
        },
        "hall": {"key": _CODES, "name": _THINGS, "names": _THINGS},
        "idempotency_key": {"key": _CODES},
        "import_file": {"kind": _CODES, "counts": _COMPUTED, "octets": "erasure deletes files that wait"},
        "import_job": {"worker": _CODES, "digest": _CODES},
        "inbound_email": {
            **dict.fromkeys(("uid", "digest", "message_id"), _CODES),
            "raw": "erasure deletes the originals of emails that name the person",
        },
        "installation": {"key": _CODES, "copy_kind": _CODES},
        "interpreter": dict.fromkeys(
            ("key", "name", "latin_name", "email", "languages", "mail_language", "timezone"), _OTHERS),
        "interpreter_feed": {"address": _OTHERS, "encrypted": _OTHERS},
        "interpreter_notice": {"address": _OTHERS},
        "invitation": {"uid": _CODES, "facts": _CODES, "first_message_id": _CODES},
        "invitation_reply": {"uid": _CODES, "proposed_slots": _CODES},
        "job_heartbeat": {"name": _CODES},
        "meeting_outcome": {"currency": _CODES},
        "meeting_request": {"key": _CODES, "slots": _CODES, "uid": _CODES},
        "oidc_request": {"provider": _CODES},
        "passkey_challenge": {"user_handle": _CODES},
        "passkey": {"credential_id": _CODES, "user_handle": _CODES, "public_key": _CODES, "name": _OTHERS},
        "outbox_email": {
            **dict.fromkeys(
                ("domain", "message_id", "thread_id", "uid", "facts", "claimed_by", "rehearsed_as",
                 "web_request"), _CODES),
            **dict.fromkeys(("to_address", "to_name"), _OTHERS),
        },
        "pause": {"name": _THINGS},
        "place": {"key": _CODES, "name": _THINGS},
        "print_code": {"language": _CODES},
        "registry_change": {"kind": _CODES},
        "request_transition": {"verb": _CODES},
        "run": {
            **dict.fromkeys(("worker", "fingerprint", "web_request", "change_budget"), _CODES),
            **dict.fromkeys(("progress", "curve"), _COMPUTED),
        },
        "run_schedule": {"weekdays": _CODES},
        "schedule_version": {"status": _CODES, "terms": _COMPUTED},
        "sign_in_request": {"email": _OTHERS},
        "slot": {"key": _CODES, "block": _CODES},
        "team_invitation": {"email": _OTHERS, "delegations": _CODES},
        "unscheduled_request": {"request_key": _CODES},
        "version_job": {"worker": _CODES, "web_request": _CODES},
        "web_session": {"agent": "the browser of another person", "provider": _CODES},
        "webhook_endpoint": {
            "name": _THINGS, "types": _CODES,
            **dict.fromkeys(("url", "secret", "previous_secret"), "encrypted, and of a program"),
        },
        "webhook_message": {"type": _CODES},
    }
)  # fmt: skip
"""Texts that erasure does not search, with the reason."""

PRIVATE_TABLES: Final = frozenset(("busy_source", "firm_note", "request_draft"))
"""Tables that organisers do not see: people's calendars, and what firms note for themselves."""

PEOPLE: Final = frozenset(("account", "attendee", "interpreter"))
"""Tables whose rows are people."""


def is_exported(table: Table, column: Column[Any]) -> bool:
    """Return True unless the column is a secret or a file."""
    secret = column.name.endswith(("seed", "hash")) or column.name in event_tables.SECRET_COLUMNS.get(
        table.name, ()
    )
    return not secret and not isinstance(column.type, LargeBinary)


def is_text(column: Column[Any]) -> bool:
    """Return True if a column could have names: a text, JSON or octets, and no enum, hash or seed."""
    is_code = isinstance(column.type, Enum) or column.name.endswith(("seed", "hash"))
    return isinstance(column.type, (String, JSON, LargeBinary)) and not is_code
