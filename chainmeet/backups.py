"""Backups of the database in one file: made while the site runs, checked, restored into an empty database.

The file is a ZIP with `manifest.json` and the database: a complete SQLite file, or a dump by pg_dump. The
secret key and the passwords are never in it. It can be encrypted to public keys.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any, Final

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL

from chainmeet import backup_encryption
from chainmeet.backup_encryption import Damaged, NoKey, Recipient
from scheduler.domain.errors import ChainmeetError
from scheduler.services.operations import restored_copy
from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.version import installed_version

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SQLITE, POSTGRESQL = "sqlite", "postgresql"
_MEMBERS: Final = {SQLITE: "chainmeet.db", POSTGRESQL: "chainmeet.dump"}
_AT_A_TIME: Final = 1 << 20


class BackupFailed(ChainmeetError):
    """The backup could not be made."""

    code = "backup-failed"


class RestoreRefused(ChainmeetError):
    """The backup is not restored, and nothing was changed."""

    code = "restore-refused"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup contains."""

    format: int
    version: str
    """Version of Chainmeet that made it."""
    revision: str
    """Revision of its schema."""
    engine: str
    created_at: str
    installation: str | None
    """Id of the installation, if it has a journal."""
    epoch: int
    """Position in the journal."""
    files: dict[str, str]
    """SHA-256 of each other file."""


