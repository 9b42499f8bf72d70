"""Meetings in files: those of a plan, and the published ones of a problem."""

from __future__ import annotations

from scheduler.domain.errors import Fault
from scheduler.domain.plan import Meeting


def read_meetings(rows: object, path: str, faults: list[Fault]) -> tuple[Meeting, ...]:
    """Parse a list of meetings, of a plan or of a problem's `published`. Errors are added to `faults`."""
    if not isinstance(rows, list):
        faults.append(Fault(path, "must be a list"))
        return ()
    meetings: list[Meeting] = []
    seen: dict[str, int] = {}
    for i, row in enumerate(rows):
        meeting = _read_meeting(row, f"{path}[{i}]", faults)
        if meeting is None:
            continue
        if meeting.request in seen:
            first = seen[meeting.request]
            message = f"request {meeting.request!r} is held already by {path}[{first}]"
            faults.append(Fault(f"{path}[{i}].request", message))
        seen.setdefault(meeting.request, i)
        meetings.append(meeting)
    return tuple(meetings)


_MEETING_KEYS = frozenset(("request", "slot", "place", "attendees", "interpreter"))


def _read_meeting(row: object, path: str, faults: list[Fault]) -> Meeting | None:
    if not isinstance(row, dict):
        faults.append(Fault(path, "must be an object"))
        return None
    before = len(faults)
    faults += [Fault(f"{path}.{key}", "unknown key") for key in sorted(row.keys() - _MEETING_KEYS)]
    faults += [
        Fault(f"{path}.{key}", "must be a non-empty string")
        for key in ("request", "slot", "place")
        if not is_id(row.get(key))
    ]
    people = row.get("attendees")
    if not isinstance(people, list) or not all(is_id(person) for person in people):
        faults.append(Fault(f"{path}.attendees", "must be a list of ids"))
    interpreter = row.get("interpreter")
    if interpreter is not None and not is_id(interpreter):
        faults.append(Fault(f"{path}.interpreter", "must be an id or null"))
    if len(faults) > before:
        return None
    return Meeting(row["request"], row["slot"], row["place"], tuple(row["attendees"]), interpreter)


def is_id(value: object) -> bool:
    return isinstance(value, str) and value != ""
