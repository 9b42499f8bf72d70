"""Demo event in the database, and people whose pages are worth viewing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chainmeet.demo import delegations, load_sample
from chainmeet.stack.embedded import Stack
from scheduler.domain.entities import RequestState
from scheduler.samples.expo import START, make_expo
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    Event,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    TeamMember,
)

ORGANISER = "organiser@chainmeet.example"


@dataclass(frozen=True, slots=True)
class DemoEvent:
    id: int
    key: str
    name: str
    organiser_id: int
    requests: int
    accepted: int


def find_event(database: Database) -> DemoEvent | None:
    """Return the demo event of an earlier start: the newest one that the demo organiser runs."""
    with database.read() as session:
        found = session.execute(
            select(Event, Account.id)
            .join(TeamMember, TeamMember.event_id == Event.id)
            .join(Account, Account.id == TeamMember.account_id)
            .where(Account.email == ORGANISER)
            .order_by(Event.id.desc())
        ).first()
        return None if found is None else _demo_event(session, *found)


def load_event(stack: Stack, firms: int, requests: int, seed: int) -> DemoEvent:
    """Generate an expo in the future and insert it into the database."""
    now = stack.database.now()
    expo = make_expo(firms=firms, requests=requests, seed=seed, start=first_day(now.date()))
    with stack.database.write() as session:
        event = load_sample.load(
            session, expo, organiser_email=ORGANISER, secret_key=stack.settings.secret_key, now=now
        )
        delegations.come_together(session, event)
        account = session.scalars(select(Account.id).where(Account.email == ORGANISER)).one()
        return _demo_event(session, event, account)


def first_day(today: date) -> date:
    """Return the default first day, or a Tuesday three months ahead if that is 30 days away or less."""
    if START - today > timedelta(days=30):
        return START
    later = today + timedelta(days=91)
    return later + timedelta(days=(1 - later.weekday()) % 7)


def sights(database: Database, event_id: int, version_id: int) -> list[tuple[str, str, str]]:
    """Return (role, address, name) of the organiser, a busy exhibitor and a busy visitor."""
    meetings = func.count(PlannedAttendee.meeting_id)
    busiest = (
        select(Attendee)
        .join(PlannedAttendee, PlannedAttendee.attendee_id == Attendee.id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .where(PlannedMeeting.version_id == version_id, Attendee.event_id == event_id)
        .group_by(Attendee.id)
        .order_by(meetings.desc(), Attendee.id)
        .limit(1)
    )
    found = [("organiser", ORGANISER, "")]
    with database.read() as session:
        for role, is_exhibitor in (("exhibitor", True), ("attendee", False)):
            person = session.scalar(busiest.where(Attendee.is_exhibitor.is_(is_exhibitor)))
            if person is not None:
                found.append((role, person.email, person.latin_name))
    return found


def _demo_event(session: Session, event: Event, organiser_id: int) -> DemoEvent:
    asked = select(func.count()).select_from(MeetingRequest).where(MeetingRequest.event_id == event.id)
    accepted = asked.where(MeetingRequest.state == RequestState.ACCEPTED)
    return DemoEvent(
        event.id,
        event.key,
        event.name,
        organiser_id,
        session.scalar(asked) or 0,
        session.scalar(accepted) or 0,
    )
