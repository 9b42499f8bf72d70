"""All machines use the database's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from scheduler.domain.entities import VersionState
from scheduler.domain.solving import Result
from scheduler.services.operations import job_intervals
from scheduler.services.operations.clock_skew import log_clock_skew
from scheduler.services.planning.runs import recovery
from scheduler.services.planning.runs.execution import RunEnding
from scheduler.services.schedule import versions
from scheduler.storage import database as module
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.integration.planning.runs.scene import Scene, answering
from tests.support import clocks
from tests.support.factories import NOW, make_event, make_request, make_version, meet
from tests.support.publishing import carry_out
from tests.support.web import Browser, web_app


def test_each_test_begins_at_the_same_moment_by_the_databases_clock(database: Database) -> None:
    with database.read() as session:
        assert NOW <= database.now() <= database.now_in(session) < NOW + timedelta(hours=1)
    assert abs(database.machine_is_ahead()) < timedelta(minutes=1)


class WrongClock(datetime):
    """A machine whose clock is months behind."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_r6_the_time_is_the_databases_and_not_the_machines(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_the_server() -> datetime:
        with database.read() as session:
            return session.scalars(select(func.clock_timestamp())).one()

    monkeypatch.setattr(module, "datetime", WrongClock)
    before, moment, after = by_the_server(), database.now(), by_the_server()
    assert before <= moment <= after
    assert moment.utcoffset() == timedelta(0)


def test_r6_trap_18_a_publishing_is_stamped_by_the_databases_clock(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        expo = make_event(session)
        meeting = meet(make_request(session, expo), expo)
        make_version(session, expo, [meeting], state=VersionState.DRAFT)
    clocks.hold(monkeypatch, NOW)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    browser.get(f"/events/{expo.event.key}/versions/1")
    browser.post(f"/events/{expo.event.key}/versions/1/publish", compared_with="")
    carry_out(database)
    with database.read() as session:
        stamps = {payload["dtstamp"] for payload in session.scalars(select(OutboxEmail.payload)) if payload}
    assert stamps == {NOW.isoformat()}


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("minutes", [-2, 2])
def test_a_worker_whose_clock_is_two_minutes_off_keeps_its_run_and_stamps_it_right(
    database: Database, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    scene = Scene(database, now=database.now())
    began = database.now()
    recovered: list[int] = []
    plan = answering(scene.meet(scene.requests[0]))

    def solve(*args: Any, **keys: Any) -> Result:
        with database.write() as session:
            moment = session.scalars(select(func.clock_timestamp())).one()
            recovered.extend(recovery.recover_runs(session, now=moment))
        return plan(*args, **keys)

    clocks.set_wrong(monkeypatch, timedelta(minutes=minutes))
    assert scene.execute(solve).ending is RunEnding.FINISHED
    monkeypatch.undo()
    ended = database.now()
    with database.read() as session:
        (draft,) = versions.list_versions(session, scene.expo.event.id)
    stamps = [scene.run.started_at, scene.run.heartbeat_at, scene.run.finished_at, draft.created_at]
    assert recovered == []
    assert all(began <= stamp <= ended for stamp in stamps)


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_machine_knows_how_far_its_clock_is_from_the_databases(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert log_clock_skew(database) is None
    clocks.set_wrong(monkeypatch, timedelta(minutes=-2))
    ahead = log_clock_skew(database)
    assert ahead is not None
    assert abs(ahead + timedelta(minutes=2)) < timedelta(minutes=1)


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_clock_process_that_is_two_minutes_ahead_ticks_in_its_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = timedelta(seconds=15)

    def claim() -> bool:
        with database.write() as session:
            return job_intervals.claim_interval(
                session, job_intervals.TICK, every=every, now=database.now_in(session)
            )

    assert claim()
    clocks.set_wrong(monkeypatch, timedelta(minutes=2))
    assert not claim()
