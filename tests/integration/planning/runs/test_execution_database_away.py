"""A run whose database is temporarily unavailable."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from scheduler.domain.entities import RunState, VersionState
from scheduler.domain.solving import Result
from scheduler.services.planning.runs import recovery, runs
from scheduler.services.planning.runs.execution import RunEnding, RunOutcome
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from tests.integration.planning.runs.scene import Scene, Solve, answering
from tests.support.factories import NOW
from tests.support.unavailable_database import Away

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def away(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Away]:
    with Away.of(database, monkeypatch) as away:
        yield away


def leaving(away: Away, solve: Solve, times: int) -> Solve:
    """Return a solver at whose end the database rejects some transactions."""

    def work(*args: Any, **keys: Any) -> Result:
        found = solve(*args, **keys)
        away.left = times
        return found

    return work


def test_a_plan_is_kept_however_often_the_database_does_not_answer(scene: Scene, away: Away) -> None:
    solve = leaving(away, answering(scene.meet(scene.requests[0])), times=20)
    assert scene.execute(solve).ending is RunEnding.FINISHED
    assert away.refused == 20
    assert (scene.run.state, scene.run.attempts) == (RunState.FINISHED, 1)
    assert scene.versions == [(1, VersionState.DRAFT, 1)]


def test_a_run_that_was_taken_for_lost_meanwhile_is_its_workers_again(scene: Scene, away: Away) -> None:
    def taken_for_lost() -> None:
        with scene.database.write() as session:
            assert recovery.recover_runs(session, now=NOW + timedelta(minutes=5)) == [scene.run_id]

    away.back = taken_for_lost
    solve = leaving(away, answering(scene.meet(scene.requests[0])), times=3)
    assert scene.execute(solve).ending is RunEnding.FINISHED
    assert (scene.run.state, scene.run.attempts) == (RunState.FINISHED, 1)


def test_a_run_that_another_worker_has_taken_up_meanwhile_is_not(scene: Scene, away: Away) -> None:
    def taken_up() -> None:
        with scene.database.write() as session:
            recovery.recover_runs(session, now=NOW + timedelta(minutes=5))
            assert runs.claim_run(session, scene.run_id, "w2", now=NOW) is not None

    away.back = taken_up
    solve = leaving(away, answering(scene.meet(scene.requests[0])), times=3)
    assert scene.execute(solve) == RunOutcome(RunEnding.LOST)
    assert (scene.run.state, scene.run.worker) == (RunState.RUNNING, "w2")


def test_the_next_attempt_begins_at_the_plan_that_was_found(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(versions, "store_draft", killed)
        scene.execute(answering(scene.meet(scene.requests[0])))
    assert scene.run.state is RunState.QUEUED

    def solved_again(*_: object, **__: object) -> Result:
        raise AssertionError("it was solved already")

    assert scene.execute(solved_again).ending is RunEnding.FINISHED
    assert scene.versions == [(1, VersionState.DRAFT, 1)]
