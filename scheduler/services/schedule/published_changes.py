"""Changes of the published schedule since a time: its version compared with those that were known then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import VersionState
from scheduler.services.paging import (
    LONGEST_TRANSACTION,
    Order,
    Page,
    Updates,
    decode_cursor,
    encode_cursor,
)
from scheduler.services.schedule import versions
from scheduler.storage.models import MeetingRequest, PlannedAttendee, PlannedMeeting, ScheduleVersion

Item = TypeVar("Item")

Published = aliased(PlannedMeeting)
"""Meetings of the published version in the queries of this module."""

_COMPARED = ("slot_id", "last_slot_id", "place_id")
_MOST_COMPARED = 10
"""Publications within some minutes, the last ones: each costs a join."""


@dataclass(frozen=True, slots=True)
class UpdateWindow:
    """What a list of an event covers. Its cursors keep the time and the version of its first page.

    So a publication or a change between two pages changes none, and is in the next list.
    """

    event_id: int
    order: Order
    since: datetime | None
    """None for the whole list."""
    until: datetime
    version_id: int
    """The published version, or 0 before the first one."""
    known_ids: tuple[int, ...]
    """Other versions that a program can know that last read the list then. 0 for none."""
    cursor: str | None
    """The cursor within `order`."""

    def changed_at(self, column: SQLColumnExpression[datetime]) -> ColumnElement[bool]:
        """Return the condition for rows that were changed within the window. It needs a `since`."""
        return and_(column >= self.since, column <= self.until)

    def close_page(self, page: Page[Any], items: Iterable[Item]) -> Page[Item]:
        """Return the page with these items, its cursor, and the time to send at the next poll."""
        following = page.next_cursor and decode_cursor(self.order.name, self.order.types, page.next_cursor)
        values = (self.until, self.version_id, *following) if following else None
        return replace(
            page.of(items),
            next_cursor=encode_cursor(self.order.name, values) if values else None,
            next_updated_since=self.until - LONGEST_TRANSACTION if self.since else None,
        )


def open_window(
    session: Session,
    event_id: int,
    order: Order,
    updates: Updates | None,
    *,
    cursor: str | None,
    now: datetime,
) -> UpdateWindow:
    """Return the window of a list's page. Runs at most two queries.

    Raises InvalidInput for a cursor of another list.
    """
    until, version_id, inner = now, 0, None
    if cursor:
        until, version_id, *last = decode_cursor(order.name, (datetime, int, *order.types), cursor)
        inner = encode_cursor(order.name, last)
    elif published := versions.find_published_version(session, event_id):
        version_id = published.id
    known = _known_versions(session, event_id, updates.since, until) if updates else ()
    others = tuple(each for each in known if each != version_id)
    return UpdateWindow(event_id, order, updates.since if updates else None, until, version_id, others, inner)


def compare_versions(
    query: Select[*tuple[Any, ...]], window: UpdateWindow
) -> tuple[Select[*tuple[Any, ...]], list[type[PlannedMeeting]]]:
    """Return a query of requests for those with a meeting, and the meetings of the other known versions.

    With `since`, only meetings that differ from one of those, and those whose request has changed.
    """
    known = [aliased(PlannedMeeting) for _ in window.known_ids]
    query = query.select_from(MeetingRequest).outerjoin(Published, _is_meeting(Published, window.version_id))
    for old, old_id in zip(known, window.known_ids, strict=True):
        query = query.outerjoin(old, _is_meeting(old, old_id))
    query = query.where(
        MeetingRequest.event_id == window.event_id,
        or_(Published.id.is_not(None), *(old.id.is_not(None) for old in known)),
    )
    if window.since is not None:
        touched = window.changed_at(MeetingRequest.updated_at)
        query = query.where(or_(touched, *(_differs(old) for old in known)))
    return query, known


def select_changed_requests(window: UpdateWindow) -> Select[*tuple[Any, ...]]:
    """Return a query for the ids of requests whose meeting has changed within the window."""
    return compare_versions(select(MeetingRequest.id), window)[0]


def _known_versions(session: Session, event_id: int, since: datetime, until: datetime) -> Sequence[int]:
    """Return the ids of the versions that a program can know that last read the meetings at a time.

    It knows the version that was published then (0 for none) and, as a time to poll from lies before the last
    poll, any that was published soon after.
    """
    was_published = (
        ScheduleVersion.event_id == event_id,
        ScheduleVersion.state.in_((VersionState.PUBLISHED, VersionState.SUPERSEDED)),
    )
    before = session.scalar(
        select(ScheduleVersion.id)
        .where(*was_published, ScheduleVersion.published_at <= since)
        .order_by(ScheduleVersion.published_at.desc(), ScheduleVersion.id.desc())
        .limit(1)
    )
    soon = session.scalars(
        select(ScheduleVersion.id)
        .where(
            *was_published,
            ScheduleVersion.published_at > since,
            ScheduleVersion.published_at <= min(since + LONGEST_TRANSACTION, until),
        )
        .order_by(ScheduleVersion.id.desc())
        .limit(_MOST_COMPARED)
    )
    return [before or 0, *soon]


def _is_meeting(meeting: type[PlannedMeeting], version_id: int) -> ColumnElement[bool]:
    return and_(meeting.request_id == MeetingRequest.id, meeting.version_id == literal(version_id))


def _differs(old: type[PlannedMeeting]) -> ColumnElement[bool]:
    """Return the condition that the published version has the meeting otherwise, or only one has it."""
    return or_(
        Published.id.is_(None) != old.id.is_(None),
        *(getattr(Published, name) != getattr(old, name) for name in _COMPARED),
        func.coalesce(Published.interpreter_id, 0) != func.coalesce(old.interpreter_id, 0),
        _has_other_attendee(Published, old),
        _has_other_attendee(old, Published),
    )


def _has_other_attendee(one: type[PlannedMeeting], other: type[PlannedMeeting]) -> ColumnElement[bool]:
    """Return the condition that a meeting has an attendee whom the other lacks."""
    seat, same = aliased(PlannedAttendee), aliased(PlannedAttendee)
    in_other = select(same.meeting_id).where(
        same.meeting_id == other.id, same.attendee_id == seat.attendee_id
    )
    return (
        select(seat.meeting_id)
        .where(seat.meeting_id == one.id, ~in_other.correlate(seat, other).exists())
        .correlate(one, other)
        .exists()
    )
