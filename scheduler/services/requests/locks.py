"""Locks of requests to a time and place, which the next run keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import ChainmeetError, WrongState
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests import requests
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    MeetingRequest,
    Slot,
)

log = structlog.get_logger()


class FixNotApplied(ChainmeetError):
    """Raised if a fix or lock cannot be applied (any more). Nothing was changed."""

    code = "remedy-not-done"


def unlock_request(session: Session, actor: Actor, key: str, *, now: datetime) -> bool:
    """Unlock a request: the next run may schedule it at any allowed time. Return True if it was locked."""
    actor.require(Right.LOCK_REQUESTS)
    request = requests.get_request(session, actor, key)
    was = request.is_locked
    if was:
        request.fixed_slot_id, request.fixed_place_id, request.is_locked = None, None, False
        session.flush()
        log.info("request unlocked", request=key, by=actor.account_id)
        recording.record_act(
            session, actor, Act.LOCK, pgettext_lazy("audit log", "request %(key)s unlocked", key=key), now=now
        )
    return was


def hold_back_request(session: Session, actor: Actor, key: str, *, now: datetime) -> None:
    """Hold a request back, so that no run schedules it. Raises NotFound, WrongState."""
    actor.require(Right.LOCK_REQUESTS)
    request = find_lockable(session, actor, key)
    if not request.is_excluded:
        request.is_excluded = True
        session.flush()
        recording.record_act(
            session,
            actor,
            Act.LOCK,
            pgettext_lazy("audit log", "request %(key)s excluded from scheduling", key=key),
            now=now,
        )


def release_request(session: Session, actor: Actor, key: str, *, now: datetime) -> bool:
    """Allow runs to schedule a request again. Return True if it was held back."""
    actor.require(Right.LOCK_REQUESTS)
    request = requests.get_request(session, actor, key)
    was = request.is_excluded
    if was:
        request.is_excluded = False
        session.flush()
        recording.record_act(
            session,
            actor,
            Act.LOCK,
            pgettext_lazy("audit log", "request %(key)s included in scheduling again", key=key),
            now=now,
        )
    return was


def list_locked_slots(session: Session, event_id: int) -> dict[str, Slot]:
    """Return the locked slots by request key."""
    rows = session.execute(
        select(MeetingRequest.key, Slot)
        .join(Slot, Slot.id == MeetingRequest.fixed_slot_id)
        .where(
            MeetingRequest.event_id == event_id,
            MeetingRequest.is_locked,
            MeetingRequest.state == RequestState.ACCEPTED,
        )
        .order_by(Slot.position, MeetingRequest.key)
    )
    return {key: slot for key, slot in rows}  # noqa: C416 -- dict(rows) loses the types


def find_lockable(session: Session, actor: Actor, key: str) -> MeetingRequest:
    """Return a request that can be locked, because it is accepted. Raises NotFound, WrongState."""
    request = requests.get_request(session, actor, key)
    if request.state is not RequestState.ACCEPTED:
        raise WrongState("meeting request", key, request.state.value, "locked")
    return request


def find_lockables(session: Session, actor: Actor, keys: Sequence[str]) -> list[MeetingRequest]:
    """Return the accepted requests among these keys."""
    actor.require(Right.LOCK_REQUESTS)
    mine = MeetingRequest.event_id == actor.event_id, MeetingRequest.state == RequestState.ACCEPTED
    return list(session.scalars(select(MeetingRequest).where(*mine, in_chunks(MeetingRequest.key, keys))))
