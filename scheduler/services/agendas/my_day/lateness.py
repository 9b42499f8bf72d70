"""Late arrivals: reported on the day, and shown to everyone in the meeting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from scheduler import i18n
from scheduler.domain.entities import RequestState, VersionState
from scheduler.domain.errors import Fault, InvalidInput, NotFound, WrongState
from scheduler.services.directory.references import PersonRef, person_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.replies.agenda_replies import OVER
from scheduler.services.schedule.agendas import AgendaItem
from scheduler.services.text import is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    LateNotice,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
)
from scheduler.storage.planned_meetings import TIME_AND_PLACE, with_time_and_place

CHOICES = (5, 10, 15)
"""Minutes of delay that can be reported. 0 withdraws the notice."""
AHEAD = timedelta(hours=12)
"""A late arrival can be reported at most this long before the meeting."""
FAR = "more than twelve hours away"
"""State in the error for a meeting that starts later than `AHEAD` from now."""


@dataclass(frozen=True, slots=True)
class Late:
    """A notice that a participant of a meeting arrives `minutes` late, reported at `reported_at`."""

    person: PersonRef
    minutes: int
    reported_at: datetime


def list_late(session: Session, actor: Actor, items: Iterable[AgendaItem]) -> dict[str, tuple[Late, ...]]:
    """Return the late arrivals by request key. One query. The actor must be allowed to read the agenda.

    A notice sent more than `AHEAD` before the start is ignored: the meeting was moved to a later day since.
    Withdrawn notices are left out.
    """
    starts = {item.request_key: item.start for item in items}
    rows = session.execute(
        select(MeetingRequest.key, LateNotice.minutes, LateNotice.reported_at, *person_columns(Attendee))
        .join(LateNotice, LateNotice.request_id == MeetingRequest.id)
        .join(Attendee, Attendee.id == LateNotice.attendee_id)
        .where(
            MeetingRequest.event_id == actor.event_id,
            in_chunks(MeetingRequest.key, starts),
            LateNotice.minutes > 0,
        )
        .order_by(LateNotice.reported_at)
    )
    found: dict[str, tuple[Late, ...]] = {}
    for key, minutes, reported_at, *person in rows:
        if reported_at < starts[key] - AHEAD:
            continue
        found[key] = (*found.get(key, ()), Late(PersonRef(*person), minutes, reported_at))
    return found


def report_late(
    session: Session,
    actor: Actor,
    request_key: str,
    minutes: int,
    *,
    now: datetime,
    reported_at: datetime | None = None,
) -> None:
    """Report how many minutes late the actor arrives at their meeting. 0 withdraws the notice.

    `reported_at` is when the person reported it, if that was before it arrived here. The latest one wins, in
    whatever order notices arrive, and a duplicate has no effect.

    Raises NotFound if the meeting is not the actor's, InvalidInput for minutes that are not offered, and
    WrongState for a meeting that is cancelled, over, or too far ahead.
    """
    attendee_id = actor.own(Right.REPLY_TO_INVITATIONS)
    found = None
    if attendee_id is not None and is_storable(request_key):
        found = session.execute(_meeting(actor, attendee_id, request_key)).first()
    if found is None or attendee_id is None:
        raise NotFound("meeting", request_key)
    if minutes not in (0, *CHOICES):
        raise InvalidInput([Fault("minutes", i18n.gettext_lazy("Choose one of the delays shown."))])
    request_id, state, start, end = found[:4]
    if state is not RequestState.ACCEPTED:
        raise WrongState("meeting", request_key, state.value, "come to late")
    if now >= end:
        raise WrongState("meeting", request_key, OVER, "come to late")
    if now < start - AHEAD:
        raise WrongState("meeting", request_key, FAR, "come to late")
    reported_at = min(reported_at or now, now)
    session.execute(  # serialises changes by the same person
        select(Attendee.id).where(Attendee.id == attendee_id).with_for_update(key_share=True)
    )
    notice = session.get(LateNotice, (request_id, attendee_id), populate_existing=True)
    if notice is None:
        notice = LateNotice(
            request_id=request_id, attendee_id=attendee_id, minutes=minutes, reported_at=reported_at
        )
        session.add(notice)
    elif notice.reported_at <= reported_at:
        notice.minutes, notice.reported_at = minutes, reported_at
    session.flush()


def _meeting(actor: Actor, attendee_id: int, request_key: str) -> Select[*tuple[Any, ...]]:
    query = (
        select(MeetingRequest.id, MeetingRequest.state, *TIME_AND_PLACE)
        .select_from(PlannedMeeting)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)
        .where(
            MeetingRequest.event_id == actor.event_id,
            MeetingRequest.key == request_key,
            ScheduleVersion.state == VersionState.PUBLISHED,
            PlannedAttendee.attendee_id == attendee_id,
        )
    )
    return with_time_and_place(query)
