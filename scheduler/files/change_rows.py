"""Compact serialisation of changes and their causes, as stored by a comparison."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scheduler.domain.changes import Change, ChangeKind
from scheduler.domain.plan import Meeting
from scheduler.domain.rules.causes import Cause, CauseKind

ChangeRow = tuple[Change, Cause | None]

PERSON = "\t"
"""Separator between people's keys. No key has a control character."""


def pack_rows(rows: Iterable[ChangeRow]) -> bytes:
    """Return rows as compressed JSON."""
    found: list[list[Any]] = []
    for change, cause in rows:
        row = [change.request, change.kind.value, _row(change.before), _row(change.after)]
        found.append([*row, list(change.details), *([] if cause is None else [asdict(cause)])])
    return zlib.compress(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode())


def unpack_rows(octets: bytes) -> list[ChangeRow]:
    """Return the rows that `pack_rows` packed, including older ones without causes."""
    return [(_change(row), _cause(row[5:])) for row in json.loads(zlib.decompress(octets))]


@dataclass(frozen=True, slots=True)
class ChangeCodes:
    """The request of each change, and a one-letter code for its type, in the same order.

    n: new, e: ended; otherwise c: by choice, h: had to change, d: unknown.
    """

    requests: Sequence[str]
    letters: str


def change_codes(rows: Iterable[ChangeRow]) -> ChangeCodes:
    found = [(change.request, change_code(change, cause)) for change, cause in rows]
    return ChangeCodes([request for request, _ in found], "".join(letter for _, letter in found))


def change_code(change: Change, cause: Cause | None) -> str:
    """Return the code of a change."""
    if change.kind in (ChangeKind.ADDED, ChangeKind.CANCELLED):
        return "n" if change.kind is ChangeKind.ADDED else "e"
    return "d" if cause is None else "c" if cause.by_choice else "h"


def pack_codes(marks: ChangeCodes) -> bytes:
    """Return codes as compressed text. They are much smaller than the rows, for counts and to find a page."""
    return zlib.compress("\n".join((marks.letters, *marks.requests)).encode())


def unpack_codes(octets: bytes) -> ChangeCodes:
    """Return the codes that `pack_codes` packed. Plain text, so 35,000 take a few milliseconds."""
    letters, *requests = zlib.decompress(octets).decode().split("\n")
    return ChangeCodes(requests, letters)


def pack_people(rows: Iterable[ChangeRow]) -> bytes:
    """Return the keys of each change's attendees, before and after, as compressed text for person search."""
    return zlib.compress("\n".join(PERSON.join(change.people()) for change, _ in rows).encode())


def unpack_people(octets: bytes) -> list[list[str]]:
    """Return the keys that `pack_people` packed for at least one change, in order."""
    return [line.split(PERSON) if line else [] for line in zlib.decompress(octets).decode().split("\n")]


def _row(meeting: Meeting | None) -> list[Any] | None:
    if meeting is None:
        return None
    return [meeting.slot, meeting.place, list(meeting.attendees), meeting.interpreter]


def _change(row: Sequence[Any]) -> Change:
    request, kind, before, after, details = row[:5]
    return Change(
        request, ChangeKind(kind), _meeting(request, before), _meeting(request, after), tuple(details)
    )


def _cause(kept: Sequence[Mapping[str, Any]]) -> Cause | None:
    if not kept:
        return None
    row = kept[0]
    lists = {name: tuple(row[name]) for name in ("ids", "instead", "buys")}
    return Cause(CauseKind(row["kind"]), **lists, idle=row["idle"], walks=row["walks"])


def _meeting(request: str, row: Sequence[Any] | None) -> Meeting | None:
    if row is None:
        return None
    slot, place, attendees, interpreter = row
    return Meeting(request, slot, place, tuple(attendees), interpreter)
