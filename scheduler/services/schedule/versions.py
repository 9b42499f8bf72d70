"""Schedule versions: store a validated plan as a draft, and read versions in the form of plans."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, literal, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import VersionState
from scheduler.domain.errors import NotFound
from scheduler.domain.plan import Meeting, Plan
from scheduler.i18n import gettext_lazy
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.schedule import unscheduled
from scheduler.storage.database import once_per_session
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Event,
    Interpreter,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    Run,
    ScheduleVersion,
    Slot,
)


def store_draft(
    session: Session, *, event_id: int, run_id: int | None, plan: Plan, now: datetime
) -> ScheduleVersion:
    """Store a validated plan as the event's next draft."""
    published_version = find_published_version(session, event_id)
    version = ScheduleVersion(
        event_id=event_id,
        number=next_number(session, event_id),
        state=VersionState.DRAFT,
        run_id=run_id,
        compared_with_id=published_version.id if published_version else None,
        status=str(plan.status),
        score=plan.score,
        bound=plan.bound,
        served_bound=plan.served_bound,
        meetings_bound=plan.meetings_bound,
        terms=dict(plan.terms),
        groups=unscheduled.plan_groups(plan),
        created_at=now,
    )
    session.add(version)
    session.flush()
    unscheduled.store_answers(session, version.id, plan)
    store_meetings(session, version, plan.meetings)
    return version


def store_meetings(session: Session, version: ScheduleVersion, meetings: Sequence[Meeting]) -> None:
    """Store the meetings of a version. All ids in them are keys of the version's event."""
    if not meetings:
        return
    event_id = version.event_id
    is_all = len(meetings) > 50  # for a few, only the referenced rows are looked up
    slots, interpreters = _slot_ids(session, event_id), _ids(session, Interpreter, event_id)
    places = _ids(session, Place, event_id, None if is_all else {m.place for m in meetings})
    people = {person for meeting in meetings for person in meeting.attendees}
    attendees = _ids(session, Attendee, event_id, None if is_all else people)
    asked = select(MeetingRequest.id, MeetingRequest.key, MeetingRequest.length).where(
        MeetingRequest.event_id == event_id
    )
    if not is_all:
        asked = asked.where(in_chunks(MeetingRequest.key, [meeting.request for meeting in meetings]))
    requests = {key: (request_id, length) for request_id, key, length in session.execute(asked)}
    rows = [
        {
            "version_id": version.id,
            "request_id": requests[meeting.request][0],
            "slot_id": slots[meeting.slot].id,
            "length": requests[meeting.request][1],
            "last_slot_id": slots[meeting.slot].last(requests[meeting.request][1]),
            "place_id": places[meeting.place],
            "interpreter_id": interpreters[meeting.interpreter] if meeting.interpreter else None,
        }
        for meeting in meetings
    ]
    made = insert(PlannedMeeting).returning(PlannedMeeting.id, sort_by_parameter_order=True)
    meeting_ids = session.scalars(made, rows).all()
    session.execute(
        insert(PlannedAttendee),
        [
            {"meeting_id": meeting_id, "attendee_id": attendees[person]}
            for meeting_id, meeting in zip(meeting_ids, meetings, strict=True)
            for person in meeting.attendees
        ],
    )


def copy_meetings(session: Session, old_id: int, new_id: int) -> None:
    """Copy the meetings of a version to another one. The database copies the rows itself."""
    columns = ("request_id", "slot_id", "length", "last_slot_id", "place_id", "interpreter_id")
    old, new = aliased(PlannedMeeting), aliased(PlannedMeeting)
    meetings_of_old = select(literal(new_id), *(getattr(old, name) for name in columns)).where(
        old.version_id == old_id
    )
    session.execute(insert(PlannedMeeting).from_select(("version_id", *columns), meetings_of_old))
    people = (
        select(new.id, PlannedAttendee.attendee_id)
        .join(old, old.id == PlannedAttendee.meeting_id)
        .join(new, (new.request_id == old.request_id) & (new.version_id == new_id))
        .where(old.version_id == old_id)
    )
    session.execute(insert(PlannedAttendee).from_select(("meeting_id", "attendee_id"), people))


def get_version(session: Session, event_id: int, number: int) -> ScheduleVersion:
    """Return a version by its number in the event. Raises NotFound."""
    which = ScheduleVersion.event_id == event_id, ScheduleVersion.number == number
    version = once_per_session(
        session,
        f"version {event_id} {number}",
        lambda: session.scalar(select(ScheduleVersion).where(*which)),
    )
    if version is None:
        raise NotFound("schedule version", number)
    return version


_PUBLISHED = select(ScheduleVersion).where(
    ScheduleVersion.event_id == bindparam("event_id"), ScheduleVersion.state == VersionState.PUBLISHED
)


def find_published_version(session: Session, event_id: int) -> ScheduleVersion | None:
    """Return the published version, if any."""
    return once_per_session(
        session, f"published {event_id}", lambda: session.scalar(_PUBLISHED, {"event_id": event_id})
    )


def made_by_run(run: type[Run] | Run) -> ColumnElement[bool]:
    """Return the SQL condition for the version that a run made, and not a copy of it.

    `run` is the table, for a join, or one of its rows.
    """
    return and_(
        ScheduleVersion.event_id == run.event_id,
        ScheduleVersion.run_id == run.id,
        ScheduleVersion.copy_of_id.is_(None),
    )


