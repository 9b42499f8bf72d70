"""After each step of a day and a night, every figure that organisers read equals a count of all rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.nights import Churn, Desk
from scheduler.domain.entities import RequestState, VersionState
from scheduler.services.access import actors
from scheduler.services.events import home, results
from scheduler.services.fairness import shares
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Event,
    Firm,
    InterpreterBusy,
    MeetingRequest,
    Place,
    PlaceBusy,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
    WalkingTime,
)
from tests.integration.runs.test_three_nights import counted
from tests.support.factories import NOW

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("clock")]


class Rows:
    """All rows of the event that figures are of, read without a condition, and counted in Python."""

    def __init__(self, session: Session, version: ScheduleVersion) -> None:
        self.version = version
        self.event = session.get_one(Event, version.event_id)
        self.requests = {row.id: row for row in session.scalars(select(MeetingRequest))}
        self.firms = {row.id: row for row in session.scalars(select(Firm))}
        self.people = {row.id: row for row in session.scalars(select(Attendee))}
        self.slots = {row.id: row for row in session.scalars(select(Slot))}
        self.halls = {row.id: row.hall_id for row in session.scalars(select(Place))}
        self.walking = {
            frozenset((row.from_hall_id, row.to_hall_id)): row.minutes
            for row in session.scalars(select(WalkingTime))
        }
        self.away = {(row.attendee_id, row.slot_id) for row in session.scalars(select(AttendeeBusy))}
        self.off = {(row.interpreter_id, row.slot_id) for row in session.scalars(select(InterpreterBusy))}
        self.closed = {(row.place_id, row.slot_id) for row in session.scalars(select(PlaceBusy))}
        self.all = [row for row in session.scalars(select(PlannedMeeting)) if row.version_id == version.id]
        self.meetings = [row for row in self.all if self.is_accepted(row.request_id)]
        self.seats: dict[int, list[int]] = defaultdict(list)
        for seat in session.scalars(select(PlannedAttendee)):
            self.seats[seat.meeting_id].append(seat.attendee_id)

    def is_accepted(self, request_id: int) -> bool:
        return self.requests[request_id].state is RequestState.ACCEPTED

    @property
    def accepted(self) -> list[MeetingRequest]:
        return [row for row in self.requests.values() if row.state is RequestState.ACCEPTED]

    def taken(self, meeting: PlannedMeeting) -> list[int]:
        """The ids of the slots of a meeting."""
        first, last = self.slots[meeting.slot_id].position, self.slots[meeting.last_slot_id].position
        return [slot.id for slot in self.slots.values() if first <= slot.position <= last]

    def is_broken(self, meeting: PlannedMeeting) -> bool:
        slots = self.taken(meeting)
        marks = ({(person, slot) for person in self.seats[meeting.id] for slot in slots} & self.away) or (
            {(meeting.interpreter_id, slot) for slot in slots} & self.off
        )
        return bool(marks or {(meeting.place_id, slot) for slot in slots} & self.closed)

    def of_firms(self, request_ids: Iterable[int]) -> Counter[int]:
        found: Counter[int] = Counter()
        for request_id in request_ids:
            found.update((self.requests[request_id].from_firm_id, self.requests[request_id].to_firm_id))
        return found

    def days(self) -> Iterable[tuple[int, list[PlannedMeeting]]]:
        """Of each person and day: the meetings in order."""
        zone = ZoneInfo(self.event.timezone)
        found: dict[tuple[int, Any], list[PlannedMeeting]] = defaultdict(list)
        for meeting in self.meetings:
            day = self.slots[meeting.slot_id].start.astimezone(zone).date()
            for person in self.seats[meeting.id]:
                found[person, day].append(meeting)
        for (person, _), meetings in found.items():
            yield person, sorted(meetings, key=lambda meeting: self.slots[meeting.slot_id].position)

    def between(self) -> Mapping[str, Any]:
        """Idle hours, walks to another hall and their minutes."""
        by_position = {slot.position: slot for slot in self.slots.values()}
        idle = walks = minutes = 0.0
        for person, meetings in self.days():
            for one, two in pairwise(meetings):
                first, last = self.slots[one.last_slot_id].position + 1, self.slots[two.slot_id].position
                for slot in (by_position[position] for position in range(first, last)):
                    if (person, slot.id) not in self.away and not slot.is_retired:
                        idle += (slot.end - slot.start).total_seconds() / 3600
                halls = frozenset((self.halls[one.place_id], self.halls[two.place_id]))
                if len(halls) == 2:
                    walks += 1
                    minutes += self.walking.get(halls, 0)
        return {"idle_hours": pytest.approx(idle), "walks": walks, "walk_minutes": pytest.approx(minutes)}


def check(database: Database, event_id: int) -> None:
    """Home, results and fairness of the published version."""
    with database.read() as session:
        published = versions.published(session, event_id)
        assert published is not None
        rows, actor = Rows(session, published), actors.operator(session.get_one(Event, event_id))
        seen = home.home(session, actor, now=NOW)
        held = {meeting.request_id for meeting in rows.meetings}
        of_firms = rows.of_firms(held)
        pending = [row for row in rows.requests.values() if row.state is RequestState.PENDING]
        assert {
            "scheduled": seen.scheduled,
            "accepted": seen.accepted,
            "missing": seen.missing,
            "newer": seen.newer,
            "below": seen.below,
            "unanswered": (seen.unanswered.requests, seen.unanswered.firms),
            "untold": seen.waiting.untold,
            "broken": seen.waiting.broken,
            "uninvited": seen.uninvited,
        } == {
            "scheduled": len(held),
            "accepted": len(rows.accepted),
            "missing": len(rows.accepted) - len(held),
            "newer": sum(
                (row.answered_at or row.created_at) > published.created_at and row.id not in held
                for row in rows.accepted
            ),
            "below": sum(
                firm.withdrawn_at is None and of_firms[firm.id] < firm.min_meetings
                for firm in rows.firms.values()
            ),
            "unanswered": (len(pending), len({row.to_firm_id for row in pending})),
            "untold": sum(not rows.is_accepted(meeting.request_id) for meeting in rows.all),
            "broken": sum(rows.slots[m.slot_id].start > NOW and rows.is_broken(m) for m in rows.meetings),
            "uninvited": sum(
                person.is_exhibitor and person.welcomed_at is None and person.came_at is None
                and person.bounced_at is None and person.withdrawn_at is None
                and rows.firms[person.firm_id].withdrawn_at is None
                for person in rows.people.values()
            ),
        }  # fmt: skip
        check_version(session, actor, rows)
        check_fairness(session, actor, rows)


def check_version(session: Session, actor: Any, rows: Rows) -> None:
    found = results.results(session, actor, rows.version.number)
    there = {row.id for row in rows.people.values() if row.withdrawn_at is None}
    busy = {person for meeting in rows.meetings for person in rows.seats[meeting.id]}
    assert {
        "held": found.held,
        "people": found.people,
        "without": found.without,
        "idle_hours": found.idle_hours,
        "walks": found.walks,
        "walk_minutes": found.walk_minutes,
    } == {
        "held": len(rows.meetings),
        "people": len(there),
        "without": len(there - busy),
        **rows.between(),
    }


def check_fairness(session: Session, actor: Any, rows: Rows) -> None:
    found = shares.look(session, actor, rows.version.number)
    asked = rows.of_firms(row.id for row in rows.accepted)
    held = rows.of_firms(meeting.request_id for meeting in rows.meetings)
    keys = {firm.key: firm.id for firm in rows.firms.values()}
    assert found.without == sum(
        firm.withdrawn_at is None and not asked[firm.id] for firm in rows.firms.values()
    )
    assert all(
        (line.requests, line.held) == (asked[keys[line.key]], held[keys[line.key]]) for line in found.lowest
    )
    least = sorted(held[firm] / asked[firm] for firm in asked)[: len(found.lowest)]
    assert [line.share for line in found.lowest] == pytest.approx(least)
    for lines in found.groups.values():
        assert all(0 <= line.held <= line.requests for line in lines)


@pytest.mark.parametrize(
    ("database", "size", "churn", "nights"),
    [
        ("sqlite", {"firms": 620, "requests": 9_000}, Churn(accepted=100, withdrawn=50, absent=15), 1),
        pytest.param(
            "postgres",
            {"firms": 120, "requests": 1_800},
            Churn(accepted=20, withdrawn=10, absent=6),
            2,
            marks=pytest.mark.postgres,
        ),
    ],
    indirect=["database"],
    ids=["620 firms", "120 firms"],
)
def test_every_figure_before_and_after_nights_equals_its_own_count(
    database: Database, size: dict[str, int], churn: Churn, nights: int
) -> None:
    desk = Desk(database, **size, seed=1, solve=counted)
    check(database, desk.event_id)
    for _ in range(nights):
        desk.day(churn)
        check(database, desk.event_id)
        assert desk.night().state == VersionState.PUBLISHED
        check(database, desk.event_id)
