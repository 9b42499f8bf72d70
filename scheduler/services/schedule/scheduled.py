"""Definition of "scheduled": a request has a meeting in a version and is still accepted.

A version keeps the meetings of requests that were withdrawn or declined since, until the next publication.
They no longer count as scheduled, so counts, lists and charts leave them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.storage.database import once_per_session
from scheduler.storage.models import MeetingRequest, PlannedMeeting

IS_ACCEPTED = MeetingRequest.state == RequestState.ACCEPTED
"""A meeting takes place while its request is accepted."""


def only_scheduled(query: Any, version_id: int) -> Any:
    """Restrict a query of planned meetings to the scheduled ones of a version."""
    return query.join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id).where(
        PlannedMeeting.version_id == version_id, IS_ACCEPTED
    )


def only_withdrawn(query: Any, version_id: int) -> Any:
    """Restrict a query of planned meetings to those of a version whose requests are no longer accepted."""
    return query.join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id).where(
        PlannedMeeting.version_id == version_id, ~IS_ACCEPTED
    )


def its_meeting(version_id: int) -> ColumnElement[bool]:
    """Return the condition for an outer join of accepted requests with their meetings in a version."""
    return and_(
        PlannedMeeting.request_id == MeetingRequest.id, PlannedMeeting.version_id == literal(version_id)
    )


def count_scheduled(session: Session, version_id: int) -> int:
    """Count the requests that are scheduled in a version."""
    planned = select(func.count()).where(PlannedMeeting.version_id == version_id)
    kept = once_per_session(session, f"planned {version_id}", lambda: session.scalars(planned).one())
    return kept - len(list_withdrawn_requests(session, version_id))


def list_withdrawn_requests(session: Session, version_id: int) -> Sequence[str]:
    """Return keys of the version's requests that are no longer accepted. Publishing leaves them out."""
    keys = select(MeetingRequest.key).select_from(PlannedMeeting).order_by(MeetingRequest.key)
    query = only_withdrawn(keys, version_id)
    return once_per_session(session, f"withdrawn {version_id}", lambda: session.scalars(query).all())


def count_accepted(session: Session, event_id: int) -> int:
    """Count the accepted requests of an event, scheduled or not."""
    query = select(func.count()).where(MeetingRequest.event_id == event_id, IS_ACCEPTED)
    return once_per_session(session, f"accepted count {event_id}", lambda: session.scalars(query).one())
