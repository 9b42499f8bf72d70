"""Journal of sent emails: a file outside the database, which a restored database can be compared with.

JSON Lines. The first line names the installation. Each further line has the epoch `e` of the database at that
time, which only grows. A line is complete and on the disk (fsync) when `append` returns. A line that a crash
cut is skipped by readers and ended by the next writer. Writers of all processes take turns by a lock file.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TAIL: Final = 65_536
"""Octets at the end of the file with the newest epoch. Concurrent writers are some lines apart."""
COMPACT_FROM: Final = 4_000_000
"""A smaller journal is never compacted, nor is one that has not doubled since its last compaction."""

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JournalState:
    """What the journal says: whose it is, its newest epoch, and whether it has any entry."""

    installation: str
    epoch: int
    has_entries: bool


@dataclass(frozen=True, slots=True)
class SendJournal:
    """The journal in a folder."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "journal.jsonl"

    def begin(self, installation: str) -> None:
        """Create the journal of an installation. A journal of another one is kept beside it."""
        with self._locked():
            old = self._state()
            if old is not None and old.installation == installation:
                return
            if old is not None:
                self.path.replace(self.folder / f"journal-{old.installation}.jsonl")
            self._replace([{"installation": installation}])

    def append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Append lines. They are on the disk afterwards. Raises OSError, also if there is no journal."""
        octets = b"".join(_octets(line) for line in lines)
        with self._locked():
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND)
            try:
                size = os.fstat(handle).st_size
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    octets = b"\n" + octets
                _write(handle, octets)
                os.fsync(handle)
            finally:
                os.close(handle)

    def state(self) -> JournalState | None:
        """Return the state, or None if there is no journal. Raises OSError if it cannot be read."""
        return self._state()

    def lines(self) -> Iterator[Line]:
        """Yield all lines after the first one, oldest first."""
        with self.path.open("rb") as file:
            file.readline()
            yield from filter(None, map(_parsed, file))

    def compact(self, keep: Callable[[Iterator[Line]], Sequence[Line]]) -> bool:
        """Rewrite the journal with the lines that `keep` returns, if it has grown enough. Crash-safe.

        Senders wait meanwhile, so the work is bounded: a journal of n octets is read once for n octets that
        were added.
        """
        if not self._has_grown():
            return False
        with self._locked():
            state = self._state()
            if state is None:
                return False
            kept = [*keep(self.lines()), {"e": state.epoch}]
            size = sum(len(_octets(line)) for line in kept)
            self._replace([{"installation": state.installation, "compacted": size}, *kept])
        return True

    def rewrite(self, changed: Callable[[Line], Line]) -> None:
        """Replace each line after the first one by `changed` of it, if there is a journal. Crash-safe."""
        with self._locked():
            if self._state() is None:
                return
            with self.path.open("rb") as file:
                first = _parsed(file.readline()) or {}
            self._replace([first, *map(changed, self.lines())])

    def _has_grown(self) -> bool:
        try:
            with self.path.open("rb") as file:
                compacted = int((_parsed(file.readline()) or {}).get("compacted", 0))
                return file.seek(0, os.SEEK_END) >= max(COMPACT_FROM, 2 * compacted)
        except FileNotFoundError:
            return False

    def _state(self) -> JournalState | None:
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return None
        with file:
            first = _parsed(file.readline())
            begins = file.tell()
            ends = file.seek(0, os.SEEK_END)
            file.seek(max(begins, ends - TAIL))
            last = [line for line in map(_parsed, file) if line]
        named = str(first.get("installation", "")) if first else ""
        return JournalState(named, max((line.get("e", 0) for line in last), default=0), ends > begins)

    def _replace(self, lines: Sequence[Mapping[str, Any]]) -> None:
        new = self.path.with_suffix(".new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write(handle, b"".join(_octets(line) for line in lines))
            os.fsync(handle)
        finally:
            os.close(handle)
        new.replace(self.path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _octets(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _parsed(octets: bytes) -> Line | None:
    """Return the line, or None if a crash cut it."""
    try:
        found = json.loads(octets)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _write(handle: int, octets: bytes) -> None:
    rest = memoryview(octets)
    while rest:
        rest = rest[os.write(handle, rest) :]
