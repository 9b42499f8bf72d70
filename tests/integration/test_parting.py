"""Parts of a run's search in the database: called for, taken once, answered or lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.problem import Problem
from scheduler.services import parting, runs
from scheduler.services.parting import WorkerCrew, take
from scheduler.solver.helping import prepare
from scheduler.solver.parts import Part
from scheduler.solver.rerun import starting_state
from scheduler.solver.schedule import Heat
from scheduler.solver.shares import whole
from scheduler.storage.database import Database
from scheduler.storage.models import SearchPart
from tests.builders import ask, make_problem
from tests.factories import NOW, make_event

PROBLEM = make_problem(slots="2 2", requests=[ask("r1", "a", "b"), ask("r2", "b", "c")])


class Scene:
    """A running run of PROBLEM, its crew, and what was sent to the workers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.run_id = self.running()
        self.sent: list[int] = []
        self.crew = WorkerCrew(database, self.run_id, self.send)

    def running(self) -> int:
        found = {"fingerprint": PROBLEM.fingerprint, "problem": PROBLEM.to_json()}
        with self.database.write() as session:
            run = runs.queue(session, make_event(session).event.id, asked_by=None, now=NOW)
            runs.claim(session, run.id, "coordinator", now=NOW)
            runs.keep_problem(session, run.id, worker="coordinator", **found)
            return run.id

    def send(self, part_id: int) -> bool:
        self.sent.append(part_id)
        return True

    def take(self, part_id: int, worker: str = "w1", **options: Any) -> bool:
        keys = {"threads": 1, "should_stop": lambda: False, **options}
        return take(self.database, part_id, worker=worker, **keys)

    def offer(self, *parts: bytes) -> list[int]:
        """The ids of the parts, which are offered."""
        self.sent.clear()
        self.crew.offer(parts)
        return list(self.sent)

    def rows(self) -> list[int]:
        with self.database.read() as session:
            return list(session.scalars(select(SearchPart.id)))


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def a_part() -> bytes:
    """All of the plan, to be improved for a tenth of a second."""
    flat = prepare(PROBLEM)
    plan = starting_state(flat, None, 1)
    return Part(plan.held, whole(flat.data), Heat(3.0, 0.2), 0.0, 1.0, 0.1, 7).to_bytes()


def test_nobody_helps_until_a_call_is_answered(scene: Scene) -> None:
    scene.crew.begin()
    assert (scene.crew.size(), len(scene.sent)) == (0, parting.CALLS)
    assert scene.take(scene.sent[0], "w1")
    scene.crew.call()
    assert scene.crew.size() == 1


def test_one_worker_counts_once_and_answered_calls_are_renewed(scene: Scene) -> None:
    scene.crew.begin()
    for part_id in list(scene.sent):
        scene.take(part_id, "w1")
    scene.crew.call()
    assert (scene.crew.size(), len(scene.sent), len(scene.rows())) == (1, 2 * parting.CALLS, parting.CALLS)


def test_a_worker_that_answers_a_call_has_the_problem_and_reads_it_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[Problem] = []
    monkeypatch.setattr(parting, "_prepared", {})
    monkeypatch.setattr(parting, "prepare", lambda problem: prepared.append(problem) or prepare(problem))
    scene.crew.begin()
    for part_id in [*scene.sent, *scene.offer(a_part())]:
        assert scene.take(part_id)
    assert prepared == [PROBLEM]


def test_an_answer_comes_back_at_its_place_in_the_offer(scene: Scene) -> None:
    _, second = scene.offer(a_part(), a_part())
    assert scene.take(second)
    assert list(scene.crew.answers()) == [1]
    assert scene.crew.answers()[1] != b""


def test_a_part_that_is_delivered_twice_is_done_once(scene: Scene) -> None:
    (part_id,) = scene.offer(a_part())
    assert [scene.take(part_id, "w1"), scene.take(part_id, "w2")] == [True, False]


def test_a_part_that_was_withdrawn_is_left_alone(scene: Scene) -> None:
    (part_id,) = scene.offer(a_part())
    scene.crew.withdraw()
    assert not scene.take(part_id)
    assert scene.rows() == []


def test_an_answer_that_comes_too_late_changes_nothing(scene: Scene) -> None:
    (part_id,) = scene.offer(a_part())

    def withdrawn_meanwhile() -> bool:
        if scene.crew.offered and is_begun():
            scene.crew.withdraw()
        return False

    def is_begun() -> bool:
        with scene.database.read() as session:
            return session.get_one(SearchPart, part_id).worker is not None

    scene.take(part_id, should_stop=withdrawn_meanwhile)
    assert (scene.rows(), scene.crew.answers(), scene.crew.lost) == ([], {}, 1)


def test_after_a_loss_only_those_count_who_answered(scene: Scene) -> None:
    scene.crew.begin()
    for part_id, worker in zip(list(scene.sent), ("w1", "w2"), strict=True):
        scene.take(part_id, worker)
    scene.crew.call()
    assert scene.crew.size() == 2
    first, _ = scene.offer(a_part(), a_part())
    scene.take(first, "w1")
    scene.crew.answers()
    scene.crew.withdraw()
    assert (scene.crew.size(), scene.crew.parts, scene.crew.lost) == (1, 2, 1)


def test_a_worker_that_shuts_down_takes_nothing(scene: Scene) -> None:
    (part_id,) = scene.offer(a_part())
    assert not scene.take(part_id, should_stop=lambda: True)
    assert scene.take(part_id)


def test_bytes_that_are_no_part_are_not_answered(scene: Scene) -> None:
    (part_id,) = scene.offer(b"\x80\x04no part")
    assert not scene.take(part_id)
    assert scene.crew.answers() == {}


def test_what_ended_runs_left_is_forgotten_and_what_others_need_is_kept(scene: Scene) -> None:
    other = WorkerCrew(scene.database, scene.running(), scene.send)
    other.begin()
    scene.crew.begin()
    scene.crew.clear()
    assert len(scene.rows()) == parting.CALLS
    with scene.database.write() as session:
        runs.fail(session, other.run_id, worker="coordinator", error="No.", now=NOW)
    scene.crew.clear()
    assert scene.rows() == []


def test_without_a_database_nobody_helps_and_nothing_is_raised(tmp_path: Path) -> None:
    crew = WorkerCrew(Database(f"sqlite:///{tmp_path}/nowhere/none.db"), 1, lambda _: True)
    crew.begin()
    crew.offer([b"part"])
    assert (crew.size(), crew.answers()) == (0, {})
    crew.withdraw()
    crew.clear()
