"""Parts of a search: what goes out and comes back, what is refused, and which answer is taken."""

from __future__ import annotations

import math
import threading
import zlib
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
from scheduler.solver.arrays import GROUP0, GROUP1, OPTION1, Flat
from scheduler.solver.helping import improve, prepare
from scheduler.solver.loading import load, loading_order
from scheduler.solver.parts import Answer, Part, PartRefused, best_answer
from scheduler.solver.rerun import starting_state
from scheduler.solver.schedule import Heat
from scheduler.solver.solve import solve
from scheduler.solver.state import GROUP, INTERPRETER, OPTION, SLOT, new_state
from tests.builders import ask, make_problem, problems, table

HEAT = Heat(3.0, 0.2)


def busy_problem(**parts: Any) -> Problem:
    """Eight firms that all ask each other, on three days with fewer tables than that needs."""
    firms = "abcdefgh"
    asked = [ask(f"r{a}{b}", a, b, weight=1 + i % 3) for i, a in enumerate(firms) for b in firms if a < b]
    places = [table("t1", "h1"), table("t2", "h2")]
    return make_problem(**{"slots": "4 4 4", "requests": asked, "places": places, **parts})


@pytest.fixture(scope="module")
def flat() -> Flat:
    return prepare(busy_problem())


def start(flat: Flat) -> Any:
    """The table of the plan that a search begins with."""
    return starting_state(flat, None, 1).held


def a_part(flat: Flat, seconds: float = 0.05) -> Part:
    return Part(start(flat), HEAT, 0.25, 0.5, seconds, 7)


def improved(flat: Flat, part: Part, stop: Callable[[], bool] = lambda: False) -> bytes:
    return improve(flat, part.to_bytes(), 1, stop)


def held(table: Any) -> set[tuple[int, ...]]:
    return {(r, *map(int, row)) for r, row in enumerate(table) if row[SLOT] >= 0}


# What goes out and comes back


def test_a_part_survives_its_bytes(flat: Flat) -> None:
    part = a_part(flat)
    again = Part.from_bytes(flat.data, part.to_bytes())
    assert held(again.table) == held(part.table)
    assert (again.heat, again.begin, again.end, again.seconds, again.seed) == (HEAT, 0.25, 0.5, 0.05, 7)


def test_an_answer_is_worth_what_its_plan_is(flat: Flat) -> None:
    answer = Answer.from_bytes(flat.data, improved(flat, a_part(flat)))
    plan = new_state(flat.data, 1)
    load(flat.data, plan, answer.table, loading_order(flat.data))
    assert held(plan.held) == held(answer.table)
    assert math.isclose(plan.score[0], answer.worth)


def test_who_is_told_to_stop_answers_at_once(flat: Flat) -> None:
    content = improved(flat, a_part(flat, seconds=3600), stop=lambda: True)
    assert held(Answer.from_bytes(flat.data, content).table) == held(start(flat))


# What is refused


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_other_bytes_are_refused(flat: Flat, content: bytes) -> None:
    for hostile in (content, zlib.compress(content)):
        with pytest.raises(PartRefused):
            Part.from_bytes(flat.data, hostile)
        with pytest.raises(PartRefused):
            Answer.from_bytes(flat.data, hostile)


def test_bytes_that_unpack_to_much_more_than_a_part_are_refused(flat: Flat) -> None:
    with pytest.raises(PartRefused, match="another size"):
        Part.from_bytes(flat.data, zlib.compress(bytes(50_000_000)))


def test_a_part_that_is_cut_off_or_of_another_problem_is_refused(flat: Flat) -> None:
    content = a_part(flat).to_bytes()
    smaller = prepare(make_problem(requests=[ask("r1", "a", "b")]))
    for data, hostile in ((flat.data, content[:-5]), (smaller.data, content)):
        with pytest.raises(PartRefused):
            Part.from_bytes(data, hostile)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (SLOT, lambda flat, r: len(flat.data.slot)),
        (SLOT, lambda flat, r: -2),
        (OPTION, lambda flat, r: flat.data.req[r, OPTION1]),
        (OPTION, lambda flat, r: -1),
        (GROUP, lambda flat, r: len(flat.data.group)),
        (GROUP, lambda flat, r: -1),
        (INTERPRETER, lambda flat, r: 0),
        (INTERPRETER, lambda flat, r: len(flat.data.avail)),
    ],
)
def test_a_meeting_that_the_problem_cannot_have_is_refused(
    flat: Flat, column: int, value: Callable[[Flat, int], int]
) -> None:
    table = start(flat).copy()
    r = int(np.flatnonzero(table[:, SLOT] >= 0)[0])
    table[r, column] = value(flat, r)
    with pytest.raises(PartRefused, match="cannot have"):
        Answer.from_bytes(flat.data, Answer(0.0, table).to_bytes())


