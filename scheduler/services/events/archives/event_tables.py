"""Tables of an event: how to find its rows, which are exported, and which are not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, or_, select

from scheduler.storage.base import Base
from scheduler.storage.models import Account, Event

INSTALLATION_TABLES: Final = frozenset(
    (
        "account", "audit_chain", "audit_checkpoint", "audit_cursor", "audit_log_entry", "email_route",
        "failed_email_read", "federated_identity", "installation", "job_heartbeat", "oidc_request",
        "passkey", "passkey_challenge", "recovery_code", "sign_in_link", "sign_in_request", "web_session",
    )
)  # fmt: skip
"""Tables of the installation, whose rows belong to no event."""

NOT_EXPORTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alert": "tells of this installation",
        "api_token": "opens this installation",
        "comparison": "is worked out again",
        "comparison_part": "is worked out again",
        "registry_change": "undoes steps by the rows of this database",
        "booking": "follows from the published version",
        "idempotency_key": "belongs to an API token",
        "import_file": "waits here to be taken",
        "import_job": "is work of this installation's workers",
        "inbound_email": "came to the mailbox of this installation",
        "cached_statistic": "is worked out again",
        "interpreter_feed": "opens this installation",
        "outbox_email": "goes out by this installation",
        "print_code": "leads to this installation",
        "team_invitation": "has a link to this installation",
        "version_job": "is work of this installation's workers",
        "webhook_attempt": "tells of this installation",
        "webhook_endpoint": "gets messages from this installation",
        "webhook_message": "comes from this installation",
    }
)
"""Tables that are not exported, with the reason."""

SECRET_COLUMNS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "attendee": frozenset(("feed_seed", "feed_hash", "feed_address", "summary_hash")),
        "busy_source": frozenset(
            ("key", "address", "account", "octets", "etag", "modified", "next_fetch_at")
        ),
        "digest_preference": frozenset(("unsubscribe_hash",)),
        "digest_item": frozenset(("token_hash", "key_number")),
        "firm": frozenset(("feed_seed", "feed_hash", "feed_address")),
        "firm_registration": frozenset(("seed", "token_hash")),
        "invitation": frozenset(("token_hash", "key_number")),
        "run": frozenset(("worker", "web_request")),
    }
)
"""Columns that are never exported: secrets, and addresses of people's calendars."""

UNDECLARED_KEYS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("event", "deleted_by_id"): "account",
        ("meeting_request", "lower_firm_id"): "firm",
        ("meeting_request", "upper_firm_id"): "firm",
        ("planned_meeting", "last_slot_id"): "slot",
    }
)
"""Columns that hold ids without a foreign key, and the tables they refer to."""


def list_tables() -> list[Table]:
    """Return all tables of an event, each after those that its rows refer to."""
    return [table for table in Base.metadata.sorted_tables if table.name not in INSTALLATION_TABLES]


def list_exported_tables() -> list[Table]:
    """Return the tables that are exported with an event."""
    return [table for table in list_tables() if table.name not in NOT_EXPORTED]


def exported_columns(table: Table) -> list[Column[Any]]:
    """Return the exported columns of a table."""
    return [column for column in table.columns if column.name not in SECRET_COLUMNS.get(table.name, ())]


def referenced_table(column: Column[Any]) -> str | None:
    """Return the table that a column refers to, or None."""
    for key in column.foreign_keys:
        return key.column.table.name
    return UNDECLARED_KEYS.get((column.table.name, column.name))


def belongs_to_event(table: Table, event_id: int) -> ColumnElement[bool]:
    """Condition: a row belongs to the event, by its own column or that of its parent."""
    if table is Event.__table__:
        return table.c.id == event_id
    if "about_event_id" in table.c:
        return or_(table.c.event_id == event_id, table.c.about_event_id == event_id)
    if "event_id" in table.c:
        return table.c.event_id == event_id
    for column in table.columns:
        for key in column.foreign_keys:
            parent = key.column.table
            if parent.name not in INSTALLATION_TABLES:
                return column.in_(select(key.column).where(belongs_to_event(parent, event_id)))
    raise LookupError(f"{table.name} has no way to an event")


def account_columns(table: Table) -> list[Column[Any]]:
    """Return the columns of a table that refer to accounts."""
    return [column for column in table.columns if referenced_table(column) == Account.__tablename__]


def find_table(name: str) -> Table:
    """Return a table by name."""
    return Base.metadata.tables[name]
