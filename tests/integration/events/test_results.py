"""Statistics of a version equal those of independent queries."""

from __future__ import annotations

from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.errors import NotAllowed
from scheduler.services.events import results
from scheduler.services.problems import snapshot
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
    WalkingTime,
)
from tests.support.factories import Expo, make_event, make_firm, make_request, meet
from tests.support.publishing import draft
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app


def scene(session: Session) -> Expo:
    """Two days, two halls. One firm meets three others, those once each; one firm meets none."""
    expo = make_event(session, firms=5, slots="2|3 4", halls=2, walking=7)
    asked = [make_request(session, expo, 0, other) for other in (1, 2, 3)]
    missing = make_request(session, expo, 1, 2)
    where = [(0, expo.tables[0]), (4, expo.tables[1]), (6, expo.tables[0])]
    meetings = [
        meet(request, expo, slot=slot, place=place)
        for request, (slot, place) in zip(asked, where, strict=True)
    ]
    meetings.append(meet(make_request(session, expo, 0, 4), expo, slot=8, place=expo.tables[1]))
    number = draft(session, expo, meetings)
    version = versions.get_version(session, expo.event.id, number)
    version.meetings_bound = 5
    version.unscheduled = [{"request": missing.key, "reason": "no-place", "detail": "", "remedies": []}]
    session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=expo.slots[2].id))
    session.flush()
    return expo


def test_they_are_what_other_ways_to_count_give(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        make_firm(session, expo)
        found = results.get_results(session, expo.organiser_actor(), 1)
        version = session.scalars(select(ScheduleVersion)).one()
        meetings = versions.list_meetings(session, version.id)
        problem = snapshot.build_problem(session, expo.event.id, now=None)
        held = session.scalar(text("SELECT count(*) FROM planned_meeting"))
        seen = session.scalar(text("SELECT count(DISTINCT attendee_id) FROM planned_attendee"))
        everybody = session.scalar(select(func.count()).select_from(Attendee))
        terms = rules.score(problem, meetings).terms
        walked = walks(session, version)
    assert (
        (found.scheduled, found.accepted, found.most, found.missing) == (held, held + 1, 5, 1) == (4, 5, 5, 1)
    )
    assert (found.people, found.without) == (everybody, everybody - seen) == (6, 1)
    half_hour = 0.5
    assert found.idle_hours == terms["idle"] * half_hour == 3 * half_hour
    assert found.walks == terms["hall_change"] == len(walked) == 2
    assert found.walk_minutes == sum(walked) == 14
    assert found.reasons == {"no-place": 1}


def walks(session: Session, version: ScheduleVersion) -> list[int]:
    """Return the minutes of each walk, meeting by meeting, by the venue's days."""
    minutes = {
        frozenset((w.from_hall_id, w.to_hall_id)): w.minutes for w in session.scalars(select(WalkingTime))
    }
    found = []
    for person in session.scalars(select(Attendee)):
        mine = session.execute(
            select(Slot.start, Place.hall_id)
            .join(PlannedMeeting, PlannedMeeting.slot_id == Slot.id)
            .join(Place, Place.id == PlannedMeeting.place_id)
            .join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)
            .where(PlannedAttendee.attendee_id == person.id, PlannedMeeting.version_id == version.id)
            .order_by(Slot.start)
        ).all()
        for (one, here), (two, there) in pairwise(mine):
            zone = ZoneInfo("Asia/Shanghai")
            if one.astimezone(zone).date() == two.astimezone(zone).date() and here != there:
                found.append(minutes[frozenset((here, there))])
    return found


def test_the_page_of_a_version_says_them_first_and_the_score_on_demand(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        expo = scene(session)
    browser, path = Browser(web_app(database, broker_url), expo.organiser), f"/events/{expo.event.key}"
    page = " ".join(browser.get(f"{path}/versions/1").split())
    assert "<strong>4</strong> of 5 accepted requests are scheduled. 1 is not" in page
    assert "No schedule can include more than 5." in page
    assert (
        page.index("People without a meeting")
        < page.index("<summary>Score and proven maximum<")
        < page.index("Priority points scheduled")
    )


def test_only_who_reads_versions_reads_them(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        with pytest.raises(NotAllowed):
            results.get_results(session, expo.actor(0), 1)


def test_the_queries_are_as_many_for_any_plan(database: Database) -> None:
    with database.write() as session:
        large, small = scene(session), make_event(session)
        draft(session, small, [])

    def look(expo: Expo) -> int:
        return count_selects(
            database, lambda session: results.get_results(session, expo.organiser_actor(), 1)
        )

    assert look(small) == look(large)
