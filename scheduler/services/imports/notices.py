"""Recipients of an import's notifications, if the organiser chose to notify them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, VersionState
from scheduler.services.requests.digests import due
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    AddressChange,
    Invitation,
    MeetingRequest,
    PlannedMeeting,
    ScheduleVersion,
)


@dataclass(frozen=True, slots=True)
class ImportMarks:
    """Ids of requests with `quiet_until` at a certain time, and of address changes at that time."""

    requests: Set[int]
    addresses: Set[int]

    def __sub__(self, other: ImportMarks) -> ImportMarks:
        return ImportMarks(self.requests - other.requests, self.addresses - other.addresses)


def find_marks(session: Session, event_id: int, now: datetime) -> ImportMarks:
    """Return the rows marked with this time. The difference before and after an import is what it marked."""
    session.flush()
    requests = select(MeetingRequest.id).where(
        MeetingRequest.event_id == event_id, MeetingRequest.quiet_until == now
    )
    addresses = select(AddressChange.id).where(
        AddressChange.event_id == event_id, AddressChange.changed_at == now
    )
    return ImportMarks(frozenset(session.scalars(requests)), frozenset(session.scalars(addresses)))


def count_recipients(session: Session, new: ImportMarks, now: datetime) -> tuple[int, int]:
    """Count the people who would get an email about requests, and about their meetings at a new address."""
    people = (
        due.list_concerned_attendees(session, _without_meeting(session, new.requests), now=now)
        if new.requests
        else ()
    )
    has_meetings = exists().where(
        Invitation.attendee_id == AddressChange.attendee_id, Invitation.method == Method.REQUEST
    )
    readers = select(func.count(AddressChange.attendee_id.distinct())).where(
        in_chunks(AddressChange.id, new.addresses), has_meetings
    )
    return len(people), session.scalars(readers).one() if new.addresses else 0


def release_notices(session: Session, new: ImportMarks) -> None:
    """Let digests report the import's requests. The next publication reports cancelled meetings."""
    ids = _without_meeting(session, new.requests)
    for request in session.scalars(select(MeetingRequest).where(in_chunks(MeetingRequest.id, ids))):
        request.quiet_until = None
    session.flush()


def _without_meeting(session: Session, request_ids: Set[int]) -> list[int]:
    """Return the requests without a published meeting."""
    published = (
        select(PlannedMeeting.request_id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .where(
            in_chunks(PlannedMeeting.request_id, request_ids), ScheduleVersion.state == VersionState.PUBLISHED
        )
    )
    return sorted(set(request_ids) - set(session.scalars(published)))
