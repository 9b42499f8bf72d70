"""Changes of audit log rows, which a trigger refuses: only for the role that owns the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

_ON_SERVER: Final = "ALTER TABLE audit_log_entry {} TRIGGER audit_log_entry_no_change"
_IN_FILE: Final = "audit_log_entry_no_update"
_STATEMENT = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name")


@contextmanager
def audit_log_changes(session: Session) -> Iterator[None]:
    """Allow this transaction to change rows of the audit log. No other one can write there until it ends.

    After an error the transaction must be rolled back.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        trigger = connection.scalar(_STATEMENT, {"name": _IN_FILE})
        connection.exec_driver_sql(f"DROP TRIGGER {_IN_FILE}")
        yield
        connection.exec_driver_sql(str(trigger))
    else:
        connection.exec_driver_sql(_ON_SERVER.format("DISABLE"))
        yield
        connection.exec_driver_sql(_ON_SERVER.format("ENABLE"))
