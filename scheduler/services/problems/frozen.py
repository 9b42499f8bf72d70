"""Frozen meetings: published meetings that may not change, and the resources they occupy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import problem as domain
from scheduler.domain.entities import RequestState
from scheduler.domain.plan import Meeting
from scheduler.services.problems.scope import Scope
from scheduler.services.schedule import versions
from scheduler.storage.models import Event, MeetingRequest, Place


@dataclass(frozen=True, slots=True)
class Holding:
    """Slot indices that frozen meetings occupy, by key of the person, place or interpreter."""

    people: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    places: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    interpreters: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    requests: set[str] = field(default_factory=set)

    def add(self, meeting: Meeting, slots: Iterable[int]) -> None:
        taken = set(slots)
        self.requests.add(meeting.request)
        self.places[meeting.place] |= taken
        for person in meeting.attendees:
            self.people[person] |= taken
        if meeting.interpreter is not None:
            self.interpreters[meeting.interpreter] |= taken


def frozen_until(
    event: Event, slots: tuple[domain.Slot, ...], now: datetime, zone: ZoneInfo, *, is_by_hand: bool
) -> datetime | None:
    """Return the end of the freeze if it is after the event's start, else None.

    For a run it is the event's. By hand every meeting that has not started can be changed.
    """
    moment = (now if is_by_hand else event.frozen_until(now)).astimezone(zone)
    return moment if slots and moment > slots[0].start else None


def list_published_meetings(session: Session, event_id: int, scope: Scope) -> tuple[Meeting, ...]:
    """Return the published meetings of the scope's requests.

    A meeting at a booth that its firm has left is moved to the firm's current booth. It can then keep its
    time, and people are notified that it is relocated.
    """
    version = versions.find_published_version(session, event_id)
    if version is None:
        return ()
    of_event = select(Place).where(Place.event_id == event_id, scope.of(Place)).order_by(Place.id)
    places = {row.key: row for row in session.scalars(of_event)}
    now: dict[int | None, str] = {}
    for row in places.values():
        if row.firm_id is not None and not row.is_retired:
            now.setdefault(row.firm_id, row.key)
    hosts = dict(
        session.execute(
            select(MeetingRequest.key, MeetingRequest.to_firm_id).where(
                MeetingRequest.event_id == event_id, scope.of(MeetingRequest)
            )
        ).all()
    )
    return tuple(
        _at_new_booth(meeting, places[meeting.place], hosts[meeting.request], now)
        for meeting in versions.list_meetings(session, version.id, scope.requests)
    )


def _at_new_booth(meeting: Meeting, place: Place, host: int, booths: Mapping[int | None, str]) -> Meeting:
    """Return the meeting at its host's current booth, if its place is a booth that the host has left."""
    if place.firm_id is None or (place.firm_id == host and not place.is_retired) or host not in booths:
        return meeting
    return replace(meeting, place=booths[host])


def held_until(
    session: Session,
    event_id: int,
    until: datetime | None,
    meetings: Iterable[Meeting],
    slots: tuple[domain.Slot, ...],
) -> Holding:
    """Return the people, places and interpreters that frozen published meetings occupy, with their slots."""
    holding = Holding()
    if until is None:
        return holding
    keys = {slot.id: i for i, slot in enumerate(slots)}
    accepted = select(MeetingRequest.key, MeetingRequest.length).where(
        MeetingRequest.event_id == event_id, MeetingRequest.state == RequestState.ACCEPTED
    )
    lengths: dict[str, int] = dict(session.execute(accepted).all())
    for meeting in meetings:
        start = keys.get(meeting.slot)
        if start is not None and meeting.request in lengths and slots[start].start < until:
            holding.add(meeting, range(start, start + lengths[meeting.request]))
    return holding
