"""Schedules of the people in changes: their meetings, with the changed ones before and after."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import names
from scheduler.services.planning.change_review.reviewed_change import (
    MeetingTime,
    PersonWeek,
    ReviewedChange,
    TimeStatus,
)
from scheduler.services.schedule import notified_changes
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Firm,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)


def add_weeks(
    session: Session, version: ScheduleVersion, base: ScheduleVersion | None, shown: Sequence[ReviewedChange]
) -> Iterator[ReviewedChange]:
    """Yield the changes with their people's schedules. Runs two queries."""
    people = sorted({key for each in shown for key in each.people})
    who = _named(session, version, people)
    times = _times(session, version, base, people)
    for each in shown:
        found = [
            PersonWeek(*who[key], _in_order(_week(times[key], {each.request}, version.id)))
            for key in each.people
            if key in who
        ]
        yield replace(each, weeks=found)


def list_weeks(
    session: Session,
    version: ScheduleVersion,
    base: ScheduleVersion | None,
    changed: Mapping[str, Collection[str]],
) -> dict[str, PersonWeek]:
    """Return schedules of people with all their changed requests, by person key. Runs two queries."""
    who = _named(session, version, changed)
    times = _times(session, version, base, list(changed))
    return {
        key: PersonWeek(*who[key], _in_order(_week(times[key], requests, version.id)))
        for key, requests in changed.items()
        if key in who
    }


def _named(
    session: Session, version: ScheduleVersion, people: Collection[str]
) -> dict[str, tuple[str, str, int]]:
    """Return names of people and of their firms, and the changes they were told of, by person key."""
    changes = notified_changes.notified_changes_column(version.event_id)
    rows = session.execute(
        select(Attendee.key, Attendee.name, Attendee.latin_name, Firm.name, Firm.latin_name, changes)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(Attendee.event_id == version.event_id, in_chunks(Attendee.key, people))
    )
    return {
        key: (names.join_scripts(name, latin), names.join_scripts(firm, firm_latin), count)
        for key, name, latin, firm, firm_latin, count in rows
    }


def _in_order(times: Iterable[MeetingTime]) -> list[MeetingTime]:
    return sorted(times, key=lambda time: time.start)


_Row = tuple[int, str, datetime, datetime]
"""Version, request, start and end."""


def _times(
    session: Session, version: ScheduleVersion, base: ScheduleVersion | None, people: Sequence[str]
) -> dict[str, list[_Row]]:
    last = aliased(Slot)
    query: Any = (
        select(Attendee.key, PlannedMeeting.version_id, MeetingRequest.key, Slot.start, last.end)
        .join(PlannedAttendee, PlannedAttendee.attendee_id == Attendee.id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(last, last.id == PlannedMeeting.last_slot_id)
        .where(
            Attendee.event_id == version.event_id,
            in_chunks(Attendee.key, people),
            PlannedMeeting.version_id.in_([each.id for each in (version, base) if each is not None]),
        )
    )
    found: dict[str, list[_Row]] = defaultdict(list)
    for person, version_id, request, start, end in session.execute(query):
        found[person].append((version_id, request, start, end))
    return found


def _week(rows: Sequence[_Row], changed: Collection[str], new: int) -> Iterator[MeetingTime]:
    """Yield the meetings of the new version, and the changed ones before and after."""
    mine = Counter((request, start, end) for _, request, start, end in rows if request in changed)
    for version_id, request, start, end in rows:
        if request not in changed:
            if version_id == new:
                yield MeetingTime(start, end, TimeStatus.STAYS)
        elif version_id == new:
            yield MeetingTime(start, end, TimeStatus.COMES)
        elif mine[request, start, end] == 1:
            yield MeetingTime(start, end, TimeStatus.WAS)
