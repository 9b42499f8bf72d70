"""State transitions of a meeting request: accept, decline, withdraw, and undo within a few minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain import fields, names
from scheduler.domain.entities import OPEN_REQUESTS, RequestState, Side
from scheduler.domain.errors import NotAllowed, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording, subjects
from scheduler.services.audit_log.acts import Act
from scheduler.services.directory import firm_notes
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests.form import is_overdue
from scheduler.services.text import clean_lines
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Firm, MeetingRequest, RequestTransition, ScheduleVersion, Slot
from scheduler.storage.rows import rows_of

UNDO_TIME = timedelta(minutes=10)
"""Time within which a step can be undone, if no schedule was published since."""

UNDO = "undo"
"""Verb of an undone step, in a request's history."""
_ANSWER = ("responded_by", "responded_side", "responded_at", "response_note")
"""Columns that store the last step."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A transition: `verb` is its name, `done` the participle for messages ("it cannot be accepted").

    `takers` maps each source state to the sides that may take it.
    """

    verb: str
    done: str
    takers: Mapping[RequestState, frozenset[Side]]
    after: RequestState


_ASKING, _ASKED = frozenset((Side.FROM,)), frozenset((Side.TO,))

ACCEPT = Transition(
    "accept",
    "accepted",
    {RequestState.PENDING: _ASKED, RequestState.DECLINED: _ASKED},
    RequestState.ACCEPTED,
)
DECLINE = Transition("decline", "declined", {RequestState.PENDING: _ASKED}, RequestState.DECLINED)
WITHDRAW = Transition(
    "withdraw",
    "withdrawn",
    {RequestState.PENDING: _ASKING, RequestState.ACCEPTED: _ASKING | _ASKED},
    RequestState.WITHDRAWN,
)
STEPS = (ACCEPT, DECLINE, WITHDRAW)
"""Transitions taken by people. Expiry is automatic, and `undo_transition` reverses the last one."""


TOLD = {
    RequestState.PENDING: gettext_lazy("The request is waiting for a response again."),
    RequestState.ACCEPTED: gettext_lazy("The request has already been accepted."),
    RequestState.DECLINED: gettext_lazy("The request has already been declined."),
    RequestState.WITHDRAWN: gettext_lazy("The request was withdrawn."),
    RequestState.EXPIRED: gettext_lazy("The request has expired. No response arrived in time."),
}
"""Message by state if a request's state does not allow a step."""
OVER = gettext_lazy("All times of this request are over.")
FOR_GOOD = gettext_lazy("The last action can no longer be undone.")
LEFT = gettext_lazy("One of the two companies was removed from the event.")
NEVER = gettext_lazy("One of the two companies blocked requests with the other.")
ANEW = gettext_lazy("The two companies now have another open request.")


def allowed_verbs(actor: Actor, request: MeetingRequest) -> tuple[str, ...]:
    """Return the verbs of the transitions that the actor may take from the current state."""
    sides = sides_of(actor, request)
    return tuple(step.verb for step in STEPS if sides & step.takers.get(request.state, frozenset()))


def apply_transition(
    session: Session,
    actor: Actor,
    request: MeetingRequest,
    step: Transition,
    note: str,
    now: datetime,
    *,
    seen: Sequence[RequestState] | None = None,
) -> MeetingRequest:
    """Apply a transition to the loaded state. Of two concurrent ones, only one succeeds.

    `seen` restricts the source states. Raises WrongState if another transition came first, InvalidInput if
    the note is too long.
    """
    note = clean_lines(note)
    fields.require_valid("note", note, fields.Note)
    was = request.state
    if was not in (step.takers if seen is None else seen) or is_overdue(request, now):
        raise _refused(request, step.done, now)
    if was is RequestState.DECLINED and not _is_ahead(session, request, now):
        raise WrongState("meeting request", request.key, "about times that are over", step.done, OVER)
    if step.after is RequestState.ACCEPTED:
        require_both_firms(session, request, step.done)
    side = side_of(actor, request) or _only_taker(step, was)
    values: dict[str, object] = {
        "state": step.after,
        "responded_by": actor.attendee_id,
        "responded_side": side,
        "responded_at": now,
        "response_note": note,
        "before": _memento(request),
    }
    if not _change(session, request, was, values, now):
        raise _refused(request, step.done, now)
    record_transition(session, actor, request, step.verb, side, note, now=now)
    return request


