"""Move of a small installation to PostgreSQL: every row, in one transaction, compared afterwards."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Table, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from chainmeet.keys import key_changes
from chainmeet.stack.data_folder import DataFolder
from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError, InvalidInput
from scheduler.services.operations import restored_copy
from scheduler.storage import grants, schema
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event
from scheduler.storage.send_journal import SendJournal

AT_A_TIME: Final = 500
"""Rows per statement."""


class MoveRefused(ChainmeetError):
    """The database is not moved, and nothing was changed."""

    code = "move-refused"


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved."""

    rows: int
    has_journal: bool
    """True if the journal of sent emails was copied too."""


def move(
    folder: DataFolder,
    target: Database,
    settings: Settings,
    *,
    application: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> Moved:
    """Copy the SQLite database of a data folder to an empty PostgreSQL database, and its journal.

    `settings` are those of the target: they must have the secret keys of the folder. `application` is as in
    `schema.upgrade_schema`. The old database is paused for good. Raises FolderInUse while its site runs, and
    MoveRefused.
    """
    if target.is_sqlite:
        raise MoveRefused(
            "The target is an SQLite file. Set CHAINMEET_DATABASE_URL to a PostgreSQL database."
        )
    if not (folder.root / "chainmeet.db").is_file():
        raise MoveRefused(f"{folder.root} has no database. Name the data folder of `chainmeet serve`.")
    with folder.lock():
        source = Database(folder.database_url)
        try:
            return _move(source, folder, target, settings, application, say)
        finally:
            source.dispose()


def _move(
    source: Database,
    folder: DataFolder,
    target: Database,
    settings: Settings,
    application: str,
    say: Callable[[str], None],
) -> Moved:
    with source.engine.connect() as connection:
        schema.require_own(connection)
    if missing := list(key_changes.faults(key_changes.check_keys(source, settings), settings.secret_key)):
        raise MoveRefused(
            f"Copy {folder.root / 'secret_key'} to the file of CHAINMEET_SECRET_KEY_FILE first. " + missing[0]
        )
    if inspect(target.engine).get_table_names():
        with target.read() as session:
            schema.require_own(session.connection())
            if session.scalar(select(Account.id).limit(1)) or session.scalar(select(Event.id).limit(1)):
                raise MoveRefused("The target database is not empty. Create a new one.")
    with ExitStack() as undo:
        has_journal = _copy_journal(folder, settings, undo)
        schema.upgrade_schema(target)
        with source.engine.connect().execution_options(writes=True) as reading, reading.begin():
            rows = _copy_rows(reading, target, application, say)
        undo.pop_all()
    target.count_anew(Base.metadata.tables)
    restored_copy.mark_moved(source, now=source.now())
    return Moved(rows, has_journal)


def _copy_journal(folder: DataFolder, settings: Settings, undo: ExitStack) -> bool:
    """Copy the journal to where the settings say. Return False if there is none. Raises MoveRefused."""
    old = SendJournal(folder.journal)
    if old.state() is None:
        return False
    new = restored_copy.open_journal(settings)
    if new is None:
        raise MoveRefused("Set CHAINMEET_JOURNAL: this installation has a journal of sent emails.")
    if new.path.exists():
        raise MoveRefused(f"{new.path} exists already. Name a new folder with CHAINMEET_JOURNAL.")
    new.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in old.folder.iterdir():
        undo.callback((new.folder / file.name).unlink, missing_ok=True)
        shutil.copy2(file, new.folder / file.name)
    return True


def _copy_rows(reading: Connection, target: Database, application: str, say: Callable[[str], None]) -> int:
    """Copy all tables in one transaction of the target, and compare them. Return the number of rows.

    Foreign keys are checked at the end, since rows refer to later ones. The triggers that keep the audit log
    in order are off meanwhile: its entries are copied as they are.
    """
    count = 0
    with target.engine.connect().execution_options(writes=True) as writing, writing.begin():
        keys = _foreign_keys(writing)
        for where, name in keys:
            writing.execute(
                text(f"ALTER TABLE {where} ALTER CONSTRAINT {name} DEFERRABLE INITIALLY DEFERRED")
            )
        tables = list(Base.metadata.tables.values())
        for table in tables:
            writing.execute(text(f"ALTER TABLE {_quoted(writing, table.name)} DISABLE TRIGGER USER"))
            writing.execute(table.delete())  # rows that the schema itself begins with
        for table in tables:
            copied = _copy_table(reading, writing, table)
            if copied:
                say(f"{table.name}: {copied:,}")
            count += copied
        writing.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        for table in tables:
            if _digest(reading, table) != _digest(writing, table):
                raise MoveRefused(f"The table {table.name} is not the same in PostgreSQL. Nothing was moved.")
            _set_sequence(writing, table)
            writing.execute(text(f"ALTER TABLE {_quoted(writing, table.name)} ENABLE TRIGGER USER"))
        for where, name in keys:
            writing.execute(text(f"ALTER TABLE {where} ALTER CONSTRAINT {name} NOT DEFERRABLE"))
        if application:
            grants.grant_role(writing, application)
    return count


def _copy_table(reading: Connection, writing: Connection, table: Table) -> int:
    count = 0
    for rows in _partitions(reading, table):
        try:
            writing.execute(table.insert(), [dict(row) for row in rows])
        except (DBAPIError, InvalidInput) as error:
            raise MoveRefused(f"PostgreSQL refuses a row of {table.name}: {error}") from error
        count += len(rows)
    return count


def _partitions(connection: Connection, table: Table) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Yield the rows of a table, AT_A_TIME."""
    with connection.execute(select(table), execution_options={"yield_per": AT_A_TIME}) as result:
        yield from result.mappings().partitions()  # type: ignore[misc]  # a RowMapping is one


def _digest(connection: Connection, table: Table) -> tuple[int, int]:
    """Return the number of rows, and a sum over their hashes, which does not depend on their order."""
    count = total = 0
    for row in chain.from_iterable(_partitions(connection, table)):
        octets = repr([(name, row[name]) for name in sorted(row)]).encode("utf-8", "surrogatepass")
        total += int.from_bytes(hashlib.sha256(octets).digest())
        count += 1
    return count, total


def _foreign_keys(connection: Connection) -> list[tuple[str, str]]:
    """Return table and name of each foreign key, quoted."""
    found = connection.execute(
        text(
            "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint "
            "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        )
    )
    return [(table, name) for table, name in found]


def _set_sequence(connection: Connection, table: Table) -> None:
    """Let the sequence of the key continue after the highest one."""
    column = table.autoincrement_column
    if column is None:
        return
    highest = connection.scalar(select(func.max(column)))
    named = func.pg_get_serial_sequence(_quoted(connection, table.name), column.name)
    if highest is not None and connection.scalar(select(named)) is not None:
        connection.execute(select(func.setval(named, highest)))


def _quoted(connection: Connection, name: str) -> str:
    return str(connection.dialect.identifier_preparer.quote(name))
