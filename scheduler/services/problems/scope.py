"""Scope: the part of an event that is needed to check the rules for a few requests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.services.schedule import versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Interpreter,
    InterpreterAssignment,
    MeetingRequest,
    Place,
    PlaceClosure,
    PlannedMeeting,
    Slot,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Row ids of the loaded part of an event.

    `requests` None means the whole event. Times, halls and interpreters are always loaded completely.
    """

    requests: frozenset[int] | None = None
    firms: frozenset[int] = frozenset()
    places: frozenset[int] = frozenset()

    @property
    def is_whole(self) -> bool:
        return self.requests is None

    def of(self, table: Any) -> ColumnElement[bool]:
        """Return the SQL condition that selects the scope's rows of a table, or its places for a place
        column.
        """
        if self.requests is None:
            return true()
        if table is MeetingRequest:
            return in_chunks(MeetingRequest.id, self.requests)
        if table is Firm or table is Attendee:
            return in_chunks(Firm.id if table is Firm else Attendee.firm_id, self.firms)
        if table is Place or table is PlaceClosure.place_id:
            return in_chunks(Place.id if table is Place else PlaceClosure.place_id, self.places)
        return true()


def scope_around(
    session: Session,
    event_id: int,
    version_id: int,
    requests: Collection[int],
    places: Collection[int] = (),
    interpreters: Collection[int] = (),
) -> Scope:
    """Return the scope that decides whether some requests can be scheduled differently in a version, also at
    these places.

    Contains all requests of their firms, and all meetings at the places and of the interpreters. It is the
    whole event if a rule compares all people (H12).
    """
    if session.get_one(Event, event_id).policy.get("max_idle_spread") is not None:
        return Scope()
    planned = PlannedMeeting.version_id == version_id
    held = session.execute(
        select(PlannedMeeting.place_id, PlannedMeeting.interpreter_id).where(
            planned, in_chunks(PlannedMeeting.request_id, requests)
        )
    ).all()
    at = set(places) | {row[0] for row in held}
    by = set(interpreters) | {row[1] for row in held if row[1] is not None}
    firms = _firms_of(session, requests)
    asked = select(MeetingRequest.id).where(
        MeetingRequest.event_id == event_id,
        MeetingRequest.state == RequestState.ACCEPTED,
        or_(in_chunks(MeetingRequest.from_firm_id, firms), in_chunks(MeetingRequest.to_firm_id, firms)),
    )
    beside = select(PlannedMeeting.request_id).where(
        planned, or_(in_chunks(PlannedMeeting.place_id, at), in_chunks(PlannedMeeting.interpreter_id, by))
    )
    inside = {*requests, *session.scalars(asked), *session.scalars(beside)}
    return scope_with_neighbours(session, event_id, version_id, inside, at)


def scope_with_neighbours(
    session: Session, event_id: int, version_id: int, requests: Collection[int], places: Collection[int]
) -> Scope:
    """Return the scope extended by the firms and places that the requests and their planned or published
    meetings use.
    """
    current = versions.find_published_version(session, event_id)
    known = [version_id] if current is None else [version_id, current.id]
    at = session.scalars(
        select(PlannedMeeting.place_id).where(
            PlannedMeeting.version_id.in_(known), in_chunks(PlannedMeeting.request_id, requests)
        )
    )
    tables = select(InterpreterAssignment.place_id).join(Slot, Slot.id == InterpreterAssignment.slot_id)
    stations = session.scalars(tables.where(Slot.of(event_id)).distinct())
    named = {*places, *at, *stations}
    firms = _firms_of(session, requests)
    firms |= {
        firm
        for firm in session.scalars(select(Place.firm_id).where(in_chunks(Place.id, named)))
        if firm is not None
    }
    hosts = session.scalars(select(Firm.host_id).where(in_chunks(Firm.id, firms), Firm.host_id.is_not(None)))
    firms |= {host for host in hosts if host is not None}
    booths = session.scalars(select(Place.id).where(in_chunks(Place.firm_id, firms)))
    return Scope(frozenset(requests), frozenset(firms), frozenset({*named, *booths}))


def _firms_of(session: Session, requests: Collection[int]) -> set[int]:
    rows = session.execute(
        select(MeetingRequest.from_firm_id, MeetingRequest.to_firm_id).where(
            in_chunks(MeetingRequest.id, requests)
        )
    )
    return {firm for row in rows for firm in row}


def find_free_interpreters(
    session: Session, event_id: int, version_id: int, slots: Collection[int], most: int
) -> list[int]:
    """Return at most `most` interpreters without a meeting in these slots in a version."""
    busy = select(PlannedMeeting.interpreter_id).where(
        PlannedMeeting.version_id == version_id,
        PlannedMeeting.interpreter_id.is_not(None),
        or_(in_chunks(PlannedMeeting.slot_id, slots), in_chunks(PlannedMeeting.last_slot_id, slots)),
    )
    mine = select(Interpreter.id).where(Interpreter.event_id == event_id, Interpreter.id.not_in(busy))
    return list(session.scalars(mine.order_by(Interpreter.id).limit(most)))