def record_transition(
    session: Session,
    actor: Actor,
    request: MeetingRequest,
    verb: str,
    side: Side | None,
    note: str,
    *,
    now: datetime,
) -> None:
    """Add a transition to a request's history, and audit-log it if an organiser took it."""
    if actor.attendee_id is None:
        firm_id = request.to_firm_id if side is Side.TO else request.from_firm_id
        firm = session.get_one(Firm, firm_id).key if side is not None else ""
        recording.record_act(
            session, actor, Act.REQUEST, subjects.step_subject(verb, request.key), for_firm=firm, now=now
        )
    session.add(
        RequestTransition(
            request_id=request.id,
            verb=verb,
            side=side,
            attendee_id=actor.attendee_id,
            account_id=actor.account_id,
            note=note,
            changed_at=now,
        )
    )


def undo_transition(
    session: Session, actor: Actor, request: MeetingRequest, *, now: datetime
) -> MeetingRequest:
    """Undo the last transition, within UNDO_TIME and before anyone was notified, for the side that took it.

    Raises NotAllowed, WrongState.
    """
    if request.before is None or request.responded_at is None:
        raise WrongState("meeting request", request.key, request.state.value, "undone", FOR_GOOD)
    if not may_undo(actor, request):
        raise NotAllowed(gettext_lazy("Only the side that took the last action can undo it."))
    if request.responded_at + UNDO_TIME <= now or _was_told(session, request):
        raise WrongState(
            "meeting request", request.key, f"{request.state.value} for good", "undone", FOR_GOOD
        )
    values = {**_remembered(request), "before": None}
    if values["state"] in OPEN_REQUESTS:
        require_both_firms(session, request, "undone")
    if not _change(session, request, request.state, values, now):
        raise _refused(request, "undone", now)
    record_transition(session, actor, request, UNDO, side_of(actor, request), "", now=now)
    return request


def may_undo(actor: Actor, request: MeetingRequest) -> bool:
    """Return True if the last transition was taken by the actor's side. Organisers may undo any."""
    firms = {Side.FROM: request.from_firm_id, Side.TO: request.to_firm_id}
    side = request.responded_side
    return actor.may(Right.REQUEST_MEETINGS, firm_id=firms[side] if side is not None else None)


def can_see(actor: Actor, request: MeetingRequest) -> bool:
    """Return True if the actor may see the request: people of either firm, and organisers."""
    firms = request.from_firm_id, request.to_firm_id
    return any(actor.may(Right.READ_REQUESTS, firm_id=firm_id) for firm_id in firms)


def sides_of(actor: Actor, request: MeetingRequest) -> frozenset[Side]:
    """Return the sides for which the actor acts: an exhibitor for the own firm, an organiser for both."""
    firms = {Side.FROM: request.from_firm_id, Side.TO: request.to_firm_id}
    return frozenset(
        side for side, firm_id in firms.items() if actor.may(Right.REQUEST_MEETINGS, firm_id=firm_id)
    )


def undo_until(actor: Actor, request: MeetingRequest) -> datetime | None:
    """Return the time until which the actor may undo the last transition, or None for never."""
    if request.before is None or request.responded_at is None or not may_undo(actor, request):
        return None
    return request.responded_at + UNDO_TIME


