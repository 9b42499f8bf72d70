"""What somebody's decline does to a meeting: the others go, a colleague goes instead, or it is withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side, VersionState
from scheduler.services.availability import unavailable
from scheduler.storage.models import (
    Attendee,
    Event,
    ExcludedPerson,
    MeetingRequest,
    PlannedMeeting,
    RequestPerson,
    ScheduleVersion,
    Slot,
)


class Effect(StrEnum):
    """The effect of a decline, and the reason if it withdraws the meeting."""

    OTHERS = "others"
    """The request names others of the firm too: they go on."""
    COLLEAGUE = "colleague"
    """The next plan sends a colleague, if one is free."""
    DECIDES = "decides"
    """Withdrawn: who declines decides for the firm."""
    NAMED = "named"
    """Withdrawn: the request names this person alone."""
    SOON = "soon"
    """Withdrawn: the meeting begins too soon for a plan to change it."""
    LAST = "last"
    """Withdrawn: nobody else of the firm can go."""
    OFF = "off"
    """Nothing: it is off already."""

    @property
    def withdraws(self) -> bool:
        return self in (Effect.DECIDES, Effect.NAMED, Effect.SOON, Effect.LAST)


def effect(session: Session, request: MeetingRequest, attendee: Attendee, *, now: datetime) -> Effect:
    """The effect if this attendee declined now. Nothing is changed."""
    if request.state is not RequestState.ACCEPTED:
        return Effect.OFF
    side = side_of(request, attendee)
    named = {person.attendee_id for person in request.people if person.side is side}
    if named:
        return Effect.OTHERS if named - {attendee.id} else Effect.NAMED
    if attendee.is_exhibitor:
        return Effect.DECIDES
    event = session.get_one(Event, request.event_id)
    first = now + timedelta(hours=event.freeze_hours)
    start = published_start(session, request)
    if start is not None and start < first:
        return Effect.SOON
    return Effect.COLLEAGUE if _can_send(session, request, attendee, first) else Effect.LAST


def exclude(request: MeetingRequest, attendee: Attendee, *, note: str, now: datetime) -> None:
    """The next plan holds the meeting without this person."""
    for row in request.excluded:
        if row.attendee_id == attendee.id:
            row.note, row.excluded_at = note, now
            return
    request.excluded.append(ExcludedPerson(attendee_id=attendee.id, note=note, excluded_at=now))


def leave_to_others(request: MeetingRequest, attendee: Attendee, *, note: str, now: datetime) -> None:
    """The others whom the request names go on without this person."""
    request.people = [person for person in request.people if person.attendee_id != attendee.id]
    exclude(request, attendee, note=note, now=now)


def readmit(request: MeetingRequest, attendee: Attendee) -> None:
    """This person takes part again: is excluded no more, and named where the firm's others are."""
    request.excluded = [row for row in request.excluded if row.attendee_id != attendee.id]
    side = side_of(request, attendee)
    named = {person.attendee_id for person in request.people if person.side is side}
    if named and attendee.id not in named:
        request.people.append(RequestPerson(attendee_id=attendee.id, side=side))


def side_of(request: MeetingRequest, attendee: Attendee) -> Side:
    return Side.FROM if attendee.firm_id == request.from_firm_id else Side.TO


def published_start(session: Session, request: MeetingRequest) -> datetime | None:
    """The start of the request's published meeting, or None if it has none."""
    return session.scalar(
        select(Slot.start)
        .join(PlannedMeeting, PlannedMeeting.slot_id == Slot.id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .where(
            PlannedMeeting.request_id == request.id,
            ScheduleVersion.event_id == request.event_id,
            ScheduleVersion.state == VersionState.PUBLISHED,
        )
    )


def _can_send(session: Session, request: MeetingRequest, attendee: Attendee, first: datetime) -> bool:
    """Whether a colleague is free at some time from `first` on at which the request may be held.

    Other meetings do not count: the next plan may move them.
    """
    excluded = {row.attendee_id for row in request.excluded}
    colleagues = session.scalars(
        select(Attendee.id).where(
            Attendee.firm_id == attendee.firm_id,
            Attendee.withdrawn_at.is_(None),
            Attendee.id.not_in({attendee.id, *excluded}),
            or_(Attendee.max_per_day.is_(None), Attendee.max_per_day > 0),
        )
    ).all()
    if not colleagues:
        return False
    busy = unavailable.slots_of(session, request.event_id, colleagues)
    runs = _runs(session, request, first)
    return any(busy.get(person, set()).isdisjoint(run) for person in colleagues for run in runs)


def _runs(session: Session, request: MeetingRequest, first: datetime) -> Sequence[frozenset[int]]:
    """The slot ids of each time at which the request may be held."""
    slots = session.scalars(select(Slot).where(Slot.of(request.event_id)).order_by(Slot.position)).all()
    runs = (slots[i : i + request.length] for i in range(len(slots) - request.length + 1))
    return [
        frozenset(slot.id for slot in run)
        for run in runs
        if run[0].block == run[-1].block and run[0].start >= first and _may_start(request, run[0])
    ]


def _may_start(request: MeetingRequest, slot: Slot) -> bool:
    if request.fixed_slot_id is not None:
        return slot.id == request.fixed_slot_id
    return request.slots is None or slot.key in request.slots
