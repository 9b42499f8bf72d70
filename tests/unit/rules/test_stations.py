"""H14: an interpreter with a shift at a place interprets only there in that slot."""

from __future__ import annotations

from itertools import pairwise

import pytest

from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.errors import MalformedProblem
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.stability import is_still_possible
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.solver.explain.reasons import explain_unscheduled
from scheduler.solver.place_search import SearchOutcome, search_place
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.repair.targets import TargetStatus, evaluate_targets
from scheduler.solver.solve import solve
from tests.support.builders import ask, interpreter, make_document, make_problem, meet, person, table

PEOPLE = [person("a1", "a", "en"), person("b1", "b", "zh")]
TABLES = [table("t1"), table("t2")]


def tied(stations: dict[str, str] | None, length: int = 1, **more: object) -> Problem:
    return make_problem(
        slots="2",
        attendees=PEOPLE,
        places=TABLES,
        interpreters=[interpreter("i1", stations=stations)],
        requests=[ask("r1", "a", "b", length=length)],
        **more,
    )


def breaches(problem: Problem, *meetings: Meeting) -> list[tuple[str, tuple[str, ...]]]:
    return [(found.rule, found.ids) for found in rules.violations(problem, meetings)]


def held(slot: str, place: str) -> Meeting:
    return meet("r1", slot, place, "a1 b1", "i1")


def test_a_tied_interpreter_interprets_at_the_own_table_alone_and_a_free_one_anywhere() -> None:
    problem = tied({"t1": "s0"})
    assert breaches(problem, held("s0", "t1")) == []
    assert breaches(problem, held("s0", "t2")) == [("H14", ("r1", "i1", "t2"))]
    assert breaches(problem, held("s1", "t2")) == []


def test_every_slot_of_a_long_meeting_counts() -> None:
    problem = tied({"t1": "s1"}, length=2)
    assert breaches(problem, held("s0", "t1")) == []
    assert breaches(problem, held("s0", "t2")) == [("H14", ("r1", "i1", "t2"))]
    between = tied({"t1": "s0", "t2": "s1"}, length=2)
    assert [breaches(between, held("s0", place)) for place in ("t1", "t2")] == [
        [("H14", ("r1", "i1", place))] for place in ("t1", "t2")
    ]


def test_a_published_meeting_elsewhere_could_not_stay() -> None:
    assert is_still_possible(tied({"t1": "s0"}), held("s0", "t1"))
    assert not is_still_possible(tied({"t1": "s0"}), held("s0", "t2"))


def test_a_problem_says_it_and_is_read_back_and_one_without_it_has_the_bytes_that_it_had() -> None:
    problem = tied({"t2": "s1", "t1": "s0"})
    document = write_problem(problem)
    assert document["interpreters"][0]["stations"] == [
        {"place": "t1", "slots": ["s0"]},
        {"place": "t2", "slots": ["s1"]},
    ]
    assert read_problem(document) == problem
    assert "stations" not in write_problem(tied(None))["interpreters"][0]


