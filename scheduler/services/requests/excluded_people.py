"""Excluded people: they declined a meeting that takes place without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from scheduler.services.directory.references import PersonRef, person_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, ExcludedPerson
from scheduler.storage.rows import rows_of


@dataclass(frozen=True, slots=True)
class ExcludedAttendee:
    """A person who declined the meeting, which takes place without them."""

    person: PersonRef
    note: str
    """For the exhibitors of their firm. Other colleagues do not see it."""
    at: datetime
    others_go: bool
    """Others named in the request attend. If not, the next schedule sends a colleague."""


_OF_BOTH = (
    select(
        ExcludedPerson.request_id,
        ExcludedPerson.attendee_id,
        ExcludedPerson.note,
        ExcludedPerson.excluded_at,
        ExcludedPerson.others_go(),
        *person_columns(Attendee),
    )
    .join(Attendee, Attendee.id == ExcludedPerson.attendee_id)
    .where(in_chunks(ExcludedPerson.request_id, bindparam("requests")))
    .order_by(ExcludedPerson.excluded_at, Attendee.id)
)
_OF_ONE = _OF_BOTH.where(Attendee.firm_id == bindparam("firm"))


def list_excluded(
    session: Session, actor: Actor, request_ids: Sequence[int]
) -> Mapping[int, tuple[ExcludedAttendee, ...]]:
    """Return excluded people by request: of the actor's firm, or of both firms for organisers."""
    of_both = actor.may(Right.READ_REQUESTS)
    query, asked = (_OF_BOTH, {}) if of_both else (_OF_ONE, {"firm": actor.firm_id})
    reads_notes = actor.may(Right.REQUEST_MEETINGS, firm_id=actor.firm_id)
    found: dict[int, tuple[ExcludedAttendee, ...]] = {}
    for request_id, attendee_id, note, at, others_go, *person in rows_of(
        session, query, requests=request_ids, **asked
    ):
        shown = note if reads_notes or attendee_id == actor.attendee_id else ""
        each = ExcludedAttendee(PersonRef(*person), shown, at, others_go)
        found[request_id] = (*found.get(request_id, ()), each)
    return found
