"""Substitutes: an attendee names a colleague, and the next run schedules that person.

It is a decline that keeps the meeting: the invited person is excluded, and the colleague is named. Both the
colleague and the other firm are notified when the next schedule is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import HolderKind, Method, Partstat, RequestState, Side, VersionState
from scheduler.domain.errors import Fault, InvalidInput, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.availability import unavailable_slots
from scheduler.services.directory.references import PersonRef, person_ref
from scheduler.services.replies import attendee_replies, decline_effects
from scheduler.services.replies.attendee_replies import Reply
from scheduler.storage.models import (
    Attendee,
    Booking,
    Event,
    Invitation,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    RequestPerson,
    ScheduleVersion,
    Slot,
)


@dataclass(frozen=True, slots=True)
class SeatedPeople:
    """A firm's people in a request's published meeting, and the slots that it occupies."""

    people: frozenset[int]
    slots: tuple[int, ...]
    start: datetime


@dataclass(frozen=True, slots=True)
class Substitute:
    """A possible substitute. `is_free` is True if they have no other meeting and no busy time then."""

    person: PersonRef
    is_free: bool
    is_busy: bool


def find_seats(session: Session, request: MeetingRequest, firm_id: int) -> SeatedPeople | None:
    """Return the firm's seats, or None if the meeting is not published."""
    rows = session.execute(
        select(PlannedAttendee.attendee_id, Attendee.firm_id, Slot.position, Slot.start)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
        .where(PlannedMeeting.request_id == request.id, ScheduleVersion.state == VersionState.PUBLISHED)
    ).all()
    ours = frozenset(row.attendee_id for row in rows if row.firm_id == firm_id)
    if not ours:
        return None
    position = rows[0].position
    slots = session.scalars(
        select(Slot.id)
        .where(
            Slot.of(request.event_id), Slot.position >= position, Slot.position < position + request.length
        )
        .order_by(Slot.position)
    ).all()
    return SeatedPeople(ours, tuple(slots), rows[0].start)


def is_too_soon(session: Session, event_id: int, start: datetime, now: datetime) -> bool:
    """Return True if a meeting starts too soon for a run to change it."""
    return start < session.get_one(Event, event_id).frozen_until(now)


def attendees_of_next_plan(request: MeetingRequest, side: Side, seated: frozenset[int]) -> set[int]:
    """Return the attendees of the next schedule: those whom the request names, else those in the published
    meeting.
    """
    return {row.attendee_id for row in request.people if row.side is side} or set(seated)


def name_people(request: MeetingRequest, side: Side, people: set[int]) -> None:
    """Make these people the request's named people of a side."""
    others = [row for row in request.people if row.side is not side]
    kept = {row.attendee_id: row for row in request.people if row.side is side}
    ours = [kept.get(each) or RequestPerson(attendee_id=each, side=side) for each in sorted(people)]
    request.people = [*others, *ours]


def list_substitutes(session: Session, invitation: Invitation, *, now: datetime) -> Sequence[Substitute]:
    """Return the possible substitutes for the invited person, free ones first.

    Empty if a substitution is no longer possible.
    """
    request = session.get_one(MeetingRequest, invitation.request_id)
    attendee = session.get_one(Attendee, invitation.attendee_id)
    try:
        seated = _changeable(session, invitation, request, attendee, now)
    except WrongState:
        return ()
    people = _candidates(session, request, attendee, seated)
    busy = unavailable_slots.list_unavailable_slots(session, request.event_id, [each.id for each in people])
    held = _held(session, request, seated)
    found = [
        Substitute(
            person_ref(each),
            is_free=each.id not in held and busy.get(each.id, set()).isdisjoint(seated.slots),
            is_busy=not busy.get(each.id, set()).isdisjoint(seated.slots),
        )
        for each in people
    ]
    return tuple(sorted(found, key=lambda each: not each.is_free))


def send_substitute(
    session: Session, invitation: Invitation, key: str, given: Reply, *, now: datetime
) -> str:
    """Store that a colleague attends instead of the invited person. Return a sentence about it.

    Raises WrongState if the meeting is cancelled, starts too soon for a run, or has other attendees by now,
    and InvalidInput if the colleague cannot attend.
    """
    request = attendee_replies.lock_request(session, invitation)
    attendee = session.get_one(Attendee, invitation.attendee_id)
    seated = _changeable(session, invitation, request, attendee, now)
    people = {each.key: each for each in _candidates(session, request, attendee, seated)}
    colleague = people.get(key)
    if colleague is None:
        raise InvalidInput([Fault("colleague", gettext_lazy("Choose a colleague from the list."))])
    side = decline_effects.side_of(request, attendee)
    name_people(
        request, side, attendees_of_next_plan(request, side, seated.people) - {attendee.id} | {colleague.id}
    )
    decline_effects.exclude_person(request, attendee, note=given.comment, now=now)
    before = attendee_replies.find_last_reply(session, invitation)
    kept = attendee_replies.store_reply(
        session, invitation, before, replace(given, partstat=Partstat.DECLINED), now=now
    )
    kept.delegate_id = colleague.id
    kept.proposed_start = kept.proposed_end = kept.proposed_slots = None
    invitation.partstat = Partstat.DECLINED
    session.flush()
    return gettext_lazy(
        "%(colleague)s will attend instead of %(name)s from the next schedule on.",
        colleague=colleague.name,
        name=attendee.name,
    )


def _changeable(
    session: Session, invitation: Invitation, request: MeetingRequest, attendee: Attendee, now: datetime
) -> SeatedPeople:
    """Return the firm's seats, if a run can still replace this person. Raises WrongState."""
    if invitation.method is Method.CANCEL or request.state is not RequestState.ACCEPTED:
        raise WrongState("meeting", request.key, "off", "handed over")
    seated = find_seats(session, request, attendee.firm_id)
    if seated is None:
        raise WrongState("meeting", request.key, "in no published schedule", "handed over")
    if is_too_soon(session, request.event_id, seated.start, now):
        raise WrongState("meeting", request.key, "too soon for a plan to change it", "handed over")
    if attendee.id not in attendees_of_next_plan(
        request, decline_effects.side_of(request, attendee), seated.people
    ):
        raise WrongState("meeting", request.key, "in other hands by now", "handed over")
    return seated


def _candidates(
    session: Session, request: MeetingRequest, attendee: Attendee, seated: SeatedPeople
) -> Sequence[Attendee]:
    side = decline_effects.side_of(request, attendee)
    not_they = attendees_of_next_plan(request, side, seated.people) | {
        row.attendee_id for row in request.excluded
    }
    return session.scalars(
        select(Attendee)
        .where(
            Attendee.firm_id == attendee.firm_id,
            Attendee.withdrawn_at.is_(None),
            Attendee.id.not_in({attendee.id, *not_they}),
            or_(Attendee.max_per_day.is_(None), Attendee.max_per_day > 0),
        )
        .order_by(func.lower(Attendee.name), Attendee.id)
    ).all()


def _held(session: Session, request: MeetingRequest, seated: SeatedPeople) -> set[int]:
    """Return ids of attendees who are in another published meeting at that time."""
    return set(
        session.scalars(
            select(Booking.holder_id).where(
                Booking.slot_id.in_(seated.slots), Booking.kind == HolderKind.ATTENDEE
            )
        )
    )
