"""A proof leaves the search its core after the first LP, and does the rest at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from scheduler.domain.problem import Problem
from scheduler.solver import proof as proof_module
from scheduler.solver.bounds.closed_form import Bounds
from scheduler.solver.clock import SolveClock
from scheduler.solver.proof import Proof
from tests.support.builders import ask, make_problem


@pytest.fixture
def problem() -> Problem:
    return make_problem(slots="4 4", requests=[ask("ab", "a", "b"), ask("ac", "a", "c"), ask("bc", "b", "c")])


@pytest.fixture(autouse=True)
def bounds_by_lp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the LPs: of the score, of the weight, of the number of meetings."""

    def found(problem: Problem, _: float, __: Any, ___: Any, note: Any, **____: Any) -> Iterator[Bounds]:
        yield Bounds(3, 0, 100, 3)
        note([1.0] * len(problem.requests))
        yield Bounds(3, 0, 50, 3)
        yield Bounds(2, 0, 50, 3)
        yield Bounds(2, 0, 50, 2)

    monkeypatch.setattr(proof_module, "iter_upper_bounds", found)


def wait_until_paused(proof: Proof) -> None:
    while proof.is_running and proof.needs_core:
        time.sleep(0.001)


@pytest.fixture
def long_lps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat any LP as one that takes much of the time."""
    monkeypatch.setattr(proof_module, "LONG_SHARE", 0.0)


@pytest.mark.usefixtures("long_lps")
def test_a_proof_pauses_after_its_first_lp_until_the_search_is_over(problem: Problem) -> None:
    proof = Proof(problem)
    proof.begin(SolveClock(60.0), may_pause=True)
    wait_until_paused(proof)
    assert proof.is_running and not proof.needs_core
    assert proof.first_lp is not None
    assert (proof.found.score, proof.found.served, proof.found.meetings) == (50, 3, 3)
    proof.search_is_over()
    proof.end(seconds=None)
    assert (proof.found.score, proof.found.served, proof.found.meetings) == (50, 2, 2)


@pytest.mark.usefixtures("long_lps")
def test_a_paused_proof_goes_on_when_the_rest_needs_the_time_that_is_left(problem: Problem) -> None:
    proof = Proof(problem)
    proof.begin(SolveClock(0.3), may_pause=True)
    assert proof.thread is not None
    proof.thread.join()  # nobody says that the search is over
    assert proof.found.meetings == 2


@pytest.mark.parametrize(
    ("clock", "may_pause"),
    [(SolveClock(60.0), False), (SolveClock(60.0, is_limited=False), True)],
    ids=["cores are free", "moves are counted"],
)
@pytest.mark.usefixtures("long_lps")
def test_it_does_not_pause_where(problem: Problem, clock: SolveClock, may_pause: bool) -> None:
    proof = Proof(problem)
    proof.begin(clock, may_pause=may_pause)
    assert proof.thread is not None
    proof.thread.join()
    assert not proof.was_paused
    assert proof.found.meetings == 2


def test_it_does_not_pause_where_its_lps_take_little_of_the_time(problem: Problem) -> None:
    proof = Proof(problem)
    proof.begin(SolveClock(1e6), may_pause=True)
    assert proof.thread is not None
    proof.thread.join()
    assert not proof.was_paused


@pytest.mark.usefixtures("long_lps")
def test_a_stopped_proof_does_not_wait_for_the_search(problem: Problem) -> None:
    proof = Proof(problem)
    proof.begin(SolveClock(60.0, lambda: proof.was_paused), may_pause=True)
    assert proof.thread is not None
    proof.thread.join()
    assert proof.was_paused
