"""Secret keys by number: the newest signs and encrypts, older ones still verify and decrypt until they end.

The text of the setting is one key, whose number is 1, or several, each as `<number>:<key>` on a line of its
own. Keys in a file are read again when the file changes, so that a running process notices a new key
within `RELOAD_SECONDS`. What a key makes names the key by its number, so no key is tried by guessing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import structlog

FIRST: Final = 1
"""Number of the key of rows that name none, and of a key without a number."""
MIN_LENGTH: Final = 32
RELOAD_SECONDS = 1.0
"""A file is looked at once in this time."""

_NUMBERED: Final = re.compile(r"([1-9][0-9]{0,3}):(.+)")
log = structlog.get_logger()


def parse_keys(text: str) -> Mapping[int, str]:
    """Return the keys by number, oldest first. Raises ValueError, whose text contains no key."""
    lines = filter(None, map(str.strip, text.splitlines()))
    found = [_NUMBERED.fullmatch(line) for line in lines]
    numbered = [(int(each[1]), each[2]) for each in found if each is not None]
    if not numbered or len(numbered) < len(found):  # one key, which may be any text
        numbered = [(FIRST, text.strip())]
    if any(len(key) < MIN_LENGTH for _, key in numbered):
        raise ValueError(f"must have {MIN_LENGTH} characters or more; make one with: openssl rand -hex 32")
    keys = dict(sorted(numbered))
    if len(keys) < len(numbered):
        raise ValueError("has a number twice")
    if len(set(keys.values())) < len(keys):
        raise ValueError("has the same key under two numbers")
    return MappingProxyType(keys)


def format_keys(keys: Mapping[int, str]) -> str:
    """Return the text of keys, one per line."""
    return "".join(f"{number}:{key}\n" for number, key in sorted(keys.items()))


class SecretKeys:
    """The keys of an installation. Never empty."""

    __slots__ = ("_keys", "_looked_at", "_mark", "path")

    def __init__(self, text: str) -> None:
        """Raise ValueError if a key is too short or a number is there twice."""
        self.path: Path | None = None
        self._keys = parse_keys(text)
        self._mark: tuple[int, ...] = ()
        self._looked_at = 0.0

    @classmethod
    def of_file(cls, path: Path) -> SecretKeys:
        """Return the keys of a file, which is followed from then on. Raises OSError, ValueError."""
        mark = _mark_of(path)
        keys = cls(path.read_text("utf-8"))
        keys.path, keys._mark, keys._looked_at = path, mark, time.monotonic()
        return keys

    @property
    def newest(self) -> int:
        """Number of the key that signs and encrypts."""
        return max(self._current())

    @property
    def text(self) -> str:
        """The text of the setting that has these keys."""
        keys = self._current()
        return keys[FIRST] if list(keys) == [FIRST] else format_keys(keys).strip()

    def key(self, number: int | None = None) -> str:
        """Return the key of this number, or the newest one for None or a number that is missing.

        What a missing key made neither verifies nor decrypts with another key.
        """
        keys = self._current()
        return keys[number if number in keys else max(keys)]  # type: ignore[index]

    def refresh(self) -> None:
        """Read the file again if it has changed. An unreadable file changes nothing."""
        if self.path is None:
            return
        self._looked_at = time.monotonic()
        try:
            mark = _mark_of(self.path)
            if mark != self._mark:
                self._keys, self._mark = parse_keys(self.path.read_text("utf-8")), mark
        except (OSError, ValueError) as error:
            log.warning("the file of the secret keys can't be read", path=str(self.path), reason=str(error))

    def _current(self) -> Mapping[int, str]:
        if self.path is not None and time.monotonic() - self._looked_at >= RELOAD_SECONDS:
            self.refresh()
        return self._keys

    def __iter__(self) -> Iterator[int]:
        """Iterate over the numbers, oldest first."""
        return iter(tuple(self._current()))

    def __contains__(self, number: object) -> bool:
        return number in self._current()

    def __len__(self) -> int:
        return len(self._current())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretKeys) and self._current() == other._current()

    def __hash__(self) -> int:
        return hash(tuple(self._current().items()))

    def __repr__(self) -> str:
        return f"SecretKeys({', '.join(map(str, self))})"


def _mark_of(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is written or replaced."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
