"""Hold a request that found no place at the time that a remedy names: do the remedy, and lock the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceWish, RequestState
from scheduler.domain.errors import ChainmeetError, NotFound, WrongState
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.availability import unavailable
from scheduler.services.directory.refs import SlotRef, slot_ref
from scheduler.services.requests import requests
from scheduler.services.schedule import unscheduled, versions
from scheduler.services.text import storable
from scheduler.services.trail import trail
from scheduler.services.trail.acts import Act
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    ExcludedPerson,
    MeetingRequest,
    Place,
    ScheduleVersion,
    Slot,
)

log = structlog.get_logger()

DONE_HERE = frozenset({"available", "withdraw", "any-place", "take-part", "again", "closed"})
"""Kinds of ways that a button can apply. The others need a person, an interpreter or a place first."""


class NotDone(ChainmeetError):
    """A remedy cannot be applied, or not any more. Nothing was changed."""

    code = "remedy-not-done"


def hold_there(
    session: Session, actor: Actor, version: int, key: str, number: int, *, now: datetime
) -> SlotRef:
    """Do remedy `number` of a request that a version does not hold, and lock it to its slot, which is given.

    The next run holds it there, or says that it cannot. Raises NotFound, WrongState, NotDone.
    """
    actor.require(Right.LOCK_REQUESTS)
    way = _way(session, versions.get(session, actor.event_id, version), key, number)
    request = _request(session, actor, key)
    slot = session.scalar(select(Slot).where(Slot.of(actor.event_id), Slot.key == str(way.get("slot"))))
    if slot is None:
        raise NotDone("This remedy names no time.")
    if slot.start <= now:
        raise NotDone("That time is over.")
    if way["kind"] not in DONE_HERE:
        raise NotDone("This remedy needs something that no page can do. Do it first, then lock the request.")
    _do(session, actor, request, way, slot, now)
    _note(session, actor, f"remedy done, and request {key} locked", slot, now)
    return slot_ref(_lock(session, actor, request, slot))


def lock(
    session: Session,
    actor: Actor,
    key: str,
    slot_key: str,
    *,
    place_key: str | None = None,
    now: datetime,
) -> SlotRef:
    """Lock a request to a slot, and to a place if one is given.

    The next run holds it there, or says why not. Raises as `hold_there`.
    """
    actor.require(Right.LOCK_REQUESTS)
    request = _request(session, actor, key)
    slot = session.scalar(select(Slot).where(Slot.of(actor.event_id), Slot.key == slot_key))
    if slot is None:
        raise NotFound("slot", slot_key)
    if slot.start <= now:
        raise NotDone("That time is over.")
    place = None
    if place_key is not None:
        place = session.scalar(select(Place).where(Place.event_id == actor.event_id, Place.key == place_key))
        if place is None or place.is_retired:
            raise NotDone("That place is no more.")
    _note(session, actor, f"request {key} locked", slot, now)
    return slot_ref(_lock(session, actor, request, slot, place))


def _note(session: Session, actor: Actor, about: str, slot: Slot, now: datetime) -> None:
    trail.note(session, actor, Act.LOCK, about, after={"slot": slot.key}, now=now)


def unlock(session: Session, actor: Actor, key: str, *, now: datetime) -> bool:
    """Unlock a request: the next run may hold it at any of its times. Returns whether it was locked."""
    actor.require(Right.LOCK_REQUESTS)
    request = requests.get(session, actor, key)
    was = request.fixed_must
    if was:
        request.fixed_slot_id, request.fixed_place_id, request.fixed_must = None, None, False
        session.flush()
        log.info("request unlocked", request=key, by=actor.account_id)
        trail.note(session, actor, Act.LOCK, f"request {key} unlocked", now=now)
    return was


def locked(session: Session, event_id: int) -> dict[str, Slot]:
    """The slots that requests are locked to, by their keys."""
    rows = session.execute(
        select(MeetingRequest.key, Slot)
        .join(Slot, Slot.id == MeetingRequest.fixed_slot_id)
        .where(
            MeetingRequest.event_id == event_id,
            MeetingRequest.fixed_must,
            MeetingRequest.state == RequestState.ACCEPTED,
        )
        .order_by(Slot.position, MeetingRequest.key)
    )
    return {key: slot for key, slot in rows}  # noqa: C416 -- dict(rows) loses the types


def _way(session: Session, version: ScheduleVersion, key: str, number: int) -> Mapping[str, Any]:
    answers = unscheduled.about(session, version.id, [key] if storable(key) else [])
    ways: Sequence[Mapping[str, Any]] = answers.get(key, {}).get("ways", ())
    if not 0 <= number < len(ways):
        raise NotFound("remedy", number)
    return ways[number]


def _request(session: Session, actor: Actor, key: str) -> MeetingRequest:
    request = requests.get(session, actor, key)
    if request.state is not RequestState.ACCEPTED:
        raise WrongState("meeting request", key, request.state.value, "locked")
    return request


def _do(
    session: Session,
    actor: Actor,
    request: MeetingRequest,
    way: Mapping[str, Any],
    slot: Slot,
    now: datetime,
) -> None:
    ids, kind = list(way["ids"]), way["kind"]
    if kind == "withdraw":
        for other in ids:
            requests.withdraw(session, actor, other, seen=RequestState.ACCEPTED, now=now)
    elif kind == "available":
        _free(session, actor, ids, slot, request.length)
    elif kind == "take-part":
        people = select(Attendee.id).where(Attendee.event_id == actor.event_id, Attendee.key.in_(ids))
        session.execute(
            delete(ExcludedPerson).where(
                ExcludedPerson.request_id == request.id, ExcludedPerson.attendee_id.in_(people)
            )
        )
    elif kind == "any-place":
        request.place = PlaceWish.ANY
    elif kind == "closed" and request.slots is not None:
        request.slots = [*request.slots, slot.key]


def _free(session: Session, actor: Actor, people: Sequence[str], slot: Slot, length: int) -> None:
    """Remove the busy marks that people set by hand. Busy times of their calendars stay and are reported."""
    rows = session.execute(
        select(Attendee.id, Attendee.latin_name).where(
            Attendee.event_id == actor.event_id, Attendee.key.in_(people)
        )
    ).all()
    slots = session.scalars(slot.following(length)).all()
    busy = AttendeeBusy.attendee_id.in_([row[0] for row in rows]) & AttendeeBusy.slot_id.in_(slots)
    session.execute(delete(AttendeeBusy).where(busy), execution_options={"synchronize_session": False})
    still = unavailable.slots_of(session, actor.event_id, [row[0] for row in rows])
    for attendee_id, name in rows:
        if still.get(attendee_id, set()) & set(slots):
            raise NotDone(f"The calendar that {name} linked says that they are busy then. Ask them.")


def _lock(
    session: Session, actor: Actor, request: MeetingRequest, slot: Slot, place: Place | None = None
) -> Slot:
    if len(session.scalars(slot.following(request.length)).all()) != request.length:
        raise NotDone("The meeting is longer than what is left from that time on.")
    if request.slots is not None and slot.key not in request.slots:
        request.slots = [*request.slots, slot.key]
    request.fixed_slot_id, request.fixed_place_id, request.fixed_must = (
        slot.id,
        None if place is None else place.id,
        True,
    )
    session.flush()
    log.info("request locked", request=request.key, slot=slot.key, by=actor.account_id)
    return slot
