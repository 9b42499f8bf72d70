"""Members of a delegation: firms with all their people, and individual people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import VersionState
from scheduler.services.directory.references import FirmRef, PersonRef, firm_columns, person_columns
from scheduler.services.schedule.scheduled import IS_ACCEPTED
from scheduler.storage.models import (
    Attendee,
    DelegationFirm,
    DelegationPerson,
    Firm,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
)


@dataclass(frozen=True, slots=True)
class DelegationPersonCard:
    """A person of a delegation. `meetings` counts published meetings. `alone` marks individual members."""

    person: PersonRef
    firm: FirmRef
    phone: str
    languages: tuple[str, ...]
    meetings: int
    alone: bool


@dataclass(frozen=True, slots=True)
class DelegationMembers:
    """Firms by name, and all people: first the firms' people, then individual members."""

    firms: tuple[FirmRef, ...]
    people: tuple[DelegationPersonCard, ...]


def select_people(delegation_id: int) -> Select[Attendee]:
    """Return a query for the attendees of a delegation, without withdrawn ones."""
    firms = select(DelegationFirm.firm_id).where(DelegationFirm.delegation_id == delegation_id)
    alone = select(DelegationPerson.attendee_id).where(DelegationPerson.delegation_id == delegation_id)
    return select(Attendee).where(
        Attendee.withdrawn_at.is_(None), or_(Attendee.firm_id.in_(firms), Attendee.id.in_(alone))
    )


def list_members(session: Session, delegation_id: int) -> DelegationMembers:
    """Return the members of a delegation. Runs three queries."""
    firms: Any = session.execute(
        select(Firm.id, *firm_columns(Firm))
        .join(DelegationFirm, DelegationFirm.firm_id == Firm.id)
        .where(DelegationFirm.delegation_id == delegation_id)
        .order_by(func.lower(Firm.latin_name), Firm.id)
    ).all()
    together = {row[0] for row in firms}
    found = select_people(delegation_id).join(Firm, Firm.id == Attendee.firm_id)
    rows: Any = session.execute(
        found.with_only_columns(
            Attendee.id,
            Firm.id,
            Attendee.phone,
            Attendee.languages,
            *person_columns(Attendee),
            *firm_columns(Firm),
        ).order_by(func.lower(Firm.latin_name), func.lower(Attendee.latin_name), Attendee.id)
    ).all()
    held = _meetings(session, delegation_id)
    cards = [
        DelegationPersonCard(
            person=PersonRef(*row[4:8]),
            firm=FirmRef(*row[8:12]),
            phone=row[2],
            languages=tuple(row[3]),
            meetings=held.get(row[0], 0),
            alone=row[1] not in together,
        )
        for row in rows
    ]
    people = sorted(cards, key=lambda card: card.alone)
    return DelegationMembers(tuple(FirmRef(*row[1:]) for row in firms), tuple(people))


def _meetings(session: Session, delegation_id: int) -> dict[int, int]:
    """Return the number of published meetings by person id."""
    people = select_people(delegation_id).with_only_columns(Attendee.id)
    rows = session.execute(
        select(PlannedAttendee.attendee_id, func.count())
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(
            ScheduleVersion.state == VersionState.PUBLISHED,
            IS_ACCEPTED,
            PlannedAttendee.attendee_id.in_(people),
        )
        .group_by(PlannedAttendee.attendee_id)
    )
    return {row[0]: row[1] for row in rows}
