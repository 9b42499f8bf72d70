"""A run's knowledge of earlier runs, and actions after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from scheduler.domain.entities import AfterRun, RequestState, VersionState
from scheduler.domain.problem import Policy, Problem
from scheduler.domain.solving import ProvedBounds, Result, SolveParams
from scheduler.services.planning.runs import runs
from scheduler.services.planning.runs.execution import RunEnding
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, Event, MeetingRequest, OutboxEmail, PlaceClosure
from tests.integration.planning.runs.scene import Scene, answering, plan_of
from tests.support.factories import (
    NOW,
    make_request,
    make_version,
)

pytestmark = pytest.mark.usefixtures("clock")


class TestPublishingAfterTheRun:
    """The draft is published at once if the run requests it and its changes are within the budget."""

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
            mails = session.query(OutboxEmail).where(OutboxEmail.kind == "invitation")
            assert mails.count() == (4 if published else 0)

    def test_a_first_plan_touches_nobody_and_is_published(self, database: Database) -> None:
        scene = Scene(database, then=AfterRun.PUBLISH, budget=0)
        scene.carry_out(scene.execute(answering(scene.meet(scene.requests[0]))))
        assert scene.versions == [(1, VersionState.PUBLISHED, 1)]


class Listening:
    """A solver that records `is_changed`, and returns an empty plan."""

    def __call__(self, problem: Problem, _params: SolveParams, *, is_changed: bool, **_: Any) -> Result:
        self.is_changed = is_changed
        return Result(plan_of(problem, ()))


def _moves_a_dial(scene: Scene, session: Session) -> None:
    event = session.get_one(Event, scene.expo.event.id)
    event.policy = {**event.policy, "factors": {"idle": 77, "hall_change": 1}}


def _marks_away(scene: Scene, session: Session) -> None:
    person = scene.expo.people[3][0]
    session.add(AttendeeBusy(attendee_id=person.id, slot_id=scene.expo.slots[3].id))


def _closes_a_table(scene: Scene, session: Session) -> None:
    session.add(PlaceClosure(place_id=scene.expo.tables[1].id, slot_id=scene.expo.slots[0].id))


def _asks_again(scene: Scene, session: Session) -> None:
    make_request(session, scene.expo, 0, 2)


def _raises_a_priority(scene: Scene, session: Session) -> None:
    session.get_one(MeetingRequest, scene.requests[1].id).priority -= 1


class TestWhatARunIsToldThatChanged:
    """Any input of the published plan counts, except elapsed time."""

    def run_again(self, scene: Scene) -> tuple[bool, list[dict[str, Any]] | None]:
        with scene.database.write() as session:
            scene.run_id = runs.queue_run(session, scene.expo.event.id, requested_by=None, now=NOW).id
        listening = Listening()
        assert scene.execute(listening).ending is RunEnding.FINISHED
        return listening.is_changed, scene.run.changed

    @pytest.fixture
    def published(self, database: Database) -> Scene:
        scene = Scene(database, then=AfterRun.PUBLISH)
        scene.carry_out(scene.execute(answering(scene.meet(scene.requests[0]))))
        return scene

    def test_nothing_can_before_the_first_publishing(self, scene: Scene) -> None:
        scene.execute(answering(scene.meet(scene.requests[0])))
        assert self.run_again(scene) == (False, None)

    def test_nothing_did_where_nothing_happened(self, published: Scene) -> None:
        assert self.run_again(published) == (False, [])
        assert self.run_again(published) == (False, [])

    @pytest.mark.parametrize(
        ("change", "kind", "names", "counts"),
        [
            (_moves_a_dial, "policy", ["hall_change", "idle"], (0, 0, 0)),
            (_marks_away, "attendees", [], (0, 0, 1)),
            (_closes_a_table, "places", [], (0, 0, 1)),
            (_asks_again, "requests", [], (1, 0, 0)),
            (_raises_a_priority, "requests", [], (0, 0, 1)),
        ],
    )
    def test_what_changed_is_told_and_kept(
        self,
        published: Scene,
        change: Callable[[Scene, Session], None],
        kind: str,
        names: list[str],
        counts: tuple[int, int, int],
    ) -> None:
        with published.database.write() as session:
            change(published, session)
        new, gone, changed = counts
        told = {"kind": kind, "names": names, "new": new, "gone": gone, "changed": changed}
        assert self.run_again(published) == (True, [told])

    def test_a_schedule_that_no_run_made_counts_as_changed(self, scene: Scene) -> None:
        scene.execute(answering(scene.meet(scene.requests[0])))
        with scene.database.write() as session:
            make_version(session, scene.expo, [scene.meet(scene.requests[0])])
        is_changed, changed = self.run_again(scene)
        assert is_changed
        assert [row["kind"] for row in changed or []] == ["unknown"]

    def test_a_meeting_that_is_gone_from_the_published_plan_counts(self, published: Scene) -> None:
        with published.database.write() as session:
            session.get_one(MeetingRequest, published.requests[0].id).state = RequestState.WITHDRAWN
        is_changed, changed = self.run_again(published)
        assert is_changed
        assert [row["kind"] for row in changed or []] == ["requests"]


def test_a_rerun_is_told_what_was_proved_of_an_unchanged_event(scene: Scene) -> None:
    first = scene.meet(scene.requests[0])
    told: list[ProvedBounds | None] = []

    def solve(problem: Problem, _params: SolveParams, proved: ProvedBounds | None, **_: Any) -> Result:
        told.append(proved)
        return Result(plan_of(problem, [first], bound=900, served_bound=9, meetings_bound=7))

    def run_again() -> None:
        with scene.database.write() as session:
            scene.run_id = runs.queue_run(session, scene.expo.event.id, requested_by=None, now=NOW).id
        scene.execute(solve)

    scene.execute(solve)
    with scene.database.write() as session:
        draft = versions.list_versions(session, scene.expo.event.id)[0]
        draft.state = VersionState.PUBLISHED
    run_again()
    with scene.database.write() as session:
        make_request(session, scene.expo, 0, 3)
    run_again()
    assert told == [None, ProvedBounds(900, 9, 7), None]


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