def test_a_place_that_the_request_may_not_use_is_refused() -> None:
    requests = [ask("r1", "a", "b", fixed={"slot": "s0", "place": "t1"}), ask("r2", "b", "c")]
    flat = prepare(make_problem(requests=requests, places=[table("t1"), table("t2", "h2")]))
    ours = flat.data.group_list[flat.data.req[0, GROUP0] : flat.data.req[0, GROUP1]]
    rows = start(flat).copy()
    rows[0, GROUP] = next(g for g in range(len(flat.data.group)) if g not in ours)
    with pytest.raises(PartRefused, match="cannot have"):
        Answer.from_bytes(flat.data, Answer(0.0, rows).to_bytes())


@pytest.mark.parametrize("change", [{"seconds": math.nan}, {"seconds": 1e9}, {"seed": -1}, {"begin": 0.9}])
def test_a_part_with_numbers_out_of_range_is_refused(flat: Flat, change: dict[str, Any]) -> None:
    part = a_part(flat)
    fields = {name: getattr(part, name) for name in Part.__dataclass_fields__} | change
    with pytest.raises(PartRefused, match="out of range"):
        Part.from_bytes(flat.data, Part(**fields).to_bytes())


# Which answer is taken


def test_the_best_answer_is_taken_if_it_is_better_than_what_is_had(flat: Flat) -> None:
    plan = start(flat)
    answers = [Answer(5.0, plan).to_bytes(), Answer(4.0, np.full_like(plan, -1)).to_bytes(), b"nothing"]
    for order in (answers, answers[::-1]):
        best = best_answer(flat.data, dict(enumerate(order)), 3.0)
        assert best is not None
        assert held(best) == held(plan)
    assert best_answer(flat.data, dict(enumerate(answers)), 5.0) is None


def test_an_answer_whose_worth_is_no_number_is_refused(flat: Flat) -> None:
    assert best_answer(flat.data, {0: Answer(math.nan, start(flat)).to_bytes()}, 0.0) is None


# A search with a crew


class ThreadCrew:
    """Members who are threads, and do what `answer` says."""

    def __init__(self, members: int, answer: Callable[[bytes], bytes]) -> None:
        self.members, self.answer = members, answer
        self.offered = self.answered = 0
        self.found: dict[int, bytes] = {}
        self.threads: list[threading.Thread] = []

    def size(self) -> int:
        return self.members

    def offer(self, parts: Sequence[bytes]) -> None:
        self.offered += len(parts)
        found = self.found = {}

        def work(k: int, part: bytes) -> None:
            found[k] = self.answer(part)

        self.threads = [threading.Thread(target=work, args=row) for row in enumerate(parts)]
        for thread in self.threads:
            thread.start()

    def answers(self) -> Mapping[int, bytes]:
        return dict(self.found)

    def withdraw(self) -> None:
        self.answered += len(self.found)
        for thread in self.threads:
            thread.join()


def check_with_crew(problem: Problem, crew: ThreadCrew, seconds: float = 1.5) -> None:
    plan = solve(problem, SolveParams(seconds, workers=1, method="search"), crew=crew).plan
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
    flat = prepare(problem)
    crew = ThreadCrew(members, lambda part: improve(flat, part, 1, lambda: False))
    check_with_crew(problem, crew)
    assert crew.answered > 0


@given(problems())
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
def test_so_does_one_of_any_problem(problem: Problem) -> None:
    flat = prepare(problem)
    check_with_crew(problem, ThreadCrew(2, lambda part: improve(flat, part, 1, lambda: False)))


def test_a_crew_that_answers_nonsense_costs_nothing_but_time() -> None:
    crew = ThreadCrew(2, lambda part: b"nonsense")
    check_with_crew(busy_problem(), crew)
    assert crew.offered > 0


def test_a_counted_search_asks_nobody(flat: Flat) -> None:
    crew = ThreadCrew(2, lambda part: b"")
    params = SolveParams(workers=1, method="search", iterations=400)
    helped = solve(flat.problem, params, crew=crew).plan
    assert crew.offered == 0
    assert helped.to_json() == solve(flat.problem, params).plan.to_json()
