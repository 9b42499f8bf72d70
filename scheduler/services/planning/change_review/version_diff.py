"""Differences between two versions. The database writes a line per meeting, and equal lines are skipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from scheduler.domain.changes import Change, ChangeKind, compare_plans
from scheduler.domain.plan import Meeting
from scheduler.storage.cache.cache_keys import END, PART, query_text, rows_text, split_text
from scheduler.storage.models import Attendee, MeetingRequest, PlannedAttendee, PlannedMeeting

_PERSON = ","


def diff_versions(session: Session, event_id: int, old_id: int, new_id: int) -> tuple[list[Change], int]:
    """Return the changes from one version to another, and the number of unchanged meetings.

    Changes have the order of `compare_plans`. Slots, places and interpreters are row ids, everything else is
    a key. Runs four queries, and reads each version as one text.
    """
    old, new = (set(_text(session, version_id).split(END)) - {""} for version_id in (old_id, new_id))
    same = old & new
    if len(old) == len(same) == len(new):
        return [], len(same)
    requests = _keys(session, MeetingRequest, event_id)
    people = _keys(session, Attendee, event_id)
    found = compare_plans(*(_meetings(lines - same, requests, people) for lines in (old, new)))
    changes = [change for change in found.changes if change.kind is not ChangeKind.UNCHANGED]
    return changes, len(same) + found.counts[ChangeKind.UNCHANGED]


def _text(session: Session, version_id: int) -> str:
    """Return a line per meeting: request, slot, place, interpreter, and people in any order."""
    person = cast(PlannedAttendee.attendee_id, String)
    people = (
        select(func.aggregate_strings(person, _PERSON))
        .where(PlannedAttendee.meeting_id == PlannedMeeting.id)
        .scalar_subquery()
    )
    columns = (
        PlannedMeeting.request_id,
        PlannedMeeting.slot_id,
        PlannedMeeting.place_id,
        PlannedMeeting.interpreter_id,
        people,
    )
    return query_text(session, columns, select().where(PlannedMeeting.version_id == version_id))


def _keys(session: Session, table: Any, event_id: int) -> dict[str, str]:
    """Return keys of an event's rows by id."""
    rows = split_text(rows_text(session, (table.id, table.key), table.event_id == event_id))
    return {row: key for row, key in rows}  # noqa: C416 -- dict(rows) loses the types


def _meetings(lines: Iterable[str], requests: Mapping[str, str], people: Mapping[str, str]) -> list[Meeting]:
    found = []
    for line in lines:
        request, slot, place, interpreter, seated = line.split(PART)
        who = sorted(people[each] for each in seated.split(_PERSON) if each)
        found.append(Meeting(requests[request], slot, place, tuple(who), interpreter or None))
    return found
