"""Changes with their causes as octets, as a comparison keeps them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from scheduler.domain.changes import Change, ChangeKind
from scheduler.domain.plan import Meeting
from scheduler.domain.rules.causes import Cause, CauseKind

ChangeRow = tuple[Change, Cause | None]


def packed(rows: Iterable[ChangeRow]) -> bytes:
    """Rows as compressed JSON."""
    found: list[list[Any]] = []
    for change, cause in rows:
        row = [change.request, change.kind.value, _row(change.before), _row(change.after)]
        found.append([*row, list(change.details), *([] if cause is None else [asdict(cause)])])
    return zlib.compress(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode())


def unpacked(octets: bytes) -> list[ChangeRow]:
    """The rows that `packed` made, also those of before there were causes."""
    return [(_change(row), _cause(row[5:])) for row in json.loads(zlib.decompress(octets))]


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
