"""Privileges of the application's PostgreSQL role: all rows, but append-only for the audit log.

They require a second role that owns the tables and upgrades the schema. With a single role, the application
could disable the audit log's triggers, and only emailed checkpoints would reveal it. SQLite is a file and has
no roles.
"""

from __future__ import annotations

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from scheduler.domain.errors import ChainmeetError
from scheduler.storage.database import Database

log = structlog.get_logger()

_READ_ONLY = ("audit_chain", "alembic_version")
_ONLY_ADDED_TO = ("audit_log_entry",)
_SINCE_MAINTAIN = (17, 0)
"""First PostgreSQL version with the MAINTAIN privilege, which lets a non-owner ANALYZE a table."""

_OWNS = text("""
SELECT pg_has_role(CAST(:role AS name), relowner, 'MEMBER') FROM pg_class
WHERE oid = to_regclass('audit_log_entry')
""")
"""Also true for a superuser, and for a member of the owning role."""
_IS_THERE = text("SELECT count(*) FROM pg_roles WHERE rolname = :role")
_ME = text("SELECT current_user")
_HERE = text("SELECT current_schema()")


class UnsuitableRole(ChainmeetError):
    """The role cannot be restricted to the application's needs."""

    code = "role-unfit"


def grant_role(connection: Connection, role: str) -> None:
    """Grant the application's role what it needs, and revoke all other table privileges.

    The connection must use the owning role, at this code's schema revision. Raises UnsuitableRole for a role
    that does not exist or owns the tables.
    """
    if not connection.scalar(_IS_THERE, {"role": role}):
        raise UnsuitableRole(f"The database has no role {role}.")
    if connection.scalar(_OWNS, {"role": role}):
        raise UnsuitableRole(
            f"The role {role} owns the tables, so it cannot be kept from changing the audit log."
        )
    quote = connection.dialect.identifier_preparer.quote
    name, schema = quote(role), quote(str(connection.scalar(_HERE)))
    tables = f"ALL TABLES IN SCHEMA {schema}"
    maintain = ", MAINTAIN" if (connection.dialect.server_version_info or ()) >= _SINCE_MAINTAIN else ""
    for statement in (
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {name}",
        f"GRANT USAGE ON SCHEMA {schema} TO {name}",
        f"REVOKE ALL ON {tables} FROM {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE{maintain} ON {tables} TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {name}",
        f"REVOKE ALL ON {', '.join((*_READ_ONLY, *_ONLY_ADDED_TO))} FROM {name}",
        f"GRANT SELECT ON {', '.join(_READ_ONLY)} TO {name}",
        f"GRANT SELECT, INSERT ON {', '.join(_ONLY_ADDED_TO)} TO {name}",
    ):
        connection.exec_driver_sql(statement)


def can_rewrite_audit_log(connection: Connection) -> bool:
    """Return True if the connection's role owns the audit log and could disable its triggers."""
    return bool(connection.scalar(_OWNS, {"role": connection.scalar(_ME)}))


def require_owner(connection: Connection) -> None:
    """Raise UnsuitableRole unless the role may change the audit log: on PostgreSQL, as its owner."""
    if connection.dialect.name != "sqlite" and not can_rewrite_audit_log(connection):
        raise UnsuitableRole(
            f"The role {connection.scalar(_ME)} can't erase anyone from the audit log. Use the role that "
            "owns the tables: with Compose, docker compose run --rm migrate chainmeet person erase ADDRESS"
        )


def warn_at_start(database: Database) -> None:
    """Log a warning if this process could rewrite the audit log. An unreachable database is ignored here."""
    if database.is_sqlite:
        return
    try:
        with database.engine.connect() as connection:
            is_unguarded = can_rewrite_audit_log(connection)
    except DBAPIError:
        return
    if is_unguarded:
        log.warning(
            "the audit log is not guarded from the application: its database role owns the tables",
            role=database.url.username,
            way="give it a role of its own: see Audit log in docs/operators.md",
        )