@pytest.mark.parametrize(
    ("stations", "path"),
    [
        ([{"place": "t9", "slots": ["s0"]}], "interpreters[0].stations[0].place"),
        ([{"place": "t1", "slots": ["s9"]}], "interpreters[0].stations[0].slots[0]"),
        ([{"place": "t1"}], "interpreters[0].stations[0].slots"),
        ([{"place": "t1", "slots": ["s0"], "hall": "h1"}], "interpreters[0].stations[0].hall"),
        ([{"place": "t1", "slots": ["s0"]}, {"place": "t2", "slots": ["s1", "s0"]}],
         "interpreters[0].stations[1].slots[1]"),
        ([{"place": "t1", "slots": ["s0"]}, {"place": "t1", "slots": []}],
         "interpreters[0].stations[1].place"),
        ([{"place": "t1", "slots": ["s0", "s0"]}], "interpreters[0].stations[0].slots"),
        ({"t1": ["s0"]}, "interpreters[0].stations"),
        ([["t1", "s0"]], "interpreters[0].stations[0]"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_path(stations: object, path: str) -> None:
    person = {**interpreter("i1"), "stations": stations}
    document = make_document(slots="2", attendees=PEOPLE, places=TABLES, interpreters=[person])
    with pytest.raises(MalformedProblem) as refused:
        read_problem(document)
    assert path in [fault.path for fault in refused.value.faults]


def crowd(stations: dict[str, str] | None, requests: int = 70) -> Problem:
    """Return a problem to search: pairs without a common language, two interpreters, three tables."""
    names = [f"f{n}" for n in range(requests + 1)]
    return make_problem(
        slots="4 4",
        attendees=[person(f"{id}1", id, "en" if n % 2 else "zh") for n, id in enumerate(names)],
        places=[table("t1"), table("t2"), table("t3", "h2")],
        interpreters=[interpreter("i1", stations=stations), interpreter("i2", stations={"t3": "s4"})],
        requests=[ask(f"r{n}", a, b) for n, (a, b) in enumerate(pairwise(names))],
        walking={("h1", "h2"): 10},
    )


def test_a_search_holds_as_many_as_the_interpreters_can_and_each_at_its_table() -> None:
    problem = crowd({"t2": "s0 s1 s2 s3"})
    plan = solve(problem, SolveParams(seconds=60, iterations=20_000, workers=1)).plan
    assert rules.violations(problem, plan.meetings) == []
    assert len(plan.meetings) == 16
    mine = {(m.slot, m.place) for m in plan.meetings if m.interpreter == "i1" and m.slot < "s4"}
    assert mine == {(f"s{n}", "t2") for n in range(4)}
    assert [m.place for m in plan.meetings if m.interpreter == "i2" and m.slot == "s4"] == ["t3"]


def test_a_station_that_holds_no_meetings_keeps_its_interpreter_out() -> None:
    problem = make_problem(
        slots="2",
        attendees=PEOPLE,
        places=[table("t1", unavailable="s0"), table("t2")],
        interpreters=[interpreter("i1", stations={"t1": "s0"})],
        requests=[ask("r1", "a", "b", slots=["s0"])],
    )
    plan = solve(problem, SolveParams(workers=1)).plan
    assert (plan.status, plan.meetings) == (PlanStatus.OPTIMAL, ())


def test_a_request_that_is_kept_out_by_a_station_is_told_so_with_remedies_that_hold() -> None:
    problem = make_problem(
        slots="1",
        attendees=[*PEOPLE, person("c1", "c", "en"), person("d1", "d", "en")],
        places=TABLES,
        interpreters=[interpreter("i1", stations={"t1": "s0"})],
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d", weight=9)],
    )
    (row,) = explain_unscheduled(problem, [meet("r2", "s0", "t1", "c1 d1")])
    assert row.reason == "no-interpreter"
    assert row.detail.endswith("each free interpreter is tied elsewhere or too far away.")
    assert row.ways
    assert {way.kind for way in row.ways} <= {"add-interpreter", "add-person"}


def test_a_shift_is_offered_only_where_the_interpreter_may_sit() -> None:
    def ways(stations: dict[str, str]) -> set[str]:
        problem = make_problem(
            slots="1",
            attendees=PEOPLE,
            places=[table("t1", capacity=1), table("t2", unavailable="s0")],
            interpreters=[interpreter("i1", unavailable="s0", stations=stations)],
            requests=[ask("r1", "a", "b")],
        )
        (row,) = explain_unscheduled(problem, [])
        return {way.kind for way in row.ways}

    assert "shift" in ways({"t1": "s0"})
    assert "shift" not in ways({"t2": "s0"})


def test_the_board_names_the_station_that_blocks_a_place_and_leaves_the_own_table_free() -> None:
    problem = tied({"t1": "s0"})
    oracle = Repairer(problem, [])
    found = evaluate_targets(oracle, "r1", ["s0", "s1"], ["t1", "t2"])
    standing = {(spot.slot, spot.place): spot for spot in found}
    assert standing["s0", "t1"].standing is TargetStatus.FREE
    assert standing["s0", "t2"].standing is TargetStatus.BLOCKED
    assert search_place(oracle, "r1", "s0", "t2").outcome is SearchOutcome.IMPOSSIBLE
    assert [(b.rule, b.ids) for b in standing["s0", "t2"].breaches] == [("H14", ("r1", "i1", "t2"))]
    assert standing["s1", "t2"].standing is TargetStatus.FREE
