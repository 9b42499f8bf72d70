"""Stopped runs: cancelled, put back, recovered elsewhere, overdue, or hanging."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from scheduler.domain.entities import PlanStatus, RunState
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Phase, Progress, Result, SolveParams
from scheduler.services.planning.runs import recovery, runs, watchdog
from scheduler.services.planning.runs.execution import RunEnding, RunOutcome
from scheduler.storage.models import Run
from tests.integration.planning.runs.scene import Scene, Waiting, answering, plan_of
from tests.support.factories import (
    NOW,
)

pytestmark = pytest.mark.usefixtures("clock")


def test_a_cancelled_run_stops_and_keeps_nothing(scene: Scene) -> None:
    waiting = Waiting()

    def cancel() -> None:
        waiting.began.wait()
        with scene.database.write() as session:
            runs.cancel_run(session, scene.expo.event.id, 1, now=NOW)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    assert scene.execute(waiting) == RunOutcome(RunEnding.CANCELLED)
    canceller.join()
    assert scene.run.state is RunState.CANCELLED
    assert scene.versions == []


def test_a_run_that_is_told_to_stop_keeps_its_best_plan(scene: Scene) -> None:
    waiting = Waiting()

    def stop() -> None:
        waiting.began.wait()
        with scene.database.write() as session:
            runs.stop_run(session, scene.expo.event.id, 1)

    stopper = threading.Thread(target=stop)
    stopper.start()
    assert scene.execute(waiting) == RunOutcome(RunEnding.FINISHED, version=1, job=1)
    stopper.join()
    assert (scene.run.state, len(scene.versions)) == (RunState.FINISHED, 1)


def test_a_worker_that_shuts_down_puts_its_run_back(scene: Scene) -> None:
    waiting = Waiting()
    assert scene.execute(waiting, should_stop=waiting.began.is_set) == RunOutcome(RunEnding.PUT_BACK)
    assert (scene.run.state, scene.run.attempts) == (RunState.QUEUED, 0)
    assert scene.execute(answering()).ending is RunEnding.FINISHED


def test_a_process_that_is_told_to_exit_puts_its_run_back(scene: Scene) -> None:
    def exit_now() -> bool:
        raise SystemExit

    with pytest.raises(SystemExit):
        scene.execute(Waiting(), should_stop=exit_now)
    assert scene.run.state is RunState.QUEUED


def test_a_run_that_was_taken_up_elsewhere_is_let_go(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "HEARTBEAT_INTERVAL", 0.0)
    waiting = Waiting()

    def take_away() -> bool:
        if waiting.began.is_set() and scene.run.worker == "w1":
            with scene.database.write() as session:
                recovery.recover_runs(session, now=NOW + timedelta(hours=1))
                runs.claim_run(session, scene.run_id, "w2", now=NOW)
        return False

    assert scene.execute(waiting, should_stop=take_away) == RunOutcome(RunEnding.LOST)
    assert (scene.run.state, scene.run.worker) == (RunState.RUNNING, "w2")
    assert scene.versions == []


def test_a_solve_that_overruns_its_time_is_stopped_and_its_plan_kept(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "MAX_OVERTIME", -1000.0)
    assert scene.execute(Waiting()) == RunOutcome(RunEnding.FINISHED, version=1, job=1)


def test_compiling_does_not_count_as_overtime(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "MAX_OVERTIME", 0.0)
    with scene.database.write() as session:
        session.get_one(Run, scene.run_id).seconds = 1
    compiled = threading.Event()

    def solve(
        problem: Problem, _params: SolveParams, *, on_progress: Any, should_stop: Any, **_: Any
    ) -> Result:
        on_progress(Progress(0.0, Phase.COMPILING))
        compiled.wait()
        status = PlanStatus.UNKNOWN if should_stop() else PlanStatus.FEASIBLE
        return Result(plan_of(problem, (), status=status))

    threading.Timer(2.0, compiled.set).start()
    assert scene.execute(solve) == RunOutcome(RunEnding.FINISHED, version=1, job=1)


def test_a_solve_that_hangs_fails_its_run(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "MAX_OVERTIME", -1000.0)
    monkeypatch.setattr(watchdog, "STOP_TIMEOUT", 0.0)
    release = threading.Event()

    def hang(problem: Problem, *_: Any, **__: Any) -> Result:
        release.wait()
        return Result(plan_of(problem, ()))

    done = scene.execute(hang)
    release.set()
    assert done == RunOutcome(RunEnding.FAILED, is_stuck=True)
    assert (scene.run.state, scene.versions) == (RunState.FAILED, [])
