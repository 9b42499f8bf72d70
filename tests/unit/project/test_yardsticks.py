"""Yardsticks of others: instances are read as they are, and plans are judged by their own rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import b2bsp_objectives, csplib046, matching, xhstt_read
from benchmarks.b2bsp_read import as_document, read_dzn
from benchmarks.csplib046 import FOLDER, conflicts, read_cases, read_results
from benchmarks.matching import Wishes, colour, dual_bound, make, optimum, weight_of
from benchmarks.xhstt_read import cost, lessons_of, read_school
from scheduler.domain import rules
from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting
from scheduler.files.problem_file import read_problem
from tests.support.builders import meet
from tests.support.kept_results import kept, table_rows

CASES = {case.number: case for case in read_cases((FOLDER / "instances.md").read_text("utf-8"))}
RESULTS = read_results((FOLDER / "results.md").read_text("utf-8"))

EVENT = """<Event Id="{0}"><Duration>{1}</Duration><Resources>
    <Resource Reference="{2}"><Role>Class</Role></Resource>
    <Resource Reference="{3}"><Role>Teacher</Role></Resource>
    <Resource Reference="R"><Role>Room</Role></Resource></Resources></Event>"""
SCHOOL = f"""<HighSchoolTimetableArchive><Instances><Instance Id="I">
  <MetaData><Name>small</Name></MetaData>
  <Times><Time Id="Mo_1"/><Time Id="Mo_2"/><Time Id="Mo_3"/></Times>
  <Events>{EVENT.format("E1", 2, "C1", "T1")}{EVENT.format("E2", 1, "C2", "T1")}</Events>
  <Constraints><AssignTimeConstraint Id="a"/><AvoidClashesConstraint Id="b"/></Constraints>
  </Instance></Instances>
  <SolutionGroups><SolutionGroup Id="G"><Solution Reference="I"><Events>
    <Event Reference="E1"><Duration>1</Duration><Time Reference="Mo_1"/></Event>
    <Event Reference="E1"><Duration>1</Duration><Time Reference="Mo_3"/></Event>
    <Event Reference="E2"><Duration>1</Duration><Time Reference="Mo_1"/></Event>
  </Events></Solution></SolutionGroup></SolutionGroups></HighSchoolTimetableArchive>"""

DZN = """nBusiness = 3; nMeetings = 3; nTables = 1; nTotalSlots = 6; nMorningSlots = 3;
requested = [|1,2,1,|1,3,3,|2,3,2,|]; fixed = [0,3,0]; forbidden = [{0},{5},{0}];
precedences = [{0},{1},{2}];"""


# School timetables


def test_a_school_is_read_with_its_solutions_which_cost_what_xhstt_says() -> None:
    school = read_school(SCHOOL)
    assert (school.name, school.times, school.lessons) == ("small", ("Mo_1", "Mo_2", "Mo_3"), 3)
    assert school.solutions == ({"E1": ["Mo_1", "Mo_3"], "E2": ["Mo_1"]},)
    assert cost(school, school.solutions[0]) == (0, 2), "teacher and room have two lessons at Mo_1"
    assert cost(school, {"E1": ["Mo_1"]}) == (2, 0)


def test_a_plan_of_a_school_keeps_our_rules_exactly_if_it_has_no_clash() -> None:
    school = read_school(SCHOOL)
    problem = xhstt_read.as_problem(school, compulsory=True)
    lessons = [("E1 0", "Mo_1", "C1 T1 R"), ("E1 1", "Mo_2", "C1 T1 R"), ("E2 0", "Mo_3", "C2 T1 R")]
    plan = [meet(request, time, "in R", people) for request, time, people in lessons]
    assert rules.violations(problem, plan) == []
    assert cost(school, lessons_of(plan)) == (0, 0)
    clash = [*plan[:2], meet("E2 0", "Mo_1", "in R", "C2 T1 R")]
    assert rules.violations(problem, clash) != []
    assert cost(school, lessons_of(clash)) == (0, 2)


def test_lessons_that_an_instance_does_not_have_are_refused() -> None:
    school = read_school(SCHOOL)
    for times in ({"E2": ["Mo_1", "Mo_2"]}, {"E2": ["Fr_9"]}):
        with pytest.raises(ValueError, match="E2: not the lessons"):
            cost(school, times)


def test_what_a_problem_file_cannot_express_is_named() -> None:
    other = SCHOOL.replace("<AvoidClashesConstraint", "<SpreadEventsConstraint").replace(
        ">Room<", ">Hall<", 1
    )
    assert read_school(other).unknown == (
        "Event without its class, teacher and room",
        "SpreadEventsConstraint",
    )


# CSPLib 046


def test_all_instances_and_results_of_csplib_are_read() -> None:
    assert sorted(CASES) == sorted(RESULTS) == list(range(1, 28))
    assert {number for number, times in RESULTS.items() if times is None} == {*range(6, 19), 25, 26, 27}
    assert CASES[1].agents[0] == (6, 7, 15, 17, 18)
    assert CASES[1].travel[0][:4] == (0, 1, 2, 1)


def test_the_published_solution_of_instance_19_is_none() -> None:
    found = {n: conflicts(CASES[n], times) for n, times in RESULTS.items() if times is not None}
    wrong = found.pop(19)
    assert wrong == ["agent 0: meetings 20 and 37", "agent 11: meetings 28 and 37"]
    assert not any(found.values())


@pytest.mark.parametrize(("number", "is_right"), [(2, True), (3, True), (19, False)])
def test_our_rules_say_the_same_of_the_published_solutions(number: int, is_right: bool) -> None:
    case, times = CASES[number], RESULTS[number]
    assert times is not None
    found = rules.violations(csplib046.as_problem(case), plan_of(case, times))
    assert (found == []) is is_right


def plan_of(case: csplib046.Case, times: csplib046.Times) -> list[Meeting]:
    problem = csplib046.as_problem(case)
    people = problem.attendees
    hosts = {firm.id: [p.id for p in people if p.firm == k] for k, firm in enumerate(problem.firms)}
    plan = []
    for k, request in enumerate(problem.requests):
        named = [people[a].id for a in request.from_attendees] or hosts[problem.firms[request.sender].id]
        plan.append(Meeting(f"m{k}", f"s{times[k]}", f"at m{k}", (*named, f"host of m{k}")))
    return plan


def test_meetings_without_a_slot_or_too_close_are_found() -> None:
    case = csplib046.Case(1, 2, 4, ((0, 1),), ((0, 1), (1, 0)))
    assert conflicts(case, {0: 0, 1: 2}) == []
    assert conflicts(case, {0: 0, 1: 1}) == ["agent 0: meetings 0 and 1"]
    assert conflicts(case, {0: 9}) == ["meeting 0 has no slot", "meeting 1 has no slot"]


# Weighted matching


def test_the_peer_of_the_matching_is_optimal_and_has_a_slot_for_each_of_its_wishes() -> None:
    wishes = make(8, 3, 6)
    best = optimum(wishes)
    assert weight_of(wishes, best.slots) == best.weight == best.bound
    assert make(8, 3, 6) == wishes != make(8, 3, 6, seed=2)


def test_a_colouring_moves_wishes_along_a_path() -> None:
    """a0-b0 and a1-b1 take slot 0, a1-b0 slot 1. Only a swap of both slots leaves one for a0-b1."""
    wishes = Wishes("square", 2, 2, ((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)))
    assert weight_of(wishes, colour(range(4), wishes)) == 4
    path = Wishes("path", 2, 2, ((0, 0, 1), (1, 1, 1), (0, 1, 1), (1, 0, 1)))
    assert weight_of(path, colour(range(4), path)) == 4


def test_two_meetings_of_a_firm_in_a_slot_are_refused() -> None:
    wishes = Wishes("two", 2, 2, ((0, 0, 5), (0, 1, 6)))
    assert weight_of(wishes, {0: 0, 1: 1}) == 11
    for slots in ({0: 0, 1: 0}, {0: 2}):
        with pytest.raises(ValueError, match="two meetings in one slot"):
            weight_of(wishes, slots)


def test_any_prices_bound_the_matching() -> None:
    wishes = make(6, 2, 4)
    best = optimum(wishes).weight
    assert all(dual_bound(wishes, {("a", k): price for k in range(6)}) >= best for price in (0, 20, 50))


def test_a_coloured_matching_keeps_our_rules() -> None:
    wishes = make(6, 2, 4)
    problem = matching.as_problem(wishes)
    plan = [
        Meeting(f"w{k}", f"s{slot}", "tables", (f"a{wishes.wishes[k][0]}-1", f"b{wishes.wishes[k][1]}-1"))
        for k, slot in optimum(wishes).slots.items()
    ]
    assert rules.violations(problem, plan) == []
    assert rules.score(problem, plan).total == optimum(wishes).weight


# B2BSP by the objectives of 2026


def dzn(**parts: Any) -> dict[str, Any]:
    return {**read_dzn(DZN), **parts}


def test_the_objectives_of_b2bsp_are_computed_from_the_instance_alone() -> None:
    found = b2bsp_objectives.figures(dzn(), {1: 1, 2: 3, 3: 6})
    assert (found.breaks, found.idle) == ((1, 1, 1), (1, 4, 2))
    assert found.objective("bg_d2") == [3]
    assert found.objective("ir_im_is") == [3, 4, 7]


@pytest.mark.parametrize(
    ("slots", "fault"),
    [
        ({1: 4, 2: 3, 3: 6}, "meeting 1 is not in its session"),
        ({1: 1, 2: 2, 3: 6}, "meeting 2 is not where it is fixed"),
        ({1: 1, 2: 3, 3: 5}, "meeting 3: slot 5 is forbidden for 2"),
        ({1: 3, 2: 3, 3: 6}, "meetings 1 and 2 of 1 are in one slot"),
        ({1: 3, 2: 3, 3: 6}, "slot 3 has too many meetings"),
        ({1: 3, 2: 3, 3: 6}, "1 is not before 2"),
        ({1: 1, 3: 6}, "meeting 2 is not in its session"),
    ],
)
def test_a_plan_that_breaks_a_rule_of_b2bsp_is_refused(slots: dict[int, int], fault: str) -> None:
    assert fault in b2bsp_objectives.faults(dzn(), slots)
    with pytest.raises(ValueError, match=r"meeting|slot"):
        b2bsp_objectives.figures(dzn(), slots)


def test_the_published_figures_of_b2bsp_are_of_all_original_instances() -> None:
    published = json.loads(b2bsp_objectives.PUBLISHED.read_text("utf-8"))
    assert (len(published["bg_d2"]), len(published["ir_im_is"])) == (20, 19)
    assert {len(values) for values, _ in published["bg_d2"].values()} == {1}


@pytest.mark.parametrize(
    ("status", "ours", "published", "exact", "outcome"),
    [
        (PlanStatus.OPTIMAL, [0, 1, 5], [0, 1, 5], True, "agrees"),
        (PlanStatus.OPTIMAL, [1, 1, 5], [0, 1, 5], True, "disagrees"),
        (PlanStatus.OPTIMAL, [1, 1, 5], [0, 1, 5], False, "another range"),
        (PlanStatus.OPTIMAL, [1, 1, 6], [1, 1, 5], False, "disagrees"),
        (PlanStatus.OPTIMAL, [0, 1, 5], [1, 1, 5], False, "disagrees"),
        (PlanStatus.OPTIMAL, [3], None, True, "new"),
        (PlanStatus.FEASIBLE, [0, 1, 5], [0, 1, 5], True, "open"),
        (PlanStatus.UNKNOWN, None, None, True, "open"),
    ],
)
def test_only_a_proven_result_is_compared(
    status: PlanStatus, ours: list[int] | None, published: list[int] | None, exact: bool, outcome: str
) -> None:
    assert b2bsp_objectives.outcome(status, ours, published, exact=exact) == outcome


def test_a_person_with_one_meeting_makes_the_range_another_one() -> None:
    assert b2bsp_objectives.all_have_two(dzn())
    assert not b2bsp_objectives.all_have_two(dzn(requested=[[1, 2, 1], [1, 3, 3]]))


def test_a_forbidden_slot_between_two_meetings_is_idle_as_in_the_published_objective() -> None:
    slots = {1: 1, 2: 3, 3: 6}
    problem = read_problem(as_document(dzn(), "small", {"idle_counts": "slots"}, waits=True))
    requested = dzn()["requested"]
    plan = [
        meet(f"m{m}", f"s{slot}", "tables", f"p{requested[m - 1][0]} p{requested[m - 1][1]}")
        for m, slot in slots.items()
    ]
    assert rules.violations(problem, plan) == []
    assert rules.score(problem, plan).terms["idle"] == sum(b2bsp_objectives.figures(dzn(), slots).idle) == 7
    assert problem.requests[2].slots == (3, 5), "an afternoon without the forbidden slot"


def test_the_table_of_the_objectives_of_b2bsp_is_the_kept_results() -> None:
    rows = {(row["instance"], row["objective"]): row for row in kept("b2bsp_objectives.json")["rows"]}
    published = json.loads(b2bsp_objectives.PUBLISHED.read_text("utf-8"))

    def figures(values: list[int] | None) -> str:
        return "none" if values is None else ", ".join(map(str, values))

    def cells(instance: str, objective: str) -> list[str]:
        row, theirs = rows[instance, objective], published[objective].get(instance)
        ours = figures(row["ours"]) + ("" if row["status"] == "optimal" else " (open)")
        seconds = f"{theirs[1]:,.1f}".removesuffix(".0") if theirs and theirs[1] >= 3600 else None
        other = ["-", "-"] if theirs is None else [figures(theirs[0]), seconds or f"{theirs[1]:,.1f}"]
        return [ours, f"{row['cpu_seconds']:,.1f}", *other]

    found = table_rows("yardsticks.md", "| instance | `bg_d2`")
    assert len(rows) == 2 * len(found) == 40
    for name, *values in found:
        instance = f"{name}.original"
        assert values == [*cells(instance, "bg_d2"), *cells(instance, "ir_im_is")], name
    assert {row["outcome"] for row in rows.values()} == {"agrees", "another range", "open", "new"}


def test_the_table_of_fairness_between_groups_is_the_kept_results() -> None:
    found = table_rows("yardsticks.md", "| price | home")
    rows = kept("fairness.json")["groups"]["rows"]
    assert found == [
        [
            f"{row['price']:,}",
            *(f"{row['shares'][group]:.2f}%" for group in ("home", "overseas")),
            f"{row['points']:.2f}",
            *(f"{row[key]:.3f}%" for key in ("lost", "lost_at_least")),
        ]
        for row in rows
    ]
    assert min(row["points"] for row in rows) <= 2
