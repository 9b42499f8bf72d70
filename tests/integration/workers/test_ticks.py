"""Periodic tasks: on time, once, independent of each other, and without a broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
import redis
from sqlalchemy import select, text

from scheduler.config import Settings
from scheduler.domain.entities import RequestState, RunState
from scheduler.services.identity import sessions, sign_in
from scheduler.services.operations import job_intervals
from scheduler.services.planning.runs import runs
from scheduler.services.requests.digests import digest_sending
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, OutboxEmail, WebSession
from scheduler.watchdog import Watchdog
from tests.integration.delivery.test_outbox import publish_some
from tests.support.databases import owning
from tests.support.factories import NOW, Expo, make_event, make_night, make_request
from tests.support.workers import ROOT, eventually, settings_for
from workers import dispatch
from workers.celery_app import make_celery
from workers.clock import FETCH, REFETCH, Clock

TICK = timedelta(seconds=15)

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def broker(broker_url: str) -> redis.Redis:
    client = redis.Redis(unix_socket_path=broker_url.removeprefix("redis+socket://"))
    client.flushall()
    return client


@pytest.fixture
def clock(database: Database, broker: redis.Redis, broker_url: str) -> Clock:
    settings = settings_for(database, broker_url)
    return Clock(database, settings, make_celery(settings))


def later(database: Database, name: str, by: timedelta) -> None:
    """Let the interval of a periodic task pass."""
    with database.write() as session:
        session.execute(
            text("UPDATE job_heartbeat SET at = :at WHERE name = :name"),
            {"at": database.now() - by, "name": name},
        )


def expo_due(database: Database) -> Expo:
    """Return a future event whose overnight run is due now."""
    with database.write() as session:
        expo = make_event(session)
        make_night(session, expo, next_at=database.now())
        for slot in expo.slots:
            slot.start, slot.end = slot.start + timedelta(days=36500), slot.end + timedelta(days=36500)
    return expo


def overdue_request(database: Database) -> Callable[[], RequestState]:
    """Return a function that reads the state of a request whose response is overdue."""
    with database.write() as session:
        expo = make_event(session)
        asked = make_request(session, expo, state=RequestState.PENDING, expires_at=NOW - timedelta(days=900))

    def state() -> RequestState:
        with database.read() as session:
            return session.get_one(MeetingRequest, asked.id).state

    return state


def test_a_tick_sends_the_runs_that_are_due(clock: Clock, broker: redis.Redis) -> None:
    expo = expo_due(clock.database)
    assert clock.tick()
    assert broker.llen("solve") == 1
    with clock.database.read() as session:
        assert runs.get_run(session, expo.event.id, 1).state is RunState.QUEUED


def test_a_tick_sends_for_mails_that_wait(clock: Clock, broker: redis.Redis) -> None:
    with clock.database.write() as session:
        publish_some(session)
    assert clock.tick()
    assert (broker.llen("mail"), broker.llen("urgent")) == (1, 0)


def test_of_two_clocks_one_ticks(clock: Clock) -> None:
    together = Barrier(2)

    def tick() -> bool:
        together.wait()
        return clock.tick()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(tick.result() for tick in [threads.submit(tick) for _ in range(2)]) == [False, True]
    assert not clock.tick()
    later(clock.database, job_intervals.TICK, TICK)
    assert clock.tick()


@sqlite_only
def test_a_clock_ticks_as_often_as_the_settings_say(clock: Clock) -> None:
    often = replace(clock, settings=replace(clock.settings, tick_seconds=2))
    assert clock.tick()
    later(clock.database, job_intervals.TICK, timedelta(seconds=2))
    assert not clock.tick()
    assert often.tick()


def test_a_clock_that_was_set_back_does_not_stop_the_ticks(database: Database) -> None:
    with database.write() as session:
        assert job_intervals.claim_interval(session, "tick", every=TICK, now=NOW + timedelta(hours=3))
        assert job_intervals.claim_interval(session, "tick", every=TICK, now=NOW)
        assert not job_intervals.claim_interval(session, "tick", every=TICK, now=NOW + timedelta(seconds=1))
        assert job_intervals.last_run_at(session, "tick") == NOW


def test_a_step_that_fails_keeps_no_other_from_its_turn(clock: Clock, broker: redis.Redis) -> None:
    expo_due(clock.database)
    state = overdue_request(clock.database)
    with owning(clock.database) as owner, owner.write() as session:
        session.execute(text("ALTER TABLE outbox_email RENAME TO gone"))
    assert clock.tick()
    assert state() is RequestState.EXPIRED
    assert broker.llen("solve") == 1


@sqlite_only
def test_time_goes_on_without_a_broker(database: Database, tmp_path: Path) -> None:
    settings = settings_for(database, f"redis+socket://{tmp_path}/nowhere")
    state = overdue_request(database)
    assert Clock(database, settings, make_celery(settings)).tick()
    assert state() is RequestState.EXPIRED


@sqlite_only
def test_a_wish_to_sign_in_is_answered_without_a_broker_and_ended_sessions_go(
    database: Database, tmp_path: Path
) -> None:
    settings = settings_for(database, f"redis+socket://{tmp_path}/nowhere")
    with database.write() as session:
        expo = make_event(session)
        sign_in.request_sign_in(session, expo.organiser.email, now=database.now())
        sessions.begin_session(
            session, expo.organiser.id, settings=settings, now=database.now() - timedelta(hours=12)
        )
    assert Clock(database, settings, make_celery(settings)).tick()
    with database.read() as session:
        assert session.scalars(select(OutboxEmail.to_address)).all() == [expo.organiser.email]
        assert session.scalars(select(WebSession)).all() == []


@sqlite_only
@pytest.mark.parametrize(("host", "tasks"), [("", 1), ("imap.example", 2)])
def test_the_mailbox_is_visited_only_where_one_is_set(
    clock: Clock, broker: redis.Redis, host: str, tasks: int
) -> None:
    visiting = replace(clock, settings=replace(clock.settings, imap_host=host))
    assert visiting.tick()
    assert broker.llen("untrusted") == tasks  # linked calendars are always checked


@sqlite_only
def test_each_thing_has_a_time_of_its_own(clock: Clock, broker: redis.Redis) -> None:
    assert TICK < FETCH < REFETCH
    clock.tick()
    broker.flushall()
    later(clock.database, job_intervals.TICK, TICK)
    assert clock.tick() and broker.llen("untrusted") == 0
    later(clock.database, job_intervals.TICK, TICK)
    later(clock.database, "refetch", REFETCH)
    assert clock.tick() and broker.llen("untrusted") == 1


@sqlite_only
def test_stored_data_and_email_are_checked_daily(
    clock: Clock, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    for name in ("check_invariants", "check_mail", "send_signals"):
        monkeypatch.setattr(dispatch, name, lambda name=name, **_: sent.append(name))

    def tick(hours: float, **changes: str) -> list[str]:
        sent.clear()
        for name in (job_intervals.TICK, job_intervals.INVARIANTS, job_intervals.MAIL_CHECK, "signals"):
            later(clock.database, name, timedelta(hours=hours))
        assert replace(clock, settings=replace(clock.settings, **changes)).tick()
        return sent

    assert tick(0) == []  # a new installation, whose domain is an example
    assert tick(23) == []
    assert tick(24) == ["check_invariants"]
    assert tick(24, mail_domain="expo.org") == ["check_invariants", "check_mail"]
    assert tick(1, mail_domain="expo.org", heartbeat_webhook="https://beat.example") == ["send_signals"]


@sqlite_only
def test_email_is_checked_when_the_clock_starts_but_not_at_each_restart(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(dispatch, "check_mail", lambda **_: sent.append("check_mail"))
    real = replace(clock, settings=replace(clock.settings, mail_domain="expo.org"))
    for minutes, count in ((0, 1), (10, 1), (61, 2)):
        later(clock.database, job_intervals.MAIL_CHECK, timedelta(minutes=minutes))
        stop = threading.Event()
        monkeypatch.setattr(Clock, "tick", lambda _self, stop=stop: stop.set())
        real.run(stop, Watchdog())
        assert len(sent) == count


@sqlite_only
def test_the_clock_is_a_process_that_ends_when_it_is_told_to(
    database: Database, broker_url: str, tmp_path: Path
) -> None:
    settings = replace(settings_for(database, broker_url), pulse_path=str(tmp_path / "pulse"))
    state = overdue_request(database)
    process = run_clock(settings)
    try:
        eventually(lambda: state() is RequestState.EXPIRED)
        assert Path(settings.pulse_path).exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()


def run_clock(settings: Settings) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "chainmeet.cli", "clock"]
    return subprocess.Popen(command, env={**os.environ, **settings.to_env()}, cwd=ROOT)


@sqlite_only
def test_a_tick_makes_the_mails_about_requests_in_turns(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest_sending, "MOST", 1)
    now = clock.database.now()
    with clock.database.write() as session:
        expo = make_event(session, firms=4, digest_mails=True, digests_since=now - timedelta(days=1))
        for receiver in (1, 2, 3):
            make_request(
                session, expo, 0, receiver, state=RequestState.PENDING, priority=5,
                created_at=now, expires_at=now + timedelta(days=9),
            )  # fmt: skip
    assert clock.tick()
    with clock.database.read() as session:
        assert len(session.scalars(select(OutboxEmail)).all()) == 3
