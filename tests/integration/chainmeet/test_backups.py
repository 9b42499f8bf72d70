"""`chainmeet backup` and `chainmeet restore`: everything comes back, checked, and the site is paused."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import func, select, text

from chainmeet import backups
from chainmeet.backup_encryption import read_recipient
from chainmeet.backups import BackupFailed, RestoreRefused
from chainmeet.cli import main
from scheduler.secret_keys import SecretKeys
from scheduler.services.operations import site_pause
from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event, Invitation, OutboxEmail
from scheduler.version import installed_version
from tests.integration.delivery.test_sending import publish
from tests.support import missing_programs, servers
from tests.support.databases import Databases, owning
from tests.support.publishing import SETTINGS

COUNTED = Account, Event, Invitation, OutboxEmail

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def counts(database: Database) -> list[int]:
    with database.read() as session:
        return [session.scalars(select(func.count()).select_from(table)).one() for table in COUNTED]


def changed(source: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Copy a backup with other contents."""
    with zipfile.ZipFile(source) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    change(contents)
    with zipfile.ZipFile(target, "w") as archive:
        for name, octets in contents.items():
            archive.writestr(name, octets)
    return target


def with_manifest(**values: object) -> Callable[[dict[str, bytes]], None]:
    def change(contents: dict[str, bytes]) -> None:
        contents["manifest.json"] = json.dumps(json.loads(contents["manifest.json"]) | values).encode()

    return change


@pytest.fixture
def empty(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'new' / 'chainmeet.db'}")


