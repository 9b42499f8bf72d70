"""Unscheduled accepted requests of a version, by attendee, for summary emails."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.names import join_scripts
from scheduler.invites.mail.summary import UnscheduledRequest
from scheduler.services.schedule import unscheduled
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, MeetingRequest, RequestPerson


def unscheduled_by_attendee(
    session: Session, version_id: int, event_id: int, people: Collection[int]
) -> dict[int, list[UnscheduledRequest]]:
    """Return unscheduled requests by attendee: for exhibitors all of their firm, for others those that name
    them.
    """
    codes = unscheduled.list_reason_codes(session, version_id)
    if not codes or not people:
        return {}
    seen = session.execute(
        select(Attendee.id, Attendee.firm_id, Attendee.is_exhibitor).where(in_chunks(Attendee.id, people))
    ).all()
    firms = {firm_id for _, firm_id, _ in seen}
    rows = session.execute(
        select(MeetingRequest.id, MeetingRequest.key, MeetingRequest.from_firm_id, MeetingRequest.to_firm_id)
        .where(
            MeetingRequest.event_id == event_id,
            MeetingRequest.state == RequestState.ACCEPTED,
            or_(in_chunks(MeetingRequest.from_firm_id, firms), in_chunks(MeetingRequest.to_firm_id, firms)),
        )
        .order_by(MeetingRequest.priority.desc(), MeetingRequest.id)
    )
    open_ = [(row[0], codes[row[1]], row[2], row[3]) for row in rows if row[1] in codes]
    named = _named(session, [row[0] for row in open_])
    names = _names(session, {firm for row in open_ for firm in row[2:]})
    found: dict[int, list[UnscheduledRequest]] = {}
    for who, firm_id, is_exhibitor in seen:
        for request_id, code, sender, receiver in open_:
            is_theirs = is_exhibitor and firm_id in (sender, receiver)
            if is_theirs or who in named.get(request_id, ()):
                partner = names[receiver if firm_id == sender else sender]
                found.setdefault(who, []).append(UnscheduledRequest(partner, code))
    return found


def _named(session: Session, request_ids: Collection[int]) -> dict[int, set[int]]:
    rows = session.execute(
        select(RequestPerson.request_id, RequestPerson.attendee_id).where(
            in_chunks(RequestPerson.request_id, request_ids)
        )
    )
    found: dict[int, set[int]] = {}
    for request_id, attendee_id in rows:
        found.setdefault(request_id, set()).add(attendee_id)
    return found


def _names(session: Session, firms: Collection[int]) -> dict[int, str]:
    rows = session.execute(select(Firm.id, Firm.name, Firm.latin_name).where(in_chunks(Firm.id, firms)))
    return {firm_id: join_scripts(name, latin) for firm_id, name, latin in rows}
