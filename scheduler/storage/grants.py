"""The rights of the application's role on PostgreSQL: all of its rows, and to the trail it only adds.

They need a second role that owns the tables and brings the schema up to date. With one role for both, the
application could switch the trail's triggers off: then nothing but checkpoints that were mailed shows it.
SQLite is a file, and has no roles.
"""

from __future__ import annotations

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from scheduler.domain.errors import ChainmeetError
from scheduler.storage.database import Database

log = structlog.get_logger()

_READ_ONLY = ("trail_head", "alembic_version")
_ONLY_ADDED_TO = ("trail_entry",)
_SINCE_MAINTAIN = (17, 0)
"""The version of PostgreSQL in which another role than the owner may be let ANALYZE a table."""

_OWNS = text("""
SELECT pg_has_role(CAST(:role AS name), relowner, 'MEMBER') FROM pg_class
WHERE oid = to_regclass('trail_entry')
""")
"""Also true for a superuser, and for a member of the role that owns the table."""
_IS_THERE = text("SELECT count(*) FROM pg_roles WHERE rolname = :role")
_ME = text("SELECT current_user")
_HERE = text("SELECT current_schema()")


class UnsuitableRole(ChainmeetError):
    """The role cannot be restricted to what the application needs."""

    code = "role-unfit"


def grant_role(connection: Connection, role: str) -> None:
    """Give the application's role what it needs, and take everything else of the tables from it.

    The connection is of the role that owns them, at the schema of this code. Raises RoleUnfit for a role that
    is not there or owns the tables.
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
    """Whether the connection's role can switch off what guards the trail: it owns the table."""
    return bool(connection.scalar(_OWNS, {"role": connection.scalar(_ME)}))


def warn_at_start(database: Database) -> None:
    """Log that the trail is not guarded from this process, if so. A database that is away says it later."""
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
