"""Counter-proposals (RFC 5546 section 3.2.7): their slots, and what the next run may use.

A COUNTER narrows the request's start slots for the next run. It moves nothing by itself: a meeting cannot be
moved without considering the whole schedule. Nor can a time be promised that does not suit the others. If no
time is free for all, the proposer gets a DECLINECOUNTER at once. The drawbacks: there is no new time before
the next publication, and a request with fewer slots is harder to schedule.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Partstat, RequestState
from scheduler.i18n import gettext_lazy
from scheduler.services.availability import unavailable_slots
from scheduler.services.replies import attendee_replies
from scheduler.services.replies.attendee_replies import Reply
from scheduler.services.schedule import meeting_ends, versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Booking,
    Event,
    Invitation,
    InvitationReply,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)

_SENTENCES = {
    "fixed": gettext_lazy("The time of this meeting is fixed."),
    "same_time": gettext_lazy("The meeting is already at that time."),
    "no_slot": gettext_lazy("The event has no other slot for this meeting at that time."),
    "not_free": gettext_lazy("Someone in this meeting is not available at that time."),
    "closed": gettext_lazy("The organisers don't accept proposals for other times."),
    "gone": gettext_lazy("The meeting is no longer in the schedule."),
}


class Unsuitable(Exception):
    """Raised if a proposed time cannot be used.

    `reason` is a key of `_SENTENCES`, `sentence` is its translatable text.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(_SENTENCES[reason])
        self.reason = reason
        self.sentence = _SENTENCES[reason]


def propose_time(
    session: Session,
    invitation: Invitation,
    given: Reply,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> list[Slot]:
    """Store a proposed time as the slots that the next run may use, and return them. Raises Unsuitable,
    MeetingOver.

    The PARTSTAT of a counter-proposal is not a reply (RFC 5546 section 3.2.7), so the earlier reply is kept.
    """
    if meeting_ends.is_invitation_over(session, invitation, now=now):
        raise meeting_ends.MeetingOver(session.get_one(MeetingRequest, invitation.request_id).key)
    slots = find_suitable_slots(session, invitation, start, end, now=now)
    before = attendee_replies.find_last_reply(session, invitation)
    is_current = before is not None and before.sequence == invitation.sequence
    partstat = before.partstat if before is not None and is_current else Partstat.NEEDS_ACTION
    kept = attendee_replies.store_reply(
        session, invitation, before, replace(given, partstat=partstat), now=now
    )
    kept.proposed_start, kept.proposed_end = start, end
    kept.proposed_slots = [slot.key for slot in slots]
    session.flush()
    return slots


def find_suitable_slots(
    session: Session, invitation: Invitation, start: datetime, end: datetime, *, now: datetime
) -> list[Slot]:
    """Return the start slots within a proposed time at which all attendees of the meeting are free.

    Raises Unsuitable.
    """
    request = session.get_one(MeetingRequest, invitation.request_id)
    meeting = _published(session, request)
    event = session.get_one(Event, invitation.event_id)
    if not event.proposals:
        raise Unsuitable("closed")
    slots = session.scalars(select(Slot).where(Slot.of(event.id)).order_by(Slot.position)).all()
    present = session.get_one(Slot, meeting.slot_id)
    frozen_until = event.frozen_until(now)
    if request.fixed_slot_id is not None or present.start < frozen_until:
        raise Unsuitable("fixed")
    runs = _runs(slots, meeting.length, start, end)
    allowed = [run for run in runs if request.slots is None or run[0].key in request.slots]
    later = [run for run in allowed if run[0].start >= frozen_until and run[0].id != present.id]
    if not later:
        raise Unsuitable("same_time" if _is_present(session, meeting, present, start, end) else "no_slot")
    taken = _taken(session, event.id, meeting)
    free = [run[0] for run in later if not any(slot.id in taken for slot in run)]
    if not free:
        raise Unsuitable("not_free")
    return free


def list_proposed_slots(
    session: Session, event_id: int, requests: Collection[int] | None = None
) -> dict[int, list[str]]:
    """Return the start slots that open counter-proposals ask for, by request id. The latest proposal counts.

    A proposal is open until its author is sent a new time for the meeting.
    """
    proposed = and_(InvitationReply.event_id == event_id, InvitationReply.proposed_start.is_not(None))
    if requests is not None:
        proposed = and_(proposed, in_chunks(InvitationReply.request_id, requests))
    told = (
        select(Invitation.uid, Invitation.attendee_id, func.max(Invitation.sequence).label("sequence"))
        .where(
            Invitation.event_id == event_id, Invitation.uid.in_(select(InvitationReply.uid).where(proposed))
        )
        .group_by(Invitation.uid, Invitation.attendee_id)
        .subquery()
    )
    rows = session.scalars(
        select(InvitationReply)
        .join(told, (told.c.uid == InvitationReply.uid) & (told.c.attendee_id == InvitationReply.attendee_id))
        .where(proposed, InvitationReply.sequence == told.c.sequence)
        .order_by(InvitationReply.responded_at, InvitationReply.id)
    )
    return {row.request_id: list(row.proposed_slots) for row in rows if row.proposed_slots}


def _published(session: Session, request: MeetingRequest) -> PlannedMeeting:
    version = versions.find_published_version(session, request.event_id)
    meeting = session.scalar(
        select(PlannedMeeting).where(
            PlannedMeeting.request_id == request.id,
            PlannedMeeting.version_id == (version.id if version else None),
        )
    )
    if meeting is None or request.state is not RequestState.ACCEPTED:
        raise Unsuitable("gone")
    return meeting


def _is_present(
    session: Session, meeting: PlannedMeeting, present: Slot, start: datetime, end: datetime
) -> bool:
    return start == present.start and end == session.get_one(Slot, meeting.last_slot_id).end


def _runs(slots: Sequence[Slot], length: int, start: datetime, end: datetime) -> list[Sequence[Slot]]:
    """Return every run of `length` slots of one block whose first slot overlaps the time."""
    runs = (slots[i : i + length] for i in range(len(slots) - length + 1))
    return [
        run for run in runs if run[0].block == run[-1].block and run[0].start < end and run[0].end > start
    ]


def _taken(session: Session, event_id: int, meeting: PlannedMeeting) -> set[int]:
    """Return ids of slots in which an attendee of the meeting is unavailable or in another meeting."""
    people = session.scalars(
        select(PlannedAttendee.attendee_id).where(PlannedAttendee.meeting_id == meeting.id)
    ).all()
    absent = unavailable_slots.list_unavailable_slots(session, event_id, people).values()
    held = session.scalars(
        select(Booking.slot_id).where(
            Booking.kind == "attendee", in_chunks(Booking.holder_id, people), Booking.meeting_id != meeting.id
        )
    )
    return set().union(*absent, held)
