"""A run from claim to end: stored results, rejections, and early ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.entities import AfterRun, AlertKind, PlanStatus, RunState, VersionState
from scheduler.domain.errors import NotAllowed
from scheduler.domain.problem import Problem
from scheduler.domain.solving import Result
from scheduler.files.plan_file import read_plan
from scheduler.files.problem_file import problem_fingerprint, read_problem
from scheduler.services.directory.references import PersonRef
from scheduler.services.planning.runs import commitment_clashes, plan_checks, runs
from scheduler.services.planning.runs.execution import RunEnding, RunOutcome
from scheduler.services.problems import lock_conflicts, stored_problems
from scheduler.services.requests import locks
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Alert, MeetingRequest
from tests.integration.planning.runs.scene import Scene, Waiting, answering, plan_of
from tests.support.factories import (
    NOW,
)
from tests.support.web import Browser, web_app

pytestmark = pytest.mark.usefixtures("clock")


def test_a_run_ends_with_a_draft_of_its_plan(scene: Scene) -> None:
    meetings = [scene.meet(scene.requests[0]), scene.meet(scene.requests[2])]
    done = scene.execute(answering(meetings[0], replace(meetings[1], place="t1")))
    assert done == RunOutcome(RunEnding.FINISHED, version=1, job=1)
    assert scene.versions == [(1, VersionState.DRAFT, 2)]
    run = scene.run
    assert (run.state, run.progress["phase"], run.finished_at, run.error) == (
        RunState.FINISHED,
        "done",
        NOW,
        None,
    )
    with scene.database.read() as session:
        problem = stored_problems.load_problem_file(session, run.id)
        plan = read_plan(runs.get_plan_file(session, run.id))
        assert problem_fingerprint(read_problem(problem)) == plan.problem == run.fingerprint
        assert versions.get_version(session, run.event_id, 1).run_id == run.id
        assert {m.request for m in plan.meetings} == {scene.requests[0].key, scene.requests[2].key}


def test_the_solver_serves_what_a_small_event_asks(scene: Scene) -> None:
    assert scene.execute() == RunOutcome(RunEnding.FINISHED, version=1, job=1)
    assert scene.versions == [(1, VersionState.DRAFT, 3)]
    assert scene.run.progress["terms"]["served"] == sum(request.priority for request in scene.requests)


def test_no_transaction_is_open_while_it_solves(scene: Scene) -> None:
    def solve(problem: Problem, *_: Any, **__: Any) -> Result:
        with scene.database.write() as session:  # blocks if another transaction holds the lock
            session.get_one(MeetingRequest, scene.requests[0].id).topic = "written meanwhile"
        return Result(plan_of(problem, ()))

    assert scene.execute(solve).ending is RunEnding.FINISHED


def test_a_run_that_is_not_queued_is_left_alone(scene: Scene) -> None:
    with scene.database.write() as session:
        runs.claim_run(session, scene.run_id, "w0", now=NOW)
    assert scene.execute(answering()) == RunOutcome(RunEnding.NOT_CLAIMED)
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

    assert scene.execute(crash) == RunOutcome(RunEnding.FAILED)
    assert "ZeroDivisionError" in scene.run.error
    with scene.database.write() as session:
        assert runs.queue_run(session, scene.expo.event.id, requested_by=None, now=NOW).number == 2


@pytest.mark.parametrize("status", [PlanStatus.INFEASIBLE, PlanStatus.UNKNOWN])
def test_no_plan_is_an_answer_and_gives_no_draft(scene: Scene, status: PlanStatus) -> None:
    assert scene.execute(answering(status=status)) == RunOutcome(RunEnding.FINISHED)
    assert scene.versions == []
    assert (scene.run.state, scene.run.error) == (RunState.FINISHED, plan_checks.NO_PLAN[status])


def locked_twice(scene: Scene) -> list[str]:
    """Lock two requests of firm 1 so that its only person has both at once. Return their keys."""
    with scene.database.write() as session:
        for request in scene.requests[:2]:
            row = session.get_one(MeetingRequest, request.id)
            row.fixed_slot_id, row.is_locked = scene.expo.slots[0].id, True
    return [request.key for request in scene.requests[:2]]


@pytest.mark.parametrize("then", [AfterRun.DRAFT, AfterRun.PUBLISH])
def test_locks_that_clash_cost_one_meeting_and_no_draft_but_are_not_published(
    database: Database, then: AfterRun
) -> None:
    scene = Scene(database, then=then)
    keys = locked_twice(scene)
    done = scene.execute()
    assert (done.ending, done.version) == (RunEnding.FINISHED, 1)
    assert scene.versions == [(1, VersionState.DRAFT, 2)]
    lack = scene.run.not_kept
    assert lack is not None
    assert set(lack["not_kept"]) < set(keys)
    assert [(set(row["requests"]), row["cause"]) for row in lack["clashes"]] == [(set(keys), "people")]
    with database.read() as session:
        alerts = session.scalars(select(Alert.kind).where(Alert.resolved_at.is_(None))).all()
    assert list(alerts) == ([AlertKind.NOT_PUBLISHED] if then is AfterRun.PUBLISH else [])
    assert bool(scene.run.error) is (then is AfterRun.PUBLISH)


def test_the_clash_of_a_run_is_told_by_name_with_the_locks_of_now(scene: Scene) -> None:
    keys = locked_twice(scene)
    scene.execute()
    with scene.database.write() as session:
        actor = scene.expo.organiser_actor()
        (clash,) = commitment_clashes.list_run_clashes(session, actor, 1)
        (cause,) = clash.causes
        assert cause.says == lock_conflicts.CAUSES["people"]
        assert [person.key for person in cause.who if isinstance(person, PersonRef)] == ["f1-p0"]
        assert {one.key for one in clash.requests} == set(keys)
        assert sorted(one.is_kept for one in clash.requests) == [False, True]
        assert all(one.meeting and one.locked_to for one in clash.requests)
        locks.unlock_request(session, actor, keys[0], now=NOW)
        (clash,) = commitment_clashes.list_run_clashes(session, actor, 1)
        assert {one.key for one in clash.requests if one.locked_to} == {keys[1]}
        with pytest.raises(NotAllowed):
            commitment_clashes.list_run_clashes(session, scene.expo.actor(0), 1)


def test_locks_that_conflict_stand_with_the_unscheduled_requests_and_are_unlocked_there(
    scene: Scene, broker_url: str
) -> None:
    keys = locked_twice(scene)
    scene.execute()
    path = f"/events/{scene.expo.event.key}/versions/1/fixes"
    browser = Browser(web_app(scene.database, broker_url), scene.expo.organiser)
    panel = browser.get(path).partition('aria-labelledby="conflict-1"')[2].partition("</section>")[0]
    assert "2 locks conflict" in panel and "F1-P0" in panel
    assert "Kept in this version." in panel and "Left out of this version." in panel
    assert panel.count("</form>") == 2 and all(f'value="{key}"' in panel for key in keys)
    browser.post(f"/events/{scene.expo.event.key}/versions/1/unlock", request=keys[0], back=path)
    panel = browser.get(path).partition('aria-labelledby="conflict-1"')[2].partition("</section>")[0]
    assert "It is no longer locked." in panel and panel.count("</form>") == 1
    assert f'value="{keys[1]}"' in panel


def test_reports_are_kept_while_it_solves(scene: Scene) -> None:
    def reported() -> bool:
        return scene.run.progress.get("score") == 7

    assert scene.execute(Waiting(), should_stop=reported).ending is RunEnding.PUT_BACK
