"""Changes of meetings that each attendee was told of.

What counts is what was sent to a calendar: `Invitation.is_change` is set when an email is claimed for
sending. So a publication that was replaced before its emails went out counts nothing, and going live, which
deletes what was sent in rehearsal, starts from zero.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Invitation


def count_notified_changes(
    session: Session, event_id: int, people: Collection[int] | None = None
) -> dict[int, int]:
    """Return the number of changes that attendees were told of since they were first invited.

    Attendees without any are omitted. Without `people`, all of the event's are counted, by one query of an
    index.
    """
    query = select(Invitation.attendee_id, func.count()).where(
        Invitation.event_id == event_id, Invitation.is_change
    )
    if people is not None:
        query = query.where(in_chunks(Invitation.attendee_id, people))
    rows = session.execute(query.group_by(Invitation.attendee_id)).all()
    return {attendee_id: count for attendee_id, count in rows}  # noqa: C416 -- dict(rows) loses the types


def notified_changes_column(event_id: int) -> ScalarSelect[int]:
    """Return the column expression of that number, for a query of the event's attendees."""
    mine = Invitation.event_id == event_id, Invitation.attendee_id == Attendee.id, Invitation.is_change
    return select(func.count()).select_from(Invitation).where(*mine).correlate(Attendee).scalar_subquery()
