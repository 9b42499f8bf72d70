"""People whose calendar status has changed since a time, for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, select, union
from sqlalchemy.orm import Session

from scheduler.services.emails.calendar_status.board import list_version_people
from scheduler.services.emails.calendar_status.people import BoardPerson, BoardVersion
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, Updates, fetch_page
from scheduler.services.schedule import published_changes
from scheduler.services.schedule.published_changes import UpdateWindow
from scheduler.storage.models import (
    Attendee,
    Event,
    InvitationReply,
    OutboxEmail,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
)

_ORDER = Order("calendar status updates", (Attendee.id,), (int,))


@dataclass(frozen=True, slots=True)
class StatusUpdates:
    """A page of people with all their meetings in the published version, None before the first one."""

    page: Page[BoardPerson]
    version: int | None
    timezone: str


def list_status_updates(
    session: Session, actor: Actor, updates: Updates, *, cursor: str | None = None, limit: int = 30
) -> StatusUpdates:
    """Return the people whose calendar status has changed since, by id.

    Someone without meetings is no longer in the schedule, or was never in it. A reason to call that follows
    from the time alone is no change. Raises NotAllowed, and InvalidInput for a cursor of another list.
    """
    actor.require(Right.READ_CALENDAR_STATUS)
    window = published_changes.open_window(
        session, actor.event_id, _ORDER, updates, cursor=cursor, now=updates.now
    )
    timezone = session.get_one(Event, actor.event_id).timezone
    version = session.scalar(
        select(ScheduleVersion).where(
            ScheduleVersion.id == window.version_id, ScheduleVersion.event_id == actor.event_id
        )
    )
    if version is None:
        return StatusUpdates(window.close_page(Page((), None, 0), ()), None, timezone)
    query = select(Attendee.id).where(
        Attendee.event_id == actor.event_id, Attendee.id.in_(_select_changed_people(window))
    )
    page = fetch_page(session, query, _ORDER, cursor=window.cursor, limit=limit)
    shown = BoardVersion(version.id, version.event_id, version.number, version.published_at)
    people = list_version_people(session, shown, [row[0] for row in page.items], now=updates.now)
    return StatusUpdates(window.close_page(page, people), version.number, timezone)


def _select_changed_people(window: UpdateWindow) -> CompoundSelect[Any]:
    """Return a query for the ids of people with a changed email, reply, address, meeting or attendance."""
    versions = (window.version_id, *window.known_ids)
    return union(
        select(OutboxEmail.attendee_id).where(
            OutboxEmail.event_id == window.event_id,
            OutboxEmail.uid.is_not(None),
            window.changed_at(OutboxEmail.updated_at),
        ),
        select(InvitationReply.attendee_id).where(
            InvitationReply.event_id == window.event_id, window.changed_at(InvitationReply.updated_at)
        ),
        select(Attendee.id).where(
            Attendee.event_id == window.event_id, window.changed_at(Attendee.updated_at)
        ),
        select(PlannedAttendee.attendee_id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .where(
            PlannedMeeting.version_id.in_(versions),
            PlannedMeeting.request_id.in_(published_changes.select_changed_requests(window)),
        ),
    )
