"""Subproblems of a search: encoding, validation of answers, and what a merge keeps."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.plan_file import write_plan
from scheduler.solver.annealing.anneal import KINDS, anneal
from scheduler.solver.annealing.day_shares import (
    Improved,
    Share,
    ShareRestriction,
    cut_share,
    full_share,
    merge_shares,
    restrict_table,
    rows_in_slots,
    separable_days,
    split_by_days,
)
from scheduler.solver.annealing.helper import Helper
from scheduler.solver.annealing.subproblem import (
    Subproblem,
    SubproblemAnswer,
    SubproblemRefused,
    decode_answers,
)
from scheduler.solver.annealing.temperature import Temperatures
from scheduler.solver.annealing.warmup import warm_up
from scheduler.solver.instance.arrays import Flat, flatten
from scheduler.solver.instance.columns import requests
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve
from scheduler.solver.state.columns import held
from scheduler.solver.state.loading import load, loading_order, shift
from scheduler.solver.state.state import new_state
from tests.support.builders import ask, make_problem, problems, table

TEMPERATURES = Temperatures(3.0, 0.2)


def busy_problem(**subproblems: Any) -> Problem:
    """Eight firms that all ask each other, on three days, with too few tables."""
    firms = "abcdefgh"
    asked = [ask(f"r{a}{b}", a, b, weight=1 + i % 3) for i, a in enumerate(firms) for b in firms if a < b]
    places = [table("t1", "h1"), table("t2", "h2")]
    return make_problem(**{"slots": "4 4 4", "requests": asked, "places": places, **subproblems})


@pytest.fixture(scope="module")
def flat() -> Flat:
    warm_up()
    return flatten(busy_problem())


def start(flat: Flat) -> Any:
    """Return the table of a search's initial plan."""
    return build_start_state(flat, None, 1).held


def day(flat: Flat, number: int) -> Share:
    """Return one of three shares of a plan: a day."""
    return cut_share(full_share(flat.data), list(flat.data.day_words), 0)[number]


def a_subproblem(flat: Flat, share: Share | None = None, seconds: float = 0.05) -> Subproblem:
    return Subproblem(start(flat), share or full_share(flat.data), TEMPERATURES, 0.25, 0.5, seconds)


def improved(flat: Flat, subproblem: Subproblem, stop: Callable[[], bool] = lambda: False) -> bytes:
    return Helper(flat.problem, 1, 7).improve(subproblem.to_bytes(), stop)


def joined(flat: Flat, taken: Sequence[Share], answers: Mapping[int, bytes]) -> Any:
    """Return a search's initial plan, merged with the answers for the shares in `taken`."""
    return merge_shares(start(flat), 0.0, decode_answers(flat.data, taken, answers))[0]


def meetings_of(table: Any) -> set[tuple[int, ...]]:
    return {(r, *map(int, row)) for r, row in enumerate(table) if row[held.SLOT] >= 0}


# Encoding


def test_a_subproblem_survives_its_bytes(flat: Flat) -> None:
    subproblem = a_subproblem(flat, day(flat, 1))
    again = Subproblem.from_bytes(flat.data, subproblem.to_bytes())
    assert meetings_of(again.table) == meetings_of(subproblem.table)
    assert (again.share.words == subproblem.share.words).all()
    assert (again.share.of, again.share.number, again.share.most) == (3, 1, subproblem.share.most)
    assert (again.temperatures, again.begin, again.end, again.seconds) == (TEMPERATURES, 0.25, 0.5, 0.05)


def test_an_answer_has_meetings_of_its_own_days_only(flat: Flat) -> None:
    share = day(flat, 2)
    answer = SubproblemAnswer.from_bytes(flat.data, share, improved(flat, a_subproblem(flat, share)))
    rows = answer.table[answer.table[:, held.SLOT] >= 0]
    assert len(rows)
    assert rows_in_slots(share.words, rows).all()


def test_an_answer_is_worth_what_the_plan_is_with_it(flat: Flat) -> None:
    share = day(flat, 0)
    content = improved(flat, a_subproblem(flat, share))
    table = joined(flat, [share], {0: content})
    plan = new_state(flat.data, 1)
    load(flat.data, plan, table, loading_order(flat.data))
    assert meetings_of(plan.held) == meetings_of(table)
    assert math.isclose(plan.score, SubproblemAnswer.from_bytes(flat.data, share, content).worth)


