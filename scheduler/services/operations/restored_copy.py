"""Recognition of a restored or copied database, by the journal outside of it. The site is then paused.

The database counts epochs: each batch of emails that a sender claims starts one, and so does time. Each line
of the journal has the epoch of its batch. So a database with a smaller epoch than the journal does not know
what was sent since. One with another installation id, or without its journal, is a copy.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.operations import site_pause
from scheduler.storage.database import Database
from scheduler.storage.models import ApiToken, Attendee, Firm, Installation, InterpreterFeed, PrintCode
from scheduler.storage.send_journal import JournalState, Line, SendJournal

log = structlog.get_logger()

RETENTION: Final = timedelta(days=30)
"""A meeting that ended, and an email about no meeting, leave the journal after this time."""
LIVE_SECRETS: Final = "secrets.json"

_CHECK = NamedDoer(name=pgettext_lazy("audit log", "check of the journal"))


class CopyKind(StrEnum):
    """Why a database is not the one that the journal belongs to."""

    OLDER = "older"
    """Emails were sent that it does not know: a restored backup."""
    OTHER = "other"
    """The journal is of another installation."""
    ALONE = "alone"
    """It had a journal, which is not there: a copy on another machine."""


def open_journal(settings: Settings) -> SendJournal | None:
    """Return the journal that the settings name, if any."""
    return SendJournal(Path(settings.journal)) if settings.journal else None


def pause_if_copied(database: Database, settings: Settings, *, now: datetime) -> bool:
    """Pause the site if its database is a copy. Return True if it is not.

    The first call of an installation creates its id and its journal. Raises OSError if the journal cannot be
    read or created.
    """
    journal = open_journal(settings)
    state = journal.state() if journal else None  # before the database, whose epoch is counted first
    with database.read() as session:
        key, epoch, kind = _position(session)
    has_journal = journal is not None
    if kind is None and has_journal == (key is not None) and not _fault(key, epoch, state, has_journal):
        return True
    with database.write() as session:
        row = site_pause.lock_installation(session)
        fault = _fault(row.key, row.epoch, state, has_journal)
        if fault is not None and row.copy_kind is None:
            log.warning("this database is a copy: the site is paused", kind=fault.value)
            row.copy_kind = fault.value
            site_pause.pause(session, _CHECK, now=now)
        elif journal is not None and row.key is None and row.copy_kind is None:
            row.key = state.installation if state else uuid.uuid4().hex
            journal.begin(row.key)
        return row.copy_kind is None


def resume_site(
    session: Session, asker: SignedIn, settings: Settings, *, accepts_copy: bool = False, now: datetime
) -> bool:
    """Resume the site for an operator. Return False if it is not paused.

    Raises NotAllowed, and RestoredDatabase for a copy that is not accepted.
    """
    by = site_pause.operator(asker)
    if accepts_copy:
        accept_copy(session, settings, now=now)
    return site_pause.resume(session, by, now=now)


def mark_restored(database: Database, *, now: datetime) -> None:
    """Pause the site, because its database was just restored from a backup."""
    with database.write() as session:
        row = site_pause.lock_installation(session)
        row.copy_kind = row.copy_kind or CopyKind.OLDER.value
        site_pause.pause(session, _CHECK, now=now)


def accept_copy(session: Session, settings: Settings, *, now: datetime) -> None:
    """Let the database be the installation from now on: it continues its journal, or begins its own."""
    row, journal = site_pause.lock_installation(session), open_journal(settings)
    if row.copy_kind is None:
        return
    state = journal.state() if journal else None
    if journal is None:
        row.key = None
    elif state is not None and state.installation == row.key:
        row.epoch = max(row.epoch, state.epoch) + 1
        journal.append([_epoch_line(row.epoch, now)])
    else:
        row.key = uuid.uuid4().hex
        journal.begin(row.key)
    row.copy_kind = None
    session.flush()


def next_epoch(session: Session) -> int:
    """Start an epoch and return it. Other senders wait until the transaction ends, so call it last."""
    started = (
        update(Installation)
        .where(Installation.id == site_pause.THE_ROW)
        .values(epoch=Installation.epoch + 1)
        .returning(Installation.epoch)
    )
    return session.scalars(started).one()


def record_state(database: Database, settings: Settings, *, now: datetime) -> None:
    """Write a new epoch into the journal, so that a database without it is recognised. Compact the file."""
    journal = open_journal(settings)
    if journal is None:
        return
    with database.write() as session:
        if _position(session)[2] is not None:
            return
        epoch = next_epoch(session)
    journal.append([_epoch_line(epoch, now)])
    journal.compact(lambda lines: compacted(lines, now=now))


def record_live_secrets(database: Database, settings: Settings) -> None:
    """Write the hashes of all valid secrets beside the journal, if they changed.

    What a restored database has besides these was ended since: tokens, feeds and codes of prints. Half a hash
    recognises a secret and opens nothing.
    """
    journal = open_journal(settings)
    if journal is None:
        return
    with database.read() as session:
        if _position(session)[2] is not None:
            return
        text = json.dumps(sorted(map(short_hash, live_secrets(session))), separators=(",", ":"))
    path = journal.folder / LIVE_SECRETS
    if path.exists() and path.read_text() == text:
        return
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def live_secrets(session: Session) -> Iterator[str]:
    """Yield the stored hash of each valid API token, feed and code of a print."""
    for query in (
        select(ApiToken.token_hash).where(ApiToken.revoked_at.is_(None)),
        select(Attendee.feed_hash),
        select(Firm.feed_hash).where(Firm.feed_hash.is_not(None)),
        select(InterpreterFeed.token_hash),
        select(PrintCode.token_hash),
    ):
        yield from filter(None, session.scalars(query))


def short_hash(text: str) -> str:
    """Return a short hash by which the journal recognises a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def compacted(lines: Iterator[Line], *, now: datetime) -> Sequence[Line]:
    """Return the lines that are still needed: the last one about each calendar entry, and recent ones."""
    since = (now - RETENTION).isoformat()
    entries: dict[tuple[str, int, str], Line] = {}
    messages: dict[str, Line] = {}
    for line in lines:
        if "u" in line and max(line["z"], line["t"]) > since:
            key = line["u"], line["a"], line["h"]
            if key not in entries or (line["s"], line["d"]) >= (entries[key]["s"], entries[key]["d"]):
                entries[key] = line
        if "m" in line and line["t"] > since:
            messages[line["m"]] = {name: line[name] for name in ("e", "t", "m")}
    for line in entries.values():
        messages.pop(line["m"], None)
    return [*entries.values(), *messages.values()]


def _epoch_line(epoch: int, now: datetime) -> Line:
    return {"e": epoch, "t": now.isoformat()}


def _position(session: Session) -> tuple[str | None, int, str | None]:
    """Return the installation id, the epoch, and the kind of copy that the database is, if it is one."""
    found = session.execute(select(Installation.key, Installation.epoch, Installation.copy_kind)).first()
    return (None, 0, None) if found is None else (found.key, found.epoch, found.copy_kind)


def _fault(key: str | None, epoch: int, state: JournalState | None, has_journal: bool) -> CopyKind | None:
    if not has_journal or state is None:
        return None if key is None else CopyKind.ALONE
    if key is None:
        return CopyKind.OTHER if state.has_entries else None
    if state.installation != key:
        return CopyKind.OTHER
    return CopyKind.OLDER if state.epoch > epoch else None
