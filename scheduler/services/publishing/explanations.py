"""Explanations of the requests that a version leaves unscheduled, for the event as it is now.

The version's run may have been stopped before it examined all of them, and does not know requests accepted
later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from scheduler.domain.plan import Meeting, Unscheduled, UnscheduledGroup
from scheduler.domain.problem import Problem
from scheduler.files.plan_file import read_answers
from scheduler.services.problems import snapshot
from scheduler.services.schedule import unscheduled, versions
from scheduler.solver.explain.groups import group_unscheduled
from scheduler.solver.explain.reasons import examine_requests, unexamined_reason
from scheduler.storage.models import ScheduleVersion, UnscheduledRequest

GAIN_SECONDS = 30.0
"""Seconds for the gains of all groups. It can be long, because no page waits for them."""


@dataclass(frozen=True, slots=True)
class ExplanationInput:
    """The event as it is now, with the version's meetings and reasons that still refer to it."""

    problem: Problem
    meetings: Sequence[Meeting]
    answers: Sequence[Unscheduled]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason for each unscheduled request, and the groups that they form."""

    answers: Sequence[Unscheduled]
    groups: Sequence[UnscheduledGroup]


def read_explanation_input(session: Session, version_id: int, *, now: datetime) -> ExplanationInput:
    """Read what has to be explained.

    Meetings that refer to deleted records are ignored, so that they block nothing.
    """
    version = session.get_one(ScheduleVersion, version_id)
    problem = snapshot.build_problem(session, version.event_id, now=now)
    index = problem.index
    rows = session.scalars(
        select(UnscheduledRequest.answer)
        .where(*unscheduled.answers_query(version_id))
        .order_by(UnscheduledRequest.position)
    ).all()
    answers = {row.request: row for row in read_answers(list(rows)) if row.request in index.requests}
    meetings = [
        meeting
        for meeting in versions.list_meetings(session, version_id)
        if meeting.request in index.requests
        and meeting.slot in index.slots
        and meeting.place in index.places
        and index.attendees.keys() >= set(meeting.attendees)
        and (meeting.interpreter is None or meeting.interpreter in index.interpreters)
    ]
    scheduled = {meeting.request for meeting in meetings}
    newer = (request for request in problem.requests if request.id not in answers)
    rest = [*answers.values(), *map(unexamined_reason, newer)]
    return ExplanationInput(problem, meetings, [row for row in rest if row.request not in scheduled])


def explain_unscheduled(
    left: ExplanationInput,
    *,
    report: Callable[[int, int], None],
    should_stop: Callable[[], bool],
) -> Explanation:
    """Examine each request that has no reason or no fix yet. `report` gets the number done and the total."""
    problem, meetings = left.problem, left.meetings
    answers = examine_requests(problem, meetings, left.answers, report=report, should_stop=should_stop)
    return Explanation(
        answers, group_unscheduled(problem, meetings, answers, should_stop, seconds=GAIN_SECONDS)
    )


def store_explanation(session: Session, version_id: int, found: Explanation) -> None:
    """Store the reasons, all in new groups. They replace existing rows, and new ones are appended."""
    row = UnscheduledRequest
    session.execute(update(row).where(row.version_id == version_id).values(group_number=None))
    numbers = {request: number for number, group in enumerate(found.groups) for request in group.requests}
    places: Any = select(row.request_key, row.position).where(row.version_id == version_id)
    positions = dict(session.execute(places).all())
    behind = count(max(positions.values(), default=-1) + 1)
    rows = [
        {
            "version_id": version_id,
            "request_key": answer.request,
            "position": positions[answer.request] if answer.request in positions else next(behind),
            "reason": answer.reason,
            "group_number": numbers[answer.request],
            "answer": answer.to_json(),
        }
        for answer in found.answers
    ]
    if known := [each for each in rows if each["request_key"] in positions]:
        session.execute(update(row), known)
    if new := [each for each in rows if each["request_key"] not in positions]:
        session.execute(insert(row), new)
    session.get_one(ScheduleVersion, version_id).groups = unscheduled.groups_without_requests(found.groups)
