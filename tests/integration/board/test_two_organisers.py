"""Two organisers edit one draft at once: conflicts are rejected with a message, other edits are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.errors import ChainmeetError, EditConflict, WrongState
from scheduler.domain.solving import SolveParams
from scheduler.domain.team import TeamRole
from scheduler.services.board import commands, draft_view, manual_drafts, steps
from scheduler.services.board.broken_rules import BreaksRules
from scheduler.services.board.commands import Placement
from scheduler.services.identity.actors import Actor
from scheduler.services.problems import snapshot
from scheduler.services.publishing import version_actions
from scheduler.services.schedule import versions
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import EditStep
from tests.support.factories import NOW, Expo, make_event, make_member, make_request, make_version, meet


class Two:
    """Eight meetings of eight pairs of firms at different tables, and two organisers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=16, slots="6", tables=8)
            self.requests = [make_request(session, self.expo, k, k + 8) for k in range(8)]
            rows = [meet(r, self.expo, place=self.expo.tables[k]) for k, r in enumerate(self.requests)]
            make_version(session, self.expo, rows)
            self.one = self.expo.organiser_actor()
            other = make_member(session, self.expo, TeamRole.ORGANISER)
            self.two = replace(self.one, account_id=other.id)
            self.address = other.email
            self.number = manual_drafts.start_draft(session, self.one, 1, now=NOW)

    def put(self, session: Session, actor: Actor, k: int, slot: int, seen: int) -> steps.StepResult:
        target = Placement(self.requests[k].key, f"s{slot}", f"t{k}")
        return commands.place_request(session, actor, self.number, target, seen=seen, now=NOW)

    def at(self) -> dict[str, str]:
        with self.database.read() as session:
            version = versions.get_version(session, self.expo.event.id, self.number)
            return {m.request: m.slot for m in versions.list_meetings(session, version.id)}

    def together(self, *steps: Callable[[Session], object]) -> list[object]:
        """Run each step in its own transaction and thread, all at once. Return results or errors."""
        gate, results = threading.Barrier(len(steps)), [None] * len(steps)

        def run(i: int) -> None:
            gate.wait()
            try:
                with self.database.write() as session:
                    results[i] = steps[i](session)  # type: ignore[call-overload]
            except ChainmeetError as error:
                results[i] = error  # type: ignore[call-overload]

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(steps))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return list(results)


def test_steps_about_other_meetings_are_all_kept_however_they_come(database: Database) -> None:
    two = Two(database)

    def step(k: int) -> Callable[[Session], object]:
        return lambda session: two.put(session, two.one if k % 2 else two.two, k, 1 + k % 5, seen=0)

    done = two.together(*(step(k) for k in range(8)))
    assert sorted(taken.revision for taken in done if isinstance(taken, steps.StepResult)) == list(
        range(1, 9)
    )
    assert two.at() == {request.key: f"s{1 + k % 5}" for k, request in enumerate(two.requests)}
    with database.write() as session:
        for k in range(8):
            steps.undo_step(session, two.one if k % 2 else two.two, two.number, seen=None, now=NOW)
    assert set(two.at().values()) == {"s0"}


def test_of_two_about_one_meeting_one_is_done_and_the_other_is_told_who_was_first(database: Database) -> None:
    two = Two(database)
    results = two.together(
        lambda session: two.put(session, two.one, 0, 1, seen=0),
        lambda session: two.put(session, two.two, 0, 2, seen=0),
    )
    (refused,) = [each for each in results if isinstance(each, EditConflict)]
    (taken,) = [each for each in results if isinstance(each, steps.StepResult)]
    assert "changed the same meeting after you opened this page" in str(refused)
    assert taken.revision == 1
    with database.write() as session:
        two.put(session, two.two, 1, 3, seen=0)
        last = session.scalars(select(EditStep.number).order_by(EditStep.number.desc())).first()
        with pytest.raises(EditConflict, match=two.address):
            steps.undo_step(session, two.one, two.number, step=last, seen=1, now=NOW)
        steps.undo_step(session, two.one, two.number, step=last, seen=2, now=NOW)
        with pytest.raises(EditConflict):
            two.put(session, two.one, 1, 4, seen=2)