@pytest.fixture
def backup(database: Database, tmp_path: Path) -> Path:
    publish(database)
    (tmp_path / "new").mkdir()
    backups.back_up(database, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


@sqlite_only
def test_a_file_is_backed_up_with_what_its_log_still_has(
    database: Database, backup: Path, empty: Database
) -> None:
    assert Path(f"{database.url.database}-wal").stat().st_size > 0
    manifest = backups.restore(empty, backup)
    assert counts(empty) == counts(database) and counts(empty)[3] == 6
    assert (manifest.version, manifest.revision) == (installed_version(), schema.head_revision())
    assert (backup.stat().st_mode & 0o777, Path(str(empty.url.database)).stat().st_mode & 0o777) == (
        0o600,
        0o600,
    )


@sqlite_only
def test_a_restored_site_is_paused_until_it_is_accepted(backup: Path, empty: Database) -> None:
    backups.restore(empty, backup)
    with empty.read() as session:
        pause = site_pause.find_pause(session)
    assert pause is not None and pause.is_copy


@sqlite_only
def test_no_secret_is_in_a_backup(database: Database, backup: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        assert sorted(archive.namelist()) == ["chainmeet.db", "manifest.json"]
        assert not any(
            SETTINGS.secret_key.key().encode() in archive.read(name) for name in archive.namelist()
        )


@sqlite_only
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_manifest(revision="9999"), "cannot upgrade"),
        (with_manifest(format=2), "newer version"),
        (with_manifest(engine="postgresql"), "is of postgresql, and the database is sqlite"),
        (with_manifest(files={"chainmeet.db": "0" * 64}), "changed or damaged"),
        (
            lambda contents: contents.update({"chainmeet.db": contents["chainmeet.db"] + b"x"}),
            "changed or damaged",
        ),
        (lambda contents: contents.pop("chainmeet.db"), "no database"),
        (lambda contents: contents.pop("manifest.json"), "not a backup"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_changed(
    backup: Path, empty: Database, tmp_path: Path, change: Callable[[dict[str, bytes]], None], why: str
) -> None:
    with pytest.raises(RestoreRefused, match=why):
        backups.restore(empty, changed(backup, tmp_path / "other.zip", change))
    assert list((tmp_path / "new").iterdir()) == []


@sqlite_only
def test_a_cut_file_is_refused(backup: Path, empty: Database, tmp_path: Path) -> None:
    cut = tmp_path / "cut.zip"
    cut.write_bytes(backup.read_bytes()[:-1000])
    with pytest.raises(RestoreRefused, match="not a complete backup"):
        backups.restore(empty, cut)


@sqlite_only
def test_a_database_that_is_not_empty_stays_as_it_is(database: Database, backup: Path) -> None:
    before = counts(database)
    with pytest.raises(RestoreRefused, match="not empty"):
        backups.restore(database, backup)
    assert counts(database) == before


@sqlite_only
def test_a_backup_never_replaces_another_file(database: Database, backup: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(BackupFailed, match="exists already"):
        backups.back_up(database, backup)
    assert backup.read_bytes() == before


@pytest.fixture
def key(tmp_path: Path) -> tuple[str, Path]:
    """Return a public key, and the file of its secret part as `age-keygen` writes it."""
    made, file = pyrage.x25519.Identity.generate(), tmp_path / "key.txt"
    file.write_text(f"# created: 2026-12-06\n# public key: {made.to_public()}\n{made}\n")
    return str(made.to_public()), file


def encrypted(database: Database, target: Path, *keys: str) -> Path:
    backups.back_up(database, target, recipients=[read_recipient(key) for key in keys])
    return target


@sqlite_only
def test_an_encrypted_backup_has_nothing_to_read_and_comes_back_with_its_key(
    database: Database, backup: Path, empty: Database, tmp_path: Path, key: tuple[str, Path]
) -> None:
    public, secret = key
    other = str(pyrage.x25519.Identity.generate().to_public())
    file = encrypted(database, tmp_path / "backup.zip.age", other, public)
    assert file.stat().st_mode & 0o777 == 0o600
    assert not zipfile.is_zipfile(file)
    assert b"manifest" in backup.read_bytes() and b"manifest" not in file.read_bytes()
    backups.restore(empty, file, keys=secret)
    assert counts(empty) == counts(database)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@sqlite_only
def test_a_backup_is_encrypted_to_an_ssh_key(database: Database, empty: Database, tmp_path: Path) -> None:
    made = Ed25519PrivateKey.generate()
    secret = tmp_path / "id_ed25519"
    secret.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    public = made.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    publish(database)
    (tmp_path / "new").mkdir()
    backups.restore(empty, encrypted(database, tmp_path / "b.age", f"{public} li@firm\n"), keys=secret)
    assert counts(empty) == counts(database)


@sqlite_only
def test_an_encrypted_backup_that_does_not_open_is_refused_and_nothing_is_changed(
    database: Database, backup: Path, empty: Database, tmp_path: Path, key: tuple[str, Path]
) -> None:
    public, secret = key
    file = encrypted(database, tmp_path / "backup.zip.age", public)
    wrong = tmp_path / "wrong.txt"
    wrong.write_text(str(pyrage.x25519.Identity.generate()))
    octets = file.read_bytes()
    cut, altered = tmp_path / "cut.age", tmp_path / "altered.age"
    cut.write_bytes(octets[:-1000])
    altered.write_bytes(octets[:-9] + b"?" + octets[-8:])
    for source, keys, why in (
        (file, None, "is encrypted. Name the file with its secret key: --key FILE"),
        (file, wrong, "these keys don't open it"),
        (file, backup, "has no secret key of age"),
        (cut, secret, "cut off or was changed"),
        (altered, secret, "cut off or was changed"),
    ):
        with pytest.raises(RestoreRefused, match=why):
            backups.restore(empty, source, keys=keys)
    assert list((tmp_path / "new").iterdir()) == []


def server_version(database: Database) -> int:
    with database.read() as session:
        return int(session.scalar(text("SHOW server_version_num"))) // 10_000


@pytest.mark.own_schema
@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_postgresql_is_dumped_and_restored(
    database: Database, postgres_databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(servers.postgres_binaries()), prepend=os.pathsep)
    publish(database)
    if missing_programs.postgresql_client() < server_version(database):
        with (
            owning(database) as owner,
            pytest.raises(BackupFailed, match=r"server version mismatch|is not installed here"),
        ):
            backups.back_up(owner, tmp_path / "backup.zip")
        assert list(tmp_path.iterdir()) == []
        pytest.skip("pg_dump is older than the server, which it refuses to dump")
    with owning(database) as owner:
        backups.back_up(owner, tmp_path / "backup.zip")
    target = Database(postgres_databases.create("restored", "template0"))
    backups.restore(target, tmp_path / "backup.zip")
    assert counts(target) == counts(database)
    with target.read() as session:
        assert site_pause.is_paused(session)
    with pytest.raises(RestoreRefused, match="not empty"):
        backups.restore(target, tmp_path / "backup.zip")
    target.dispose()


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_without_its_program_the_command_says_what_is_missing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(BackupFailed, match="pg_dump is not installed here"):
        backups.back_up(database, tmp_path / "backup.zip")
    assert list(tmp_path.iterdir()) == []


@sqlite_only
@pytest.mark.parametrize("is_encrypted", [False, True])
def test_the_commands(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: tuple[str, Path],
    is_encrypted: bool,
) -> None:
    publish(database)
    encryption, decryption = (["--encrypt-to", key[0]], ["--key", str(key[1])]) if is_encrypted else ([], [])
    target = tmp_path / "new.db"

    def run(*arguments: str, url: str) -> str:
        for name, value in replace(SETTINGS, database_url=url).to_env().items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    file, url = str(tmp_path / "backup.zip"), database.url.render_as_string()
    assert f"schema {schema.head_revision()}" in run("backup", file, *encryption, url=url)
    assert "The site is paused" in run("restore", file, *decryption, url=f"sqlite:///{target}")
    assert "Site resumed." in run("resume", "--accept-copy", url=f"sqlite:///{target}")


def test_a_key_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for wrong in ("age1nothing", "ssh-ed25519 AAAA", "ecdsa-sha2-nistp256 AAAA", ""):
        said = CliRunner().invoke(main, ["backup", str(tmp_path / "b.age"), "--encrypt-to", wrong])
        assert said.exit_code == 2
        assert "Invalid value for '--encrypt-to'" in said.output and "is no public key of age" in said.output
    assert list(tmp_path.iterdir()) == []


@sqlite_only
def test_a_restore_names_the_keys_that_are_missing(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'chainmeet.db'}"
    for name, value in (
        replace(SETTINGS, database_url=url, secret_key=SecretKeys(f"2:{'x' * 40}")).to_env().items()
    ):
        monkeypatch.setenv(name, value)
    said = CliRunner().invoke(main, ["restore", str(backup)], catch_exceptions=False)
    assert said.exit_code == 0 and "Restored: " in said.output
    warned = [line for line in said.output.splitlines() if line.startswith("WARNING: ")]
    assert any("made with key 1 don't open, because the key is missing" in line for line in warned)