def test_who_is_told_to_stop_answers_at_once(flat: Flat) -> None:
    content = improved(flat, a_subproblem(flat, seconds=3600), stop=lambda: True)
    assert SubproblemAnswer.from_bytes(flat.data, full_share(flat.data), content).worth is not None


# Validation


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_other_bytes_are_refused(flat: Flat, content: bytes) -> None:
    with pytest.raises(SubproblemRefused):
        Subproblem.from_bytes(flat.data, content)
    with pytest.raises(SubproblemRefused):
        SubproblemAnswer.from_bytes(flat.data, full_share(flat.data), content)


def test_a_subproblem_that_is_cut_off_or_of_another_problem_is_refused(flat: Flat) -> None:
    content = a_subproblem(flat).to_bytes()
    smaller = flatten(make_problem(requests=[ask("r1", "a", "b")]))
    for data, hostile in ((flat.data, content[:-5]), (smaller.data, content)):
        with pytest.raises(SubproblemRefused):
            Subproblem.from_bytes(data, hostile)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (held.SLOT, lambda flat, r: len(flat.data.slots)),
        (held.SLOT, lambda flat, r: -2),
        (held.OPTION, lambda flat, r: flat.data.requests[r, requests.OPTIONS_END]),
        (held.OPTION, lambda flat, r: -1),
        (held.GROUP, lambda flat, r: len(flat.data.groups)),
        (held.GROUP, lambda flat, r: -1),
        (held.INTERPRETER, lambda flat, r: 0),
        (held.INTERPRETER, lambda flat, r: len(flat.data.avail)),
    ],
)
def test_a_meeting_that_the_problem_cannot_have_is_refused(
    flat: Flat, column: int, value: Callable[[Flat, int], int]
) -> None:
    table = start(flat).copy()
    r = int(np.flatnonzero(table[:, held.SLOT] >= 0)[0])
    table[r, column] = value(flat, r)
    with pytest.raises(SubproblemRefused, match="cannot have"):
        SubproblemAnswer.from_bytes(flat.data, full_share(flat.data), SubproblemAnswer(0.0, table).to_bytes())


def test_a_place_that_the_request_may_not_use_is_refused() -> None:
    asked = [ask("r1", "a", "b", fixed={"slot": "s0", "place": "t1"}), ask("r2", "b", "c")]
    flat = flatten(make_problem(requests=asked, places=[table("t1"), table("t2", "h2")]))
    row = flat.data.requests[0]
    ours = flat.data.group_list[row[requests.GROUPS_BEGIN] : row[requests.GROUPS_END]]
    rows = start(flat).copy()
    rows[0, held.GROUP] = next(g for g in range(len(flat.data.groups)) if g not in ours)
    with pytest.raises(SubproblemRefused, match="cannot have"):
        SubproblemAnswer.from_bytes(flat.data, full_share(flat.data), SubproblemAnswer(0.0, rows).to_bytes())


def test_an_answer_with_meetings_on_other_days_is_refused(flat: Flat) -> None:
    with pytest.raises(SubproblemRefused, match="not its own"):
        SubproblemAnswer.from_bytes(flat.data, day(flat, 0), SubproblemAnswer(0.0, start(flat)).to_bytes())


@pytest.mark.parametrize("change", [{"seconds": math.nan}, {"seconds": 1e9}, {"begin": 0.9}])
def test_a_subproblem_with_numbers_out_of_range_is_refused(flat: Flat, change: dict[str, Any]) -> None:
    subproblem = a_subproblem(flat)
    fields = {name: getattr(subproblem, name) for name in Subproblem.__dataclass_fields__} | change
    with pytest.raises(SubproblemRefused, match="out of range"):
        Subproblem.from_bytes(flat.data, Subproblem(**fields).to_bytes())


# Merging


def test_a_join_takes_the_days_that_are_answered_and_leaves_the_others(flat: Flat) -> None:
    before, content = start(flat), improved(flat, a_subproblem(flat, day(flat, 2)))
    table = joined(flat, [day(flat, 1), day(flat, 2)], {1: content})
    for number in (0, 1):
        words = day(flat, number).words
        assert meetings_of(restrict_table(words, table)) == meetings_of(restrict_table(words, before))
    answer = SubproblemAnswer.from_bytes(flat.data, day(flat, 2), content)
    assert meetings_of(restrict_table(day(flat, 2).words, table)) == meetings_of(answer.table)