def side_of(actor: Actor, request: MeetingRequest) -> Side | None:
    """Return the side for which the actor acts on a request, or None for an organiser of another firm.

    A delegation manager acts for the one firm in their delegations; if both are, for neither.
    """
    sides = {request.from_firm_id: Side.FROM, request.to_firm_id: Side.TO}
    if actor.firm_id in sides:
        return sides[actor.firm_id]
    own = [side for firm_id, side in sides.items() if actor.managed and firm_id in actor.managed.firms]
    return own[0] if len(own) == 1 else None


def _only_taker(step: Transition, was: RequestState) -> Side | None:
    """Return the only side that may take the transition: an organiser takes it in that firm's name."""
    takers = step.takers.get(was, frozenset())
    return next(iter(takers)) if len(takers) == 1 else None


_GONE = select(Firm.name, Firm.latin_name).where(
    in_chunks(Firm.id, bindparam("firms")), Firm.withdrawn_at.is_not(None)
)


def require_both_firms(session: Session, request: MeetingRequest, step: str) -> None:
    """Raises WrongState if one of the two firms has left the event, or excluded meetings with the other."""
    pair = (request.from_firm_id, request.to_firm_id)
    gone = rows_of(session, _GONE, firms=pair).first()
    if gone is not None:
        raise WrongState(
            "meeting request", request.key, f"of {names.record_name(*gone)}, which left the event", step, LEFT
        )
    if firm_notes.excluding_firms(session, *pair):
        raise WrongState("meeting request", request.key, "of two firms that are not to meet", step, NEVER)


def _change(
    session: Session, request: MeetingRequest, was: RequestState, values: Mapping[str, object], now: datetime
) -> bool:
    """Apply the values by one conditional UPDATE.

    Return False if the request has changed. Raises WrongState if the pair has another open request.
    """
    in_time = or_(
        MeetingRequest.state != RequestState.PENDING,
        MeetingRequest.expires_at.is_(None),
        MeetingRequest.expires_at > now,
    )
    try:
        with session.begin_nested():  # SAVEPOINT: the caller's transaction survives a duplicate
            changed = session.scalar(
                update(MeetingRequest)
                .where(MeetingRequest.id == request.id, MeetingRequest.state == was, in_time)
                .values(**values)
                .returning(MeetingRequest.id)
                .execution_options(synchronize_session=False)
            )
    except IntegrityError:
        raise WrongState("meeting request", request.key, "asked for anew", "changed", ANEW) from None
    session.refresh(request)
    return changed is not None


def _refused(request: MeetingRequest, step: str, now: datetime) -> WrongState:
    state = RequestState.EXPIRED if is_overdue(request, now) else request.state
    return WrongState("meeting request", request.key, state.value, step, TOLD[state])


def _is_ahead(session: Session, request: MeetingRequest, now: datetime) -> bool:
    """Return True if an allowed start slot of the request is still ahead."""
    query = select(Slot.id).where(Slot.of(request.event_id), Slot.start > now)
    if request.slots is not None:
        query = query.where(in_chunks(Slot.key, request.slots))
    return session.scalar(query.limit(1)) is not None


def _was_told(session: Session, request: MeetingRequest) -> bool:
    """Return True if a schedule was published since the last transition, which is then in calendars."""
    published = select(ScheduleVersion.id).where(
        ScheduleVersion.event_id == request.event_id, ScheduleVersion.published_at >= request.responded_at
    )
    return session.scalar(published.limit(1)) is not None


def _memento(request: MeetingRequest) -> dict[str, object]:
    """Return the values that a transition replaces, as JSON."""
    kept: dict[str, object] = {name: getattr(request, name) for name in _ANSWER}
    at = request.responded_at
    return {**kept, "state": request.state.value, "responded_at": at.isoformat() if at else None}


def _remembered(request: MeetingRequest) -> dict[str, object]:
    """Return the column values before the last transition, from the stored JSON."""
    kept = dict(request.before or {})
    at, side = kept["responded_at"], kept["responded_side"]
    return {
        **kept,
        "state": RequestState(kept["state"]),
        "responded_at": datetime.fromisoformat(at) if at else None,
        "responded_side": Side(side) if side else None,
    }
