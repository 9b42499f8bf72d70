"""Moving an event between installations, without secrets; invalid archives are rejected with a message."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from click.testing import CliRunner
from sqlalchemy import Integer, func, select, update

from chainmeet.cli import main
from scheduler.domain.entities import VersionState
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log import verification
from scheduler.services.events.archives import event_tables, transfer
from scheduler.services.events.archives.json_values import BrokenArchive, encode_value
from scheduler.services.identity import actors
from scheduler.services.problems import snapshot
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    ApiToken,
    Attendee,
    AuditLogEntry,
    Booking,
    BusySource,
    Event,
    Invitation,
    OutboxEmail,
    Run,
    RunSchedule,
    ScheduleVersion,
)
from scheduler.storage.schema import SchemaOutOfDate, head_revision
from tests.support import clocks
from tests.support.everything import Everything
from tests.support.factories import NOW, SECRET_KEY
from tests.support.next_release import at_revision
from tests.support.web import web_app

pytestmark = pytest.mark.own_schema

NOWHERE = "redis://127.0.0.1:1"
OTHER_SECRET = SecretKeys("another secret of another installation, long enough")
QUIET = {"digest_mails", "digests_since", "mail_ready_at", "mails_paused_at"}


@pytest.fixture
def everything(database: Database, monkeypatch: pytest.MonkeyPatch) -> Everything:
    clocks.hold(monkeypatch, NOW)
    return Everything(database, web_app(database, NOWHERE))


@pytest.fixture
def elsewhere(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    path = tmp_path / "elsewhere.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


def exported(database: Database, key: str) -> bytes:
    to = io.BytesIO()
    with database.read() as session:
        event = session.scalars(select(Event).where(Event.key == key)).one()
        transfer.write_archive(session, event, to, now=NOW)
    return to.getvalue()


def taken(database: Database, octets: bytes, key: str = "", owner: str = "") -> transfer.EventArchive:
    return transfer.import_archive(
        database, io.BytesIO(octets), key=key, owner=owner, secret_key=OTHER_SECRET, now=NOW
    )


def rows_of(database: Database, event_id: int) -> dict[str, list[dict[str, Any]]]:
    """Return an event's rows without secrets, with each id replaced by its row's index."""
    found: dict[str, list[dict[str, Any]]] = {}
    with database.read() as session:
        emails = {row.id: row.email for row in session.execute(select(Account.id, Account.email))}
        places: dict[str, dict[int, Any]] = {"account": emails}
        for table in event_tables.list_exported_tables():
            query = select(*event_tables.exported_columns(table)).where(
                event_tables.belongs_to_event(table, event_id)
            )
            if table.name == "busy_source":
                query = query.where(table.c.is_saved)
            rows = [dict(row) for row in session.execute(query.order_by(*table.primary_key)).mappings()]
            places[table.name] = {row["id"]: at for at, row in enumerate(rows) if "id" in row}
            found[table.name] = rows
    for name, rows in found.items():
        for row in rows:
            for column in Base.metadata.tables[name].columns:
                other = event_tables.referenced_table(column)
                if other and row.get(column.name) is not None:
                    row[column.name] = places[other][row[column.name]]
            row.pop("id", None)
            for each in QUIET if name == "event" else ():
                row.pop(each)
            row.update({key: encode_value(value) for key, value in row.items()})
    return found


def test_an_event_is_elsewhere_as_it_was(everything: Everything, elsewhere: Database) -> None:
    database, key = everything.database, everything.expo.event.key
    done = taken(elsewhere, exported(database, key))
    before, after = rows_of(database, everything.expo.event.id), rows_of(elsewhere, done.id)
    for run in [*before["run"], *after["run"]]:
        run.pop("finished_at"), run.pop("state")
    for row, name in [
        *((row, "failure") for found in (before, after) for row in found["busy_source"]),
        *((row, "next_at") for found in (before, after) for row in found["run_schedule"]),
    ]:
        row.pop(name)
    assert sum(1 for rows in before.values() if rows) > 20
    for name, rows in before.items():
        assert after[name] == rows, name
    assert done.rows["attendee"] == len(before["attendee"]) == 19
    with elsewhere.read() as session:
        assert snapshot.build_problem(session, done.id, now=NOW).requests
        (published,) = session.scalars(
            select(ScheduleVersion).where(ScheduleVersion.state == VersionState.PUBLISHED)
        )
        assert session.scalars(select(func.count()).select_from(Booking)).one() > 0
        event = session.get_one(Event, done.id)
        assert event.digest_mails is False
        assert set(session.scalars(select(RunSchedule.next_at))) <= {None}
        assert all(not chain.broken for chain in verification.verify_chains(session))
        assert published.number == 1


def test_an_event_of_a_newer_schema_is_not_exported(everything: Everything) -> None:
    """This version would leave out tables and columns that it doesn't know."""
    database, key = everything.database, everything.expo.event.key
    newer = at_revision(database, "9000", oldest_code=head_revision())
    with newer, pytest.raises(SchemaOutOfDate, match="A newer version"):
        exported(database, key)


