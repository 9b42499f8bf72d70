"""End of meetings: after it no reply counts, whatever its channel."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import VersionState
from scheduler.domain.errors import WrongState
from scheduler.i18n import gettext_lazy
from scheduler.invites.ical.content import Content
from scheduler.storage.models import Invitation, PlannedMeeting, ScheduleVersion, Slot


class MeetingOver(WrongState):
    """Raised if the meeting has taken place: a decline would cancel a meeting of the past."""

    def __init__(self, key: str) -> None:
        told = gettext_lazy("This meeting is over. It can no longer be changed.")
        super().__init__("meeting", key, "over", "answered", told)


def is_invitation_over(session: Session, invitation: Invitation, *, now: datetime) -> bool:
    """Return True if the meeting has ended, both as last sent to the attendee and as published."""
    if now < Content.from_json(invitation.content).end:
        return False
    ends = find_published_end(session, invitation.request_id)
    return ends is None or now >= ends


def is_meeting_over(session: Session, request_id: int, *, now: datetime) -> bool:
    """Return True if the published meeting of a request has ended."""
    ends = find_published_end(session, request_id)
    return ends is not None and now >= ends


def find_published_end(session: Session, request_id: int) -> datetime | None:
    """Return the end of the request's published meeting, or None if it has none."""
    return session.scalar(
        select(Slot.end)
        .join(PlannedMeeting, PlannedMeeting.last_slot_id == Slot.id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .where(
            PlannedMeeting.request_id == request_id,
            ScheduleVersion.state == VersionState.PUBLISHED,
        )
    )
