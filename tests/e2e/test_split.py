"""A search shared by two workers: a lost helper costs nothing but time."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from chainmeet.demo import load_sample
from scheduler.domain.entities import RunState
from scheduler.samples.expo import make_expo
from scheduler.services.planning.runs import runs
from scheduler.services.planning.runs.distribution import topic_name
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Run
from tests.support.factories import DAY, SECRET_KEY
from tests.support.workers import eventually, settings_for, worker
from workers import dispatch
from workers.celery_app import make_celery

SOCIABLE_APP = "tests.support.waiting_worker:app"


class Shared:
    """A queued run of eight seconds, for a worker that waits until a second one can help."""

    def __init__(self, database: Database, broker_url: str, client: redis.Redis) -> None:
        self.database = database
        self.settings = settings_for(database, broker_url, solve_workers=1)
        with database.write() as session:
            now = database.now_in(session)
            expo = make_expo(firms=60, requests=600, seed=1, start=DAY)
            event = load_sample.load(
                session, expo, organiser_email="o@example.org", secret_key=SECRET_KEY, now=now
            )
            self.id = runs.queue_run(session, event.id, requested_by=None, seconds=8, now=now).id
        self.sent = client.pubsub(ignore_subscribe_messages=True)
        self.sent.psubscribe(topic_name(self.id, "*"))

    @property
    def run(self) -> Run:
        with self.database.read() as session:
            return session.get_one(Run, self.id)

    def is_helped(self) -> bool:
        """True once a subproblem was sent to a helper.

        A helper that only listens is too early: if it ends before it says that it is ready, the run's worker
        waits for a helper for ever, as `tests.support.waiting_worker` has it wait.
        """
        return self.sent.get_message() is not None

    def is_ended_well(self) -> bool:
        """True if the run finished at the first attempt with a feasible draft."""
        run = self.run
        with self.database.read() as session:
            drafts = [version.number for version in versions.list_versions(session, run.event_id)]
        return (run.state, run.attempts, drafts) == (RunState.FINISHED, 1, [1])


@pytest.fixture
def shared(database: Database, broker_url: str) -> Iterator[Shared]:
    with redis.Redis(unix_socket_path=broker_url.removeprefix("redis+socket://")) as client:
        client.flushall()
        shared = Shared(database, broker_url, client)
        celery = make_celery(shared.settings)
        dispatch.solve(shared.id, app=celery)
        yield shared
        shared.sent.close()
        celery.close()


def test_the_second_worker_does_parts_of_the_first_ones_solve(shared: Shared, tmp_path: Path) -> None:
    with (
        worker(shared.settings, "solve,help", tmp_path, app=SOCIABLE_APP) as first,
        worker(shared.settings, "help", tmp_path),
    ):
        eventually(lambda: shared.run.state not in runs.OPEN_STATES)
        assert shared.is_ended_well()
        (told,) = re.findall(r"search shared.*lost=(\d+).*subproblems=(\d+)", first.log.read_text())
    lost, sent = map(int, told)
    assert sent > lost


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_second_worker_that_is_killed_in_the_middle_costs_the_run_nothing(
    shared: Shared, tmp_path: Path
) -> None:
    with (
        worker(shared.settings, "solve,help", tmp_path, app=SOCIABLE_APP),
        worker(shared.settings, "help", tmp_path) as second,
    ):
        eventually(shared.is_helped)
        second.kill()
        eventually(lambda: shared.run.state not in runs.OPEN_STATES)
    assert shared.is_ended_well()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_second_worker_that_shuts_down_leaves_its_part(shared: Shared, tmp_path: Path) -> None:
    with (
        worker(shared.settings, "solve,help", tmp_path, app=SOCIABLE_APP),
        worker(shared.settings, "help", tmp_path) as second,
    ):
        eventually(shared.is_helped)
        assert second.stop() == 0
        eventually(lambda: shared.run.state not in runs.OPEN_STATES)
    assert shared.is_ended_well()
