"""Audit log: written with each action, in hash chains that reveal tampering."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from chainmeet.cli import main
from scheduler.services.audit_log import recording, verification
from scheduler.services.audit_log.acts import WORDS, Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry
from tests.support.databases import owning
from tests.support.factories import NOW, Expo, make_event
from tests.support.threads import Step


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session)


def entries(database: Database) -> Sequence[AuditLogEntry]:
    with database.read() as session:
        return session.scalars(
            select(AuditLogEntry).order_by(AuditLogEntry.chain, AuditLogEntry.number)
        ).all()


def note(session: Session, expo: Expo, about: str, **more: dict[str, object]) -> None:
    recording.record_act(session, expo.organiser_actor(), Act.SETTINGS, about, now=NOW, **more)


def broken(database: Database) -> list[str]:
    with database.read() as session:
        return [chain.broken for chain in verification.verify_chains(session)]


def test_who_did_what_is_kept_with_before_and_after(database: Database, expo: Expo) -> None:
    with database.write() as session:
        before, after = (
            {"name": "Expo", "language": "en", "hours": 1},
            {"name": "世博", "language": "en", "mail": 2},
        )
        note(session, expo, "settings", before=before, after=after)
        recording.record_act(
            session, expo.organiser_actor(), Act.REQUEST, "request r1", for_firm="f1", now=NOW
        )
        recording.record_act(session, NamedDoer(account_id=expo.organiser.id), Act.SIGN_IN, now=NOW)
    sign_in, settings, request = entries(database)
    assert (sign_in.chain, sign_in.number, sign_in.who, sign_in.role) == (0, 1, expo.organiser.email, "")
    assert (settings.chain, settings.number, settings.at) == (expo.event.id, 1, NOW)
    assert (settings.who, settings.role, settings.about) == (expo.organiser.email, "owner", "settings")
    assert json.loads(settings.before) == {"name": "Expo", "hours": 1}
    assert json.loads(settings.after) == {"name": "世博", "mail": 2}
    assert (request.number, request.for_firm, request.before) == (2, "f1", "")
    assert broken(database) == ["", ""]


def test_what_changes_nothing_is_not_noted(database: Database, expo: Expo) -> None:
    with database.write() as session:
        note(session, expo, "settings", before={"name": "Expo"}, after={"name": "Expo"})
    assert not entries(database)


def test_what_is_rolled_back_is_not_noted(database: Database, expo: Expo) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        note(session, expo, "lost with its transaction")
        raise RuntimeError
    with database.write() as session:
        note(session, expo, "first")
        with pytest.raises(RuntimeError), session.begin_nested():
            note(session, expo, "lost with its savepoint")
            raise RuntimeError
        outer = session.begin_nested()
        with session.begin_nested():
            note(session, expo, "lost with the savepoint around its own, which was released")
        outer.rollback()
        with session.begin_nested():
            note(session, expo, "second")
    assert [entry.about for entry in entries(database)] == ["first", "second"]
    assert broken(database) == [""]


def test_what_is_too_long_is_cut(database: Database, expo: Expo) -> None:
    with database.write() as session:
        note(session, expo, "x" * 999, after={"all": "世" * recording.MOST})
    (entry,) = entries(database)
    assert len(entry.about) == 200 and len(entry.after) <= recording.MOST
    assert json.loads(entry.after)["characters"] > recording.MOST
    assert broken(database) == [""]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_log_entry SET about = 'another'",
        "DELETE FROM audit_log_entry",
        "DELETE FROM audit_chain",
        "UPDATE audit_chain SET number = number - 1",
        "UPDATE audit_chain SET chain = chain + 1000",
    ],
)
def test_the_database_refuses_to_change_or_delete_a_row(database: Database, expo: Expo, change: str) -> None:
    with database.write() as session:
        note(session, expo, "settings")
    with (
        owning(database) as owner,
        pytest.raises(DBAPIError, match="append-only"),
        owner.write() as session,
    ):
        session.execute(text(change))
    assert [entry.about for entry in entries(database)] == ["settings"]


@pytest.mark.parametrize("number", [1, 3])
def test_a_row_is_added_after_the_last_one_only(database: Database, expo: Expo, number: int) -> None:
    with database.write() as session:
        note(session, expo, "settings")
    columns = [column.name for column in AuditLogEntry.__table__.columns]
    others = ", ".join({"id": "id + 1", "number": str(number)}.get(name, name) for name in columns)
    with pytest.raises(DBAPIError), database.write() as session:
        into = f"INSERT INTO audit_log_entry ({', '.join(columns)})"
        session.execute(text(f"{into} SELECT {others} FROM audit_log_entry"))
    assert len(entries(database)) == 1 and broken(database) == [""]


def behind_its_back(database: Database, change: str) -> None:
    """Modify rows as the database owner could, bypassing triggers."""
    with owning(database) as owner, owner.write() as session:
        if database.is_sqlite:
            found = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
            for trigger in found:
                session.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            session.execute(text("ALTER TABLE audit_log_entry DISABLE TRIGGER USER"))
            session.execute(text("ALTER TABLE audit_chain DISABLE TRIGGER USER"))
        session.execute(text(change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "UPDATE audit_log_entry SET who = 'x@y.example' WHERE number = 2",
            "row 2, of 2026-11-24 08:00:00Z, was changed",
        ),
        (
            "UPDATE audit_log_entry SET after = '' WHERE number = 3",
            "row 3, of 2026-11-24 08:00:00Z, was changed",
        ),
        ("DELETE FROM audit_log_entry WHERE number = 2", "row 2 is missing"),
        ("DELETE FROM audit_log_entry WHERE number = 3", "row 3 is missing; there were 3"),
        ("DELETE FROM audit_chain", "its head is missing"),
    ],
)
def test_the_first_row_that_was_changed_is_named(
    database: Database, expo: Expo, change: str, said: str
) -> None:
    with database.write() as session:
        for i in range(3):
            note(session, expo, f"step {i}", after={"step": i})
    behind_its_back(database, change)
    assert broken(database) == [said]


def test_the_command_names_the_broken_chain_and_says_so_by_its_code(
    database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with database.write() as session:
        note(session, expo, "settings")
        recording.record_act(session, NamedDoer(name="overnight run"), Act.SIGN_IN, now=NOW)
    monkeypatch.setenv("CHAINMEET_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CHAINMEET_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("CHAINMEET_SECRET_KEY", "x" * 40)
    good = CliRunner().invoke(main, ["audit", "verify"], catch_exceptions=False)
    assert good.exit_code == 0 and "installation: 1 rows verified; ends with " in good.output
    assert f"event {expo.event.key}: 1 rows verified; ends with {entries(database)[1].hash}" in good.output
    behind_its_back(database, "UPDATE audit_log_entry SET role = '' WHERE chain > 0")
    bad = CliRunner().invoke(main, ["audit", "verify"], catch_exceptions=False)
    assert bad.exit_code == 1 and f"event {expo.event.key}: 0 rows verified; BROKEN: row 1" in bad.output


WRITERS, EACH = 6, 10


@pytest.mark.slow
def test_writers_at_the_same_time_make_one_chain_an_event(database: Database) -> None:
    """Each transaction writes to the installation's chain and an event's, in varying order."""
    with database.write() as session:
        expos = [make_event(session), make_event(session)]
    gate = Barrier(WRITERS)

    def write(number: int) -> None:
        gate.wait()
        for i in range(EACH):
            with database.write() as session:
                account = NamedDoer(account_id=expos[0].organiser.id)
                if number % 2:
                    recording.record_act(session, account, Act.SIGN_IN, now=NOW)
                note(session, expos[i % 2], f"writer {number}, step {i}")
                if not number % 2:
                    recording.record_act(session, account, Act.SIGN_IN, now=NOW)
                note(session, expos[1 - i % 2], f"writer {number}, step {i}")

    steps = [Step(lambda number=number: write(number)) for number in range(WRITERS)]
    for step in steps:
        step.done()
    assert broken(database) == ["", "", ""]
    assert len(entries(database)) == 3 * WRITERS * EACH


def test_every_act_has_words() -> None:
    assert set(WORDS) == set(Act)


def test_a_row_is_not_replaced_by_another_of_its_number(database: Database, expo: Expo) -> None:
    """SQLite deletes a replaced row without firing delete triggers."""
    with database.write() as session:
        note(session, expo, "settings")
    if database.is_sqlite:
        replace = "INSERT OR REPLACE INTO"
        ends = entry_ends = ""
    else:
        replace = "INSERT INTO"
        entry_ends = " ON CONFLICT (id) DO UPDATE SET about = 'another'"
        ends = " ON CONFLICT (chain) DO UPDATE SET number = 0"
    columns = [column.name for column in AuditLogEntry.__table__.columns]
    others = ", ".join("'another'" if name == "about" else name for name in columns)
    into = f"{replace} audit_log_entry ({', '.join(columns)})"
    refused = pytest.raises(DBAPIError, match="append-only")
    with owning(database) as owner, refused, owner.write() as session:
        session.execute(text(f"{into} SELECT {others} FROM audit_log_entry WHERE true{entry_ends}"))
    with suppress(DBAPIError), owning(database) as owner, owner.write() as session:
        into = f"{replace} audit_chain (chain, number, hash)"
        session.execute(text(f"{into} SELECT chain, 0, hash FROM audit_chain WHERE true{ends}"))
    assert [entry.about for entry in entries(database)] == ["settings"]
    assert broken(database) == [""]
