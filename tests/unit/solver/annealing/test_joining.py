"""Joining two searches of one plan: what is taken, what is not, and that the plan stays whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.annealing.anneal import KINDS, anneal
from scheduler.solver.annealing.day_shares import full_share
from scheduler.solver.annealing.joining import Joined, Joiner
from scheduler.solver.annealing.move_odds import cumulative_move_odds
from scheduler.solver.annealing.temperature import Budget, Temperatures
from scheduler.solver.annealing.threads import Annealing, SearchThreads
from scheduler.solver.clock import SolveClock
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.state.loading import load, loading_order, shift
from scheduler.solver.state.state import new_state
from tests.support.builders import ask, make_problem, meet, problems, table
from tests.support.busy import busy_problem
from tests.support.moves import Board, board

COLD = 1e-6


def pairs(**rules: Any) -> Problem:
    """Four requests of four pairs of firms on two days, with two tables in each slot."""
    requests = [ask(f"r{a}{b}", a, b) for a, b in ("ab", "cd", "ef", "gh")]
    places = [table("t1", "h1"), table("t2", "h1")]
    return make_problem(**{"slots": "3 3", "requests": requests, "places": places, **rules})


def at(places: dict[str, str]) -> list[Meeting]:
    """Return meetings by request, as "slot place", of the first person of each firm."""
    found = []
    for request, where in places.items():
        slot, place = where.split()
        found.append(meet(request, slot, place, f"{request[1]}1 {request[2]}1"))
    return found


def join(
    problem: Problem,
    base: Sequence[Meeting],
    own: Sequence[Meeting],
    other: Sequence[Meeting],
    temperature: float = COLD,
) -> tuple[Board, Joined]:
    """Join `other` into `own`, two plans that were `base` before. Returns what that makes of `own`."""
    plan, before, theirs = board(problem, own), board(problem, base), board(problem, other)
    data = plan.flat.data
    counts = Joiner(data).join(data, plan.state, before.state.held.copy(), theirs.state.held, temperature)
    assert plan.state.score == pytest.approx(plan.score())
    return plan, counts


BASE = {"rab": "s0 t1", "rcd": "s1 t1", "ref": "s2 t1"}


def test_changes_that_do_not_meet_are_all_made() -> None:
    plan, counts = join(
        pairs(), at(BASE), at(BASE | {"rab": "s3 t1"}), at(BASE | {"rcd": "s4 t1", "rgh": "s0 t2"})
    )
    assert plan.slots() == {"rab": "s3", "rcd": "s4", "ref": "s2", "rgh": "s0"}
    assert counts == Joined(own=1, others=2, taken=2)


def test_what_the_other_dropped_is_dropped() -> None:
    other = {r: where for r, where in BASE.items() if r != "ref"}
    plan, counts = join(pairs(), at(BASE), at(BASE | {"rab": "s3 t1"}), at(other))
    assert plan.slots() == {"rab": "s3", "rcd": "s1"}
    assert counts.taken == 1


def test_of_a_request_that_both_changed_the_own_place_is_kept() -> None:
    plan, counts = join(pairs(), at(BASE), at(BASE | {"rab": "s3 t1"}), at(BASE | {"rab": "s4 t1"}))
    assert plan.slots()["rab"] == "s3"
    assert counts == Joined(own=1, others=1, taken=0)


def test_a_seat_that_both_took_stays_with_the_own_meeting() -> None:
    one_table = pairs(places=[table("t1", "h1")])
    plan, counts = join(one_table, at(BASE), at(BASE | {"rab": "s3 t1"}), at(BASE | {"rcd": "s3 t1"}))
    assert plan.slots() == {"rab": "s3", "rcd": "s1", "ref": "s2"}
    assert counts.taken == 0


def chain(**rules: Any) -> Problem:
    """Three requests of which each shares a firm with the next one."""
    requests = [ask("rab", "a", "b"), ask("rbc", "b", "c"), ask("rcd", "c", "d")]
    return make_problem(**{"slots": "3 3", "requests": requests, "places": [table("t1", "h1")], **rules})


def test_changes_of_one_persons_day_are_made_together_or_not_at_all() -> None:
    """The other swapped rab and rbc, who share b. Where the own plan took the slot of one, neither moves."""
    base = {"rab": "s0 t1", "rbc": "s1 t1", "rcd": "s5 t1"}
    swapped = base | {"rab": "s1 t1", "rbc": "s0 t1"}
    plan, counts = join(chain(), at(base), at(base | {"rcd": "s4 t1"}), at(swapped))
    assert plan.slots() == {"rab": "s1", "rbc": "s0", "rcd": "s4"}
    assert counts.taken == 2
    shifted = base | {"rab": "s1 t1", "rbc": "s2 t1"}
    plan, counts = join(chain(), at(base), at(base | {"rcd": "s2 t1"}), at(shifted))
    assert plan.slots() == {"rab": "s0", "rbc": "s1", "rcd": "s2"}
    assert counts.taken == 0


def test_a_change_beside_an_own_one_is_tested_again_by_what_it_is_worth_now() -> None:
    """The other moved rbc next to rab, which has gone elsewhere. Now that is only an idle slot more."""
    problem = chain(slots="4 4")
    base = {"rab": "s0 t1", "rbc": "s3 t1"}
    other = at(base | {"rbc": "s1 t1"})
    own = at(base | {"rab": "s2 t1"})
    cold, _ = join(problem, at(base), own, other)
    assert cold.slots() in ({"rab": "s2", "rbc": "s3"}, {"rab": "s2", "rbc": "s1"})
    assert cold.score() == board(problem, own).score(), "a change that costs nothing here may be made"
    worse = at(base | {"rbc": "s0 t1", "rab": "s3 t1"})
    cold, counts = join(problem, at(base), at(base | {"rab": "s2 t1"}), worse)
    assert counts.taken == 0, "both moved rab"


def test_a_change_that_loses_beside_an_own_one_is_made_in_heat_only() -> None:
    """b waits once the other moves rbc two slots away from where rab is now."""
    problem = chain(slots="5 5")
    base, own = {"rab": "s4 t1", "rbc": "s3 t1"}, {"rab": "s2 t1", "rbc": "s3 t1"}
    other = {"rab": "s4 t1", "rbc": "s0 t1"}
    cold, counts = join(problem, at(base), at(own), at(other))
    assert (cold.slots(), counts.taken) == ({"rab": "s2", "rbc": "s3"}, 0)
    hot, counts = join(problem, at(base), at(own), at(other), temperature=1e9)
    assert (hot.slots(), counts.taken) == ({"rab": "s2", "rbc": "s0"}, 1)


def test_together_no_more_published_meetings_change_than_may() -> None:
    published = at(BASE)
    problem = pairs(published=published, max_moved=1)
    plan, counts = join(problem, published, at(BASE | {"rab": "s3 t1"}), at(BASE | {"rcd": "s4 t1"}))
    assert plan.slots() == {"rab": "s3", "rcd": "s1", "ref": "s2"}
    assert counts.taken == 0


@pytest.mark.parametrize("compared", [False, True], ids=["no groups", "groups"])
def test_where_groups_are_compared_no_number_of_meetings_changes_by_itself(compared: bool) -> None:
    """Each drops a request of other firms. That is tested again if it changes what the other's is worth."""
    policy = {"group_by": "home", "factors": {"group_gap": 100}} if compared else {}
    own, other = ({r: where for r, where in BASE.items() if r != left} for left in ("rab", "ref"))
    plan, counts = join(pairs(**policy), at(BASE), at(own), at(other))
    assert counts.taken == (0 if compared else 1)
    assert ("ref" in plan.slots()) == compared


