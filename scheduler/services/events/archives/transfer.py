"""Export and import of an event as a ZIP archive with one JSON Lines file per table."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import IO, Any, Final

from sqlalchemy import Select, Table, select, union
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain.entities import VersionState
from scheduler.domain.team import TeamRole
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.events.archives import event_tables, row_checks, staging
from scheduler.services.events.archives.json_values import BrokenArchive, decode_value, json_line
from scheduler.services.events.archives.row_insertion import RowInserter, Values
from scheduler.services.events.new_event import key_faults
from scheduler.services.identity import sign_in
from scheduler.services.schedule import bookings
from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditLogEntry, Event, OutboxEmail, ScheduleVersion, TeamMember

FORMAT: Final = "chainmeet-event"
VERSION: Final = 2
MANIFEST: Final = "archive.json"
ACCOUNTS_FILE: Final = "accounts.jsonl"
AUDIT_LOG_FILE: Final = "audit_log.jsonl"
"""The audit log, for reading only. It is not imported, because each installation has its own chain."""

MAX_UNPACKED: Final = 8 << 30
"""Maximum size of all files, unpacked, in octets."""
MAX_LINE: Final = 64 << 20
MAX_ROWS: Final = 10_000_000
_MAX_MANIFEST_OCTETS: Final = 1 << 20
_FETCH_SIZE: Final = 1_000
"""Rows fetched at once."""


@dataclass(frozen=True, slots=True)
class EventArchive:
    """Content of an archive, or of the event created from it: row counts by table."""

    id: int
    key: str
    name: str
    rows: Mapping[str, int]
    waiting_mails: int = 0
    """Unsent emails. They stay in the installation that queued them."""
    team: tuple[tuple[str, TeamRole], ...] = ()
    """Team members of the new event: addresses and roles, owners first."""


def write_archive(session: Session, event: Event, to: IO[bytes], *, now: datetime) -> EventArchive:
    """Write an event to a stream. Use a read session, so that the archive is one snapshot.

    Raises SchemaOutOfDate if a newer version has upgraded the schema: its columns would be left out.
    """
    schema.require_own(session.connection())
    rows: dict[str, int] = {}
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for table in event_tables.list_exported_tables():
            rows[table.name] = _write(archive, f"{table.name}.jsonl", _rows(session, table, event.id))
        rows["accounts"] = _write(archive, ACCOUNTS_FILE, _accounts(session, event.id))
        rows["audit_log"] = _write(archive, AUDIT_LOG_FILE, _audit_log(session, event.id))
        head = {
            "format": FORMAT,
            "version": VERSION,
            "schema": schema.head_revision(),
            "made_at": now.isoformat(),
            "event": {"key": event.key, "name": event.name},
            "rows": rows,
        }
        archive.writestr(MANIFEST, json.dumps(head, ensure_ascii=False, indent=2))
    waiting = OutboxEmail.event_id == event.id, OutboxEmail.sent_at.is_(None), OutboxEmail.failure.is_(None)
    mails = len(
        session.scalars(select(OutboxEmail.id).where(*waiting, OutboxEmail.dropped_at.is_(None))).all()
    )
    return EventArchive(event.id, event.key, event.name, rows, mails)


def import_archive(
    database: Database,
    source: IO[bytes],
    *,
    key: str = "",
    owner: str = "",
    secret_key: SecretKeys,
    now: datetime,
    agree: Callable[[EventArchive], None] = lambda _: None,
) -> EventArchive:
    """Create the event of an archive in batches, completely or not at all.

    `key` replaces the archive's key. `owner` is the address of an additional owner. Overnight runs and
    request emails stay off until enabled. `agree` receives what would be created and may raise. Raises
    BrokenArchive.
    """
    with _open_archive(source, key) as (archive, new_key):
        _require_free(database, new_key)
        people = {int(row["id"]): row for row in _account_rows(archive)}
        put = RowInserter(database, secret_key, now, people)
        row = _event_row(archive, new_key, now)
        event_id = staging.stage_event(put, row)
    with staging.delete_on_failure(database, event_id):
        with _open_archive(source, key) as (archive, _):
            for table in event_tables.list_exported_tables():
                if table is not Event.__table__:
                    put.put(table, _disable_automatic_runs(table, _table_rows(archive, table)))
        with _translate_errors(), database.write() as session:
            team = _complete_event(session, event_id, owner, now)
        done = EventArchive(event_id, new_key, str(row["name"]), put.counts, team=team)
        agree(done)
        with _translate_errors(new_key), database.write() as session:
            staging.finish_event(session, event_id, row, now=database.now_in(session))
            by = NamedDoer(event_id=event_id, name=recording.COMMAND_LINE)
            about = pgettext_lazy("audit log", "event %(key)s imported from an archive", key=new_key)
            recording.record_act(session, by, Act.EVENT, about, after=put.counts, now=now)
    return done


@contextmanager
def _open_archive(source: IO[bytes], key: str) -> Iterator[tuple[zipfile.ZipFile, str]]:
    """Open the archive and return it with its event's key.

    Raises BrokenArchive, also for faults found while reading.
    """
    try:
        with _translate_errors(), zipfile.ZipFile(source) as archive:
            event = _read_manifest(archive)["event"]
            new_key = (key or str(event.get("key", ""))).lower()
            for fault in key_faults(new_key):
                raise BrokenArchive(f"The key {new_key!r} {fault.message}.")
            yield archive, new_key
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise BrokenArchive(f"The file is no archive of an event, or it is cut off ({error}).") from error


@contextmanager
def _translate_errors(key: str = "") -> Iterator[None]:
    """Translate database errors in rows, or in the final key, to BrokenArchive."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        if key:
            raise BrokenArchive(_KEY_TAKEN.format(key=key)) from error
        cause = str(getattr(error, "orig", error)).partition("\n")[0]
        raise BrokenArchive(f"The rows do not fit together: {cause[:200]}") from error


