"""Solve workers that are stopped: they finish a search for which there is time, and put back any other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from scheduler.domain.entities import RunState
from scheduler.services.planning.runs import runs
from scheduler.storage.database import Database
from scheduler.storage.models import Run
from tests.support.factories import make_event, make_request
from tests.support.workers import PATIENT_APP, Worker, eventually, settings_for, worker
from workers import dispatch
from workers.celery_app import make_celery
from workers.shutdown import PUT_BACK_SECONDS

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@dataclass
class Searching:
    """A worker in the middle of a search that uses all of its time."""

    database: Database
    broker: redis.Redis
    run_id: int
    worker: Worker

    @property
    def run(self) -> Run:
        with self.database.read() as session:
            return session.get_one(Run, self.run_id)


@pytest.fixture
def searching(
    request: pytest.FixtureRequest, database: Database, broker_url: str, tmp_path: Path
) -> Iterator[Searching]:
    """Yield a worker with a search of some seconds, which has some seconds to finish it."""
    search, drain = request.param
    broker = redis.Redis(unix_socket_path=broker_url.removeprefix("redis+socket://"))
    broker.flushall()
    settings = settings_for(database, broker_url, solve_stop_seconds=int(PUT_BACK_SECONDS) + drain)
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo)
        run = runs.queue_run(
            session, expo.event.id, requested_by=None, seconds=search, now=database.now_in(session)
        )
    celery = make_celery(settings)
    dispatch.solve(run.id, app=celery)
    with worker(settings, "solve", tmp_path, app=PATIENT_APP) as process:
        searching = Searching(database, broker, run.id, process)
        eventually(lambda: bool(searching.run.progress))
        yield searching
    celery.close()
    broker.close()


@pytest.mark.parametrize("searching", [(4, 60)], indirect=True)
def test_a_stopped_worker_finishes_a_search_for_which_there_is_time(searching: Searching) -> None:
    assert searching.run.state is RunState.RUNNING
    assert searching.worker.stop() == 0
    run = searching.run
    assert (run.state, run.attempts) == (RunState.FINISHED, 1)
    assert searching.broker.llen("jobs") == 1  # the comparison of the draft


@pytest.mark.parametrize("searching", [(3000, 3)], indirect=True)
def test_a_stopped_worker_puts_back_a_search_only_when_its_time_is_up(searching: Searching) -> None:
    began = time.monotonic()
    assert searching.worker.stop() == 0
    assert time.monotonic() - began >= 3
    run = searching.run
    assert (run.state, run.attempts, run.worker) == (RunState.QUEUED, 0, None)
