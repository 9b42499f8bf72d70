"""Meeting requests as their firms and organisers see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceWish, RequestState, Side
from scheduler.services.directory.references import (
    FirmRef,
    PersonRef,
    person_columns,
)
from scheduler.services.identity.actors import Actor
from scheduler.services.requests.excluded_people import ExcludedAttendee
from scheduler.services.requests.excluded_people import list_excluded as excluded_of
from scheduler.services.requests.transitions import allowed_verbs, undo_until
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    MeetingRequest,
    RequestPerson,
)
from scheduler.storage.rows import rows_of


@dataclass(frozen=True, slots=True)
class RequestCard:
    """A request as its firms read it."""

    key: str
    state: RequestState
    from_firm: FirmRef
    to_firm: FirmRef
    priority: int
    reply_priority: int | None
    """The priority of the other firm, if it requested the meeting too."""
    length: int
    """In slots."""
    place: PlaceWish
    topic: str
    message: str
    reply_topic: str
    """The topic of the other firm, if it requested the meeting too."""
    reply_message: str
    """The message of the other firm, if it requested the meeting too."""
    slots: tuple[str, ...] | None
    """Keys of the slots in which it may start; None for any."""
    from_attendees: tuple[PersonRef, ...]
    to_attendees: tuple[PersonRef, ...]
    requested_by: PersonRef | None
    """None if an organiser sent it in the firm's name."""
    created_at: datetime
    expires_at: datetime | None
    responded_by: PersonRef | None
    """Who took the last step; None for an organiser."""
    responded_side: Side | None
    """In the name of which firm; None if an organiser acted for neither."""
    responded_at: datetime | None
    response_note: str
    undo_until: datetime | None
    """Until when the user may undo the last step; None for never."""
    steps: tuple[str, ...]
    """What the user may do now: accept, decline, withdraw."""
    excluded: tuple[ExcludedAttendee, ...] = ()
    """People of the user's firm; for an organiser, of both firms."""


def build_cards(
    session: Session, actor: Actor, rows: Sequence[Row[*tuple[Any, ...]]]
) -> tuple[RequestCard, ...]:
    """Build cards from rows of the query in `request_lists`."""
    ids = [row[0].id for row in rows]
    people, excluded = _named(session, ids), excluded_of(session, actor, ids)
    return tuple(_card(actor, row[0], row[1:17], people, excluded.get(row[0].id, ())) for row in rows)


def _card(
    actor: Actor,
    request: MeetingRequest,
    names: Sequence[str],
    people: Mapping[tuple[int, Side], Sequence[PersonRef]],
    excluded: tuple[ExcludedAttendee, ...],
) -> RequestCard:
    return RequestCard(
        key=request.key,
        state=request.state,
        from_firm=FirmRef(*names[:4]),
        to_firm=FirmRef(*names[4:8]),
        priority=request.priority,
        reply_priority=request.reply_priority,
        length=request.length,
        place=request.place,
        topic=request.topic,
        message=request.message,
        reply_topic=request.reply_topic,
        reply_message=request.reply_message,
        slots=tuple(request.slots) if request.slots is not None else None,
        from_attendees=tuple(people.get((request.id, Side.FROM), ())),
        to_attendees=tuple(people.get((request.id, Side.TO), ())),
        requested_by=_person(names[8:12]),
        created_at=request.created_at,
        expires_at=request.expires_at,
        responded_by=_person(names[12:16]),
        responded_side=request.responded_side,
        responded_at=request.responded_at,
        response_note=request.response_note,
        undo_until=undo_until(actor, request),
        steps=allowed_verbs(actor, request),
        excluded=excluded,
    )


def _person(names: Sequence[str]) -> PersonRef | None:
    """Return the person, or None if the outer join found none."""
    return PersonRef(*names) if names[0] is not None else None


_NAMED = (
    select(RequestPerson.request_id, RequestPerson.side, *person_columns(Attendee))
    .join(Attendee, Attendee.id == RequestPerson.attendee_id)
    .where(in_chunks(RequestPerson.request_id, bindparam("requests")))
    .order_by(Attendee.id)
)


def _named(session: Session, request_ids: Sequence[int]) -> dict[tuple[int, Side], list[PersonRef]]:
    """Return the people named in requests, by request and side."""
    people: dict[tuple[int, Side], list[PersonRef]] = {}
    for request_id, side, *person in rows_of(session, _NAMED, requests=request_ids):
        people.setdefault((request_id, side), []).append(PersonRef(*person))
    return people