def back_up(database: Database, target: Path, *, recipients: Sequence[Recipient] = ()) -> Manifest:
    """Write a backup of the database, which may be in use. Raises BackupFailed.

    The file appears when it is complete, and only its owner can read it. With recipients it is encrypted, and
    each of them can open it.
    """
    if target.exists():
        raise BackupFailed(f"{target} exists already. Choose another name.")
    part = target.with_name(target.name + ".part")
    engine = SQLITE if database.is_sqlite else POSTGRESQL
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
            content = Path(folder) / _MEMBERS[engine]
            copied = _copy_file(database, content) if database.is_sqlite else _dump(database, content)
            manifest = Manifest(
                format=FORMAT,
                version=installed_version(),
                engine=engine,
                created_at=database.now().isoformat(),
                files={content.name: _sha256(content)},
                **copied,
            )
            packed = Path(folder) / "packed" if recipients else part
            with _private(packed) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
                archive.write(content, content.name)
            if recipients:
                with packed.open("rb") as readable, _private(part) as file:
                    backup_encryption.encrypt_file(readable, file, recipients)
        part.replace(target)
    except OSError as error:
        raise BackupFailed(f"The backup could not be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    """Return the manifest of a backup. Raises RestoreRefused."""
    try:
        manifest = Manifest(**json.loads(archive.read(MANIFEST)))
    except (KeyError, TypeError, ValueError) as error:
        raise RestoreRefused("The file is not a backup of Chainmeet.") from error
    if manifest.format != FORMAT or manifest.engine not in _MEMBERS:
        raise RestoreRefused("A newer version of Chainmeet made this backup. Install that version.")
    if manifest.revision not in schema.known_revisions():
        raise RestoreRefused(
            f"Version {manifest.version} made this backup of a database with schema {manifest.revision}, "
            "which this version cannot upgrade. Restore it with a version that has this schema."
        )
    return manifest


def restore(database: Database, source: Path, *, keys: Path | None = None, application: str = "") -> Manifest:
    """Restore a backup into an empty database, upgrade its schema, and pause the site.

    `keys` is a file with the secret keys of an encrypted backup. Raises RestoreRefused if the backup is
    incomplete, changed, encrypted for others, of another engine or too new, or if the database is not empty.
    """
    engine = SQLITE if database.is_sqlite else POSTGRESQL
    try:
        with _opened(source, keys, _folder_of(database)) as archive:
            manifest = read_manifest(archive)
            if manifest.engine != engine:
                raise RestoreRefused(f"The backup is of {manifest.engine}, and the database is {engine}.")
            _require_empty(database)
            with tempfile.TemporaryDirectory(dir=_folder_of(database), prefix=".restore-") as folder:
                content = Path(folder) / _MEMBERS[engine]
                _unpack(archive, manifest, content)
                if database.is_sqlite:
                    database.dispose()
                    content.chmod(0o600)
                    for end in ("-wal", "-shm"):  # of an earlier file: its log must not be read into this one
                        Path(f"{database.url.database}{end}").unlink(missing_ok=True)
                    content.replace(Path(str(database.url.database)))
                else:
                    _load(database.url, content)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise RestoreRefused(f"The file is not a complete backup: {error}") from error
    except OSError as error:
        raise RestoreRefused(f"The backup cannot be read: {error}") from error
    schema.upgrade_schema(database, application=application)
    restored_copy.mark_restored(database, now=database.now())
    return manifest


@contextlib.contextmanager
def _opened(source: Path, keys: Path | None, folder: Path | None) -> Iterator[zipfile.ZipFile]:
    """Open the archive of a backup. An encrypted one is decrypted into a temporary file of this folder."""
    if not backup_encryption.is_encrypted(source):
        with zipfile.ZipFile(source) as archive:
            yield archive
        return
    if keys is None:
        raise RestoreRefused("The backup is encrypted. Name the file with its secret key: --key FILE")
    with tempfile.TemporaryFile(dir=folder, prefix=".restore-") as packed:
        try:
            backup_encryption.decrypt_file(source, packed, backup_encryption.read_identities(keys))
        except NoKey as error:
            raise RestoreRefused(f"The backup can't be opened: {error}.") from error
        except Damaged as error:
            raise RestoreRefused(f"The file is not a complete backup: {error}.") from error
        with zipfile.ZipFile(packed) as archive:
            yield archive


def _copy_file(database: Database, target: Path) -> dict[str, Any]:
    """Copy a SQLite database with what is still in its write-ahead log, and check the copy."""
    source = Path(str(database.url.database))
    with (
        contextlib.closing(sqlite3.connect(source)) as live,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise BackupFailed(f"The database is damaged: {found}")
        (revision,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
        row = copy.execute("SELECT key, epoch FROM installation").fetchone()
    key, epoch = row or (None, 0)
    return {"revision": revision, "installation": key, "epoch": epoch}


def _dump(database: Database, target: Path) -> dict[str, Any]:
    """Dump a PostgreSQL database. The manifest and the dump are of one snapshot."""
    program = _program("pg_dump")
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
        row = connection.execute(text("SELECT key, epoch FROM installation")).first()
        _run(
            [program, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"],
            database.url,
            BackupFailed,
            f"--file={target}",
        )
    key, epoch = (row.key, row.epoch) if row else (None, 0)
    return {"revision": revision, "installation": key, "epoch": epoch}


def _load(url: URL, content: Path) -> None:
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    _run([_program("pg_restore"), *options], url, RestoreRefused, str(content))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupFailed(
            f"{name} is not installed here. Install PostgreSQL's client programs, in the server's version or "
            "a newer one, or run them where PostgreSQL runs: see Back up and restore in docs/operators.md."
        )
    return found


def _run(command: list[str], url: URL, failure: type[ChainmeetError], last: str) -> None:
    """Run a program of PostgreSQL. The password is in its environment, never among its arguments."""
    environment = dict(os.environ)
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 -- our own arguments
        [*command, f"--dbname={address}", last], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise failure(f"{Path(command[0]).name} failed: {done.stderr.strip()[:2000]}")


def _require_empty(database: Database) -> None:
    if database.is_sqlite:
        file = Path(str(database.url.database))
        if not file.exists() or not file.stat().st_size:
            return
    if inspect(database.engine).get_table_names():
        raise RestoreRefused(
            "The database is not empty. Restore into a new one, so that nothing is overwritten or mixed."
        )


def _folder_of(database: Database) -> Path | None:
    """Return the folder of a SQLite file, so that the copy is on the same disk."""
    return Path(str(database.url.database)).parent if database.is_sqlite else None


def _unpack(archive: zipfile.ZipFile, manifest: Manifest, content: Path) -> None:
    expected = manifest.files.get(content.name)
    try:
        with archive.open(content.name) as packed, content.open("wb") as file:
            shutil.copyfileobj(packed, file, _AT_A_TIME)
    except KeyError as error:
        raise RestoreRefused("The backup has no database.") from error
    if _sha256(content) != expected:
        raise RestoreRefused("The backup was changed or damaged: its SHA-256 is not that of its manifest.")


@contextlib.contextmanager
def _private(path: Path) -> Iterator[BufferedWriter]:
    """Create a file that only its owner can read. At the end it is on the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
