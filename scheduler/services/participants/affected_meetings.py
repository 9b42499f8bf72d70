"""Published meetings that an edit affects, including those within the freeze."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import OPEN_REQUESTS, RequestState, VersionState
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.text import is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Interpreter,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)

_Last = aliased(Slot)


@dataclass(frozen=True, slots=True)
class AffectedCounts:
    """Impact of an edit."""

    meetings: int
    """Upcoming published meetings, which the next run plans again."""
    soon: int
    """Those of the meetings that start within the freeze."""
    firms: int
    """Firms in the meetings."""
    requests: int
    """Open requests that end."""


@dataclass(frozen=True, slots=True)
class UpcomingMeeting:
    """An upcoming published meeting. `slots` is its range of slot positions."""

    id: int
    request_id: int
    slots: range
    is_soon: bool


def count_affected(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    keys: Sequence[str],
    *,
    slots: Collection[str] | None = None,
    now: datetime,
) -> AffectedCounts:
    """Count what is affected if these records are withdrawn, or absent in `slots`.

    Runs at most three queries.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    found = list_upcoming(
        session, actor.event_id, is_meeting_of(actor.event_id, kind, keys), slots=slots, now=now
    )
    firms = select(MeetingRequest.from_firm_id, MeetingRequest.to_firm_id).where(
        in_chunks(MeetingRequest.id, {meeting.request_id for meeting in found})
    )
    seated = {firm_id for pair in session.execute(firms) for firm_id in pair}
    asked = 0
    if kind is ImportKind.FIRMS:
        own = select(Firm.id).where(
            Firm.event_id == actor.event_id, in_chunks(Firm.key, filter(is_storable, keys))
        )
        seated -= set(session.scalars(own))
        asked = session.scalars(
            select(func.count()).where(
                or_(MeetingRequest.from_firm_id.in_(own), MeetingRequest.to_firm_id.in_(own)),
                MeetingRequest.state.in_(OPEN_REQUESTS),
            )
        ).one()
    return AffectedCounts(len(found), sum(meeting.is_soon for meeting in found), len(seated), asked)


def list_frozen_requests(
    session: Session, actor: Actor, person: str, slots: Collection[str], *, now: datetime
) -> frozenset[str]:
    """Return keys of requests whose published meeting is within the freeze, for a person and some slots."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    of_person = is_meeting_of(actor.event_id, ImportKind.PEOPLE, [person])
    found = list_upcoming(session, actor.event_id, of_person, slots=slots, now=now)
    ids = [meeting.request_id for meeting in found if meeting.is_soon]
    return frozenset(session.scalars(select(MeetingRequest.key).where(in_chunks(MeetingRequest.id, ids))))


def is_meeting_of(event_id: int, kind: ImportKind, keys: Collection[str]) -> ColumnElement[bool]:
    """Return the SQL condition that selects meetings of these firms, people or interpreters."""
    listed = list(filter(is_storable, keys))
    if kind is ImportKind.FIRMS:
        firms = select(Firm.id).where(Firm.event_id == event_id, in_chunks(Firm.key, listed))
        return or_(MeetingRequest.from_firm_id.in_(firms), MeetingRequest.to_firm_id.in_(firms))
    if kind is ImportKind.PEOPLE:
        people = select(Attendee.id).where(Attendee.event_id == event_id, in_chunks(Attendee.key, listed))
        seats = select(PlannedAttendee.meeting_id).where(PlannedAttendee.attendee_id.in_(people))
        return PlannedMeeting.id.in_(seats)
    interpreters = select(Interpreter.id).where(
        Interpreter.event_id == event_id, in_chunks(Interpreter.key, listed)
    )
    return PlannedMeeting.interpreter_id.in_(interpreters)


def list_upcoming(
    session: Session,
    event_id: int,
    which: ColumnElement[bool],
    *,
    slots: Collection[str] | None = None,
    now: datetime,
) -> list[UpcomingMeeting]:
    """Return upcoming published meetings, filtered to those that occupy one of `slots` if given.

    Runs one query, or two with `slots`.
    """
    frozen_until = session.get_one(Event, event_id).frozen_until(now)
    rows = session.execute(
        select(PlannedMeeting.id, MeetingRequest.id, Slot.start, Slot.position, _Last.position)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(_Last, _Last.id == PlannedMeeting.last_slot_id)
        .where(
            ScheduleVersion.event_id == event_id,
            ScheduleVersion.state == VersionState.PUBLISHED,
            MeetingRequest.state == RequestState.ACCEPTED,
            Slot.start > now,
            which,
        )
        .order_by(Slot.start, MeetingRequest.id)
    ).all()
    taken = None if slots is None else _positions(session, event_id, slots)
    found = [
        UpcomingMeeting(meeting_id, request_id, range(first, last + 1), start < frozen_until)
        for meeting_id, request_id, start, first, last in rows
    ]
    return [meeting for meeting in found if taken is None or not taken.isdisjoint(meeting.slots)]


def _positions(session: Session, event_id: int, keys: Collection[str]) -> set[int]:
    of_keys_ = select(Slot.position).where(
        Slot.event_id == event_id, in_chunks(Slot.key, filter(is_storable, keys))
    )
    return set(session.scalars(of_keys_))