@pytest.mark.parametrize("price", [0, 50])
def test_where_further_changes_cost_more_a_person_has_no_days_of_their_own(price: int) -> None:
    """Each moved a published meeting of b to another slot of its day: the second change costs more."""
    published = {"rab": "s0 t1", "rbc": "s3 t1"}
    problem = chain(published=at(published), factors={"repeated": price, "moved": 1})
    own, other = published | {"rab": "s1 t1"}, published | {"rbc": "s4 t1"}
    _, counts = join(problem, at(published), at(own), at(other))
    assert counts.taken == (0 if price else 1)


def check_joins(problem: Problem, moves: int) -> None:
    """Join two searches at several temperatures: each plan is the one that is loaded from its own table."""
    flat = flatten(problem)
    plans = [build_start_state(flat, None, seed) for seed in (1, 2)]
    joiner, order = Joiner(flat.data), loading_order(flat.data)
    odds, tally = cumulative_move_odds(0.0, 1.0), np.zeros((KINDS, 3))
    for temperature in (300.0, 30.0, 3.0, 0.3):
        base = plans[0].held.copy()
        shift(flat.data, plans[1], base, order)
        for plan in plans:
            anneal(flat.data, plan, moves, temperature, 0.0, odds, tally)
        found = joiner.join(flat.data, plans[0], base, plans[1].held, temperature)
        assert 0 <= found.taken <= found.others
        loaded = new_state(flat.data, 3)
        load(flat.data, loaded, plans[0].held.copy(), order)
        assert Board(problem, flat, plans[0]).picture() == Board(problem, flat, loaded).picture()


