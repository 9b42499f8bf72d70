"""History of a request: each step, its author, and the firm for which an organiser acted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Side
from scheduler.domain.errors import NotFound
from scheduler.services.directory.references import PersonRef, person_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.requests.transitions import UNDO, can_see
from scheduler.services.text import is_storable
from scheduler.storage.models import Attendee, MeetingRequest, RequestTransition


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One step. `person` is None if an organiser took it, in the name of `side` if that is not None."""

    verb: str
    side: Side | None
    person: PersonRef | None
    note: str
    at: datetime


def list_history(session: Session, actor: Actor, key: str) -> tuple[HistoryEntry, ...]:
    """Return the steps of a request in order. Undone steps are left out, because no one was notified.

    Raises NotFound for requests of other firms and events.
    """
    request = None
    if is_storable(key):
        request = session.scalar(
            select(MeetingRequest).where(MeetingRequest.event_id == actor.event_id, MeetingRequest.key == key)
        )
    if request is None or not can_see(actor, request):
        raise NotFound("meeting request", key)
    rows = session.execute(
        select(
            RequestTransition.verb,
            RequestTransition.side,
            RequestTransition.note,
            RequestTransition.changed_at,
            *person_columns(Attendee),
        )
        .outerjoin(Attendee, Attendee.id == RequestTransition.attendee_id)
        .where(RequestTransition.request_id == request.id)
        .order_by(RequestTransition.id)
    )
    found: list[HistoryEntry] = []
    for verb, side, note, at, *person in rows:
        if verb == UNDO:
            del found[-1:]
        else:
            by = PersonRef(*person) if person[0] is not None else None
            found.append(HistoryEntry(verb, side, by, note, at))
    return tuple(found)
