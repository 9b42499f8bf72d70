"""A killed clock: the next one goes on with its work, repeats nothing and leaves nothing out."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
import redis
from sqlalchemy import func, select

from scheduler.domain.entities import OutboxKind
from scheduler.services.identity import sign_in
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.publishing.version_jobs import WAITING
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.faults.installation import REQUESTS, Installation, Killed, killed_before_commit
from tests.faults.test_sending_faults import postgres_only
from tests.support import clocks
from tests.support.factories import NOW
from tests.support.workers import ROOT
from workers.celery_app import make_celery
from workers.clock import Clock

pytestmark = pytest.mark.smtp

LATER = WAITING + timedelta(minutes=1)
"""Time after which a clock sends a task again, and is due."""


@dataclass
class Ticking:
    """An installation whose publication waits for a clock, since the broker lost its task."""

    installation: Installation
    clock: Clock
    broker: redis.Redis
    wishes: int = 0

    def __post_init__(self) -> None:
        self.job = self.installation.request_publication(5, 1, None, 6, 7)

    def wish_to_sign_in(self) -> None:
        """Request a sign-in email for a person, each time for another one."""
        person = self.installation.expo.people[self.wishes % (2 * REQUESTS)][0]
        self.wishes += 1
        with self.installation.database.write() as session:
            sign_in.request_sign_in(session, person.email, now=self.installation.database.now_in(session))

    def sign_in_emails(self) -> int:
        query = select(func.count()).where(OutboxEmail.kind == OutboxKind.SIGN_IN)
        with self.installation.database.read() as session:
            return session.scalar(query) or 0

    def goes_on(self) -> None:
        """Let the next clock tick, and workers do what it sends."""
        self.broker.flushall()
        assert self.clock.tick()
        assert self.broker.llen("jobs") == 1
        assert self.sign_in_emails() == self.wishes

    def end(self) -> None:
        assert self.installation.execute(self.job) is JobEnding.DONE
        self.installation.recover()
        assert self.installation.breaches() == []


@pytest.fixture
def ticking(installation: Installation, broker_url: str) -> Ticking:
    settings = replace(installation.settings, redis_url=broker_url)
    clock = Clock(installation.database, settings, make_celery(settings))
    client = redis.Redis(unix_socket_path=broker_url.removeprefix("redis+socket://"))
    return Ticking(installation, clock, client)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_clock_that_is_killed_in_a_tick_leaves_the_rest_to_the_next_one(
    ticking: Ticking, tmp_path: Path
) -> None:
    ticking.wish_to_sign_in()
    clocks.go_on(LATER)
    log = tmp_path / "clock.log"
    with log.open("wb") as out:
        killed = subprocess.run(
            [sys.executable, "-m", "tests.faults.clock"],
            env={**os.environ, **ticking.clock.settings.to_env()},
            cwd=ROOT, stdout=out, stderr=out, timeout=120, check=False,
        )  # fmt: skip
    assert killed.returncode == -9, log.read_text()
    assert ticking.sign_in_emails() == 0
    clocks.go_on(LATER)
    ticking.goes_on()
    ticking.end()


@postgres_only
def test_a_clock_that_is_killed_before_any_of_its_commits_loses_and_repeats_nothing(
    ticking: Ticking, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, lambda: NOW + timedelta(minutes=ticking.installation.minutes))
    for nth in count(1):
        ticking.wish_to_sign_in()
        ticking.installation.minutes += LATER / timedelta(minutes=1)
        try:
            with killed_before_commit(database, nth):
                ticking.clock.tick()
        except Killed:
            deaths = nth
        else:
            break
        ticking.installation.minutes += LATER / timedelta(minutes=1)
        ticking.goes_on()
    assert deaths >= 20
    ticking.end()
