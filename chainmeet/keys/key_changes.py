"""Changes of the secret keys: a check of what opens, a new key, and the end of an old one."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from chainmeet.keys.made_with_keys import KINDS, Kind
from scheduler import secret_keys
from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log import recording, subjects
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.delivery import journal_lines
from scheduler.services.operations import restored_copy, site_pause
from scheduler.storage.database import Database

BATCH = 500
"""Rows changed in one transaction."""
NAMED = 5
"""Failing rows that are named. The others are only counted."""


class KeysNotInFile(ChainmeetError):
    """The keys are in the environment, or in a file that this process can't change."""

    code = "keys-not-in-file"


@dataclass(slots=True)
class KeyUse:
    """What the keys made of one kind: numbers by key, and what today's keys do not open."""

    kind: str
    counts: Counter[int] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)
    examples: dict[int, list[str]] = field(default_factory=dict)

    def add(self, number: int, name: str, *, opens: bool) -> None:
        """Count one value."""
        self.counts[number] += 1
        if not opens:
            self.failed[number] += 1
            named = self.examples.setdefault(number, [])
            if len(named) < NAMED:
                named.append(name)


def check_keys(database: Database, settings: Settings) -> list[KeyUse]:
    """Return what the keys made, by kind, and try whether today's keys open all of it."""
    keys = settings.secret_key
    uses = [_check_kind(database, kind, keys) for kind in KINDS]
    journal = KeyUse("lines of the journal")
    for position, line in enumerate(_journal_lines(settings), start=2):
        number = journal_lines.line_key(line)
        if number is not None:
            journal.add(number, str(position), opens=journal_lines.opens(line, keys))
    return [*uses, journal]


def faults(uses: list[KeyUse], keys: SecretKeys) -> Iterator[str]:
    """Yield a sentence for each kind and key with values that today's keys do not open."""
    for use in uses:
        for number, count in sorted(use.failed.items()):
            why = "another key has this number now" if number in keys else "the key is missing"
            named = ", ".join(use.examples[number]) + (", ..." if count > NAMED else "")
            yield f"{use.kind}: {count:,} made with key {number} don't open, because {why} (rows {named})."


def rotate_key(database: Database, settings: Settings) -> int:
    """Add a new key to the file and return its number. Older keys stay valid.

    Raises KeysNotInFile.
    """
    path = _file_of(settings)
    used = {number for use in check_keys(database, settings) for number in use.counts}
    with database.write() as session:
        site_pause.lock_installation(session)  # two of these commands change the file one after the other
        keys = _read(settings)
        number: int = max({*keys, *used}) + 1
        _record(database, session, subjects.key_added_subject(number))
        _write(path, {each: keys.key(each) for each in keys} | {number: secrets.token_hex(32)})
        settings.secret_key.refresh()
    return number


def end_key(
    database: Database, settings: Settings, number: int, *, ends_feeds: bool, keeps_file: bool = False
) -> Counter[str]:
    """End a key: renew what it made with the newest key, and remove it from the file, unless `keeps_file`.

    Return the numbers of changed values by kind. Of a key that is missing, what can be derived is renewed.
    Raises KeysNotInFile if the file can't be written, after everything was renewed. Raises ChainmeetError for
    the newest key, one that made nothing and is not there, and without the journal.
    """
    keys = _read(settings)
    if number == keys.newest:
        raise ChainmeetError(f"Key {number} is the newest one. Add a new one first: chainmeet key rotate")
    is_there = number in keys
    if not is_there and not any(use.counts[number] for use in check_keys(database, settings)):
        raise ChainmeetError(f"There is no key {number}. The keys are: {', '.join(map(str, keys))}.")
    if is_there and not keeps_file:
        _file_of(settings)
    with database.read() as session:
        otherwise = "it would stay encrypted with the ended key"
        restored_copy.require_journal(session, settings, otherwise, service="mail-worker")
    time.sleep(2 * secret_keys.RELOAD_SECONDS)  # until all processes use the newest key for what is new
    changed = _renew_all(database, settings, number, keys, ends_feeds=ends_feeds)
    with database.write() as session:
        site_pause.lock_installation(session)
        _record(database, session, subjects.key_ended_subject(number))
        if is_there and not keeps_file:
            today = _read(settings)
            _write(_file_of(settings), {each: today.key(each) for each in today if each != number})
            settings.secret_key.refresh()
    if not is_there or keeps_file:
        return changed
    time.sleep(2 * secret_keys.RELOAD_SECONDS)
    return changed + _renew_all(database, settings, number, keys, ends_feeds=ends_feeds)


def _read(settings: Settings) -> SecretKeys:
    settings.secret_key.refresh()
    return SecretKeys(settings.secret_key.text)


def _check_kind(database: Database, kind: Kind, keys: SecretKeys) -> KeyUse:
    use = KeyUse(kind.name)
    with database.read() as session:
        for row in kind.rows(session):
            number = kind.number(row)
            if number is not None:
                name = "/".join(str(part) for part in kind.identity(row))
                use.add(number, name, opens=kind.opens(session, row, keys))
            session.expunge(row)
    return use


def _renew_all(
    database: Database, settings: Settings, number: int, keys: SecretKeys, *, ends_feeds: bool
) -> Counter[str]:
    journal = restored_copy.open_journal(settings)
    if journal is not None:
        try:
            journal.rewrite(lambda line: journal_lines.reencrypted(line, number, keys))
        except OSError as error:
            raise ChainmeetError(f"{settings.journal} can't be written here: {error.strerror}") from error
    changed: Counter[str] = Counter()
    for kind in KINDS:
        while count := database.transact(partial(_renew_some, kind, number, keys, ends_feeds)):
            changed[kind.name] += count
    return changed


def _renew_some(kind: Kind, number: int, keys: SecretKeys, ends_feeds: bool, session: Session) -> int:
    rows = kind.lock_rows(session, number, BATCH)
    for row in rows:
        kind.renew(session, row, keys, ends_feeds)
    return len(rows)


def _journal_lines(settings: Settings) -> Iterator[dict[str, object]]:
    journal = restored_copy.open_journal(settings)
    if journal is not None and journal.state() is not None:
        yield from journal.lines()


def _record(database: Database, session: Session, subject: subjects.AuditSubject) -> None:
    recording.record_act(session, NamedDoer(), Act.SETTINGS, subject, now=database.now_in(session))


def _file_of(settings: Settings) -> Path:
    path = settings.secret_key.path
    if path is None:
        raise KeysNotInFile(
            "The secret key is in the environment, where this command can't change it. Move it to a file, "
            "and set CHAINMEET_SECRET_KEY_FILE to its path."
        )
    return path


def _write(path: Path, keys: Mapping[int, str]) -> None:
    """Replace the file at once, with the same owner and mode.

    Raises KeysNotInFile, or ChainmeetError for a key that no line can hold.
    """
    text = secret_keys.format_keys(keys)
    if dict(secret_keys.parse_keys(text)) != dict(keys):
        raise ChainmeetError(f"A key in {path} has several lines, so it can't be numbered.")
    try:
        path = path.resolve()
        before = path.stat()
        handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chown(new, before.st_uid, before.st_gid)
            Path(new).chmod(before.st_mode & 0o777)
            Path(new).replace(path)
        except BaseException:
            Path(new).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise KeysNotInFile(
            f"{path} can't be written here: {error.strerror}. With Compose, use deploy/rotate-key.sh."
        ) from error