@pytest.mark.parametrize(
    "content", [b"nothing", SubproblemAnswer(math.nan, np.zeros((1, 4), np.int32)).to_bytes()]
)
def test_a_refused_answer_leaves_its_days_as_they_were(flat: Flat, content: bytes) -> None:
    assert meetings_of(joined(flat, [day(flat, 1)], {0: content})) == meetings_of(start(flat))


def test_an_answer_whose_worth_is_no_number_is_refused(flat: Flat) -> None:
    with pytest.raises(SubproblemRefused):
        SubproblemAnswer.from_bytes(
            flat.data, full_share(flat.data), SubproblemAnswer(math.nan, start(flat)).to_bytes()
        )


def test_of_two_answers_for_the_same_days_the_better_one_is_taken(flat: Flat) -> None:
    share, plan = day(flat, 1), start(flat)
    better = Improved(share, 5.0, restrict_table(share.words, plan))
    worse = Improved(share, 4.0, np.full_like(plan, -1))
    for order in ([better, worse], [worse, better]):
        assert meetings_of(merge_shares(plan, 3.0, order)[0]) == meetings_of(plan)


def test_a_join_is_worth_what_its_shares_gain_together(flat: Flat) -> None:
    plan = start(flat)
    shares = [Improved(day(flat, 0), 12.0, plan), Improved(day(flat, 1), 9.0, plan)]
    assert merge_shares(plan, 10.0, shares)[1] == 11.0


# Splitting days


def test_shares_take_up_each_request_once_and_share_out_the_changes(flat: Flat) -> None:
    everything = Share(full_share(flat.data).words, 1, 0, 10)
    halves = cut_share(everything, [everything.words] * 2, 4)
    quarters = [share for half in halves for share in cut_share(half, [half.words] * 2, 4)]
    assert [half.most for half in halves] == [7, 7]
    assert [quarter.most for quarter in quarters] == [5, 5, 5, 5]
    for r in range(8):
        assert sum(r % share.of == share.number for share in quarters) == 1


@pytest.mark.parametrize("count", [2, 3, 8])
def test_each_day_is_in_one_share_as_a_whole(flat: Flat, count: int) -> None:
    shares = split_by_days(flat.data, full_share(flat.data), count, 0, np.random.default_rng(1))
    assert 2 <= len(shares) <= min(count, 3)
    for words in flat.data.day_words:
        assert sum(bool((share.words & words).any()) for share in shares) == 1


@pytest.mark.parametrize(
    "rules_on_whole_events",
    [{"precedences": [("rab", "rcd")]}, {"slots": "12"}],
    ids=["precedences", "one day"],
)
def test_nothing_is_split_where_rules_look_at_the_whole_event(rules_on_whole_events: dict[str, Any]) -> None:
    data = flatten(busy_problem(**rules_on_whole_events)).data
    assert len(separable_days(data, full_share(data))) == 1
    assert len(split_by_days(data, full_share(data), 2, 0, np.random.default_rng(1))) == 1


def test_a_search_that_is_confined_to_a_share_leaves_all_else_as_it_is(flat: Flat) -> None:
    share, plan = day(flat, 1), new_state(flat.data, 3)
    load(flat.data, plan, start(flat), loading_order(flat.data))
    before = plan.held.copy()
    confined = ShareRestriction(flat.data).set(share, before)
    odds = np.cumsum(np.full(KINDS, 1 / KINDS))
    anneal(confined, plan, 20_000, 50.0, 0.0, odds, np.zeros((KINDS, 3)))
    others = ~share.words
    assert meetings_of(restrict_table(others, plan.held)) == meetings_of(restrict_table(others, before))
    assert meetings_of(restrict_table(share.words, plan.held)) != meetings_of(
        restrict_table(share.words, before)
    )


def test_a_shifted_state_is_the_loaded_one(flat: Flat) -> None:
    order = loading_order(flat.data)
    plans = [new_state(flat.data, seed) for seed in (1, 2)]
    odds = np.cumsum(np.full(KINDS, 1 / KINDS))
    for plan in plans:
        load(flat.data, plan, start(flat), order)
        anneal(flat.data, plan, 5_000, 50.0, 0.0, odds, np.zeros((KINDS, 3)))
    wanted = plans[1].held.copy()
    assert meetings_of(plans[0].held) != meetings_of(wanted)
    shift(flat.data, plans[0], wanted, order)
    loaded = new_state(flat.data, 3)
    load(flat.data, loaded, wanted, order)
    assert meetings_of(plans[0].held) == meetings_of(loaded.held) == meetings_of(wanted)
    assert math.isclose(plans[0].score, loaded.score)
    for name in ("occupied", "open", "room", "firm_count", "day_count", "group_open", "interpreters_free"):
        assert (getattr(plans[0], name) == getattr(loaded, name)).all(), name


