"""Failed overnight runs alert organisers and operators once; a successful run ends the alert."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from scheduler.domain.entities import AfterRun, AlertKind, RunState
from scheduler.services.operations import alerts, run_alerts
from scheduler.services.planning.runs import overnight, recovery, runs
from scheduler.storage.database import Database
from scheduler.storage.models import Run
from tests.integration.operations.test_alerts import mails
from tests.support.factories import NOW, Expo, make_event, make_night
from tests.support.web import Browser, web_app


class Night:
    """An event whose overnight run is due at NOW (16:00 in Shanghai), and what follows the run."""

    def __init__(self, database: Database, then: AfterRun = AfterRun.PUBLISH, **columns: object) -> None:
        self.database = database
        with database.write() as session:
            self.expo: Expo = make_event(session, **columns)
            make_night(session, self.expo, then=then)
        self.key, self.event_id = self.expo.event.key, self.expo.event.id

    def queue(self, late: timedelta = timedelta(0)) -> int:
        with self.database.write() as session:
            (run_id,) = overnight.queue_due_runs(session, now=NOW + late)
        return run_id

    def begin(self, run_id: int, now: datetime) -> Run:
        with self.database.write() as session:
            run = runs.claim_run(session, run_id, "w", now=now)
            assert run is not None
            return run

    def alerts(self) -> list[tuple[AlertKind, str]]:
        with self.database.read() as session:
            return [(alert.kind, alert.reason) for alert in alerts.list_open_alerts(session, self.event_id)]

    def mails(self) -> int:
        with self.database.read() as session:
            return len(mails(session))


@pytest.fixture
def night(database: Database) -> Night:
    return Night(database)


def finish(night: Night, run_id: int, note: str | None = None) -> None:
    with night.database.write() as session:
        runs.finish_run(session, run_id, worker="w", plan={}, note=note, now=NOW)


def test_a_run_that_begins_in_time_publishes(night: Night) -> None:
    run = night.begin(night.queue(), NOW + timedelta(minutes=60))
    assert (run.then, run.error) == (AfterRun.PUBLISH, None)
    assert night.alerts() == []


def test_a_run_that_begins_late_plans_and_does_not_publish_and_says_so(night: Night, broker_url: str) -> None:
    run = night.begin(night.queue(), NOW + timedelta(minutes=60, seconds=1))
    assert run.then is AfterRun.DRAFT
    said = "The overnight run started at 17:00, more than 60 minutes late, so it only makes a draft."
    ((kind, reason),) = night.alerts()
    assert kind is AlertKind.NOT_PUBLISHED and reason.startswith(said)
    finish(night, run.id)
    browser = Browser(web_app(night.database, broker_url), night.expo.organiser)
    assert browser.get(f"/events/{night.key}/runs/1").count(said) == 2  # the notice, and the run itself


def test_how_late_is_too_late_is_a_setting(database: Database) -> None:
    night = Night(database, overnight_late_minutes=5)
    assert night.begin(night.queue(), NOW + timedelta(minutes=6)).then is AfterRun.DRAFT


def test_lateness_is_counted_from_its_time_and_not_from_when_the_clock_came_to_it(database: Database) -> None:
    night = Night(database, overnight_late_minutes=30)
    late = timedelta(minutes=31)
    assert night.begin(night.queue(late), NOW + late).then is AfterRun.DRAFT


def test_a_run_that_only_makes_a_draft_may_begin_late(database: Database) -> None:
    night = Night(database, AfterRun.DRAFT)
    run = night.begin(night.queue(), NOW + timedelta(hours=9))
    assert (run.then, run.error, night.alerts()) == (AfterRun.DRAFT, None, [])


def test_a_run_that_waits_for_a_worker_is_told_until_one_takes_it(night: Night) -> None:
    run_id = night.queue()

    def look(minutes: int) -> None:
        with night.database.write() as session:
            recovery.recover_runs(session, now=NOW + timedelta(minutes=minutes))

    look(14)
    assert night.alerts() == []
    for minutes in (15, 16, 17):
        look(minutes)
    said = "Run 1 has been waiting since 16:00. No solve worker is available, or all are busy."
    assert (night.alerts(), night.mails()) == ([(AlertKind.RUN_WAITS, said)], 1)
    night.begin(run_id, NOW + timedelta(minutes=20))
    assert night.alerts() == []


def test_a_run_that_is_cancelled_waits_no_more(night: Night) -> None:
    night.queue()
    with night.database.write() as session:
        recovery.recover_runs(session, now=NOW + run_alerts.WAITING)
        runs.cancel_run(session, night.event_id, 1, now=NOW)
    assert night.alerts() == []


def test_a_run_of_the_night_that_fails_is_told_until_one_ends_well(night: Night) -> None:
    run_id = night.queue()
    night.begin(run_id, NOW)
    with night.database.write() as session:
        runs.fail_run(session, run_id, worker="w", error="The solve ended with an error.", now=NOW)
    said = "The overnight run failed: The solve ended with an error."
    assert (night.alerts(), night.mails()) == ([(AlertKind.RUN_FAILED, said)], 1)
    with night.database.write() as session:
        later = runs.queue_run(session, night.event_id, requested_by=night.expo.organiser.id, now=NOW)
    night.begin(later.id, NOW)
    finish(night, later.id)
    assert night.alerts() == []


def test_a_night_without_a_plan_is_told(night: Night) -> None:
    run_id = night.queue()
    night.begin(run_id, NOW)
    finish(night, run_id, note="No plan keeps all the rules of this event.")
    assert [kind for kind, _ in night.alerts()] == [AlertKind.RUN_FAILED]


def test_a_run_that_somebody_asked_for_and_sees_fail_is_not_mailed(night: Night) -> None:
    with night.database.write() as session:
        run = runs.queue_run(session, night.event_id, requested_by=night.expo.organiser.id, now=NOW)
    night.begin(run.id, NOW)
    with night.database.write() as session:
        runs.fail_run(session, run.id, worker="w", error="no", now=NOW)
    assert (night.alerts(), night.mails()) == ([], 0)


def test_a_run_whose_worker_is_lost_too_often_is_told(night: Night) -> None:
    run_id = night.queue()
    for _ in range(recovery.MAX_ATTEMPTS):
        night.begin(run_id, NOW)
        with night.database.write() as session:
            recovery.reclaim_orphaned_runs(session, lambda _: True, now=NOW)
    with night.database.read() as session:
        assert session.get_one(Run, run_id).state is RunState.FAILED
    ((kind, reason),) = night.alerts()
    assert kind is AlertKind.RUN_FAILED and recovery.LOST_TOO_OFTEN in reason


def test_a_night_that_another_runs_place_was_taken_in_is_told(night: Night) -> None:
    with night.database.write() as session:
        runs.queue_run(session, night.event_id, requested_by=None, now=NOW)
    with night.database.write() as session:
        assert overnight.queue_due_runs(session, now=NOW) == []
    said = "The overnight run at 16:00 did not take place: run 1 was still open."
    assert night.alerts() == [(AlertKind.RUN_MISSED, said)]


def test_a_night_that_was_slept_through_is_told(night: Night) -> None:
    with night.database.write() as session:
        assert overnight.queue_due_runs(session, now=NOW + timedelta(hours=3)) == []
    said = "The overnight run at 16:00 did not take place: the scheduled-task service was not running."
    assert night.alerts() == [(AlertKind.RUN_MISSED, said)]
    with night.database.write() as session:
        run = runs.queue_run(session, night.event_id, requested_by=None, now=NOW)
    night.begin(run.id, NOW)
    finish(night, run.id)
    assert night.alerts() == []


def test_a_night_that_found_no_plan_does_not_look_like_one_that_did(night: Night, broker_url: str) -> None:
    run = night.begin(night.queue(), NOW)
    finish(night, run.id, "No plan keeps all the rules.")
    assert [kind for kind, _ in night.alerts()] == [AlertKind.RUN_FAILED]
    browser = Browser(web_app(night.database, broker_url), night.expo.organiser)
    base = f"/events/{night.key}"
    for page in (base, f"{base}/overnight", f"{base}/runs/1", f"{base}/schedule"):
        shown = browser.get(page)
        assert re.search('<span class="tag tag-bad">(<span[^>]*></span>)?No schedule</span>', shown)
        assert "finished" not in shown
