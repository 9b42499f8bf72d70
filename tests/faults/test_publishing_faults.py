"""Faults in the middle of a publication: the worker is killed or stopped, the database ends connections."""

from __future__ import annotations

from itertools import count

import pytest

from scheduler.services.publishing import job_execution
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.storage.database import Database
from tests.faults.installation import Installation, Killed, killed_before_commit
from tests.faults.test_sending_faults import postgres_only
from tests.support.databases import end_connections

pytestmark = pytest.mark.smtp


def test_a_worker_that_is_killed_before_any_of_its_commits_notifies_everyone_once(
    installation: Installation,
) -> None:
    plans = [(5, 1, None, 6, 7), (0, 1, 2, 3, None)]
    for nth in count(1):
        job = installation.request_publication(*plans[nth % 2])
        try:
            with killed_before_commit(installation.database, nth):
                installation.execute(job)
        except Killed:
            deaths = nth
        else:
            break
        installation.recover_jobs()
        installation.recover()
        assert installation.breaches() == [], f"killed before commit {nth}"
    assert deaths >= 5


@pytest.mark.parametrize("polls", range(1, 4))
def test_a_worker_that_shuts_down_leaves_the_rest_to_the_next(installation: Installation, polls: int) -> None:
    numbers = count(1)
    job = installation.request_publication(5, 1, None, 6, 7)
    ending = job_execution.execute_job(
        installation.database,
        job,
        worker="w",
        settings=installation.settings,
        should_stop=lambda: next(numbers) >= polls,
    )
    if ending is JobEnding.PUT_BACK:
        assert installation.execute(job) is JobEnding.DONE
    installation.recover()
    assert installation.breaches() == []


@postgres_only
def test_a_database_that_ends_all_connections_between_two_steps_delays_the_publication_only(
    installation: Installation, database: Database
) -> None:
    job = installation.request_publication(5, 1, None, 6, 7)
    numbers = count(1)

    def lose() -> bool:
        if next(numbers) == 1:
            end_connections(database)
        return False

    job_execution.execute_job(database, job, worker="w", settings=installation.settings, should_stop=lose)
    installation.recover_jobs()
    installation.recover()
    assert installation.breaches() == []


def test_two_workers_with_one_publication_do_it_once(installation: Installation) -> None:
    job = installation.request_publication(5, 1, None, 6, 7)
    assert [installation.execute(job), installation.execute(job, "another")] == [
        JobEnding.DONE,
        JobEnding.NOT_CLAIMED,
    ]
    installation.recover()
    assert installation.breaches() == []
