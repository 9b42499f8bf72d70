"""Limits of an overnight publication, checked against the changes that it would make."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.changes import Change
from scheduler.domain.entities import RequestState
from scheduler.services.problems import stored_problems
from scheduler.services.publishing.overnight.overnight_budget import (
    OvernightBudget,
    count_changes,
    find_displaced_requests,
    find_forced_requests,
)
from scheduler.services.schedule import versions
from scheduler.storage.models import MeetingRequest, ScheduleVersion, Slot


def list_limit_violations(
    session: Session,
    version: ScheduleVersion,
    budget: OvernightBudget,
    changes: Iterable[Change],
    *,
    published: int,
    now: datetime,
) -> list[str]:
    """Return a message for each limit that the changes of `published` meetings exceed.

    A first publication exceeds none, because no one has a meeting yet. Meetings that could not stay when the
    version's run started do not count, whether alone or because of locks and unchanged meetings.
    """
    if not published:
        return []
    event_id = version.event_id
    problem = stored_problems.load_problem(session, version)
    forced = frozenset[str]()
    if problem is not None:
        forced = find_forced_requests(problem) | find_displaced_requests(
            problem, versions.list_meetings(session, version.id)
        )
    accepted = set(
        session.scalars(
            select(MeetingRequest.key).where(
                MeetingRequest.event_id == event_id, MeetingRequest.state == RequestState.ACCEPTED
            )
        )
    )
    slots = session.execute(select(Slot.key, Slot.start).where(Slot.event_id == event_id)).all()
    starts = {row.key: row.start for row in slots}
    return budget.excess(
        count_changes(changes, accepted, forced), published=published, starts=starts, now=now
    )