_KEY_TAKEN: Final = "An event with the key {key!r} is here already. Say with --key how it is called here."


def _require_free(database: Database, key: str) -> None:
    with database.read() as session:
        if session.scalar(select(Event.id).where(Event.key == key)) is not None:
            raise BrokenArchive(_KEY_TAKEN.format(key=key))


def _complete_event(
    session: Session, event_id: int, owner: str, now: datetime
) -> tuple[tuple[str, TeamRole], ...]:
    """Add the requested owner and the bookings of the published version. Return the team."""
    if owner:
        account = sign_in.ensure_account(session, owner, now=now)
        member = session.get(TeamMember, (event_id, account.id))
        if member is None:
            session.add(TeamMember(event_id=event_id, account_id=account.id, role=TeamRole.OWNER, since=now))
        else:
            member.role, member.until = TeamRole.OWNER, None
        session.flush()
    owners = select(TeamMember).where(
        TeamMember.event_id == event_id, TeamMember.role == TeamRole.OWNER, TeamMember.until.is_(None)
    )
    if session.scalars(owners).first() is None:
        raise BrokenArchive("The archive has no owner of the event. Say with --owner whose it is.")
    published = session.scalar(
        select(ScheduleVersion).where(
            ScheduleVersion.event_id == event_id, ScheduleVersion.state == VersionState.PUBLISHED
        )
    )
    if published is not None:
        bookings.replace_bookings(session, published)
    return _team(session, event_id)


def _team(session: Session, event_id: int) -> tuple[tuple[str, TeamRole], ...]:
    query = select(Account.email, TeamMember.role).join(TeamMember).where(TeamMember.event_id == event_id)
    order = list(TeamRole)
    found = [(email, role) for email, role in session.execute(query.order_by(Account.email))]
    return tuple(sorted(found, key=lambda member: order.index(member[1])))


def _rows(session: Session, table: Table, event_id: int) -> Iterator[Mapping[str, Any]]:
    query = select(*event_tables.exported_columns(table)).where(
        event_tables.belongs_to_event(table, event_id)
    )
    if table.name == "busy_source":
        query = query.where(table.c.is_saved)
    return _stream_rows(session, query.order_by(*table.primary_key))


def _accounts(session: Session, event_id: int) -> Iterator[Mapping[str, Any]]:
    """Yield the accounts that the rows refer to."""
    named = [
        select(column).where(event_tables.belongs_to_event(table, event_id), column.is_not(None))
        for table in event_tables.list_exported_tables()
        for column in event_tables.account_columns(table)
    ]
    columns = Account.id, Account.email, Account.name
    ids = union(*named).subquery()
    query = select(*columns).where(Account.id.in_(select(ids.c[0]))).order_by(Account.id)
    return _stream_rows(session, query)


def _audit_log(session: Session, event_id: int) -> Iterator[Mapping[str, Any]]:
    query = select(*AuditLogEntry.__table__.columns).where(AuditLogEntry.chain == event_id)
    return _stream_rows(session, query.order_by(AuditLogEntry.number))


def _stream_rows(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Mapping[str, Any]]:
    """Stream the rows of a query, without loading all of them."""
    for row in session.execute(query, execution_options={"yield_per": _FETCH_SIZE}).mappings():
        yield {str(name): value for name, value in row.items()}


