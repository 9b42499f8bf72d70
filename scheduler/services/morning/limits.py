"""What a night that publishes by itself may change, against what it would change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.changes import Change
from scheduler.domain.entities import RequestState
from scheduler.services.morning.night_budget import NightBudget, counted
from scheduler.storage.models import MeetingRequest, Slot


def excess(
    session: Session,
    event_id: int,
    budget: NightBudget,
    changes: Iterable[Change],
    *,
    published: int,
    now: datetime,
) -> list[str]:
    """What of the budget these changes of `published` meetings exceed, a sentence each.

    A first publishing exceeds nothing: nobody has a meeting yet.
    """
    if not published:
        return []
    accepted = set(
        session.scalars(
            select(MeetingRequest.key).where(
                MeetingRequest.event_id == event_id, MeetingRequest.state == RequestState.ACCEPTED
            )
        )
    )
    slots = session.execute(select(Slot.key, Slot.start).where(Slot.event_id == event_id)).all()
    starts = {row.key: row.start for row in slots}
    return budget.excess(counted(changes, accepted), published=published, starts=starts, now=now)
