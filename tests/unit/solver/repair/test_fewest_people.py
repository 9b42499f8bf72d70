"""The repair oracle returns the repair that moves the fewest people, through any number of meetings."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings

from benchmarks.repair import fewest_moved
from scheduler.domain import rules
from scheduler.domain.problem import Problem
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.repair.repairs import Repair
from tests.support.builders import ask, firm, make_problem, meet, person, problems, table
from tests.unit.project.test_reference_repair import by_trying_all, first_plan

IN_TURN = make_problem(
    slots="4",
    places=[table("t1", capacity=9)],
    requests=[
        ask("r1", "ann", "bo", slots=["s0", "s1"]),
        ask("r2", "ann", "cy", slots=["s1", "s2"]),
        ask("r3", "cy", "di", slots=["s2", "s3"]),
        ask("r4", "ed", "bo", slots=["s0"]),
    ],
)
"""r4 takes r1's slot; r1 can only move to Ann's slot of r2, and r2 to Cy's slot of r3."""
HELD_IN_TURN = [
    meet("r1", "s0", "t1", "ann1 bo1"), meet("r2", "s1", "t1", "ann1 cy1"), meet("r3", "s2", "t1", "cy1 di1")
]  # fmt: skip


def whole(answers: list[Repair]) -> list[Repair]:
    return [each for each in answers if not each.dropped]


def test_three_meetings_make_room_in_turn() -> None:
    repairer = Repairer(IN_TURN, HELD_IN_TURN)
    (way,) = whole(repairer.best("r4"))
    assert {(m.request, m.slot) for m in way.moved} == {("r1", "s1"), ("r2", "s2"), ("r3", "s3")}
    assert set(way.people) == {"ann1", "bo1", "cy1", "di1"}
    repairer.apply(way)
    assert not rules.violations(IN_TURN, repairer.meetings())


def test_a_meeting_that_is_kept_makes_no_room_in_turn() -> None:
    repairer = Repairer(IN_TURN, HELD_IN_TURN)
    repairer.keep(["r3"])
    assert whole(repairer.best("r4")) == []


def test_no_more_people_make_room_than_one_allows() -> None:
    assert whole(Repairer(IN_TURN, HELD_IN_TURN).best("r4", max_people=3)) == []


def test_as_many_people_make_room_as_one_allows() -> None:
    (way,) = whole(Repairer(IN_TURN, HELD_IN_TURN).best("r4", max_people=4))
    assert len(way.people) == 4


ALL_THE_WAY = make_problem(
    slots="4",
    places=[table("t1")],
    requests=[ask("r1", "a", "b"), ask("r2", "d", "e"), ask("r3", "f", "g"), ask("r4", "a", "h")],
    factors={"idle": 10},
)
"""r4 is best right after r1, where others meet. In the free slot, Ann is idle for two slots."""
IN_A_ROW = [
    meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "d1 e1"), meet("r3", "s2", "t1", "f1 g1")
]  # fmt: skip


def test_the_way_of_the_fewest_people_is_among_the_answers_though_others_are_worth_more() -> None:
    found = Repairer(ALL_THE_WAY, IN_A_ROW).best("r4", 2)
    assert [(each.meeting.slot, each.people) for each in found] == [("s1", ("d1", "e1")), ("s3", ())]
    assert found[0].gain > found[1].gain


def test_the_one_answer_that_is_asked_for_is_the_best() -> None:
    (best,) = Repairer(ALL_THE_WAY, IN_A_ROW).best("r4", 1)
    assert best.meeting.slot == "s1"


def test_a_way_that_is_not_allowed_leaves_room_for_another_one() -> None:
    found = Repairer(ALL_THE_WAY, IN_A_ROW).best("r4", 2, allowed=lambda each: each.meeting.slot != "s3")
    assert [each.meeting.slot for each in found] == ["s1", "s2"]


def test_each_meeting_of_a_full_table_gives_way_in_turn() -> None:
    """Of six meetings at one table, only the last can move to another time."""
    requests = [ask(f"r{k}", f"a{k}", f"b{k}", slots=["s0"]) for k in range(5)]
    requests += [ask("r5", "a5", "b5"), ask("r6", "a6", "b6", slots=["s0"])]
    problem = make_problem(slots="2", places=[table("t1", capacity=6)], requests=requests)
    plan = [meet(f"r{k}", "s0", "t1", f"a{k}1 b{k}1") for k in range(6)]
    (way,) = whole(Repairer(problem, plan).best("r6"))
    assert [(m.request, m.slot) for m in way.moved] == [("r5", "s1")]


def test_a_meeting_of_a_full_day_of_a_firm_gives_way() -> None:
    """r3 must be on the first day, when firm a may meet once. Of its meetings there, r1 can move."""
    problem = make_problem(
        slots="2 2",
        places=[table("t1", capacity=9)],
        firms=[firm("a", max_per_day=1)],
        requests=[ask("r1", "a", "b"), ask("r3", "a", "c", slots=["s0"])],
        attendees=[person("a1", "a"), person("a2", "a")],
    )
    (way,) = whole(Repairer(problem, [meet("r1", "s1", "t1", "a1 b1")]).best("r3"))
    assert way.people == ("a1", "b1")
    assert [problem.days[problem.index.slots[m.slot]] for m in way.moved] == [1]


some = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@some
@given(problems(max_requests=3))
def test_no_plan_that_holds_everything_moves_fewer_people(problem: Problem) -> None:
    """Without whole-plan limits. Fully busy interpreters would be an exception."""
    policy = replace(problem.policy, max_idle_spread=None, max_moved=None, require_all=False)
    problem = replace(problem, policy=policy)
    plan = first_plan(problem)
    assume(not rules.violations(problem, plan))
    for row in problem.requests:
        assert fewest_moved(Repairer(problem, plan), row.id) == by_trying_all(problem, plan, row.id)
