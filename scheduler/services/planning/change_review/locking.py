"""Locks of a request to a time and optionally a place, if compatible with other locks and frozen meetings."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.commitments import find_clash
from scheduler.domain.errors import NotFound
from scheduler.domain.manual_edits import LockKind
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.references import SlotRef, slot_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.problems import lock_conflicts, manual_edits, scope, snapshot
from scheduler.services.requests.locks import FixNotApplied, find_lockable
from scheduler.services.schedule import versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Event, MeetingRequest, Place, PlannedMeeting, Slot

log = structlog.get_logger()


def lock_request(
    session: Session,
    actor: Actor,
    key: str,
    slot_key: str,
    *,
    place_key: str | None = None,
    now: datetime,
) -> SlotRef:
    """Lock a request to a slot, and to a place if given.

    The next run keeps the lock. Raises NotFound, WrongState, and FixNotApplied if the lock cannot be kept.
    """
    actor.require(Right.LOCK_REQUESTS)
    request = find_lockable(session, actor, key)
    slot = session.scalar(select(Slot).where(Slot.of(actor.event_id), Slot.key == slot_key))
    if slot is None:
        raise NotFound("slot", slot_key)
    if slot.start <= now:
        raise FixNotApplied(gettext_lazy("That time has passed."))
    place = None
    if place_key is not None:
        place = session.scalar(select(Place).where(Place.event_id == actor.event_id, Place.key == place_key))
        if place is None or place.is_retired:
            raise FixNotApplied(gettext_lazy("That location no longer exists."))
    about = pgettext_lazy("audit log", "request %(key)s locked", key=key)
    recording.record_act(session, actor, Act.LOCK, about, after={"slot": slot.key}, now=now)
    return slot_ref(lock_to_slot(session, actor, request, slot, place, now=now))


def lock_to_slot(
    session: Session,
    actor: Actor,
    request: MeetingRequest,
    slot: Slot,
    place: Place | None = None,
    *,
    now: datetime,
) -> Slot:
    """Lock a request to a slot and add it to the request's allowed times.

    Raises FixNotApplied if the meeting is too long, or clashes with other locks or frozen meetings.
    """
    if len(session.scalars(slot.following(request.length)).all()) != request.length:
        raise FixNotApplied(gettext_lazy("The meeting is longer than the time left from that start."))
    if request.slots is not None and slot.key not in request.slots:
        request.slots = [*request.slots, slot.key]
    request.fixed_slot_id, request.fixed_place_id, request.is_locked = (
        slot.id,
        None if place is None else place.id,
        True,
    )
    session.flush()
    _refuse_clash(session, request, now=now)
    log.info("request locked", request=request.key, slot=slot.key, by=actor.account_id)
    return slot


def _refuse_clash(session: Session, request: MeetingRequest, *, now: datetime) -> None:
    """Raises FixNotApplied if the lock is infeasible, with a minimal set of conflicting locks and frozen
    meetings.
    """
    event_id = request.event_id
    around = _commitments(session, event_id, now=now)
    problem = snapshot.build_problem(session, event_id, now=now, scope=around)
    clash = find_clash(problem, request.key)
    if clash is not None:
        raise FixNotApplied(lock_conflicts.explain_refusal(session, event_id, request.key, clash))


def _commitments(session: Session, event_id: int, *, now: datetime) -> scope.Scope:
    """Return the scope of all commitments: locked requests, requests of manual drafts, frozen meetings, every
    place.
    """
    mine = MeetingRequest.event_id == event_id
    locked = {*session.scalars(select(MeetingRequest.id).where(mine, MeetingRequest.is_locked))}
    edited = manual_edits.find_effective_draft(session, event_id)
    marks = {} if edited is None else manual_edits.list_draft_edits(session, edited.id)
    by_key = [key for key, kind in marks.items() if kind is LockKind.LOCKED]
    locked |= {*session.scalars(select(MeetingRequest.id).where(mine, in_chunks(MeetingRequest.key, by_key)))}
    current = versions.find_published_version(session, event_id)
    if current is not None:
        until = session.get_one(Event, event_id).frozen_until(now)
        soon = select(PlannedMeeting.request_id).join(Slot, Slot.id == PlannedMeeting.slot_id)
        locked |= {*session.scalars(soon.where(PlannedMeeting.version_id == current.id, Slot.start < until))}
    places = session.scalars(select(Place.id).where(Place.event_id == event_id)).all()
    return scope.scope_with_neighbours(
        session, event_id, 0 if current is None else current.id, locked, places
    )
