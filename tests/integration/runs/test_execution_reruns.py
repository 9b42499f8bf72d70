"""What a run is told of the runs before it, and what it does after its own."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.domain.entities import AfterRun, VersionState
from scheduler.domain.problem import Policy, Problem
from scheduler.domain.solving import Proved, Result, SolveParams
from scheduler.services.runs import runs
from scheduler.services.runs.execution import RunEnding
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, OutboxMail
from tests.integration.runs.scene import Scene, answering, plan_of
from tests.support.factories import (
    NOW,
    make_request,
    make_version,
)

pytestmark = pytest.mark.usefixtures("clock")


class TestPublishingAfterTheRun:
    """The draft is published at once if the run says so and little enough changes."""

    @pytest.mark.parametrize(
        ("then", "budget", "published"),
        [
            (AfterRun.PUBLISH, 1, True),
            (AfterRun.PUBLISH, None, True),
            (AfterRun.PUBLISH, 0, False),
            (AfterRun.DRAFT, 9, False),
        ],
    )
    def test_within_the_budget_only(
        self, database: Database, then: AfterRun, budget: int | None, published: bool
    ) -> None:
        scene = Scene(database, then=then, budget=budget)
        first, second = scene.requests[0], scene.requests[2]
        with database.write() as session:
            make_version(session, scene.expo, [scene.meet(first)])
        moved = [scene.meet(first, slot=1), scene.meet(second, slot=2)]
        done = scene.execute(answering(*moved))
        assert (done.ending, done.version) == (RunEnding.FINISHED, 2)
        scene.carry_out(done)
        new, old = VersionState.PUBLISHED, VersionState.SUPERSEDED
        kept = [(2, new, 2), (1, old, 1)] if published else [(2, VersionState.DRAFT, 2), (1, new, 1)]
        assert scene.versions == kept
        with database.read() as session:
            mails = session.query(OutboxMail).where(OutboxMail.kind == "invitation")
            assert mails.count() == (4 if published else 0)

    def test_a_first_plan_touches_nobody_and_is_published(self, database: Database) -> None:
        scene = Scene(database, then=AfterRun.PUBLISH, budget=0)
        scene.carry_out(scene.execute(answering(scene.meet(scene.requests[0]))))
        assert scene.versions == [(1, VersionState.PUBLISHED, 1)]


class Listening:
    """A solve that keeps what it is told is new, and gives an empty plan."""

    def __call__(self, problem: Problem, _params: SolveParams, *, new: list[str], **_: Any) -> Result:
        self.new = new
        return Result(plan_of(problem, ()))


class TestWhatTheSolverIsToldIsNew:
    """Requests that the published plan's problem did not have, or not so."""

    def run_again(self, scene: Scene) -> list[str]:
        with scene.database.write() as session:
            scene.run_id = runs.queue(session, scene.expo.event.id, asked_by=None, now=NOW).id
        listening = Listening()
        assert scene.execute(listening).ending is RunEnding.FINISHED
        return listening.new

    @pytest.fixture
    def published(self, database: Database) -> Scene:
        scene = Scene(database, then=AfterRun.PUBLISH)
        scene.carry_out(scene.execute(answering(scene.meet(scene.requests[0]))))
        return scene

    def test_nothing_is_before_the_first_publishing(self, scene: Scene) -> None:
        scene.execute(answering(scene.meet(scene.requests[0])))
        assert self.run_again(scene) == []

    def test_nothing_is_where_nothing_happened(self, published: Scene) -> None:
        assert self.run_again(published) == []

    def test_a_request_that_came_later_is(self, published: Scene) -> None:
        with published.database.write() as session:
            key = make_request(session, published.expo, 0, 2).key
        assert self.run_again(published) == [key]

    def test_a_request_that_was_changed_is(self, published: Scene) -> None:
        with published.database.write() as session:
            request = session.get_one(MeetingRequest, published.requests[1].id)
            request.priority -= 1
            key = request.key
        assert self.run_again(published) == [key]


def test_a_rerun_is_told_what_was_proved_of_an_unchanged_event(scene: Scene) -> None:
    first = scene.meet(scene.requests[0])
    told: list[Proved | None] = []

    def solve(problem: Problem, _params: SolveParams, proved: Proved | None, **_: Any) -> Result:
        told.append(proved)
        return Result(plan_of(problem, [first], bound=900, served_bound=9, meetings_bound=7))

    def run_again() -> None:
        with scene.database.write() as session:
            scene.run_id = runs.queue(session, scene.expo.event.id, asked_by=None, now=NOW).id
        scene.execute(solve)

    scene.execute(solve)
    with scene.database.write() as session:
        draft = versions.listing(session, scene.expo.event.id)[0]
        draft.state = VersionState.PUBLISHED
    run_again()
    with scene.database.write() as session:
        make_request(session, scene.expo, 0, 3)
    run_again()
    assert told == [None, Proved(900, 9, 7), None]


@pytest.mark.parametrize(("max_moved", "limit", "price"), [(0, None, 60), (7, 7, 1)])
def test_a_run_with_a_budget_of_changes_may_make_so_many_at_a_price_that_pays(
    database: Database, max_moved: int, limit: int | None, price: int
) -> None:
    told: list[Policy] = []
    scene = Scene(database, max_moved=max_moved)

    def solve(problem: Problem, _params: SolveParams, **_: Any) -> Result:
        told.append(problem.policy)
        return Result(plan_of(problem, [scene.meet(scene.requests[0])]))

    assert scene.execute(solve).ending is RunEnding.FINISHED
    (policy,) = told
    assert (policy.max_moved, policy.factors["moved"], policy.factors["dropped"]) == (limit, price, 400)
