"""Alterations of a step: meetings, marks, forbidden slots and reasons, before and after."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.manual_edits import LockKind
from scheduler.domain.plan import Meeting
from scheduler.services.problems import manual_edits
from scheduler.services.schedule import versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    BlockedSlot,
    MeetingLock,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
    UnscheduledRequest,
)

Marks = Mapping[str, LockKind | None]
Bans = Mapping[str, frozenset[str]]
"""Forbidden slots by request key."""
Answer = Mapping[str, Any]
"""An unscheduled request's row of the version: `position` and `answer` (the reason)."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """The state of one request before and after a step.

    `answer` is the draft's reason for not scheduling the request. `bans` are its forbidden slots, before and
    after.
    """

    before: Meeting | None
    after: Meeting | None
    lock_before: LockKind | None
    lock_after: LockKind | None
    answer: Answer | None = None
    bans: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())

    def to_json(self) -> dict[str, Any]:
        return {
            "before": _row(self.before),
            "after": _row(self.after),
            "marks": [self.lock_before, self.lock_after],
            "answer": self.answer,
            "bans": [sorted(side) for side in self.bans],
        }


def parse_alterations(changes: Mapping[str, Any]) -> dict[str, Alteration]:
    """Parse the alterations of a stored step, by request key."""
    return {
        key: Alteration(
            before=_meeting(key, row["before"]),
            after=_meeting(key, row["after"]),
            lock_before=_mark(row["marks"][0]),
            lock_after=_mark(row["marks"][1]),
            answer=row["answer"],
            bans=_both(row.get("bans", ((), ()))),
        )
        for key, row in changes.items()
    }


def make_alterations(
    session: Session,
    version: ScheduleVersion,
    held: Mapping[str, Meeting],
    wanted: Mapping[str, Meeting | None],
    marks: Marks,
    bans: Bans,
) -> dict[str, Alteration]:
    """Return the alterations that lead to the wanted state. Unchanged requests have none."""
    keys = list(dict.fromkeys((*wanted, *marks, *bans)))
    forbidden = manual_edits.list_bans(session, version.id)
    now = get_marks(session, version.id, keys)
    answers = _answers(session, version.id, keys)
    found = {}
    for key in keys:
        before = held.get(key)
        after = wanted.get(key, before)
        lock_after = marks.get(key, now.get(key))
        banned = frozenset(forbidden.get(key, ()))
        both = banned, bans.get(key, banned)
        if (before, now.get(key), banned) != (after, lock_after, both[1]):
            answer = answers.get(key) if before is None and after is not None else None
            found[key] = Alteration(before, after, now.get(key), lock_after, answer, both)
    return found


def matches_draft(
    session: Session, version: ScheduleVersion, alterations: Mapping[str, Alteration], *, back: bool
) -> bool:
    """Return True if the draft is in the state before the alterations, or after them if `back`."""
    ids = _request_ids(session, version.event_id, alterations)
    held = {meeting.request: meeting for meeting in versions.list_meetings(session, version.id, ids.values())}
    marks, bans = (
        get_marks(session, version.id, list(alterations)),
        manual_edits.list_bans(session, version.id),
    )
    return all(
        (_comparable(held.get(key)), marks.get(key), frozenset(bans.get(key, ())))
        == (
            (_comparable(each.after), each.lock_after, each.bans[1])
            if back
            else (_comparable(each.before), each.lock_before, each.bans[0])
        )
        for key, each in alterations.items()
    )


def write_alterations(
    session: Session, version: ScheduleVersion, alterations: Mapping[str, Alteration], *, back: bool = False
) -> None:
    """Apply the alterations to a draft, or revert them if `back`."""
    ids = _request_ids(session, version.event_id, alterations)
    moved = {key: each for key, each in alterations.items() if each.before != each.after}
    _delete_meetings(session, version.id, [ids[key] for key in moved])
    new = [each.before if back else each.after for each in moved.values()]
    versions.store_meetings(session, version, [meeting for meeting in new if meeting is not None])
    _write_marks(session, version.id, alterations, ids, back=back)
    _write_bans(session, version, alterations, ids, back=back)
    answered = {key: each.answer for key, each in moved.items() if each.answer is not None}
    if back and answered:
        rows = [
            {
                "version_id": version.id,
                "request_key": key,
                "position": answer["position"],
                "reason": answer["answer"].get("reason", ""),
                "answer": answer["answer"],
            }
            for key, answer in answered.items()
        ]
        session.execute(insert(UnscheduledRequest), rows)
    elif answered:
        session.execute(
            delete(UnscheduledRequest).where(
                UnscheduledRequest.version_id == version.id,
                in_chunks(UnscheduledRequest.request_key, answered),
            )
        )


def get_marks(session: Session, version_id: int, keys: Collection[str]) -> dict[str, LockKind]:
    """Return the marks of requests in a draft."""
    rows = session.execute(
        select(MeetingRequest.key, MeetingLock.kind)
        .join(MeetingRequest, MeetingRequest.id == MeetingLock.request_id)
        .where(MeetingLock.version_id == version_id, in_chunks(MeetingRequest.key, keys))
    )
    return {key: kind for key, kind in rows}  # noqa: C416 -- dict(rows) loses the types


def _write_marks(
    session: Session,
    version_id: int,
    alterations: Mapping[str, Alteration],
    ids: Mapping[str, int],
    *,
    back: bool,
) -> None:
    changed = {key: each for key, each in alterations.items() if each.lock_before != each.lock_after}
    if not changed:
        return
    session.execute(
        delete(MeetingLock).where(
            MeetingLock.version_id == version_id,
            in_chunks(MeetingLock.request_id, [ids[key] for key in changed]),
        )
    )
    new = {key: each.lock_before if back else each.lock_after for key, each in changed.items()}
    rows = [
        {"version_id": version_id, "request_id": ids[key], "kind": kind} for key, kind in new.items() if kind
    ]
    if rows:
        session.execute(insert(MeetingLock), rows)


def _write_bans(
    session: Session,
    version: ScheduleVersion,
    alterations: Mapping[str, Alteration],
    ids: Mapping[str, int],
    *,
    back: bool,
) -> None:
    gone: set[tuple[int, str]] = set()
    come: set[tuple[int, str]] = set()
    for key, each in alterations.items():
        before, after = reversed(each.bans) if back else each.bans
        gone |= {(ids[key], slot) for slot in before - after}
        come |= {(ids[key], slot) for slot in after - before}
    named = Slot.event_id == version.event_id, in_chunks(Slot.key, {slot for _, slot in gone | come})
    slots = {key: slot_id for key, slot_id in session.execute(select(Slot.key, Slot.id).where(*named))}  # noqa: C416
    if gone:
        pairs = [
            and_(BlockedSlot.request_id == request, BlockedSlot.slot_id == slots[slot])
            for request, slot in gone
        ]
        session.execute(delete(BlockedSlot).where(BlockedSlot.version_id == version.id, or_(*pairs)))
    if come:
        rows = [
            {"version_id": version.id, "request_id": request, "slot_id": slots[slot]}
            for request, slot in come
        ]
        session.execute(insert(BlockedSlot), rows)


def _delete_meetings(session: Session, version_id: int, requests: Sequence[int]) -> None:
    """Delete the meetings of requests from a version."""
    mine = select(PlannedMeeting.id).where(
        PlannedMeeting.version_id == version_id, in_chunks(PlannedMeeting.request_id, requests)
    )
    gone = session.scalars(mine).all()
    no_sync = {"synchronize_session": False}
    session.execute(
        delete(PlannedAttendee).where(in_chunks(PlannedAttendee.meeting_id, gone)), execution_options=no_sync
    )
    session.execute(
        delete(PlannedMeeting).where(in_chunks(PlannedMeeting.id, gone)), execution_options=no_sync
    )


def _answers(session: Session, version_id: int, keys: Collection[str]) -> dict[str, Answer]:
    rows = session.execute(
        select(UnscheduledRequest.request_key, UnscheduledRequest.position, UnscheduledRequest.answer).where(
            UnscheduledRequest.version_id == version_id, in_chunks(UnscheduledRequest.request_key, keys)
        )
    )
    return {key: {"position": position, "answer": answer} for key, position, answer in rows}


def _request_ids(session: Session, event_id: int, keys: Collection[str]) -> dict[str, int]:
    rows = session.execute(
        select(MeetingRequest.key, MeetingRequest.id).where(
            MeetingRequest.event_id == event_id, in_chunks(MeetingRequest.key, keys)
        )
    )
    return {key: request_id for key, request_id in rows}  # noqa: C416 -- as above


def _comparable(meeting: Meeting | None) -> tuple[Any, ...] | None:
    """Return a meeting in a comparable form that ignores the order of its people."""
    if meeting is None:
        return None
    return meeting.slot, meeting.place, frozenset(meeting.attendees), meeting.interpreter


def _row(meeting: Meeting | None) -> list[Any] | None:
    if meeting is None:
        return None
    return [meeting.slot, meeting.place, list(meeting.attendees), meeting.interpreter]


def _meeting(request: str, row: Sequence[Any] | None) -> Meeting | None:
    if row is None:
        return None
    slot, place, attendees, interpreter = row
    return Meeting(request, slot, place, tuple(attendees), interpreter)


def _both(bans: Sequence[Sequence[str]]) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(bans[0]), frozenset(bans[1])


def _mark(kind: str | None) -> LockKind | None:
    return None if kind is None else LockKind(kind)