def test_no_secret_leaves_and_links_are_new(everything: Everything, elsewhere: Database) -> None:
    database, key = everything.database, everything.expo.event.key
    with database.read() as session:
        person = session.scalars(select(Attendee).order_by(Attendee.id)).first()
        hashes = [
            *session.scalars(select(ApiToken.token_hash)),
            *session.scalars(select(Invitation.token_hash)),
            *session.scalars(select(Attendee.feed_seed)),
            *session.scalars(select(Attendee.feed_hash)),
        ]
    octets = exported(database, key)
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert hashes and not [each for each in hashes if each.encode() in text]
    assert SECRET_KEY.key().encode() not in text
    done = taken(elsewhere, octets)
    with elsewhere.read() as session:
        there = session.scalars(select(Attendee).order_by(Attendee.id)).first()
        assert person is not None and there is not None
        assert (there.email, there.feed_hash != person.feed_hash) == (person.email, True)
        assert session.scalars(select(OutboxEmail)).all() == []
        assert session.scalars(select(Account).where(Account.is_operator)).all() == []
        assert {each.failure for each in session.scalars(select(BusySource))} <= {"", LINK}
        assert done.key == key


LINK = "The link to this calendar does not move with an event. Link it again."


def test_it_has_another_key_where_its_own_is_taken(everything: Everything) -> None:
    database, key = everything.database, everything.expo.event.key
    octets = exported(database, key)
    with pytest.raises(BrokenArchive, match="is here already"):
        taken(database, octets)
    done = taken(database, octets, key="second", owner="New.Owner@expo.example")
    assert done.key == "second"
    with database.read() as session:
        account = session.scalars(select(Account).where(Account.email == "new.owner@expo.example")).one()
        assert actors.actor_for(session, account.id, "second", now=NOW).is_organiser
        assert session.scalars(select(func.count()).select_from(Event).where(Event.key == key)).one() == 1


def test_a_run_that_was_at_work_is_cancelled_there(everything: Everything, elsewhere: Database) -> None:
    with everything.database.write() as session:
        session.execute(update(Run).values(state="running", worker="host:1:1"))
    done = taken(elsewhere, exported(everything.database, everything.expo.event.key))
    with elsewhere.read() as session:
        runs = session.execute(select(Run.state, Run.worker).where(Run.event_id == done.id)).all()
    assert runs and {tuple(run) for run in runs} == {("cancelled", None)}


Change = Callable[[dict[str, bytes]], None]