def test_undo_takes_back_ones_own_step_and_leaves_the_others(database: Database) -> None:
    two = Two(database)
    with database.write() as session:
        two.put(session, two.one, 0, 1, seen=None)
        two.put(session, two.two, 1, 2, seen=None)
        two.put(session, two.one, 2, 3, seen=None)
    with database.write() as session:
        seen = draft_view.get_draft(session, two.two, two.number)
        assert seen is not None and seen.to_undo is not None
        assert (seen.done, seen.own_done, seen.to_undo.number) == (3, 1, 2)
        taken = steps.undo_step(session, two.two, two.number, seen=3, now=NOW)
        assert (taken.number, taken.by) == (2, "")
    at = two.at()
    assert [at[two.requests[k].key] for k in range(3)] == ["s1", "s0", "s3"]
    with database.write() as session:
        with pytest.raises(WrongState) as nothing:
            steps.undo_step(session, two.two, two.number, seen=None, now=NOW)
        assert nothing.value.user_message == "You have no change to undo."
        two.put(session, two.one, 3, 4, seen=None)
        assert steps.redo_step(session, two.two, two.number, seen=None, now=NOW).number == 2, "his own still"
    assert_scored(two)
    with database.write() as session:
        taken = steps.undo_step(session, two.two, two.number, step=1, seen=None, now=NOW)
        assert (taken.number, taken.by) == (1, two.expo.organiser.email)
    assert two.at()[two.requests[0].key] == "s0"
    assert_scored(two)
    with database.write() as session:
        for actor in (two.one, two.one, two.two):
            steps.undo_step(session, actor, two.number, seen=None, now=NOW)
    assert set(two.at().values()) == {"s0"}
    assert_scored(two)


def assert_scored(two: Two) -> None:
    """Check that the draft's score is that of its meetings."""
    with two.database.read() as session:
        version = versions.get_version(session, two.expo.event.id, two.number)
        problem = snapshot.build_problem(session, two.expo.event.id, now=NOW, as_put_by_hand=False)
        true = rules.score(problem, versions.list_meetings(session, version.id))
        assert (version.score, version.terms) == (pytest.approx(true.total), dict(true.terms))


def test_a_step_on_which_another_one_depends_is_not_taken_back_and_what_hinders_is_said(
    database: Database,
) -> None:
    two = Two(database)
    with database.write() as session:
        two.put(session, two.one, 0, 1, seen=None)
        two.put(session, two.two, 0, 2, seen=None)
        with pytest.raises(WrongState) as hindered:
            steps.undo_step(session, two.one, two.number, seen=None, now=NOW)
        told = str(hindered.value.user_message)
        assert f"{two.address} changed the same meeting after this change." in told
        steps.undo_step(session, two.two, two.number, seen=None, now=NOW)
        steps.undo_step(session, two.one, two.number, seen=None, now=NOW)
        target = Placement(two.requests[0].key, "s3", "t1")
        commands.place_request(session, two.one, two.number, target, seen=None, now=NOW)
        other = Placement(two.requests[1].key, "s0", "t0")
        commands.place_request(session, two.two, two.number, other, seen=None, now=NOW)
    with database.write() as session, pytest.raises(BreaksRules, match="is occupied"):
        steps.undo_step(session, two.one, two.number, seen=None, now=NOW)
    at = two.at()
    assert (at[two.requests[0].key], at[two.requests[1].key]) == ("s3", "s0"), "nothing was done"


def test_no_step_comes_between_the_look_at_a_draft_and_its_publishing(database: Database) -> None:
    two = Two(database)
    with database.write() as session:
        two.put(session, two.one, 0, 1, seen=0)
        with pytest.raises(EditConflict, match="was edited manually after"):
            version_actions.request_publishing(
                session, two.two, two.number, compared_with=1, revision=0, now=NOW
            )
    results = two.together(
        lambda session: version_actions.request_publishing(
            session, two.two, two.number, compared_with=1, revision=1, now=NOW
        ),
        lambda session: two.put(session, two.one, 1, 2, seen=1),
    )
    assert [isinstance(each, ChainmeetError) for each in results].count(True) == 1


def test_a_draft_by_hand_survives_a_run_that_keeps_it(database: Database) -> None:
    two = Two(database)
    with database.write() as session:
        two.put(session, two.one, 0, 4, seen=0)
        two.put(session, two.one, 1, 5, seen=1)
        commands.cancel_meeting(session, two.one, two.number, two.requests[2].key, seen=2, now=NOW)
        commands.unlock_request(session, two.one, two.number, two.requests[1].key, seen=3, now=NOW)
    with database.read() as session:
        problem = snapshot.build_problem(session, two.expo.event.id, now=NOW, manual_draft=two.number)
    plan = solve(problem, SolveParams(seconds=2, workers=1)).plan
    held = {m.request: (m.slot, m.place) for m in plan.meetings}
    assert held[two.requests[0].key] == ("s4", "t0"), "where it was put"
    assert held[two.requests[1].key] == ("s0", "t1"), "no longer locked: as it is published"
    assert two.requests[2].key not in held
    assert len(held) == 7
    assert two.at()[two.requests[0].key] == "s4", "the draft itself stays"
    with database.write() as session:
        with pytest.raises(WrongState):
            commands.unlock_request(session, two.one, two.number, two.requests[3].key, seen=4, now=NOW)
        version_actions.discard_draft(session, two.one, two.number, now=NOW)
        assert snapshot.build_problem(session, two.expo.event.id, now=NOW).requests[0].fixed is None
