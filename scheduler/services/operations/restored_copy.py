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
from typing import Any, Final

import structlog
from sqlalchemy import Delete, Text, Update, delete, select, type_coerce, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.tokens import new_feed
from scheduler.services.operations import site_pause
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Account,
    ApiToken,
    Attendee,
    FederatedIdentity,
    Firm,
    Installation,
    InterpreterFeed,
    Passkey,
    PrintCode,
    RecoveryCode,
    WebSession,
)
from scheduler.storage.send_journal import JournalState, Line, SendJournal

log = structlog.get_logger()

RETENTION: Final = timedelta(days=30)
"""A meeting that ended, and an email about no meeting, leave the journal after this time."""
LIVE_SECRETS: Final = "secrets.json"

_SUBJECT: Final = type_coerce(FederatedIdentity.issuer + "\n" + FederatedIdentity.subject, Text())
"""A subject of an OpenID provider. An account that was unlinked from it must not open to it again."""

_SECRETS: Final[tuple[tuple[type[Base], Any, Any], ...]] = (
    (ApiToken, ApiToken.id, ApiToken.token_hash),
    (Attendee, Attendee.id, Attendee.feed_hash),
    (FederatedIdentity, _SUBJECT, _SUBJECT),
    (Firm, Firm.id, Firm.feed_hash),
    (InterpreterFeed, InterpreterFeed.interpreter_id, InterpreterFeed.token_hash),
    (Passkey, Passkey.id, Passkey.credential_id),
    (PrintCode, PrintCode.id, PrintCode.token_hash),
    (RecoveryCode, RecoveryCode.id, RecoveryCode.code_hash),
)
"""Table, key and stored text of each kind of secret, or of access, that can be ended."""

_CHECK = NamedDoer(name=pgettext_lazy("audit log", "check of the journal"))


_MOVE = NamedDoer(name=pgettext_lazy("audit log", "move to another database"))


class CopyKind(StrEnum):
    """Why a database is not the one that the journal belongs to."""

    OLDER = "older"
    """Emails were sent that it does not know: a restored backup."""
    OTHER = "other"
    """The journal is of another installation."""
    ALONE = "alone"
    """It had a journal, which is not there: a copy on another machine."""
    MOVED = "moved"
    """Its data was moved to another database."""


def open_journal(settings: Settings) -> SendJournal | None:
    """Return the journal that the settings name, if any."""
    return SendJournal(Path(settings.journal)) if settings.journal else None


def require_journal(session: Session, settings: Settings, otherwise: str, *, service: str) -> None:
    """Raise ChainmeetError if the installation has a journal that this process does not see.

    `otherwise` says what would go wrong, and `service` where Compose has the journal.
    """
    journal = open_journal(settings)
    if _position(session)[0] is not None and (journal is None or journal.state() is None):
        raise ChainmeetError(
            f"The journal of sent emails isn't here, so {otherwise}. Run this where CHAINMEET_JOURNAL is: "
            f"with Compose, in {service}."
        )


def pause_if_copied(database: Database, settings: Settings, *, now: datetime) -> bool:
    """Pause the site if its database is a copy. Return True if it is not.

    The first call of an installation creates its id and its journal. The first call of a restored database
    ends sessions, and what was ended after the backup. Raises OSError if the journal cannot be read or
    created.
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
        end_secrets(session, row, settings, now=now)
        return row.copy_kind is None


def mark_restored(database: Database, *, now: datetime) -> None:
    """Pause the site, because its database was just restored from a backup."""
    with database.write() as session:
        row = site_pause.lock_installation(session)
        row.copy_kind = row.copy_kind or CopyKind.OLDER.value
        site_pause.pause(session, _CHECK, now=now)


def mark_moved(database: Database, *, now: datetime) -> None:
    """Pause the site, because its data was just moved to another database."""
    with database.write() as session:
        site_pause.lock_installation(session).copy_kind = CopyKind.MOVED.value
        site_pause.pause(session, _MOVE, now=now)


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
    row.copy_kind = row.secrets_ended_at = None
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

    What a restored database has besides these was ended since: tokens, feeds, passkeys, recovery codes, codes
    of prints and links to subjects of providers. Half a hash recognises a secret and opens nothing.
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
    """Yield the stored text of each valid API token, feed, passkey, recovery code, print code and subject."""
    for _, _, hashed in _SECRETS:
        valid = ApiToken.revoked_at.is_(None) if hashed is ApiToken.token_hash else hashed.is_not(None)
        yield from session.scalars(select(hashed).where(valid))


def end_secrets(session: Session, row: Installation, settings: Settings, *, now: datetime) -> None:
    """End again, once, what was ended after the backup of a restored database, and all sessions.

    Does nothing without the journal of this installation.
    """
    journal = open_journal(settings)
    if row.copy_kind != CopyKind.OLDER or row.secrets_ended_at is not None or journal is None:
        return
    state, path = journal.state(), journal.folder / LIVE_SECRETS
    if state is None or state.installation != row.key or not path.exists():
        return
    live = frozenset(json.loads(path.read_text()))
    for table, key, hashed in _SECRETS:
        rows = session.execute(select(key, hashed).where(hashed.is_not(None)))
        ended = [row_id for row_id, text in rows if short_hash(text) not in live]
        for statement in _ending(table, key, ended, settings.secret_key, now) if ended else ():
            session.execute(statement, execution_options={"synchronize_session": False})
    session.execute(delete(WebSession), execution_options={"synchronize_session": False})
    row.secrets_ended_at = now
    session.flush()
    log.warning("secrets that were ended after the backup are ended again")


def _ending(
    table: type[Base], key: Any, ended: Sequence[Any], secret_key: SecretKeys, now: datetime
) -> Iterator[Update | Delete]:
    """Yield the statements that end these rows' secrets. A person's feed gets a new address."""
    if table is ApiToken:
        yield (
            update(ApiToken)
            .where(in_chunks(key, ended), ApiToken.revoked_at.is_(None))
            .values(revoked_at=now)
        )
    elif table is Firm:
        none = {"feed_seed": None, "feed_hash": None, "feed_address": None}
        yield update(Firm).where(in_chunks(key, ended)).values(none)
    elif table is Attendee:
        for person in ended:
            seed, hashed = new_feed(secret_key)
            new = {"feed_seed": seed, "feed_hash": hashed, "feed_address": None}
            yield update(Attendee).where(key == person).values(new)
    elif table is FederatedIdentity:
        by_claim = select(FederatedIdentity.account_id).where(
            in_chunks(key, ended), FederatedIdentity.is_operator
        )
        yield update(Account).where(Account.id.in_(by_claim)).values(is_operator=False)
        yield delete(FederatedIdentity).where(in_chunks(key, ended))
    else:
        yield delete(table).where(in_chunks(key, ended))


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
