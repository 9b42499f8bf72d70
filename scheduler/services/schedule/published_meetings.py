"""Meetings of the published schedule for programs: all, or those that have changed since a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import RequestState, VersionState
from scheduler.i18n import place_label
from scheduler.services.directory.references import load_hall_labels
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import (
    LONGEST_TRANSACTION,
    Order,
    Page,
    Updates,
    decode_cursor,
    encode_cursor,
    fetch_page,
)
from scheduler.services.schedule import versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Firm,
    Interpreter,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)


@dataclass(frozen=True, slots=True)
class PublishedMeeting:
    """A meeting of the published schedule, or one that it no longer has."""

    request: str
    from_firm: str
    """Key of the firm that sent the request."""
    to_firm: str
    is_cancelled: bool
    """The published schedule no longer has the meeting, or its request is no longer accepted."""
    start: datetime
    end: datetime
    slot: str
    place: str
    place_name: str
    hall: str
    attendees: tuple[str, ...]
    """Keys of the people."""
    interpreter: str | None


_New = aliased(PlannedMeeting)
_Sender, _Receiver, _Last = aliased(Firm), aliased(Firm), aliased(Slot)
_ORDER = Order("published meetings", (MeetingRequest.id,), (int,))
_CURSOR = (datetime, int, int)
_COMPARED = ("slot_id", "last_slot_id", "place_id")


def list_published_meetings(
    session: Session,
    actor: Actor,
    *,
    updates: Updates | None = None,
    now: datetime,
    cursor: str | None = None,
    limit: int = 30,
) -> Page[PublishedMeeting]:
    """Return a page of the meetings of the published schedule, by request.

    With `updates`, only those that differ from the schedule that was published then, and those whose request
    has changed since. A cursor keeps the published version, so a publication between two pages changes none.
    Runs at most eight queries. Raises InvalidInput for a cursor of another list.
    """
    actor.require(Right.READ_VERSIONS)
    until, new_id, inner = now, 0, None
    if cursor:
        until, new_id, last = decode_cursor(_ORDER.name, _CURSOR, cursor)
        inner = encode_cursor(_ORDER.name, [last])
    elif published := versions.find_published_version(session, actor.event_id):
        new_id = published.id
    old_ids = _known_versions(session, actor.event_id, updates.since, until) if updates else [new_id]
    known = [aliased(PlannedMeeting) for old_id in old_ids if old_id != new_id]
    query = select(MeetingRequest.id, MeetingRequest.key, MeetingRequest.state, _New.id)
    query = query.add_columns(func.coalesce(_New.id, *(old.id for old in known), None))
    query = query.select_from(MeetingRequest).outerjoin(_New, _is_meeting(_New, new_id))
    for old, old_id in zip(known, (each for each in old_ids if each != new_id), strict=True):
        query = query.outerjoin(old, _is_meeting(old, old_id))
    query = query.where(
        MeetingRequest.event_id == actor.event_id,
        or_(_New.id.is_not(None), *(old.id.is_not(None) for old in known)),
    )
    if updates:
        touched = and_(MeetingRequest.updated_at >= updates.since, MeetingRequest.updated_at <= until)
        query = query.where(or_(touched, *(_differs(old) for old in known)))
    page = fetch_page(session, query, _ORDER, cursor=inner, limit=limit)
    following = page.next_cursor and decode_cursor(_ORDER.name, _ORDER.types, page.next_cursor)
    return replace(
        page.of(_build_meetings(session, actor, page.items)),
        next_cursor=encode_cursor(_ORDER.name, [until, new_id, *following]) if following else None,
        next_updated_since=until - LONGEST_TRANSACTION if updates else None,
    )


def _known_versions(session: Session, event_id: int, since: datetime, until: datetime) -> list[int]:
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


_MOST_COMPARED = 10
"""Publications within some minutes, the last ones: each costs a join."""


def _is_meeting(meeting: type[PlannedMeeting], version_id: int) -> ColumnElement[bool]:
    return and_(meeting.request_id == MeetingRequest.id, meeting.version_id == literal(version_id))


def _differs(old: type[PlannedMeeting]) -> ColumnElement[bool]:
    """Return the condition that the published version has the meeting otherwise, or only one has it."""
    return or_(
        _New.id.is_(None) != old.id.is_(None),
        *(getattr(_New, name) != getattr(old, name) for name in _COMPARED),
        func.coalesce(_New.interpreter_id, 0) != func.coalesce(old.interpreter_id, 0),
        _has_other_attendee(_New, old),
        _has_other_attendee(old, _New),
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


def _build_meetings(
    session: Session, actor: Actor, rows: Sequence[Row[*tuple[Any, ...]]]
) -> list[PublishedMeeting]:
    shown = {row[0]: row[4] for row in rows}
    facts = {
        row[0]: row[1:]
        for row in session.execute(
            select(
                PlannedMeeting.id, _Sender.key, _Receiver.key, Slot.start, _Last.end, Slot.key,
                Place.key, Place.name, Place.hall_id, Interpreter.key,
            )
            .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
            .join(_Sender, _Sender.id == MeetingRequest.from_firm_id)
            .join(_Receiver, _Receiver.id == MeetingRequest.to_firm_id)
            .join(Slot, Slot.id == PlannedMeeting.slot_id)
            .join(_Last, _Last.id == PlannedMeeting.last_slot_id)
            .join(Place, Place.id == PlannedMeeting.place_id)
            .outerjoin(Interpreter, Interpreter.id == PlannedMeeting.interpreter_id)
            .where(in_chunks(PlannedMeeting.id, shown.values()))
        )
    }  # fmt: skip
    seated = versions.list_seats(session, in_chunks(PlannedMeeting.id, shown.values()))
    halls = load_hall_labels(session, actor.event_id)
    found = []
    for request_id, key, state, new_id, *_ in rows:
        sender, receiver, start, end, slot, place, place_name, hall, interpreter = facts[shown[request_id]]
        found.append(
            PublishedMeeting(
                request=key,
                from_firm=sender,
                to_firm=receiver,
                is_cancelled=new_id is None or state is not RequestState.ACCEPTED,
                start=start,
                end=end,
                slot=slot,
                place=place,
                place_name=place_label(place_name),
                hall=halls[hall],
                attendees=tuple(seated.get(shown[request_id], ())),
                interpreter=interpreter,
            )
        )
    return found
