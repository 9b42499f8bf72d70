"""Where the database has data of one person: tables, and the columns that make a row the person's own.

A test compares both mappings with the schema, so that a new column that refers to people is in one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, LargeBinary, Table

from scheduler.services.events.archives import event_tables

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
        "delegation": ("leader_id",),
        "delegation_person": ("attendee_id",),
        "digest_item": ("attendee_id",),
        "digest_preference": ("attendee_id",),
        "excluded_person": ("attendee_id",),
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
        "phone_call": ("attendee_id",),
        "planned_attendee": ("attendee_id",),
        "planned_meeting": ("interpreter_id",),
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
        ("run", "requested_by"): _DONE,
        ("schedule_version", "published_by"): _DONE,
        ("seen_change", "colleague_id"): "what a colleague has seen",
        ("team_invitation", "created_by"): _DONE,
        ("version_job", "requested_by"): _DONE,
    }
)
"""Columns that refer to people, or have addresses, and make no row a person's own, with the reason."""

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
