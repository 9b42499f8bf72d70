"""Cancellations by organisers: ending requests for a firm, and cancelling meetings within the freeze."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OPEN_REQUESTS, RequestState, Side, VersionState
from scheduler.services.identity.actors import Actor
from scheduler.services.participants.affected_meetings import UpcomingMeeting
from scheduler.services.replies import decline_effects
from scheduler.services.requests.transitions import record_transition
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)


@dataclass(frozen=True, slots=True)
class ReleasedMeetings:
    """Number of meetings that a person was removed from: cancelled (`called_off`) or left to colleagues."""

    called_off: int
    left_to_colleagues: int


def lock_open_requests(
    session: Session, event_id: int, which: ColumnElement[bool], *, now: datetime
) -> list[MeetingRequest]:
    """Return open requests, locked until the commit. Requests whose meeting has started are left out."""
    begun = (
        select(PlannedMeeting.request_id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .where(
            ScheduleVersion.event_id == event_id,
            ScheduleVersion.state == VersionState.PUBLISHED,
            Slot.start <= now,
        )
    )
    return list(
        session.scalars(
            select(MeetingRequest)
            .where(
                MeetingRequest.event_id == event_id,
                MeetingRequest.state.in_(OPEN_REQUESTS),
                MeetingRequest.id.not_in(begun),
                which,
            )
            .order_by(MeetingRequest.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def cancel_request(
    session: Session,
    actor: Actor,
    request: MeetingRequest,
    side: Side,
    note: str,
    *,
    quiet: bool = False,
    now: datetime,
) -> None:
    """End an open request on behalf of one side.

    It becomes declined if it is pending and that side received it, otherwise withdrawn. Digests skip it if
    `quiet`, or if its meeting is published: then the next publication cancels the meeting.
    """
    if quiet or decline_effects.published_starts(session, request.event_id, [request.id]):
        request.quiet_until = now
    declines = request.state is RequestState.PENDING and side is Side.TO
    request.state = RequestState.DECLINED if declines else RequestState.WITHDRAWN
    request.responded_by, request.responded_side, request.responded_at = None, side, now
    request.response_note, request.before = note, None
    record_transition(session, actor, request, "decline" if declines else "withdraw", side, note, now=now)


def release_person(
    session: Session,
    actor: Actor,
    person: Attendee,
    soon: Iterable[UpcomingMeeting],
    note: str,
    *,
    moved: Collection[str] = (),
    now: datetime,
) -> ReleasedMeetings:
    """Remove a person from meetings that start within the freeze.

    If a colleague attends too, the meeting continues without the person; otherwise it is cancelled. Requests
    that a draft has `moved` do not change before it is published.
    """
    ids = [meeting.id for meeting in soon]
    if not ids:
        return ReleasedMeetings(0, 0)
    colleagues = _with_colleague(session, person, ids)
    rows = session.execute(
        select(PlannedMeeting.id, MeetingRequest)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(in_chunks(PlannedMeeting.id, ids), MeetingRequest.state == RequestState.ACCEPTED)
        .where(MeetingRequest.key.not_in(moved))
        .with_for_update(of=MeetingRequest, key_share=True)
    ).all()
    off = 0
    for meeting_id, request in rows:
        if meeting_id in colleagues:
            decline_effects.leave_meeting(request, person, note=note, now=now)
        else:
            cancel_request(session, actor, request, decline_effects.side_of(request, person), note, now=now)
            off += 1
    return ReleasedMeetings(off, len(rows) - off)


def _with_colleague(session: Session, person: Attendee, meeting_ids: Collection[int]) -> set[int]:
    """Return ids of meetings that another person of the firm attends."""
    return set(
        session.scalars(
            select(PlannedAttendee.meeting_id)
            .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
            .where(
                in_chunks(PlannedAttendee.meeting_id, meeting_ids),
                Attendee.firm_id == person.firm_id,
                Attendee.id != person.id,
            )
        )
    )
