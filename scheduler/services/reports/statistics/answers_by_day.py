"""Requests sent, accepted and declined per day, in the venue's time zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.models import Event, MeetingRequest


@dataclass(frozen=True, slots=True)
class AnswerDay:
    """Counts of one day.

    `accepted` and `declined` count current states by the day on which they were reached.
    """

    day: date
    requested: int
    accepted: int
    declined: int


def count_answers_by_day(session: Session, actor: Actor) -> Sequence[AnswerDay]:
    """Return each day from the first request to the last step, without gaps. Runs three queries."""
    actor.require(Right.READ_VERSIONS)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    own = MeetingRequest.event_id == actor.event_id
    created, answered, state = MeetingRequest.created_at, MeetingRequest.responded_at, MeetingRequest.state
    asked: Counter[date] = Counter()
    became: dict[RequestState, Counter[date]] = {
        RequestState.ACCEPTED: Counter(),
        RequestState.DECLINED: Counter(),
    }
    for moment, count in session.execute(select(created, func.count()).where(own).group_by(created)):
        asked[moment.astimezone(zone).date()] += count
    rows = session.execute(
        select(answered, state, func.count())
        .where(own, answered.is_not(None), state.in_(became))
        .group_by(answered, state)
    )
    for responded_at, now, count in rows:
        if responded_at is not None:
            became[now][responded_at.astimezone(zone).date()] += count
    days = {*asked, *became[RequestState.ACCEPTED], *became[RequestState.DECLINED]}
    if not days:
        return []
    first, last = min(days), max(days)
    every = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    return [
        AnswerDay(day, asked[day], became[RequestState.ACCEPTED][day], became[RequestState.DECLINED][day])
        for day in every
    ]