# A search with helpers


def never() -> bool:
    return False


class ThreadHelpers:
    """Threads as members that help, or do what `answer` says."""

    def __init__(
        self, problem: Problem, members: int, answer: Callable[[bytes], bytes] | None = None
    ) -> None:
        helpers = [Helper(problem, 1, seed) for seed in range(members)]
        self.members = [
            answer or (lambda subproblem, helper=helper: helper.improve(subproblem, never))
            for helper in helpers
        ]
        self.sent = self.answered = 0
        self.found: dict[int, bytes] = {}
        self.threads: list[threading.Thread] = []

    def size(self, *, nearby: bool) -> int:
        return len(self.members)

    def send(self, subproblems: Sequence[bytes]) -> None:
        self.sent += len(subproblems)
        found = self.found = {}

        def work(k: int, subproblem: bytes) -> None:
            found[k] = self.members[k](subproblem)

        self.threads = [threading.Thread(target=work, args=row) for row in enumerate(subproblems)]
        for thread in self.threads:
            thread.start()

    def answers(self) -> Mapping[int, bytes]:
        return dict(self.found)

    def withdraw(self) -> None:
        self.answered += len(self.found)
        for thread in self.threads:
            thread.join()


def check_with_helpers(problem: Problem, helpers: ThreadHelpers, seconds: float = 1.5) -> None:
    plan = solve(problem, SolveParams(seconds, workers=1, method="search"), helpers=helpers).plan
    if plan.status in (PlanStatus.OPTIMAL, PlanStatus.FEASIBLE):
        assert rules.violations(problem, plan.meetings) == []
    assert plan.score == rules.score(problem, plan.meetings).total


@pytest.mark.parametrize(
    "rules_on_whole_events",
    [{}, {"max_idle_spread": 1}, {"precedences": [("rab", "rcd"), ("rcd", "ref")]}, {"slots": "12"}],
    ids=["days", "spread", "precedences", "one day"],
)
@pytest.mark.parametrize("members", [1, 4])
def test_a_plan_that_others_helped_with_keeps_the_rules(
    rules_on_whole_events: dict[str, Any], members: int
) -> None:
    problem = busy_problem(**rules_on_whole_events)
    helpers = ThreadHelpers(problem, members)
    check_with_helpers(problem, helpers)
    assert helpers.answered > 0


@given(problems())
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
def test_so_does_one_of_any_problem(problem: Problem) -> None:
    check_with_helpers(problem, ThreadHelpers(problem, 2))


def test_helpers_that_answer_nonsense_cost_nothing_but_time() -> None:
    helpers = ThreadHelpers(busy_problem(), 2, lambda subproblem: b"nonsense")
    check_with_helpers(busy_problem(), helpers)
    assert helpers.sent > 0


@pytest.mark.parametrize("rules_of_the_rerun", [{}, {"max_moved": 4}], ids=["any", "max_moved"])
def test_threads_that_share_the_days_keep_the_rules(rules_of_the_rerun: dict[str, Any]) -> None:
    first = solve(busy_problem(), SolveParams(1.0, workers=1, method="search", iterations=2000)).plan
    closed = [table("t1", "h1", unavailable="s1"), table("t2", "h2")]
    problem = busy_problem(places=closed, published=first.meetings, **rules_of_the_rerun)
    plan = solve(problem, SolveParams(workers=3, method="search", iterations=40_000)).plan
    assert rules.violations(problem, plan.meetings) == []
    assert plan.score == rules.score(problem, plan.meetings).total


def test_a_counted_search_asks_nobody(flat: Flat) -> None:
    helpers = ThreadHelpers(flat.problem, 2)
    params = SolveParams(workers=1, method="search", iterations=400)
    helped = solve(flat.problem, params, helpers=helpers).plan
    assert helpers.sent == 0
    assert write_plan(helped) == write_plan(solve(flat.problem, params).plan)