def find_newest_draft(session: Session, event_id: int) -> int | None:
    """Return the number of the newest draft, if it is newer than the published version."""
    current = find_published_version(session, event_id)
    return session.scalar(
        select(func.max(ScheduleVersion.number)).where(
            ScheduleVersion.event_id == event_id,
            ScheduleVersion.state == VersionState.DRAFT,
            ScheduleVersion.number > (current.number if current else 0),
        )
    )


def list_versions(session: Session, event_id: int, *, limit: int = 50) -> Sequence[ScheduleVersion]:
    """Return the newest versions, newest first."""
    return session.scalars(
        select(ScheduleVersion)
        .where(ScheduleVersion.event_id == event_id)
        .order_by(ScheduleVersion.number.desc())
        .limit(limit)
    ).all()


GAINS = {
    "served": gettext_lazy("priority points scheduled"),
    "idle": gettext_lazy("idle slots"),
    "hall_change": gettext_lazy("hall changes"),
}
"""Labels of the objective terms for which meetings are moved."""


def list_gains(session: Session, version: ScheduleVersion) -> list[tuple[str, float, float]]:
    """Return the differences of GAINS between a draft and the published version: label, before, after."""
    current = find_published_version(session, version.event_id)
    if current is None or version.state is not VersionState.DRAFT:
        return []
    both = [(label, current.terms.get(term), version.terms.get(term)) for term, label in GAINS.items()]
    return [
        (label, before, after)
        for label, before, after in both
        if before is not None and after is not None and before != after
    ]


def next_number(session: Session, event_id: int) -> int:
    """Return the number of the event's next version. Concurrent callers wait for this transaction to end."""
    session.execute(select(Event.id).where(Event.id == event_id).with_for_update(key_share=True))
    last = session.scalar(
        select(func.max(ScheduleVersion.number)).where(ScheduleVersion.event_id == event_id)
    )
    return (last or 0) + 1


def list_meetings(
    session: Session, version_id: int | None, requests: Collection[int] | None = None
) -> tuple[Meeting, ...]:
    """Return the meetings of a version, or of its `requests`, by keys as in a plan file, in time order.

    Empty if there is no version.
    """
    if version_id is None:
        return ()
    wanted = PlannedMeeting.version_id == version_id
    if requests is not None:
        wanted = and_(wanted, in_chunks(PlannedMeeting.request_id, requests))
    rows = session.execute(_meetings(version_id).where(wanted).order_by(*_IN_TIME)).all()
    return _by_keys(rows, list_seats(session, wanted))


def list_meeting_page(
    session: Session, version: ScheduleVersion, *, cursor: str | None = None, limit: int = 30
) -> Page[Meeting]:
    """Return a page of a version's meetings. Reads only these."""
    order = Order(f"meetings {version.number}", _IN_TIME, (int, str))
    page = fetch_page(session, _meetings(version.id), order, cursor=cursor, limit=limit)
    seated = list_seats(session, in_chunks(PlannedMeeting.id, [row[0] for row in page.items]))
    return page.of(_by_keys(page.items, seated))


_IN_TIME = (Slot.position, MeetingRequest.key)


def _meetings(version_id: int) -> Select[*tuple[Any, ...]]:
    """Return the query for meeting id, and the keys of request, slot, place and interpreter."""
    return (
        select(PlannedMeeting.id, MeetingRequest.key, Slot.key, Place.key, Interpreter.key)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .outerjoin(Interpreter, Interpreter.id == PlannedMeeting.interpreter_id)
        .where(PlannedMeeting.version_id == version_id)
    )


def list_seats(session: Session, wanted: ColumnElement[bool]) -> dict[int, list[str]]:
    """Return keys of the attendees by meeting id."""
    people: dict[int, list[str]] = {}
    for meeting_id, key in session.execute(
        select(PlannedAttendee.meeting_id, Attendee.key)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
        .where(wanted)
        .order_by(Attendee.key)
    ):
        people.setdefault(meeting_id, []).append(key)
    return people


def _by_keys(rows: Iterable[Any], people: Mapping[int, Sequence[str]]) -> tuple[Meeting, ...]:
    return tuple(
        Meeting(request, slot, place, tuple(people.get(meeting_id, ())), interpreter)
        for meeting_id, request, slot, place, interpreter, *_ in rows
    )


@dataclass(frozen=True, slots=True)
class _SlotRun:
    """A slot: its id, and the ids from this slot to the end of its block."""

    id: int
    run: Sequence[int]

    def last(self, length: int) -> int:
        """Return the last slot of a meeting, at most the end of the block, which may have been shortened."""
        return self.run[min(length, len(self.run)) - 1]


def _slot_ids(session: Session, event_id: int) -> dict[str, _SlotRun]:
    """Return the slots by key. A retired slot is a block of its own."""
    found: dict[str, _SlotRun] = {}
    block, following = None, tuple[int, ...]()
    for key, slot_id, name, is_retired in session.execute(
        select(Slot.key, Slot.id, Slot.block, Slot.is_retired)
        .where(Slot.event_id == event_id)
        .order_by(Slot.position.desc())
    ):
        if is_retired:
            found[key] = _SlotRun(slot_id, (slot_id,))
            continue
        following = (slot_id, *following) if name == block else (slot_id,)
        block = name
        found[key] = _SlotRun(slot_id, following)
    return found


def _ids(session: Session, table: Any, event_id: int, keys: Collection[str] | None = None) -> dict[str, int]:
    """Return row ids by key of an event's table, or of these keys only."""
    query = select(table.key, table.id).where(table.event_id == event_id)
    rows = session.execute(query if keys is None else query.where(in_chunks(table.key, keys)))
    return {key: value for key, value in rows}  # noqa: C416 -- dict(rows) loses the types