@pytest.mark.parametrize("moves", [20, 2_000], ids=["few", "many"])
def test_a_joined_plan_keeps_every_rule_and_is_counted_right(moves: int) -> None:
    check_joins(busy_problem(), moves)


@given(problems())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_so_does_one_of_any_problem(problem: Problem) -> None:
    if problem.policy.max_idle_spread is None:  # such searches are not joined
        check_joins(problem, 50)


# In a search


def ways(monkeypatch: pytest.MonkeyPatch, problem: Problem, temperature: float) -> tuple[int, int]:
    """Make 5,000 moves on two threads. Return how often changes were joined, and days were split."""
    joined, split = list[int](), list[int]()
    join, rounds = Joiner.join, SearchThreads._round

    def count_join(*given: Any) -> Joined:
        joined.append(1)
        return join(*given)

    def count_round(*given: Any) -> None:
        split.append(1)
        rounds(*given)

    monkeypatch.setattr(Joiner, "join", count_join)
    monkeypatch.setattr(SearchThreads, "_round", count_round)
    flat = flatten(problem)
    plan = build_start_state(flat, None, 1)
    anneal(flat.data, plan, 400_000, COLD, 0.0, cumulative_move_odds(1.0, 0.1), np.zeros((KINDS, 3)))
    threads = SearchThreads(flat.data, plan, 2, 1)
    schedule = Annealing(Temperatures(temperature, temperature), Budget(SolveClock(60.0, None), 5_000))
    threads.improve_by(schedule, full_share(flat.data), 5_000)
    assert schedule.tally[:, 0].sum() == 2 * 5_000
    return len(joined), len(split)


def expo(**policy: Any) -> Problem:
    problem = to_problem(make_expo(firms=200, requests=3_000, seed=1))
    return replace(problem, policy=replace(problem.policy, **policy), source_fingerprint=None)


def test_threads_join_changes_while_it_is_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    joined, split = ways(monkeypatch, expo(), 0.1)
    assert joined > 1
    assert split == 0


def test_threads_split_the_days_while_it_is_hot(monkeypatch: pytest.MonkeyPatch) -> None:
    joined, split = ways(monkeypatch, expo(), 1_000.0)
    assert joined <= 2, "a try or two show that most changes meet"
    assert split == 1


def test_searches_with_a_limit_of_the_idle_spread_are_never_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ways(monkeypatch, expo(max_idle_spread=2), 0.1)[0] == 0
