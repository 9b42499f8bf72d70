"""Meeting requests: submit, respond, withdraw, expire. `requests.form` validates new requests."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.invites.ical import itip_revisions
from scheduler.services.directory.references import FirmRef, firm_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests import transitions
from scheduler.services.requests.form import (
    CheckedRequest,
    NewRequest,
    check_request,
    find_open_request,
    refuse_second,
)
from scheduler.services.requests.transitions import (
    ACCEPT,
    DECLINE,
    WITHDRAW,
    apply_transition,
    can_see,
    record_transition,
    sides_of,
)
from scheduler.services.schedule import meeting_ends
from scheduler.services.text import is_storable
from scheduler.storage.models import Event, MeetingRequest, RequestPerson
from scheduler.storage.rows import rows_of

ATTEMPTS = 3
"""Attempts if the other firm sends or responds concurrently."""


@dataclass(frozen=True, slots=True)
class RequestResult:
    """Result of sending a request: pending, or accepted if the other firm had sent one."""

    key: str
    state: RequestState
    from_firm: FirmRef
    to_firm: FirmRef


def submit_form(session: Session, actor: Actor, form: NewRequest, *, now: datetime) -> RequestResult:
    """Like `submit_request`, for pages and programs."""
    made = submit_request(session, actor, form, now=now)
    return RequestResult(made.key, made.state, firm_ref(made.from_firm), firm_ref(made.to_firm))


def submit_request(session: Session, actor: Actor, form: NewRequest, *, now: datetime) -> MeetingRequest:
    """Submit a meeting request.

    It is pending until the other firm responds, and expires at the event's deadline. If the other firm has a
    pending request to this one, that is accepted and gets both topics. Raises NotAllowed, and InvalidInput
    with every fault by field of NewRequest.
    """
    checked = check_request(session, actor, form, now=now)
    firms = checked.from_firm.id, checked.to_firm.id
    for _ in range(ATTEMPTS):
        _expire(session, MeetingRequest.of_pair(*firms), now)
        theirs = find_open_request(session, *firms)
        try:
            if theirs is not None:
                refuse_second(theirs, checked.from_firm.id)
                return _ask_back(session, actor, theirs, checked, now)
            return _insert(session, actor, checked, now)
        except (IntegrityError, WrongState):  # the other firm was faster: retry
            continue
    raise InvalidInput(
        [Fault("to_firm", gettext_lazy("try again; a request with this company is being processed"))]
    )


def get_request(session: Session, actor: Actor, key: str) -> MeetingRequest:
    """Return a request that the actor may see. Raises NotFound for requests of other firms and events."""
    request = None
    if is_storable(key):
        request = session.scalar(
            select(MeetingRequest).where(MeetingRequest.event_id == actor.event_id, MeetingRequest.key == key)
        )
    if request is None or not can_see(actor, request):
        raise NotFound("meeting request", key)
    return request


def accept_request(
    session: Session, actor: Actor, key: str, *, note: str = "", now: datetime
) -> RequestState:
    """Accept a request for the receiving firm. The next run looks for a time.

    Raises WrongState if it is too late.
    """
    request = get_request(session, actor, key)
    actor.require(
        Right.REQUEST_MEETINGS,
        firm_id=request.to_firm_id,
        sentence=gettext_lazy("Only the company that received the request can accept it."),
    )
    return apply_transition(session, actor, request, ACCEPT, note, now).state


def decline_request(
    session: Session, actor: Actor, key: str, *, note: str = "", now: datetime
) -> RequestState:
    """Decline a request for the receiving firm. The other firm sees the note.

    Raises WrongState if it is too late.
    """
    request = get_request(session, actor, key)
    actor.require(
        Right.REQUEST_MEETINGS,
        firm_id=request.to_firm_id,
        sentence=gettext_lazy("Only the company that received the request can decline it."),
    )
    return apply_transition(session, actor, request, DECLINE, note, now).state


def withdraw_request(
    session: Session,
    actor: Actor,
    key: str,
    *,
    note: str = "",
    seen: RequestState | None = None,
    now: datetime,
) -> RequestState:
    """Withdraw a pending request, or, for either firm, an accepted one, whose meeting the next run then
    drops.

    `seen` is the state that the person saw. Raises WrongState if it has changed, so that a request accepted
    meanwhile is not cancelled by mistake. Raises MeetingOver if the meeting has taken place.
    """
    request = get_request(session, actor, key)
    sides = sides_of(actor, request)
    if not sides:
        raise NotAllowed(gettext_lazy("Only contacts of the two companies can withdraw the request."))
    if seen is not None and request.state is not seen:
        raise WrongState(
            "meeting request",
            request.key,
            request.state.value,
            WITHDRAW.done,
            transitions.TOLD[request.state],
        )
    if not sides & WITHDRAW.takers.get(request.state, sides):
        raise NotAllowed(
            gettext_lazy(
                "Only the company that sent the request can withdraw it before a response. You "
                "can decline it."
            )
        )
    if request.state is RequestState.ACCEPTED and meeting_ends.is_meeting_over(session, request.id, now=now):
        raise meeting_ends.MeetingOver(request.key)
    return apply_transition(session, actor, request, WITHDRAW, note, now).state


def undo_step(session: Session, actor: Actor, key: str, *, now: datetime) -> RequestState:
    """Undo the last step, if no one was notified. See `transitions.undo_transition`."""
    return transitions.undo_transition(session, actor, get_request(session, actor, key), now=now).state


def expire_requests(session: Session, *, now: datetime) -> int:
    """Expire the overdue pending requests of all events. Return their number."""
    archived = select(Event.id).where(Event.archived_at.is_not(None))
    return _expire(session, MeetingRequest.event_id.not_in(archived), now)


def _expire(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    expired = session.scalars(
        update(MeetingRequest)
        .where(which, MeetingRequest.state == RequestState.PENDING, MeetingRequest.expires_at <= now)
        .values(state=RequestState.EXPIRED)
        .returning(MeetingRequest.id)
        .execution_options(synchronize_session=False)
    )
    return len(expired.all())


_DAYS = select(Event.request_days).where(Event.id == bindparam("event"))


def _insert(session: Session, actor: Actor, checked: CheckedRequest, now: datetime) -> MeetingRequest:
    """Insert the request. Raises IntegrityError if another request of the pair was opened meanwhile."""
    days = rows_of(session, _DAYS, event=actor.event_id).scalar_one()
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
        uid=itip_revisions.new_seed(),
        people=[RequestPerson(attendee_id=person.id, side=side) for person, side in checked.people],
    )
    with session.begin_nested():  # SAVEPOINT: the caller's transaction survives a duplicate
        session.add(request)
    # Checked again after the insert has locked both firms: a concurrent withdrawal has committed by now.
    transitions.require_both_firms(session, request, "asked for")
    record_transition(session, actor, request, "ask", Side.FROM, "", now=now)
    return request


def _ask_back(
    session: Session, actor: Actor, theirs: MeetingRequest, checked: CheckedRequest, now: datetime
) -> MeetingRequest:
    """Accept the other firm's request, and add the own topic, message, people and times.

    Its length and place are kept. Raises InvalidInput if no own time is among the other firm's.
    """
    slots = checked.slots if theirs.slots is None else theirs.slots
    if checked.slots is not None and theirs.slots is not None:
        slots = [slot for slot in theirs.slots if slot in checked.slots]
    if slots == []:
        raise InvalidInput(
            [
                Fault(
                    "slots",
                    gettext_lazy("select at least one time that the other company requested, or none"),
                )
            ]
        )
    apply_transition(session, actor, theirs, ACCEPT, "", now, seen=(RequestState.PENDING,))
    theirs.reply_topic, theirs.reply_message = checked.topic, checked.message
    theirs.reply_priority, theirs.slots = checked.priority, slots
    _name_people(theirs, [person.id for person, side in checked.people if side is Side.FROM], Side.TO)
    if not any(person.side is Side.FROM for person in theirs.people):
        _name_people(theirs, [person.id for person, side in checked.people if side is Side.TO], Side.FROM)
    session.flush()
    return theirs


def _name_people(request: MeetingRequest, ids: Sequence[int], side: Side) -> None:
    """Replace the people named for one side. An empty list changes nothing."""
    if not ids:
        return
    known = {person.attendee_id: person for person in request.people if person.side is side}
    named = [known.get(i) or RequestPerson(attendee_id=i, side=side) for i in ids]
    request.people = [person for person in request.people if person.side is not side] + named


def _new_key() -> str:
    """Return a random key of 50 bits: short enough to read out, too long to guess or to collide."""
    return "r-" + base64.b32encode(secrets.token_bytes(7)).decode("ascii").lower()[:10]
