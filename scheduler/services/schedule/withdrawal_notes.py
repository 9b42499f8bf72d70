"""Withdrawal notes: who withdrew a request, for which firm, and their note to the others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side
from scheduler.services.directory.references import FirmRef, PersonRef, firm_columns, person_columns
from scheduler.storage.models import Attendee, Firm, MeetingRequest


@dataclass(frozen=True, slots=True)
class WithdrawalNote:
    """Note of a withdrawal.

    `text` may be empty. `by` is None if the person is unknown; `firm` is None too for an organiser.
    """

    text: str
    by: PersonRef | None
    firm: FirmRef | None
    at: datetime | None
    by_id: int | None = None
    """The attendee of `by`."""
    is_declined: bool = False
    """True if an invitation was declined. A cancellation on a page stores the earlier state instead."""


def list_withdrawal_notes(session: Session, request_ids: Collection[int]) -> dict[int, WithdrawalNote]:
    """Return the notes of the withdrawn requests among these, by id. Runs at most one query."""
    if not request_ids:
        return {}
    firm_id = case(
        (MeetingRequest.responded_side == Side.FROM, MeetingRequest.from_firm_id),
        (MeetingRequest.responded_side == Side.TO, MeetingRequest.to_firm_id),
    )
    rows = session.execute(
        select(
            MeetingRequest.id,
            MeetingRequest.response_note,
            MeetingRequest.responded_at,
            MeetingRequest.responded_by,
            MeetingRequest.before["state"].as_string(),
            *person_columns(Attendee),
            *firm_columns(Firm),
        )
        .outerjoin(Attendee, Attendee.id == MeetingRequest.responded_by)
        .outerjoin(Firm, Firm.id == firm_id)
        .where(MeetingRequest.id.in_(request_ids), MeetingRequest.state == RequestState.WITHDRAWN)
    )
    found = {}
    for request_id, text, at, by_id, state_before, *names in rows:
        person, firm = names[:4], names[4:]
        found[request_id] = WithdrawalNote(
            text=text,
            by=PersonRef(*person) if person[0] is not None else None,
            firm=FirmRef(*firm) if firm[0] is not None else None,
            at=at,
            by_id=by_id,
            is_declined=state_before is None,
        )
    return found
