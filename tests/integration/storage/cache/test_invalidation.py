"""After every change, cached statistics equal recomputed ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Tier
from scheduler.services.board import commands, manual_drafts
from scheduler.services.board.commands import Placement
from scheduler.services.emails.calendar_status import seat_counts
from scheduler.services.emails.calendar_status.people import BoardVersion
from scheduler.services.events import results
from scheduler.services.exports import prints
from scheduler.services.planning.change_review import cached_changes as decisions
from scheduler.services.planning.fairness import shares
from scheduler.services.reports.outcomes import chain_report
from scheduler.services.reports.statistics.chain_flow import get_chain_flow
from scheduler.services.reports.statistics.hall_load import get_hall_load
from scheduler.services.reports.statistics.walking import count_walks
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import (
    AttendeeBusy,
    CachedStatistic,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    WalkingTime,
)
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.queries import statements

DRAFT = 2


def scene(session: Session) -> Expo:
    """One firm meets four others on two days in two halls; one request is unscheduled. 2 is manual."""
    expo = make_event(
        session, firms=6, slots="4|3 4", halls=2, walking=7, tables=4, areas={"a": "A", "b": "B"}
    )
    asked = [make_request(session, expo, 0, other) for other in (1, 2, 3, 4)]
    make_request(session, expo, 1, 2)
    where = [(0, expo.tables[0]), (3, expo.tables[1]), (5, expo.tables[0]), (8, expo.tables[1])]
    pairs = zip(asked, where, strict=True)
    make_version(session, expo, [meet(request, expo, slot=slot, place=at) for request, (slot, at) in pairs])
    assert manual_drafts.start_draft(session, expo.organiser_actor(), 1, now=NOW) == DRAFT
    return expo


def look(session: Session, expo: Expo) -> list[object]:
    """Return all cached statistics as users see them."""
    actor, event_id = expo.organiser_actor(), expo.event.id
    published, draft = (versions.get_version(session, event_id, number) for number in (1, DRAFT))
    return [
        results.get_results(session, actor, DRAFT),
        get_hall_load(session, actor, DRAFT),
        count_walks(session, actor, DRAFT),
        get_chain_flow(session, actor, DRAFT),
        shares.get_fairness(session, actor, DRAFT),
        prints.count_parts(session, actor, DRAFT),
        chain_report.get_chain_report(session, actor, now=NOW + timedelta(days=400)),
        decisions.get_marks_against(session, draft, published),
        seat_counts.count_seats(session, BoardVersion(draft.id, event_id, DRAFT, None)),
    ]


def anew(database: Database, expo: Expo) -> list[object]:
    """Return the same as `look`, without the cache."""
    with database.write() as session:
        session.execute(delete(CachedStatistic))
        found = look(session, expo)
        session.rollback()
    return found


def by_hand(session: Session, expo: Expo) -> None:
    held = versions.list_meetings(session, versions.get_version(session, expo.event.id, DRAFT).id)[0]
    target = Placement(held.request, slot=expo.slots[1].key, place=held.place)
    commands.place_request(session, expo.organiser_actor(), DRAFT, target, seen=None, now=NOW)


def left_out(session: Session, expo: Expo) -> None:
    """Remove a meeting, as publishing does with a cancelled one."""
    version = versions.get_version(session, expo.event.id, DRAFT).id
    gone = select(func.min(PlannedMeeting.id)).where(PlannedMeeting.version_id == version).scalar_subquery()
    session.execute(delete(PlannedAttendee).where(PlannedAttendee.meeting_id == gone))
    session.execute(delete(PlannedMeeting).where(PlannedMeeting.id == gone))


def changed(**columns: object) -> Callable[[object], None]:
    def change(row: object) -> None:
        for name, value in columns.items():
            setattr(row, name, value)

    return change


def at(pick: Callable[[Expo], object], **columns: object) -> Callable[[Session, Expo], None]:
    """Return a change of one row."""

    def change(session: Session, expo: Expo) -> None:
        changed(**columns)(session.merge(pick(expo)))

    return change


def to_other_hall(session: Session, expo: Expo) -> None:
    session.merge(expo.tables[0]).hall_id = expo.halls[1].id


def other_firm(session: Session, expo: Expo) -> None:
    """Give a request another firm, as merging records does."""
    request, firm = first_request(session), expo.firms[5].id
    request.to_firm_id, request.upper_firm_id = firm, firm


def called_off(session: Session, _expo: Expo) -> None:
    first_request(session).state = RequestState.WITHDRAWN


def first_request(session: Session) -> MeetingRequest:
    return session.scalars(select(MeetingRequest).order_by(MeetingRequest.id).limit(1)).one()


def another_request(session: Session, expo: Expo) -> None:
    make_request(session, expo, 3, 4)


def busy(session: Session, expo: Expo) -> None:
    session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=expo.slots[1].id))


def longer_walk(session: Session, _expo: Expo) -> None:
    for walk in session.scalars(select(WalkingTime)):
        walk.minutes = 11


CHANGES: dict[str, Callable[[Session, Expo], None]] = {
    "a command by hand": by_hand,
    "a meeting left out": left_out,
    "a request called off": called_off,
    "a request more": another_request,
    "a request of another firm": other_firm,
    "another hall": to_other_hall,
    "a slot retired": at(lambda expo: expo.slots[1], is_retired=True),
    "a slot on another day": lambda session, expo: changed(
        start=expo.slots[3].start + timedelta(days=9), end=expo.slots[3].end + timedelta(days=9)
    )(session.merge(expo.slots[3])),
    "another zone": at(lambda expo: expo.event, timezone="America/Los_Angeles"),
    "a longer walk": longer_walk,
    "a person who is busy": busy,
    "a person who is gone": at(lambda expo: expo.people[5][0], withdrawn_at=NOW),
    "another tier": at(lambda expo: expo.firms[1], tier=Tier.DOWNSTREAM),
    "another area": at(lambda expo: expo.firms[1], areas=["b"]),
    "another country": at(lambda expo: expo.firms[1], country="AT"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_kept_is_right_after_a_change(database: Database, name: str) -> None:
    with database.write() as session:
        expo = scene(session)
    with database.read() as session:
        before = look(session, expo)
    with database.write() as session:
        CHANGES[name](session, expo)
    with database.read() as session:
        after = look(session, expo)
    assert after == anew(database, expo)
    assert after != before


def test_a_second_look_works_nothing_out(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
    looks, worked_out = [], []
    for _ in range(2):
        with statements(database.engine) as seen, database.read() as session:
            looks.append(look(session, expo))
        worked_out.append([each for each in seen if "planned_attendee" in each or "GROUP BY" in each])
    assert looks[0] == looks[1]
    # Unscheduled requests by reason, and firms twice: by country and pavilion, and by country and area.
    assert worked_out[0] and len(worked_out[1]) <= 3
