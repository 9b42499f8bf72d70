"""On PostgreSQL, the application's role can append to the audit log, but never change it.

Every test with `database` uses this role.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import ProgrammingError
from structlog.testing import capture_logs

from chainmeet.cli import main
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.audit_log.verification import verify_chains
from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.grants import UnsuitableRole
from scheduler.storage.models import AuditLogEntry
from tests.support.databases import APPLICATION, OWNER, Databases, for_application
from tests.support.factories import NOW, make_event
from tests.support.servers import postgres_binaries

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_databases: Databases) -> Iterator[Database]:
    with postgres_databases.one() as url:
        database = Database(for_application(url))
        yield database
        database.dispose()


def add(database: Database, about: str) -> None:
    with database.write() as session:
        recording.record_act(session, NamedDoer(name="Somebody"), Act.SIGN_IN, AuditSubject(about), now=NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log_entry SET who = 'x'",
        "DELETE FROM audit_log_entry",
        "TRUNCATE audit_log_entry",
        "ALTER TABLE audit_log_entry DISABLE TRIGGER ALL",
        "ALTER TABLE audit_log_entry DISABLE TRIGGER audit_log_entry_no_change",
        "DROP TRIGGER audit_log_entry_no_change ON audit_log_entry",
        "CREATE TRIGGER mine BEFORE INSERT ON audit_log_entry EXECUTE FUNCTION refuse_audit_log_change()",
        "DROP TABLE audit_log_entry",
        "ALTER TABLE audit_log_entry RENAME TO gone",
        f"ALTER TABLE audit_log_entry OWNER TO {APPLICATION}",
        "UPDATE audit_chain SET number = 99",
        "INSERT INTO audit_chain VALUES (9, 9, 'x')",
        "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
        "DROP TABLE audit_chain",
        "ALTER TABLE audit_chain DISABLE TRIGGER USER",
        "SELECT * FROM audit_chain FOR UPDATE",
        "DROP FUNCTION lock_audit_chain(integer)",
        "CREATE OR REPLACE FUNCTION lock_audit_chain(wanted integer) RETURNS audit_chain AS 'x'",
        "CREATE TABLE public.mine (id integer)",
        "SET session_replication_role = replica",
        f"SET ROLE {OWNER}",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
def test_the_application_changes_nothing_of_the_trail(database: Database, statement: str) -> None:
    add(database, "first")
    with pytest.raises(ProgrammingError, match=r"denied|must be owner"), database.write() as session:
        session.execute(text(statement))
    with database.read() as session:
        assert session.scalars(select(AuditLogEntry.about)).all() == ["first"]


def test_a_table_of_the_callers_stands_for_none_of_ours(database: Database) -> None:
    """The functions have the owner's rights, so their names resolve to the owner's tables."""
    with database.write() as session:
        session.execute(text("CREATE TEMPORARY TABLE audit_chain (LIKE audit_chain INCLUDING ALL)"))
        session.execute(text("SELECT lock_audit_chain(7)"))
        assert session.execute(text("SELECT count(*) FROM pg_temp.audit_chain")).scalar_one() == 0
        assert session.execute(text("SELECT chain FROM public.audit_chain")).scalar_one() == 7


def test_whoever_owns_the_tables_is_told_at_start_what_is_not_guarded(
    database: Database, postgres_databases: Databases
) -> None:
    with capture_logs() as logs:
        schema.check_at_start(database)
    assert logs == []
    owner = Database(database.url.set(username=OWNER).render_as_string(hide_password=False))
    with capture_logs() as logs:
        schema.check_at_start(owner)
    owner.dispose()
    (line,) = logs
    assert "the audit log is not guarded" in line["event"] and line["role"] == OWNER


@pytest.mark.own_schema
@pytest.mark.parametrize(
    ("role", "said"),
    [(OWNER, "owns the tables"), ("postgres", "owns the tables"), ("nobody", "has no role nobody")],
)
def test_a_role_that_cannot_be_restricted_is_refused(
    postgres_databases: Databases, role: str, said: str
) -> None:
    with postgres_databases.one() as url:
        owner = Database(url)
        with pytest.raises(UnsuitableRole, match=said):
            schema.upgrade_schema(owner, application=role)
        owner.dispose()


def script(server: str, folder: Path) -> None:
    """Run deploy/postgres.sh as the superuser in PostgreSQL's container does."""
    for name in ("database_password", "database_owner_password"):
        (folder / name).write_text(f"p@/%'w {name}")
    url = make_url(server)
    path = f"{postgres_binaries()}:{os.environ['PATH']}"
    env = {"PATH": path, "PGHOST": str(url.query["host"]), "SECRETS": str(folder)}
    subprocess.run(["sh", str(ROOT / "deploy" / "postgres.sh")], check=True, capture_output=True, env=env)


def of_script(server: str, role: str) -> Database:
    password = "p@/%'w database_owner_password" if role == "chainmeet_owner" else "p@/%'w database_password"
    url = make_url(server).set(username=role, password=password, database="chainmeet")
    return Database(url.render_as_string(hide_password=False))


@pytest.fixture
def no_installation(postgres_server: str) -> Iterator[str]:
    """Return the server's maintenance address, without anything that the script creates."""

    def clear() -> None:
        with psycopg.connect(postgres_server.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS chainmeet WITH (FORCE)")
            connection.execute("DROP ROLE IF EXISTS chainmeet")
            connection.execute("DROP ROLE IF EXISTS chainmeet_owner")

    clear()
    yield postgres_server
    clear()


def upgrade_by_command(owner: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINMEET_DATABASE_URL", owner.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CHAINMEET_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("CHAINMEET_SECRET_KEY", "x" * 40)
    arguments = ["db", "upgrade", "--application-role", "chainmeet"]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "from before"])
def test_the_script_and_the_upgrade_make_an_installation_whose_trail_is_guarded(
    no_installation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    """`from before`: one role owned the database, as earlier scripts set it up; its rows are kept."""
    owner, application = (of_script(no_installation, role) for role in ("chainmeet_owner", "chainmeet"))
    if is_there:
        with psycopg.connect(no_installation.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("CREATE ROLE chainmeet LOGIN")
            connection.execute("CREATE DATABASE chainmeet OWNER chainmeet TEMPLATE template0")
        schema.upgrade_schema(application)
        add(application, "from before")
        application.dispose()
    for _ in range(2):
        script(no_installation, tmp_path)
        upgrade_by_command(owner, monkeypatch)
    with application.write() as session:
        expo = make_event(session)
    with application.write() as session:
        recording.record_act(session, expo.organiser_actor(), Act.SETTINGS, AuditSubject("now"), now=NOW)
    with pytest.raises(ProgrammingError, match="must be owner"), application.write() as session:
        session.execute(text("ALTER TABLE audit_log_entry DISABLE TRIGGER USER"))
    with application.read() as session:
        assert [chain.broken for chain in verify_chains(session)] == ["", ""] if is_there else [""]
    with capture_logs() as logs:
        schema.check_at_start(application)
        application.count_anew(["firm"])
    assert logs == []
    for each in (owner, application):
        each.dispose()
