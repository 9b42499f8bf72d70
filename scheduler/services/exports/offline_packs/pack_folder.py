"""The folder of packs: one ZIP file for each pack, named by event, time and version.

A file appears when it is complete, and only its owner can read it. A file with the key of an event that was
made before the event was created belongs to a deleted event of the same key, and is never given out.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

_NAME: Final = re.compile(r"(?P<key>.+)-(?P<at>\d{8}T\d{6}Z)-v(?P<version>\d+)\.zip")
_TIME: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class StoredPack:
    """A pack in the folder. `size` is in octets."""

    path: Path
    event_key: str
    made_at: datetime
    version: int
    size: int


def store_pack(
    folder: Path, event_key: str, version: int, write: Callable[[IO[bytes]], None], *, now: datetime
) -> StoredPack:
    """Call `write` with a new file, and give the file its name once it is complete. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{event_key}-{now.astimezone(UTC):{_TIME}}-v{version}.zip"
    handle, part = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")  # mode 0600
    try:
        with os.fdopen(handle, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        Path(part).replace(path)
    finally:
        Path(part).unlink(missing_ok=True)
    return StoredPack(path, event_key, now.astimezone(UTC).replace(microsecond=0), version, size)


def list_packs(folder: Path) -> list[StoredPack]:
    """Return all packs, oldest first. Other files are ignored."""
    found = []
    for path in folder.glob("*.zip"):
        if named := _NAME.fullmatch(path.name):
            try:
                size = path.stat().st_size
            except OSError:  # deleted meanwhile
                continue
            made_at = datetime.strptime(named["at"], _TIME).replace(tzinfo=UTC)
            found.append(StoredPack(path, named["key"], made_at, int(named["version"]), size))
    return sorted(found, key=lambda pack: (pack.made_at, pack.version))


def read_time(name: str) -> datetime | None:
    """Return when the pack of this file name was made, or None if the name is not a pack's."""
    named = _NAME.fullmatch(name)
    return datetime.strptime(named["at"], _TIME).replace(tzinfo=UTC) if named else None


def newest_pack(folder: Path, event_key: str, *, since: datetime) -> StoredPack | None:
    """Return the newest pack of an event that was created at `since`."""
    own = [pack for pack in list_packs(folder) if pack.event_key == event_key and pack.made_at >= since]
    return own[-1] if own else None


def delete_expired(
    folder: Path, events: Mapping[str, datetime], *, keep: timedelta, now: datetime
) -> list[Path]:
    """Delete packs older than `keep`, and those of deleted events. Return the deleted files.

    `events` are the present events: the time of creation by key.
    """
    gone = [
        pack.path
        for pack in list_packs(folder)
        if pack.made_at < now - keep or pack.event_key not in events or pack.made_at < events[pack.event_key]
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone
