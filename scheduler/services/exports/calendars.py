"""Export of a version's meetings as one calendar file per person. No emails are sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.invites.ical.feed import FeedEvent, build_feed
from scheduler.services.exports import meeting_list
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import calendar_entries
from scheduler.storage.models import Attendee, Event


def export_calendars(
    session: Session, actor: Actor, *, number: int | None = None, domain: str, now: datetime
) -> Iterator[tuple[str, bytes]]:
    """Yield the iCalendar file (RFC 5545) of each attendee with meetings in a version, by key.

    These are no invitations. `domain` is that of the UIDs, `UUID@domain`, the same as in emails.
    """
    actor.require(Right.READ_AGENDAS)
    version = meeting_list.find_version(session, actor, number)
    if version is None:
        return
    event = session.get_one(Event, actor.event_id)
    schedule = calendar_entries.load_schedule(session, event, version.id)
    people = {
        row.id: row
        for row in session.scalars(
            select(Attendee).where(Attendee.event_id == event.id).order_by(Attendee.id)
        )
    }
    by_person: dict[int, list[FeedEvent]] = {attendee_id: [] for attendee_id in people}
    for request_id, seats in schedule.seated.items():
        uid = f"{schedule.rows[request_id].uid}@{domain}"
        for attendee_id in seats:
            by_person[attendee_id].append(FeedEvent(uid, 0, now, schedule.content(request_id, attendee_id)))
    for attendee_id, meetings in by_person.items():
        if meetings:
            person = people[attendee_id]
            yield person.key, build_feed(meetings, f"{event.name}: {person.name}", "", event.timezone)
