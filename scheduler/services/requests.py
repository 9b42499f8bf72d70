"""Meeting requests: submit, answer, withdraw, expire. What may be asked is in request_form."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.services.actors import Actor
from scheduler.services.request_form import CheckedRequest, NewRequest, check, duplicate_fault, open_request
from scheduler.services.request_lists import (
    RequestCard,
    RequestCounts,
    allowed_steps,
    counts,
    listing,
    received,
    sent,
    show,
)
from scheduler.services.texts import lines, storable
from scheduler.storage.models import Event, MeetingRequest, RequestPerson

__all__ = [
    "NewRequest",
    "RequestCard",
    "RequestCounts",
    "accept",
    "allowed_steps",
    "counts",
    "decline",
    "expire_due",
    "get",
    "listing",
    "received",
    "sent",
    "show",
    "submit",
    "withdraw",
]

MAX_NOTE = 1000


def submit(session: Session, actor: Actor, form: NewRequest, *, now: datetime) -> MeetingRequest:
    """Ask for a meeting; it is pending until the other firm answers, and expires at the event's term.

    Raises InvalidInput with every fault by field of NewRequest, NotAllowed.
    """
    checked = check(session, actor, form, now=now)
    days = session.get_one(Event, actor.event_id).request_days
    request = MeetingRequest(
        event_id=actor.event_id,
        key=_new_key(),
        from_firm_id=checked.from_firm.id,
        to_firm_id=checked.to_firm.id,
        priority=checked.priority,
        length=checked.length,
        place=checked.place,
        topic=checked.topic,
        message=checked.message,
        slots=checked.slots,
        state=RequestState.PENDING,
        created_by=actor.attendee_id,
        created_at=now,
        expires_at=min(now + timedelta(days=days), checked.latest),
        uid=str(uuid.uuid4()),
        people=[RequestPerson(attendee_id=person.id, side=side) for person, side in checked.people],
    )
    _insert(session, request, checked)
    return request


def get(session: Session, actor: Actor, key: str) -> MeetingRequest:
    """A request that the actor may see; raises NotFound for those of other firms and events."""
    request = None
    if storable(key):
        request = session.scalar(
            select(MeetingRequest).where(MeetingRequest.event_id == actor.event_id, MeetingRequest.key == key)
        )
    if request is None or not (actor.sees_firm(request.from_firm_id) or actor.sees_firm(request.to_firm_id)):
        raise NotFound("meeting request", key)
    return request


def accept(session: Session, actor: Actor, key: str, *, note: str = "", now: datetime) -> MeetingRequest:
    """The asked firm says yes; the next run looks for a time. Raises WrongState if it came too late."""
    request = get(session, actor, key)
    _require(actor.speaks_for(request.to_firm_id), "Only the firm that was asked may accept.")
    return _step(session, actor, request, _ACCEPT, note, now)


def decline(session: Session, actor: Actor, key: str, *, note: str = "", now: datetime) -> MeetingRequest:
    """The asked firm says no; the other firm reads the note. Raises WrongState if it came too late."""
    request = get(session, actor, key)
    _require(actor.speaks_for(request.to_firm_id), "Only the firm that was asked may decline.")
    return _step(session, actor, request, _DECLINE, note, now)


def withdraw(
    session: Session,
    actor: Actor,
    key: str,
    *,
    note: str = "",
    seen: RequestState | None = None,
    now: datetime,
) -> MeetingRequest:
    """Take back what was asked, or, by either firm, what was agreed: the meeting falls out of the next plan.

    `seen` is the state that the person looked at: if the request has another one by now, nothing is
    changed and WrongState says so, rather than a meeting just agreed being cancelled unawares.
    """
    request = get(session, actor, key)
    sender, receiver = actor.speaks_for(request.from_firm_id), actor.speaks_for(request.to_firm_id)
    _require(sender or receiver, "Only exhibitors of the two firms may withdraw.")
    if seen is not None and request.state is not seen:
        raise WrongState("meeting request", request.key, request.state.value, _WITHDRAW.name)
    _require(
        sender or request.state is not RequestState.PENDING,
        "Only the firm that asked may withdraw a request without an answer; you may decline it.",
    )
    # from the state that was read: if it changes before the update, the other step has won
    before = tuple(state for state in _WITHDRAW.before if state is request.state)
    return _step(session, actor, request, replace(_WITHDRAW, before=before), note, now)


def expire_due(session: Session, *, now: datetime) -> int:
    """Close the pending requests of every event whose term is over; gives their number."""
    expired = session.scalars(
        update(MeetingRequest)
        .where(MeetingRequest.state == RequestState.PENDING, MeetingRequest.expires_at <= now)
        .values(state=RequestState.EXPIRED)
        .returning(MeetingRequest.id)
        .execution_options(synchronize_session=False)
    )
    return len(expired.all())


@dataclass(frozen=True, slots=True)
class _Step:
    """A change of state, named as in sentences ("it cannot be accepted")."""

    name: str
    before: Sequence[RequestState]
    after: RequestState


_ACCEPT = _Step("accepted", (RequestState.PENDING,), RequestState.ACCEPTED)
_DECLINE = _Step("declined", (RequestState.PENDING,), RequestState.DECLINED)
_WITHDRAW = _Step("withdrawn", (RequestState.PENDING, RequestState.ACCEPTED), RequestState.WITHDRAWN)


def _step(
    session: Session, actor: Actor, request: MeetingRequest, step: _Step, note: str, now: datetime
) -> MeetingRequest:
    """One conditional UPDATE, so that of two steps at the same moment one wins and the other is told."""
    note = lines(note)
    if len(note) > MAX_NOTE:
        raise InvalidInput([Fault("note", f"must have at most {MAX_NOTE} characters")])
    in_time = or_(
        MeetingRequest.state != RequestState.PENDING,
        MeetingRequest.expires_at.is_(None),
        MeetingRequest.expires_at > now,
    )
    changed = session.scalar(
        update(MeetingRequest)
        .where(MeetingRequest.id == request.id, MeetingRequest.state.in_(step.before), in_time)
        .values(state=step.after, answered_by=actor.attendee_id, answered_at=now, answer_note=note)
        .returning(MeetingRequest.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(request)
    if changed is None:
        late = request.state is RequestState.PENDING and request.expires_at is not None
        state = RequestState.EXPIRED if late else request.state
        raise WrongState("meeting request", request.key, state.value, step.name)
    return request


def _insert(session: Session, request: MeetingRequest, checked: CheckedRequest) -> None:
    try:
        with session.begin_nested():  # a SAVEPOINT: the caller's transaction outlives a duplicate
            session.add(request)
    except IntegrityError:
        other = open_request(session, checked.from_firm.id, checked.to_firm.id)
        if other is None:
            raise
        raise InvalidInput([duplicate_fault(other)]) from None


def _require(allowed: bool, sentence: str) -> None:
    if not allowed:
        raise NotAllowed(sentence)


def _new_key() -> str:
    """Short enough to be read out, too long to be guessed or to collide: 50 bits."""
    return "r-" + base64.b32encode(secrets.token_bytes(7)).decode("ascii").lower()[:10]
