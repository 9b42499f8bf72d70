"""A run from its claim to its end: what is kept, what is refused, and what ends it early."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scheduler.domain.entities import PlanStatus, RunState, VersionState
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Result
from scheduler.files.plan_file import read_plan
from scheduler.files.problem_file import fingerprint_of, read_problem
from scheduler.services.problems import solved
from scheduler.services.runs import checking, runs
from scheduler.services.runs.execution import Done, RunEnding
from scheduler.services.schedule import versions
from scheduler.storage.models import MeetingRequest
from tests.integration.runs.scene import Scene, Waiting, answering, plan_of
from tests.support.factories import (
    NOW,
)

pytestmark = pytest.mark.usefixtures("clock")


def test_a_run_ends_with_a_draft_of_its_plan(scene: Scene) -> None:
    meetings = [scene.meet(scene.requests[0]), scene.meet(scene.requests[2])]
    done = scene.execute(answering(meetings[0], replace(meetings[1], place="t1")))
    assert done == Done(RunEnding.FINISHED, version=1, job=1)
    assert scene.versions == [(1, VersionState.DRAFT, 2)]
    run = scene.run
    assert (run.state, run.progress["phase"], run.finished_at, run.error) == (
        RunState.FINISHED,
        "done",
        NOW,
        None,
    )
    with scene.database.read() as session:
        problem = solved.problem_file(session, run.id)
        plan = read_plan(runs.plan_file(session, run.id))
        assert fingerprint_of(read_problem(problem)) == plan.problem == run.fingerprint
        assert versions.get(session, run.event_id, 1).run_id == run.id
        assert {m.request for m in plan.meetings} == {scene.requests[0].key, scene.requests[2].key}


def test_the_solver_serves_what_a_small_event_asks(scene: Scene) -> None:
    assert scene.execute() == Done(RunEnding.FINISHED, version=1, job=1)
    assert scene.versions == [(1, VersionState.DRAFT, 3)]
    assert scene.run.progress["terms"]["served"] == sum(request.priority for request in scene.requests)


def test_no_transaction_is_open_while_it_solves(scene: Scene) -> None:
    def solve(problem: Problem, *_: Any, **__: Any) -> Result:
        with scene.database.write() as session:  # waits for ever if another one holds the lock
            session.get_one(MeetingRequest, scene.requests[0].id).topic = "written meanwhile"
        return Result(plan_of(problem, ()))

    assert scene.execute(solve).ending is RunEnding.FINISHED


def test_a_run_that_is_not_queued_is_left_alone(scene: Scene) -> None:
    with scene.database.write() as session:
        runs.claim(session, scene.run_id, "w0", now=NOW)
    assert scene.execute(answering()) == Done(RunEnding.NOT_CLAIMED)
    assert scene.run.worker == "w0"


def test_a_task_that_comes_twice_does_its_work_once(scene: Scene) -> None:
    endings = [scene.execute(answering(scene.meet(scene.requests[0]))).ending for _ in range(2)]
    assert endings == [RunEnding.FINISHED, RunEnding.NOT_CLAIMED]
    assert scene.versions == [(1, VersionState.DRAFT, 1)]


def test_a_plan_that_breaks_a_rule_fails_the_run_and_is_not_kept(scene: Scene) -> None:
    at_once = [scene.meet(scene.requests[0]), scene.meet(scene.requests[1], place=scene.expo.tables[1])]
    assert scene.execute(answering(*at_once)).ending is RunEnding.FAILED
    assert scene.versions == []
    assert scene.run.state is RunState.FAILED
    assert "H3" in scene.run.error


@pytest.mark.parametrize("claims", [{"score": 1}, {"terms": {"served": 99}}, {"problem": "0" * 64}])
def test_a_plan_that_claims_what_is_not_so_fails_the_run(scene: Scene, claims: dict[str, Any]) -> None:
    assert scene.execute(answering(scene.meet(scene.requests[0]), **claims)).ending is RunEnding.FAILED
    assert scene.versions == []
    assert "The plan was rejected" in scene.run.error


def test_a_solve_that_crashes_fails_the_run_with_a_sentence(scene: Scene) -> None:
    def crash(*_: Any, **__: Any) -> Result:
        raise ZeroDivisionError

    assert scene.execute(crash) == Done(RunEnding.FAILED)
    assert "ZeroDivisionError" in scene.run.error
    with scene.database.write() as session:
        assert runs.queue(session, scene.expo.event.id, asked_by=None, now=NOW).number == 2


@pytest.mark.parametrize("status", [PlanStatus.INFEASIBLE, PlanStatus.UNKNOWN])
def test_no_plan_is_an_answer_and_gives_no_draft(scene: Scene, status: PlanStatus) -> None:
    assert scene.execute(answering(status=status)) == Done(RunEnding.FINISHED)
    assert scene.versions == []
    assert (scene.run.state, scene.run.error) == (RunState.FINISHED, checking.NO_PLAN[status])


def test_reports_are_kept_while_it_solves(scene: Scene) -> None:
    def reported() -> bool:
        return scene.run.progress.get("score") == 7

    assert scene.execute(Waiting(), should_stop=reported).ending is RunEnding.PUT_BACK
