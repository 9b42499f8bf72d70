"""Unscheduled requests of a version: the solver's explanations as rows, for paging."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, func, insert, literal, select, update
from sqlalchemy.orm import Session

from scheduler.domain.plan import Plan, UnscheduledGroup
from scheduler.services.schedule.scheduled import IS_ACCEPTED
from scheduler.storage.database import once_per_session
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import MeetingRequest, ScheduleVersion, UnscheduledRequest
from scheduler.storage.rows import rows_of

Answer = Mapping[str, Any]
"""A row of a plan's `unscheduled`, as in its file: request, reason, blockers, ways, about."""


def store_answers(session: Session, version_id: int, plan: Plan) -> None:
    """Store a plan's explanations with its version, in order, each with its group number."""
    numbers = {request: number for number, group in enumerate(plan.groups) for request in group.requests}
    rows = [
        {
            "version_id": version_id,
            "request_key": row.request,
            "position": position,
            "reason": row.reason,
            "group_number": numbers.get(row.request),
            "answer": row.to_json(),
        }
        for position, row in enumerate(plan.unscheduled)
    ]
    if rows:
        session.execute(insert(UnscheduledRequest), rows)


def plan_groups(plan: Plan) -> list[dict[str, Any]] | None:
    """Return the groups of a plan as the version stores them: without requests, whose rows hold the group
    number.
    """
    return groups_without_requests(plan.groups)


def groups_without_requests(groups: Sequence[UnscheduledGroup]) -> list[dict[str, Any]] | None:
    """Return groups without their requests, or None if there are none."""
    rows = [group.to_json() for group in groups]
    return [{name: row[name] for name in row if name != "requests"} for row in rows] or None


def copy_answers(session: Session, old_id: int, new_id: int, keys: Collection[str]) -> None:
    """Copy a version's explanations of some requests, and its groups, to another version."""
    row = UnscheduledRequest
    old = select(
        literal(new_id), row.request_key, row.position, row.reason, row.group_number, row.answer
    ).where(row.version_id == old_id, in_chunks(row.request_key, keys))
    columns = ("version_id", "request_key", "position", "reason", "group_number", "answer")
    session.execute(insert(row).from_select(columns, old))
    groups = select(ScheduleVersion.groups).where(ScheduleVersion.id == old_id).scalar_subquery()
    session.execute(update(ScheduleVersion).where(ScheduleVersion.id == new_id).values(groups=groups))


def answers_query(version_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions for a version's explanations of requests that are still accepted."""
    event_id = select(ScheduleVersion.event_id).where(ScheduleVersion.id == version_id).scalar_subquery()
    stands = exists().where(
        MeetingRequest.event_id == event_id, MeetingRequest.key == UnscheduledRequest.request_key, IS_ACCEPTED
    )
    return UnscheduledRequest.version_id == version_id, stands


_ANSWERS = select(UnscheduledRequest.request_key, UnscheduledRequest.answer).where(
    UnscheduledRequest.version_id == bindparam("version"),
    in_chunks(UnscheduledRequest.request_key, bindparam("keys")),
)


def list_answers_about(session: Session, version_id: int, keys: Collection[str]) -> dict[str, Answer]:
    """Return the explanations of some requests, by key. Runs one query."""
    rows = rows_of(session, _ANSWERS, version=version_id, keys=list(keys))
    return {key: answer for key, answer in rows}  # noqa: C416 -- dict(rows) loses the types


def list_reason_codes(session: Session, version_id: int) -> dict[str, str]:
    """Return the reason codes of a version's unscheduled requests, by request key."""
    rows = session.execute(
        select(UnscheduledRequest.request_key, UnscheduledRequest.reason).where(
            UnscheduledRequest.version_id == version_id
        )
    )
    return {key: reason for key, reason in rows}  # noqa: C416 -- dict(rows) loses the types


def count_by_reason(session: Session, version_id: int) -> dict[str, int]:
    """Count a version's unscheduled requests by reason, most frequent first."""
    count = func.count()
    query = (
        select(UnscheduledRequest.reason, count)
        .where(*answers_query(version_id))
        .group_by(UnscheduledRequest.reason)
        .order_by(count.desc(), func.min(UnscheduledRequest.position))
    )
    rows = once_per_session(session, f"reasons {version_id}", lambda: session.execute(query).all())
    return {reason: number for reason, number in rows}  # noqa: C416 -- dict(rows) loses the types


def list_unscheduled(
    session: Session, version_id: int, reason: str = "", *, first: int, most: int
) -> Sequence[Answer]:
    """Return a page of the explanations, in the plan's order, optionally of one reason."""
    query = select(UnscheduledRequest.answer).where(*answers_query(version_id))
    if reason:
        query = query.where(UnscheduledRequest.reason == reason)
    return session.scalars(query.order_by(UnscheduledRequest.position).offset(first).limit(most)).all()