def _write(archive: zipfile.ZipFile, name: str, rows: Iterator[Mapping[str, Any]]) -> int:
    count = 0
    with archive.open(name, "w", force_zip64=True) as to:
        for row in rows:
            to.write(json_line(row))
            count += 1
    return count


def _read_manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the manifest. Raises BrokenArchive for an unsupported format or version."""
    names = {member.filename for member in archive.infolist()}
    wanted = {
        MANIFEST,
        ACCOUNTS_FILE,
        AUDIT_LOG_FILE,
        *(f"{table.name}.jsonl" for table in event_tables.list_exported_tables()),
    }
    if MANIFEST not in names:
        raise BrokenArchive("The file is no archive of an event: it has no archive.json.")
    if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED:
        raise BrokenArchive(f"The archive unpacks to more than {MAX_UNPACKED >> 30} GB.")
    with archive.open(MANIFEST) as source:
        octets = source.read(_MAX_MANIFEST_OCTETS)
    try:
        head = json.loads(octets)
        kind = head["format"], head["version"], head["schema"], head["event"]["key"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BrokenArchive("The file is no archive of an event: archive.json cannot be read.") from error
    if kind[:2] != (FORMAT, VERSION):
        raise BrokenArchive(
            f"The archive is {kind[0]} {kind[1]}; this version reads {FORMAT} {VERSION}. Bring both "
            "installations to the same version of Chainmeet, and export once more."
        )
    head_revision = schema.head_revision()
    if kind[2] != head_revision:
        raise BrokenArchive(
            f"The archive is of schema {kind[2]}, and this installation has {head_revision}. Bring both to "
            "the same version of Chainmeet, and export once more."
        )
    if names != wanted or len(archive.infolist()) != len(names):
        odd = ", ".join(sorted(names ^ wanted)[:5])
        raise BrokenArchive(f"The archive lacks files, or has others than an event has: {odd}.")
    return {"event": head["event"]}


def _read_lines(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, Values]]:
    """Yield the rows of a file with their location as text.

    Limits apply to octets as read, not as declared.
    """
    with archive.open(name) as source:
        number = unpacked = 0
        while octets := source.readline(MAX_LINE + 1):
            number += 1
            unpacked += len(octets)
            place = f"{name.removesuffix('.jsonl')}, row {number}"
            if len(octets) > MAX_LINE or unpacked > MAX_UNPACKED or number > MAX_ROWS:
                raise BrokenArchive(f"{place}: the archive is larger than an event can be.")
            try:
                document = json.loads(octets)
            except (ValueError, RecursionError) as error:
                raise BrokenArchive(f"{place} is not JSON.") from error
            if not isinstance(document, dict):
                raise BrokenArchive(f"{place} is not an object.")
            yield place, document


def _account_rows(archive: zipfile.ZipFile) -> Iterator[Values]:
    table: Table = Account.__table__  # type: ignore[assignment]
    for place, document in _read_lines(archive, ACCOUNTS_FILE):
        row = {name: document.get(name) for name in ("id", "email", "name")}
        known = {name: decode_value(table.c[name], value, place) for name, value in row.items()}
        row_checks.require_valid_row(table, known, place)
        yield known


def _values(table: Table, document: Values, place: str) -> Values:
    """Return a row, which must have exactly the exported columns."""
    wanted = {column.name: column for column in event_tables.exported_columns(table)}
    if document.keys() != wanted.keys():
        odd = ", ".join(sorted(map(str, document.keys() ^ wanted.keys()))[:5])
        raise BrokenArchive(f"{place} has other columns than expected: {odd}.")
    row = {name: decode_value(wanted[name], value, place) for name, value in document.items()}
    row_checks.require_valid_row(table, row, place)
    return row


def _table_rows(archive: zipfile.ZipFile, table: Table) -> Iterator[Values]:
    """Yield the rows of a table, validated while reading."""
    for place, document in _read_lines(archive, f"{table.name}.jsonl"):
        yield _values(table, document, place)


def _event_row(archive: zipfile.ZipFile, key: str, now: datetime) -> Values:
    """Return the event's row with its new key and with automatic emails off."""
    found = list(islice(_table_rows(archive, event_tables.find_table("event")), 2))  # limits the read
    if len(found) != 1:
        several = "several rows" if found else "no row"
        raise BrokenArchive(f"event has {several}; an archive is of one event.")
    off = {"digest_mails": False, "digests_since": now, "mail_ready_at": None, "mails_paused_at": None}
    return found[0] | off | {"key": key}


def _disable_automatic_runs(table: Table, rows: Iterator[Values]) -> Iterator[Values]:
    """Yield the rows with overnight runs off."""
    return (row | {"next_at": None} for row in rows) if table.name == "run_schedule" else rows
