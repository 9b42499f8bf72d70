"""Counts for table rows: meetings, requests, absences. Each runs one or two queries a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, VersionState
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule.scheduled import IS_ACCEPTED
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Firm,
    Interpreter,
    MeetingRequest,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)


def select_published_meetings(actor: Actor) -> Select[int]:
    return select(ScheduleVersion.id).where(
        ScheduleVersion.event_id == actor.event_id, ScheduleVersion.state == VersionState.PUBLISHED
    )


def count_rows(
    session: Session,
    query: Select[*tuple[Any, ...]],
    column: Any,
    ids: list[int],
    *conditions: ColumnElement[bool],
) -> dict[int, int]:
    rows = session.execute(query.where(in_chunks(column, ids), *conditions).group_by(column))
    return {row[0]: row[1] for row in rows}


def count_absences(session: Session, owner: Any, slot: Any, ids: list[int]) -> dict[int, int]:
    marks = select(owner, func.count()).join(Slot, Slot.id == slot).where(~Slot.is_retired)
    return count_rows(session, marks, owner, ids)


def count_requests(session: Session, ids: list[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Count unanswered requests to these firms, and accepted requests on either side."""
    waiting: dict[int, int] = {}
    accepted: dict[int, int] = {}
    for column in (MeetingRequest.to_firm_id, MeetingRequest.from_firm_id):
        rows = session.execute(
            select(column, MeetingRequest.state, func.count())
            .where(
                in_chunks(column, ids),
                MeetingRequest.state.in_((RequestState.PENDING, RequestState.ACCEPTED)),
            )
            .group_by(column, MeetingRequest.state)
        )
        for firm_id, state, number in rows:
            if state is RequestState.ACCEPTED:
                accepted[firm_id] = accepted.get(firm_id, 0) + number
            elif column is MeetingRequest.to_firm_id:
                waiting[firm_id] = number
    return waiting, accepted


def count_firm_meetings(session: Session, actor: Actor, ids: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for column in (MeetingRequest.from_firm_id, MeetingRequest.to_firm_id):
        rows = session.execute(
            select(column, func.count())
            .join(PlannedMeeting, PlannedMeeting.request_id == MeetingRequest.id)
            .where(
                in_chunks(column, ids),
                PlannedMeeting.version_id.in_(select_published_meetings(actor)),
                IS_ACCEPTED,
            )
            .group_by(column)
        )
        for firm_id, number in rows:
            found[firm_id] = found.get(firm_id, 0) + number
    return found


def find_merged(session: Session, table: Any, rows: Iterable[Any]) -> dict[int, str]:
    """Return keys of the remaining records by the id of the record merged into them."""
    into = {row.id: row.merged_into_id for row in rows if row.merged_into_id is not None}
    found = session.execute(select(table.id, table.key).where(in_chunks(table.id, set(into.values()))))
    keys = {row[0]: row[1] for row in found}
    return {row_id: keys[other] for row_id, other in into.items()}


def count_records(session: Session, actor: Actor) -> dict[ImportKind, int]:
    """Count participating records by kind. Runs one query."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    tables: dict[ImportKind, Any] = {
        ImportKind.FIRMS: Firm,
        ImportKind.PEOPLE: Attendee,
        ImportKind.INTERPRETERS: Interpreter,
    }
    columns = (
        select(func.count())
        .select_from(table)
        .where(table.event_id == actor.event_id, table.withdrawn_at.is_(None))
        .scalar_subquery()
        for table in tables.values()
    )
    return dict(zip(tables, session.execute(select(*columns)).one(), strict=True))
