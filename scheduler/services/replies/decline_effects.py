"""Effects of a decline: the others attend, a colleague substitutes, or the request is withdrawn.

A decline removes one person from one meeting if a colleague can attend, and withdraws the request only if
none can. It also applies to drafts made earlier, so a published draft may differ from the one that was
reviewed. An acceptance reverses the decline until calendars were updated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side, VersionState
from scheduler.services.availability import unavailable_slots
from scheduler.storage.in_list import in_chunks
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


class DeclineEffect(StrEnum):
    """Effect of a decline, and the reason if it withdraws the meeting."""

    OTHERS = "others"
    """Other people of the firm whom the request names attend."""
    COLLEAGUE = "colleague"
    """The next run sends a colleague, if one is free."""
    DECIDES = "decides"
    """Withdrawn: the person represents the firm."""
    NAMED = "named"
    """Withdrawn: the request names only this person."""
    SOON = "soon"
    """Withdrawn: the meeting starts too soon for a run to change it."""
    LAST = "last"
    """Withdrawn: no one else of the firm can attend."""
    OFF = "off"
    """None: the meeting is cancelled already."""

    @property
    def withdraws(self) -> bool:
        return self in (DeclineEffect.DECIDES, DeclineEffect.NAMED, DeclineEffect.SOON, DeclineEffect.LAST)


def decline_effect(
    session: Session, request: MeetingRequest, attendee: Attendee, *, now: datetime
) -> DeclineEffect:
    """Return the effect that a decline by this attendee would have now. Read-only."""
    return decline_effects_of(session, [request], attendee, now=now)[request.id]


def decline_effects_of(
    session: Session, requests: Collection[MeetingRequest], attendee: Attendee, *, now: datetime
) -> dict[int, DeclineEffect]:
    """Return the effect of this attendee's decline by request id, for several requests of an event.

    The number of queries is constant if `people` and `excluded` of the requests are loaded.
    """
    found = {request.id: _by_request(request, attendee) for request in requests}
    open_ = [request for request in requests if found[request.id] is None]
    if open_:
        event = session.get_one(Event, attendee.event_id)
        first = event.frozen_until(now)
        starts = published_starts(session, event.id, [request.id for request in open_])
        stand_in = _StandIn(session, attendee, first)
        for request in open_:
            if request.id in starts and starts[request.id] < first:
                found[request.id] = DeclineEffect.SOON
            else:
                found[request.id] = (
                    DeclineEffect.COLLEAGUE if stand_in.is_free(request) else DeclineEffect.LAST
                )
    return {key: effect for key, effect in found.items() if effect is not None}


def _by_request(request: MeetingRequest, attendee: Attendee) -> DeclineEffect | None:
    """Return the effect if the request and the attendee alone determine it, else None."""
    if request.state is not RequestState.ACCEPTED:
        return DeclineEffect.OFF
    side = side_of(request, attendee)
    named = {person.attendee_id for person in request.people if person.side is side}
    if named:
        return DeclineEffect.OTHERS if named - {attendee.id} else DeclineEffect.NAMED
    return DeclineEffect.DECIDES if attendee.is_exhibitor else None


def exclude_person(request: MeetingRequest, attendee: Attendee, *, note: str, now: datetime) -> None:
    """Exclude the person: the next run schedules the meeting without them."""
    for row in request.excluded:
        if row.attendee_id == attendee.id:
            row.note, row.excluded_at = note, now
            return
    request.excluded.append(ExcludedPerson(attendee_id=attendee.id, note=note, excluded_at=now))


def leave_meeting(request: MeetingRequest, attendee: Attendee, *, note: str, now: datetime) -> None:
    """Remove the person from the request's named people and exclude them. The others attend."""
    request.people = [person for person in request.people if person.attendee_id != attendee.id]
    exclude_person(request, attendee, note=note, now=now)


def readmit_person(request: MeetingRequest, attendee: Attendee, *, instead_of: int | None = None) -> None:
    """Include the person again: remove the exclusion, and name them if the firm's other attendees are named.

    `instead_of` is the substitute, who is no longer named.
    """
    request.excluded = [row for row in request.excluded if row.attendee_id != attendee.id]
    side = side_of(request, attendee)
    named = {person.attendee_id for person in request.people if person.side is side}
    if instead_of in named:
        request.people = [person for person in request.people if person.attendee_id != instead_of]
    if named and attendee.id not in named:
        request.people.append(RequestPerson(attendee_id=attendee.id, side=side))


def side_of(request: MeetingRequest, attendee: Attendee) -> Side:
    return Side.FROM if attendee.firm_id == request.from_firm_id else Side.TO


def published_starts(session: Session, event_id: int, requests: Collection[int]) -> dict[int, datetime]:
    """Return the start of the published meeting by request id, for requests that have one."""
    rows = session.execute(
        select(PlannedMeeting.request_id, Slot.start)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .where(
            in_chunks(PlannedMeeting.request_id, requests),
            ScheduleVersion.event_id == event_id,
            ScheduleVersion.state == VersionState.PUBLISHED,
        )
    )
    return {row.request_id: row.start for row in rows}


class _StandIn:
    """Checks if a colleague can substitute: is free at an allowed time of the request from `first` on.

    Their other meetings do not count, because the next run may move them. Runs at most four queries.
    """

    def __init__(self, session: Session, attendee: Attendee, first: datetime) -> None:
        self._colleagues = session.scalars(
            select(Attendee.id).where(
                Attendee.firm_id == attendee.firm_id,
                Attendee.withdrawn_at.is_(None),
                Attendee.id != attendee.id,
                or_(Attendee.max_per_day.is_(None), Attendee.max_per_day > 0),
            )
        ).all()
        self._busy: Mapping[int, set[int]] = {}
        self._slots: Sequence[Slot] = ()
        self._first = first
        if self._colleagues:
            self._busy = unavailable_slots.list_unavailable_slots(
                session, attendee.event_id, self._colleagues
            )
            of_event = select(Slot).where(Slot.of(attendee.event_id)).order_by(Slot.position)
            self._slots = session.scalars(of_event).all()

    def is_free(self, request: MeetingRequest) -> bool:
        excluded = {row.attendee_id for row in request.excluded}
        runs = self._runs(request)
        return any(
            self._busy.get(person, set()).isdisjoint(run)
            for person in self._colleagues
            if person not in excluded
            for run in runs
        )

    def _runs(self, request: MeetingRequest) -> Sequence[frozenset[int]]:
        """Return the slot ids of each time at which the request may be scheduled."""
        slots = self._slots
        runs = (slots[i : i + request.length] for i in range(len(slots) - request.length + 1))
        return [
            frozenset(slot.id for slot in run)
            for run in runs
            if run[0].block == run[-1].block and run[0].start >= self._first and _may_start(request, run[0])
        ]


def _may_start(request: MeetingRequest, slot: Slot) -> bool:
    if request.fixed_slot_id is not None:
        return slot.id == request.fixed_slot_id
    return request.slots is None or slot.key in request.slots
