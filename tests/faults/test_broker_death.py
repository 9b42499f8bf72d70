"""A broker that is killed: what runs goes on without it, and what waits goes on with the next one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.domain.entities import JobState
from scheduler.storage.models import VersionJob
from tests.faults.installation import Installation
from tests.faults.test_sending_faults import postgres_only
from tests.support import servers
from tests.support.databases import locked, without_timeouts
from tests.support.workers import eventually, worker
from workers import dispatch
from workers.celery_app import make_celery

pytestmark = [pytest.mark.smtp, pytest.mark.usefixtures("broker_url"), postgres_only]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield the folder of a broker, with a path that is short enough for its socket."""
    with tempfile.TemporaryDirectory(prefix="chainmeet-broker-") as name:
        yield Path(name)


def test_a_publication_goes_on_without_its_broker_and_the_next_one_by_the_new_broker(
    installation: Installation, folder: Path, tmp_path: Path
) -> None:
    settings = replace(
        installation.settings,
        database_url=without_timeouts(installation.database),
        redis_url=servers.valkey_url(folder),
    )
    celery = make_celery(settings)

    def is_in(job_id: int, state: JobState) -> bool:
        with installation.database.read() as session:
            return session.get_one(VersionJob, job_id).state is state

    with servers.valkey_in(folder) as broker, worker(settings, "jobs", tmp_path) as jobs:
        job = installation.request_publication(5, 1, None, 6, 7)
        with locked(installation.database, "outbox_email"):
            assert dispatch.version_job(job, app=celery)
            eventually(lambda: is_in(job, JobState.RUNNING))
            broker.kill()
            broker.wait()
        eventually(lambda: is_in(job, JobState.DONE))
        eventually(lambda: "Connection to broker lost" in jobs.log.read_text())
        with servers.valkey_in(folder):
            job = installation.request_publication(0, 1, 2, 3, None)
            assert dispatch.version_job(job, app=celery)
            eventually(lambda: is_in(job, JobState.DONE))
    celery.close()
    installation.recover()
    assert installation.breaches() == []
