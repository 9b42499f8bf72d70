"""Cache key of the loaded problem."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Executable, bindparam, case, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, VersionState
from scheduler.services.audit_log.acts import Act
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    AuditLogEntry,
    BusySource,
    ExcludedPerson,
    Interpreter,
    InterpreterBusy,
    InvitationReply,
    MeetingRequest,
    PlaceClosure,
    RequestTransition,
    ScheduleVersion,
    Slot,
)

_IRRELEVANT_ACTS = (
    Act.MANUAL_DRAFT,
    Act.EXPORT,
    Act.CONTACT_VIEW,
    Act.PRIVACY,
    Act.EMAILS,
    Act.SIGN_IN,
    Act.SIGN_IN_FAILED,
    Act.SIGN_OUT,
    Act.TOKEN,
)
"""Acts that do not change the problem."""


def get_plan_fingerprint(session: Session, event_id: int) -> str:
    """Return the cache key of an event's problem. Three queries.

    It covers everything that the event's plans are judged by. Changes by organisers are in the audit log.
    Changes by firms and people are counted: accepted requests, and replies to invitations that propose
    another time.
    """
    last, counted, proposed = (session.execute(query, {"event": event_id}).all() for query in _queries())
    return repr(([tuple(row) for row in last], tuple(counted[0]), [tuple(row) for row in proposed]))


@cache
def _queries() -> tuple[Executable, ...]:
    """Build the queries once: that takes longer than executing them, and they run for each question."""
    event_id: BindParameter[int] = bindparam("event")
    last = (
        select(AuditLogEntry.id)
        .where(
            AuditLogEntry.chain == event_id, AuditLogEntry.act.not_in([act.value for act in _IRRELEVANT_ACTS])
        )
        .order_by(AuditLogEntry.id.desc())
        .limit(1)
    )

    def count(table: Any, column: Any, of: Any, *which: Any) -> Any:
        joined = select(func.count()).select_from(table).join(of, of.id == column)
        return joined.where(of.event_id == event_id, *which).scalar_subquery()

    def of_calendars(figure: Any) -> Any:
        """Aggregate over saved calendars. A fetch that finds the same times does not change it."""
        saved = select(figure).select_from(BusySource).join(Attendee, Attendee.id == BusySource.attendee_id)
        return saved.where(Attendee.event_id == event_id, BusySource.is_saved).scalar_subquery()

    is_accepted = MeetingRequest.state == RequestState.ACCEPTED
    accepted = case((is_accepted, MeetingRequest.id), else_=0)
    of_event = MeetingRequest.event_id == event_id
    counted = select(
        count(AttendeeBusy, AttendeeBusy.attendee_id, Attendee),
        count(PlaceClosure, PlaceClosure.slot_id, Slot),
        count(InterpreterBusy, InterpreterBusy.interpreter_id, Interpreter),
        count(ExcludedPerson, ExcludedPerson.request_id, MeetingRequest),
        count(RequestTransition, RequestTransition.request_id, MeetingRequest, is_accepted),
        select(func.sum(accepted)).where(of_event).scalar_subquery(),
        of_calendars(func.sum(BusySource.id)),
        of_calendars(func.sum(BusySource.found_changes)),
        select(func.max(ScheduleVersion.id))
        .where(ScheduleVersion.event_id == event_id, ScheduleVersion.state == VersionState.PUBLISHED)
        .scalar_subquery(),
    )
    proposed = (
        select(
            InvitationReply.id,
            InvitationReply.sequence,
            InvitationReply.proposed_start,
            InvitationReply.proposed_end,
        )
        .where(InvitationReply.event_id == event_id, InvitationReply.proposed_start.is_not(None))
        .order_by(InvitationReply.id)
    )
    return last, counted, proposed