def changed(octets: bytes, change: Change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return to.getvalue()


def in_head(**values: Any) -> Change:
    def change(files: dict[str, bytes]) -> None:
        files["archive.json"] = json.dumps(json.loads(files["archive.json"]) | values).encode()

    return change


def in_row(file: str, **values: Any) -> Change:
    def change(files: dict[str, bytes]) -> None:
        first, rest = files[file].split(b"\n", 1)
        files[file] = json.dumps(json.loads(first) | values).encode() + b"\n" + rest

    return change


def twice(file: str) -> Change:
    def change(files: dict[str, bytes]) -> None:
        files[file] += files[file]

    return change


def put(name: str, content: bytes | None) -> Change:
    def change(files: dict[str, bytes]) -> None:
        if content is None:
            del files[name]
        else:
            files[name] = content

    return change


BROKEN: dict[str, tuple[Change, str]] = {
    "another format": (in_head(format="zip"), "this version reads chainmeet-event 2"),
    "a later version": (in_head(version=3), "this version reads chainmeet-event 2"),
    "another schema": (in_head(schema="0001"), "Bring both to the same version"),
    "no head": (put("archive.json", None), "it has no archive.json"),
    "a head that is a list": (put("archive.json", b"[]"), "archive.json cannot be read"),
    "no firms": (put("firm.jsonl", None), "lacks files, or has others.*firm.jsonl"),
    "a file more": (put("../../x", b""), "lacks files, or has others"),
    "no event": (put("event.jsonl", b""), "event has no row"),
    "no JSON": (put("hall.jsonl", b"{"), "hall, row 1 is not JSON"),
    "no object": (put("hall.jsonl", b"[1]"), "hall, row 1 is not an object"),
    "an unknown column": (in_row("firm.jsonl", feed_seed="x"), "firm, row 1 has other columns.*feed_seed"),
    "a hall that is not there": (
        in_row("firm.jsonl", hall_id=999),
        "firm, row 1: hall_id names a row of hall",
    ),
    "an event of others": (in_row("hall.jsonl", event_id=999), "hall, row 1: event_id names a row of event"),
    "a text for a number": (in_row("slot.jsonl", position="x"), "slot, row 1: position cannot be 'x'"),
    "a rate of mails that no form takes": (
        in_row("event.jsonl", mail_per_minute=2_000_000_000),
        "event, row 1: mail_per_minute cannot be '2000000000'",
    ),
    "hours that no form takes": (
        in_row("event.jsonl", freeze_hours=2_000_000_000),
        "row 1: freeze_hours cannot",
    ),
    "a number that leaves no room for the next": (
        in_row("run.jsonl", number=2**31 - 1),
        "row 1: number cannot",
    ),
    "two events": (twice("event.jsonl"), "event has several rows; an archive is of one event"),
    "a state that there is not": (in_row("run.jsonl", state="gone"), "run, row 1: state cannot be 'gone'"),
    "a time without a zone": (in_row("slot.jsonl", start="2027-01-01T09:00"), "slot, row 1: start cannot be"),
    "a text that is too long": (in_row("hall.jsonl", key="x" * 99), "hall, row 1: key cannot be"),
    "a zone that there is not": (in_row("event.jsonl", timezone="Mars/Olympus"), "event, row 1: timezone"),
    "no zone": (in_row("event.jsonl", timezone=""), "event, row 1: timezone cannot be ''"),
    "areas of another shape": (in_row("event.jsonl", areas=["chips"]), "event, row 1: areas cannot be"),
    "areas without names": (in_row("event.jsonl", areas={"a": {"b": 1}}), "event, row 1: areas cannot be"),
    "guests of another shape": (in_row("event.jsonl", guests=["France"]), "event, row 1: guests cannot be"),
    "a policy that cannot be read": (in_row("event.jsonl", policy={"x": 1}), "event, row 1: policy cannot"),
    "words of another shape": (in_row("event.jsonl", import_words={"columns": 1}), "row 1: import_words"),
    "names of a hall that are none": (in_row("hall.jsonl", names={"zh": 1}), "hall, row 1: names cannot be"),
    "a year far away": (in_row("slot.jsonl", end="9999-12-31T10:00:00+00:00"), "slot, row 1: end cannot be"),
    "an end before its start": (
        in_row("slot.jsonl", end="2001-01-01T10:00:00+00:00"),
        "slot, row 1: it ends before it starts",
    ),
    "a key with a slash": (in_row("firm.jsonl", key="a/b"), "firm, row 1: key cannot be 'a/b'"),
    "a key of two lines": (in_row("attendee.jsonl", key="a\nb"), "attendee, row 1: key cannot be"),
    "a key with markup": (in_row("hall.jsonl", key="<b>"), "hall, row 1: key cannot be"),
    "an account that is no address": (in_row("accounts.jsonl", email="nobody"), "accounts, row 1: email"),
    "an address that is none": (in_row("attendee.jsonl", email="a b"), "attendee, row 1: email cannot be"),
    "a language that there is not": (
        in_row("attendee.jsonl", mail_language="xx"),
        "attendee, row 1: mail_language",
    ),
    "a list with something else": (in_row("attendee.jsonl", languages=[1]), "attendee, row 1: languages"),
    "a limit below one": (in_row("attendee.jsonl", max_days=0), "attendee, row 1: max_days cannot be '0'"),
    "no meetings in a row": (
        in_row("attendee.jsonl", max_in_row=0),
        "attendee, row 1: max_in_row cannot be '0'",
    ),
    "no name": (in_row("firm.jsonl", name=""), "firm, row 1: name cannot be ''"),
    "nothing where something must be": (in_row("hall.jsonl", name=None), "hall, row 1: name is missing"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_archive_says_where_and_makes_nothing(name: str, whole: bytes, elsewhere: Database) -> None:
    change, said = BROKEN[name]
    with pytest.raises(BrokenArchive, match=said):
        taken(elsewhere, changed(whole, change))
    with elsewhere.read() as session:
        assert session.scalars(select(Event)).all() == []


@pytest.fixture(scope="module")
def whole(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with pytest.MonkeyPatch.context() as patch:
        clocks.hold(patch, NOW)
        everything = Everything(database, web_app(database, NOWHERE))
        octets = exported(database, everything.expo.event.key)
    database.dispose()
    return octets


@pytest.mark.parametrize("octets", [b"", b"PK", b"no archive at all"])
def test_what_is_no_zip_is_refused(octets: bytes, elsewhere: Database) -> None:
    with pytest.raises(BrokenArchive, match="no archive of an event"):
        taken(elsewhere, octets)


def test_a_bomb_is_not_unpacked(whole: bytes, elsewhere: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MAX_UNPACKED", 1_000)
    with pytest.raises(BrokenArchive, match="unpacks to more than"):
        taken(elsewhere, whole)
    monkeypatch.undo()
    monkeypatch.setattr(transfer, "MAX_LINE", 100)
    with pytest.raises(BrokenArchive, match="larger than an event can be"):
        taken(elsewhere, whole)


def test_an_archive_that_is_cut_off_is_refused(whole: bytes, elsewhere: Database) -> None:
    with pytest.raises(BrokenArchive):
        taken(elsewhere, whole[: len(whole) // 2])


def test_every_table_moves_or_says_why_not() -> None:
    names = {table.name for table in event_tables.list_tables()}
    assert names >= set(event_tables.NOT_EXPORTED)
    for table in event_tables.list_tables():
        event_tables.belongs_to_event(table, 1)
    for name, columns in event_tables.SECRET_COLUMNS.items():
        assert columns <= set(Base.metadata.tables[name].columns.keys()), name
    suspicious = [
        f"{table.name}.{column.name}"
        for table in event_tables.list_exported_tables()
        for column in event_tables.exported_columns(table)
        if any(word in column.name for word in ("seed", "hash", "token", "secret"))
    ]
    assert suspicious == ["run.seed"], "secrets do not move"


def test_every_number_that_moves_has_the_limits_of_its_field() -> None:
    without = {
        f"{table.name}.{column.name}"
        for table in event_tables.list_exported_tables()
        for column in event_tables.exported_columns(table)
        if isinstance(column.type, Integer)
        and event_tables.referenced_table(column) is None
        and column.name != "id"
        if not any(get_args(kind)[1:] for kind in _kinds(table.name, column.name))
    }
    assert without == {"run.seed"}, "any number is one"


def _kinds(table: str, column: str) -> list[Any]:
    """Return the types of a column by its model: one, or one and None."""
    model = next(each.class_ for each in Base.registry.mappers if each.class_.__tablename__ == table)
    (kind,) = get_args(get_type_hints(model, include_extras=True)[column])
    return [kind, *get_args(kind)]


def test_the_command_line_moves_archives_brings_back_and_deletes(
    everything: Everything, elsewhere: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, path = everything.expo.event.key, tmp_path / "event.zip"
    here = everything.database.url.render_as_string(hide_password=False)
    there = elsewhere.url.render_as_string(hide_password=False)
    for name, value in (("REDIS_URL", NOWHERE), ("SECRET_KEY", SECRET_KEY.text)):
        monkeypatch.setenv(f"CHAINMEET_{name}", value)

    def run(url: str, *arguments: str) -> str:
        monkeypatch.setenv("CHAINMEET_DATABASE_URL", url)
        done = CliRunner().invoke(main, ["event", *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    assert "9 firms, 19 people" in run(here, "export", key, "-o", str(path))
    assert path.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("CHAINMEET_DATABASE_URL", there)
    refused = CliRunner().invoke(main, ["event", "import", str(path), "--key", "moved"], input="n\n")
    assert refused.exit_code == 1 and f"owner: {everything.expo.organiser.email}" in refused.output
    with elsewhere.read() as session:
        assert session.scalars(select(Event)).all() == [], "nobody agreed"
    assert "imported as moved" in run(there, "import", str(path), "--key", "moved", "--yes")
    assert "now read-only" in run(there, "archive", "moved")
    assert "moved restored" in run(there, "restore", "moved")
    with elsewhere.write() as session:
        assert session.scalars(select(Event.live_at)).one() is not None, "as it was"
        session.execute(update(Event).values(live_at=None))
    assert "is live. No emails were sent." in run(there, "go-live", "moved")
    name = everything.expo.event.name
    assert "deleted" in run(there, "delete", "moved", "--name", name)
    with elsewhere.read() as session:
        assert session.scalars(select(Event)).all() == []
        assert "event moved deleted" in session.scalars(select(AuditLogEntry.about)).all()
    refused = CliRunner().invoke(main, ["event", "export", "none", "-o", str(path)])
    assert refused.exit_code == 2
