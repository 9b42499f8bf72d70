"""Excluded people: they declined a meeting that goes on. Their own firm reads about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.directory.refs import PersonRef, person_columns
from scheduler.storage.among import among
from scheduler.storage.models import Attendee, ExcludedPerson


@dataclass(frozen=True, slots=True)
class Excluded:
    """Somebody who declined the meeting, which goes on without them.

    `note` is for the exhibitors of their firm. Other colleagues do not see it. `others_go` says that others
    whom the request names go. If not, the next plan sends a colleague.
    """

    person: PersonRef
    note: str
    at: datetime
    others_go: bool


_QUERY = (
    select(
        ExcludedPerson.request_id,
        ExcludedPerson.attendee_id,
        ExcludedPerson.note,
        ExcludedPerson.excluded_at,
        ExcludedPerson.others_go(),
        *person_columns(Attendee),
    )
    .join(Attendee, Attendee.id == ExcludedPerson.attendee_id)
    .order_by(ExcludedPerson.excluded_at, Attendee.id)
)


def of_requests(
    session: Session, actor: Actor, request_ids: Sequence[int]
) -> Mapping[int, tuple[Excluded, ...]]:
    """Excluded people by request: of the actor's firm, or of both firms for organisers."""
    query = _QUERY.where(among(ExcludedPerson.request_id, request_ids))
    if not actor.may(Right.READ_REQUESTS):
        query = query.where(Attendee.firm_id == actor.firm_id)
    reads_notes = actor.may(Right.ASK, firm_id=actor.firm_id)
    found: dict[int, tuple[Excluded, ...]] = {}
    for request_id, attendee_id, note, at, others_go, *person in session.execute(query):
        shown = note if reads_notes or attendee_id == actor.attendee_id else ""
        each = Excluded(PersonRef(*person), shown, at, others_go)
        found[request_id] = (*found.get(request_id, ()), each)
    return found
