"""The overnight rerun: the local night of each event, once, whatever the clocks do."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest

from scheduler.domain.entities import AfterRun, RunState
from scheduler.services.runs import overnight, runs
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Run
from tests.support.factories import NOW, Expo, make_event


def night(zone: str, at: time, after: datetime) -> datetime | None:
    return overnight.next_rerun_at(Event(rerun_enabled=True, rerun_time=at, rerun_timezone=zone), after)


@pytest.mark.parametrize(
    ("zone", "at", "after", "expected"),
    [
        ("Asia/Shanghai", time(2), "2026-11-24T08:00Z", "2026-11-24T18:00Z"),
        ("Asia/Shanghai", time(2), "2026-11-24T18:00Z", "2026-11-25T18:00Z"),
        ("Asia/Shanghai", time(2), "2026-11-24T17:59:59Z", "2026-11-24T18:00Z"),
        ("America/New_York", time(23, 30), "2026-11-24T04:00Z", "2026-11-24T04:30Z"),
        # clocks go from 02:00 to 03:00 in Berlin: 02:30 is read with the offset before the gap
        ("Europe/Berlin", time(2, 30), "2026-03-28T12:00Z", "2026-03-29T01:30Z"),
        ("Europe/Berlin", time(2, 30), "2026-03-29T01:30Z", "2026-03-30T00:30Z"),
        # clocks go back from 03:00 to 02:00: the first 02:30 of the two, and only that
        ("Europe/Berlin", time(2, 30), "2026-10-24T12:00Z", "2026-10-25T00:30Z"),
        ("Europe/Berlin", time(2, 30), "2026-10-25T00:30Z", "2026-10-26T01:30Z"),
        ("Europe/Berlin", time(2, 30), "2026-10-25T01:10Z", "2026-10-26T01:30Z"),
    ],
)
def test_the_next_rerun_is_at_its_local_time(zone: str, at: time, after: str, expected: str) -> None:
    assert night(zone, at, datetime.fromisoformat(after)) == datetime.fromisoformat(expected)


def test_every_night_of_a_year_has_one_rerun() -> None:
    moment, nights = datetime(2026, 1, 1, tzinfo=UTC), []
    while len(nights) < 365:
        following = night("Europe/Berlin", time(2, 30), moment)
        assert following is not None
        nights.append(following)
        moment = following
    assert all(timedelta(hours=23) <= b - a <= timedelta(hours=25) for a, b in pairwise(nights))
    assert nights[-1] == datetime(2026, 12, 31, 1, 30, tzinfo=UTC)


def test_an_event_without_reruns_has_no_next_one() -> None:
    assert (
        overnight.next_rerun_at(Event(rerun_enabled=False, rerun_time=time(2), rerun_timezone="UTC"), NOW)
        is None
    )


def due_event(database: Database, **columns: object) -> Expo:
    with database.write() as session:
        values = {"rerun_enabled": True, "rerun_time": time(2), "next_rerun_at": NOW, **columns}
        return make_event(session, **values)


def test_a_rerun_that_is_due_queues_a_run_with_the_events_settings(database: Database) -> None:
    expo = due_event(database, rerun_then=AfterRun.PUBLISH, rerun_budget=7)
    with database.write() as session:
        (run_id,) = overnight.claim_due(session, now=NOW)
    with database.read() as session:
        run = session.get_one(Run, run_id)
        assert (run.event_id, run.state, run.asked_by) == (expo.event.id, RunState.QUEUED, None)
        assert (run.then, run.budget) == (AfterRun.PUBLISH, 7)
        assert session.get_one(Event, expo.event.id).next_rerun_at == datetime(2026, 11, 24, 18, tzinfo=UTC)


def test_a_rerun_is_queued_once_a_night(database: Database) -> None:
    due_event(database)
    with database.write() as session:
        assert len(overnight.claim_due(session, now=NOW)) == 1
        assert overnight.claim_due(session, now=NOW) == []


def test_nothing_is_due_before_its_time(database: Database) -> None:
    due_event(database)
    with database.write() as session:
        assert overnight.claim_due(session, now=NOW - timedelta(seconds=1)) == []


def test_a_rerun_that_is_switched_off_is_not_due(database: Database) -> None:
    due_event(database, rerun_enabled=False)
    with database.write() as session:
        assert overnight.claim_due(session, now=NOW) == []


def test_while_a_run_is_open_the_rerun_waits_for_the_next_night(database: Database) -> None:
    expo = due_event(database)
    with database.write() as session:
        runs.queue(session, expo.event.id, asked_by=None, now=NOW)
    with database.write() as session:
        assert overnight.claim_due(session, now=NOW) == []
    with database.read() as session:
        assert session.get_one(Event, expo.event.id).next_rerun_at == datetime(2026, 11, 24, 18, tzinfo=UTC)


def test_one_event_that_waits_does_not_hold_up_another(database: Database) -> None:
    busy, free = due_event(database), due_event(database)
    with database.write() as session:
        runs.queue(session, busy.event.id, asked_by=None, now=NOW)
    with database.write() as session:
        queued = overnight.claim_due(session, now=NOW)
    with database.read() as session:
        assert [session.get_one(Run, run_id).event_id for run_id in queued] == [free.event.id]


def test_a_night_that_was_slept_through_is_not_made_up_for_by_day(database: Database) -> None:
    expo = due_event(database, next_rerun_at=NOW - overnight.LATE - timedelta(seconds=1))
    with database.write() as session:
        assert overnight.claim_due(session, now=NOW) == []
    with database.read() as session:
        assert session.get_one(Event, expo.event.id).next_rerun_at == datetime(2026, 11, 24, 18, tzinfo=UTC)


def test_an_event_that_is_over_has_no_more_reruns(database: Database) -> None:
    expo = due_event(database)
    after = expo.slots[-1].end
    with database.write() as session:
        session.get_one(Event, expo.event.id).next_rerun_at = after
    with database.write() as session:
        assert overnight.claim_due(session, now=after) == []
    with database.read() as session:
        assert session.get_one(Event, expo.event.id).next_rerun_at is None


def test_a_change_of_the_time_takes_effect_at_the_next_look(database: Database) -> None:
    expo = due_event(database, next_rerun_at=datetime(2026, 11, 24, 18, tzinfo=UTC))
    with database.write() as session:
        assert overnight.claim_due(session, now=NOW) == []
        event = session.get_one(Event, expo.event.id)
        event.rerun_time = time(16, 30)  # in Shanghai; it is 16:00 there
        event.next_rerun_at = overnight.next_rerun_at(event, NOW)
    with database.write() as session:
        assert len(overnight.claim_due(session, now=NOW + timedelta(minutes=30))) == 1
