"""Meetings of the published schedule for programs: all, or those that have changed since a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import RequestState
from scheduler.i18n import place_label
from scheduler.services.directory.references import load_hall_labels
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, Updates, fetch_page
from scheduler.services.schedule import versions
from scheduler.services.schedule.published_changes import Published, compare_versions, open_window
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Firm,
    Interpreter,
    MeetingRequest,
    Place,
    PlannedMeeting,
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


_Sender, _Receiver, _Last = aliased(Firm), aliased(Firm), aliased(Slot)
_ORDER = Order("published meetings", (MeetingRequest.id,), (int,))


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
    has changed since. Runs at most eight queries. Raises InvalidInput for a cursor of another list.
    """
    actor.require(Right.READ_VERSIONS)
    window = open_window(session, actor.event_id, _ORDER, updates, cursor=cursor, now=now)
    columns = (MeetingRequest.id, MeetingRequest.key, MeetingRequest.state, Published.id)
    query, known = compare_versions(select(*columns), window)
    query = query.add_columns(func.coalesce(Published.id, *(old.id for old in known), None))
    page = fetch_page(session, query, _ORDER, cursor=window.cursor, limit=limit)
    return window.close_page(page, _build_meetings(session, actor, page.items))


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
