"""Overnight runs: one on each chosen day, at the venue's local time, across clock changes."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from scheduler.domain.entities import AfterRun, RunState
from scheduler.services.planning.runs import overnight, runs
from scheduler.services.planning.runs.overnight import EVERY_DAY
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Run, RunSchedule
from tests.support.factories import NOW, Expo, make_event, make_night

TOMORROW = datetime(2026, 11, 24, 18, tzinfo=UTC)


def night(zone: str, at: time, after: datetime, weekdays: str = EVERY_DAY) -> datetime:
    return overnight.next_run_at(at, weekdays, ZoneInfo(zone), after=after)


@pytest.mark.parametrize(
    ("zone", "at", "after", "expected"),
    [
        ("Asia/Shanghai", time(2), "2026-11-24T08:00Z", "2026-11-24T18:00Z"),
        ("Asia/Shanghai", time(2), "2026-11-24T18:00Z", "2026-11-25T18:00Z"),
        ("Asia/Shanghai", time(2), "2026-11-24T17:59:59Z", "2026-11-24T18:00Z"),
        ("America/New_York", time(23, 30), "2026-11-24T04:00Z", "2026-11-24T04:30Z"),
        # clocks go from 02:00 to 03:00 in Berlin: 02:30 has the offset before the gap
        ("Europe/Berlin", time(2, 30), "2026-03-28T12:00Z", "2026-03-29T01:30Z"),
        ("Europe/Berlin", time(2, 30), "2026-03-29T01:30Z", "2026-03-30T00:30Z"),
        # clocks go back from 03:00 to 02:00: only the first 02:30 counts
        ("Europe/Berlin", time(2, 30), "2026-10-24T12:00Z", "2026-10-25T00:30Z"),
        ("Europe/Berlin", time(2, 30), "2026-10-25T00:30Z", "2026-10-26T01:30Z"),
        ("Europe/Berlin", time(2, 30), "2026-10-25T01:10Z", "2026-10-26T01:30Z"),
    ],
)
def test_the_next_night_is_at_its_local_time(zone: str, at: time, after: str, expected: str) -> None:
    assert night(zone, at, datetime.fromisoformat(after)) == datetime.fromisoformat(expected)


def test_every_night_of_a_year_comes_once() -> None:
    moment, nights = datetime(2026, 1, 1, tzinfo=UTC), []
    while len(nights) < 365:
        following = night("Europe/Berlin", time(2, 30), moment)
        nights.append(following)
        moment = following
    assert all(timedelta(hours=23) <= b - a <= timedelta(hours=25) for a, b in pairwise(nights))
    assert nights[-1] == datetime(2026, 12, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [("1", "2026-11-29T18:00Z"), ("2", "2026-11-30T18:00Z"), ("67", "2026-11-27T18:00Z")],
)
def test_a_night_of_some_days_waits_for_the_next_of_them(weekdays: str, expected: str) -> None:
    """Weekdays are the venue's: Monday 02:00 in Shanghai is Sunday in UTC. NOW is Tuesday 16:00 there."""
    assert night("Asia/Shanghai", time(2), NOW, weekdays) == datetime.fromisoformat(expected)


def due_event(database: Database, **columns: Any) -> Expo:
    with database.write() as session:
        expo = make_event(session)
        make_night(session, expo, **columns)
    return expo


def next_at(database: Database, expo: Expo) -> list[datetime | None]:
    with database.read() as session:
        mine = (
            select(RunSchedule.next_at).where(RunSchedule.event_id == expo.event.id).order_by(RunSchedule.id)
        )
        return list(session.scalars(mine))


def test_a_night_that_is_due_queues_a_run_with_the_events_settings(database: Database) -> None:
    expo = due_event(database, then=AfterRun.PUBLISH)
    with database.write() as session:
        session.get_one(Event, expo.event.id).overnight_percent = 7
        (run_id,) = overnight.queue_due_runs(session, now=NOW)
    with database.read() as session:
        run = session.get_one(Run, run_id)
        assert (run.event_id, run.state, run.requested_by) == (expo.event.id, RunState.QUEUED, None)
        assert (run.then, run.change_budget) == (AfterRun.PUBLISH, {"percent": 7, "a_person": 2, "hours": 24})
    assert next_at(database, expo) == [TOMORROW]


def test_each_of_several_nights_has_its_own_time_and_its_own_end(database: Database) -> None:
    expo = due_event(database)
    with database.write() as session:
        make_night(session, expo, at=time(17), then=AfterRun.PUBLISH, next_at=NOW + timedelta(hours=1))
    ended = []
    for hours in (0, 1):
        with database.write() as session:
            (run_id,) = overnight.queue_due_runs(session, now=NOW + timedelta(hours=hours))
            run = session.get_one(Run, run_id)
            ended.append(run.then)
            run.state = RunState.FINISHED
    assert ended == [AfterRun.DRAFT, AfterRun.PUBLISH]
    assert next_at(database, expo) == [TOMORROW, datetime(2026, 11, 25, 9, tzinfo=UTC)]


def test_an_archived_event_has_no_nights(database: Database) -> None:
    expo = due_event(database)
    with database.write() as session:
        session.get_one(Event, expo.event.id).archived_at = NOW
    with database.write() as session:
        assert overnight.queue_due_runs(session, now=NOW) == []


def test_a_run_is_queued_once_a_night(database: Database) -> None:
    due_event(database)
    with database.write() as session:
        assert len(overnight.queue_due_runs(session, now=NOW)) == 1
        assert overnight.queue_due_runs(session, now=NOW) == []


def test_nothing_is_due_before_its_time(database: Database) -> None:
    due_event(database)
    with database.write() as session:
        assert overnight.queue_due_runs(session, now=NOW - timedelta(seconds=1)) == []


def test_while_a_run_is_open_the_night_waits_for_the_next(database: Database) -> None:
    expo = due_event(database)
    with database.write() as session:
        runs.queue_run(session, expo.event.id, requested_by=None, now=NOW)
    with database.write() as session:
        assert overnight.queue_due_runs(session, now=NOW) == []
    assert next_at(database, expo) == [TOMORROW]


def test_one_event_that_waits_does_not_hold_up_another(database: Database) -> None:
    busy, free = due_event(database), due_event(database)
    with database.write() as session:
        runs.queue_run(session, busy.event.id, requested_by=None, now=NOW)
    with database.write() as session:
        queued = overnight.queue_due_runs(session, now=NOW)
    with database.read() as session:
        assert [session.get_one(Run, run_id).event_id for run_id in queued] == [free.event.id]


def test_a_night_that_was_slept_through_is_not_made_up_for_by_day(database: Database) -> None:
    expo = due_event(database, next_at=NOW - overnight.MAX_DELAY - timedelta(seconds=1))
    with database.write() as session:
        assert overnight.queue_due_runs(session, now=NOW) == []
    assert next_at(database, expo) == [TOMORROW]


def test_an_event_that_is_over_has_no_more_nights(database: Database) -> None:
    expo = due_event(database)
    after = expo.slots[-1].end
    with database.write() as session:
        session.scalars(select(RunSchedule)).one().next_at = after
    with database.write() as session:
        assert overnight.queue_due_runs(session, now=after) == []
    assert next_at(database, expo) == [None]
