"""Every target of a view, compared with the rules on the whole plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.resolved import Violation
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.repair.targets import Target, TargetStatus, evaluate_targets
from tests.support.builders import ask, firm, make_problem, meet, person, problems, table
from tests.unit.solver.repair.test_repairer import first_plan

some = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
WHOLE = {"H1", "H11", "H12", "H13"}
"""Rules beyond place, time and people: targets ignore them, commands are rejected."""


def all_ways(problem: Problem, request: str, slot: str, place: str) -> Iterator[Meeting]:
    """Yield the request there with each choice of people and interpreter."""
    r = problem.index.requests[request]
    index = problem.index
    for one, two in product(*problem.sides(problem.requests[r])):
        for interpreter in (None, *range(len(problem.interpreters))):
            yield problem.meeting(r, index.slots[slot], index.places[place], (*one, *two), interpreter)


def new_breaches(problem: Problem, before: Sequence[Meeting], meeting: Meeting) -> list[Violation]:
    others = [each for each in before if each.request != meeting.request]
    known = rules.violations(problem, before)
    found = rules.violations(problem, [*others, meeting])
    return [
        each
        for each in found
        if (each not in known or meeting.request in each.ids) and each.rule not in WHOLE
    ]


def assert_true(problem: Problem, repairer: Repairer, request: str) -> list[Target]:
    """Check that free targets break no rule, and that forbidden ones break a stated rule with any people."""
    before = repairer.meetings()
    score = rules.score(problem, before).total
    slots, places = [slot.id for slot in problem.slots], [place.id for place in problem.places]
    found = evaluate_targets(repairer, request, slots, places)
    assert repairer.meetings() == before
    for spot in found:
        ways = list(all_ways(problem, request, spot.slot, spot.place))
        if not ways:  # a firm without people
            assert spot.standing is TargetStatus.FORBIDDEN
            continue
        broken = [new_breaches(problem, before, way) for way in ways]
        if spot.standing is TargetStatus.FREE:
            assert spot.meeting is not None
            mine = [
                b
                for w, b in zip(ways, broken, strict=True)
                if set(w.attendees) == set(spot.meeting.attendees)
            ]
            assert [] in mine
        elif spot.standing is TargetStatus.LIKE:
            assert [] not in broken
            assert spot.meeting is not None
            there = spot.meeting.place
            assert there != spot.place
            as_good = list(all_ways(problem, request, spot.slot, there))
            assert [] in [
                new_breaches(problem, before, way)
                for way in as_good
                if set(way.attendees) == set(spot.meeting.attendees)
            ]
        elif spot.standing is TargetStatus.MOVES:
            assert spot.repair is not None
            assert [] not in broken, "somebody has to move"
            repairer.apply(spot.repair)
            judged, total = rules.violations_and_score(problem, repairer.meetings())
            assert {each.rule for each in judged} <= {each.rule for each in rules.violations(problem, before)}
            assert total.total - score == pytest.approx(spot.gain, abs=1e-6)
            repairer.undo(spot.repair)
        elif spot.standing is TargetStatus.FORBIDDEN:
            assert [] not in broken
            assert spot.breaches
            true = {(each.rule, frozenset(each.ids)) for one in broken for each in one}
            for each in spot.breaches:
                if each.rule in ("H7", "H9", "H10"):
                    assert each.rule in {rule for rule, _ in true}
                else:
                    assert (each.rule, frozenset(each.ids)) in true
    return found


@some
@given(problems(max_requests=4))
def test_each_target_is_what_the_rules_say_of_it(problem: Problem) -> None:
    repairer = Repairer(problem, first_plan(problem))
    for request in problem.requests:
        assert_true(problem, repairer, request.id)


def test_a_target_of_an_expo_is_what_the_rules_say_and_its_gain_what_they_count() -> None:
    problem = to_problem(make_expo(firms=20, requests=90, seed=5))
    repairer = Repairer(problem, first_plan(problem))
    before = repairer.meetings()
    score = rules.score(problem, before).total
    standings = set()
    for held in before[:2]:
        view = [slot.id for slot in problem.slots[:8]], [place.id for place in problem.places[-12:]]
        for spot in evaluate_targets(repairer, held.request, *view):
            standings.add(spot.standing)
            if spot.standing is not TargetStatus.FREE or spot.meeting is None or spot.gain is None:
                continue
            best = max(
                rules.score(problem, [*(m for m in before if m.request != held.request), way]).total
                for way in all_ways(problem, held.request, spot.slot, spot.place)
                if not new_breaches(problem, before, way)
            )
            assert best - score == pytest.approx(spot.gain, abs=1e-6)
    assert TargetStatus.FREE in standings
    assert TargetStatus.FORBIDDEN in standings


def test_a_frozen_meeting_goes_nowhere_and_one_that_is_lost_goes_back_to_its_own_place_alone() -> None:
    problem = make_problem(
        slots="3",
        places=[table("t1"), table("t2")],
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d")],
        published=[meet("r1", "s0", "t1", "a1 b1")],
        frozen_until="s1",
    )
    slots, places = ["s0", "s1", "s2"], ["t1", "t2"]
    held = Repairer(problem, [meet("r1", "s0", "t1", "a1 b1")])
    here, *others = evaluate_targets(held, "r1", slots, places)
    assert here.standing is TargetStatus.HERE
    assert {spot.standing for spot in others} == {TargetStatus.FORBIDDEN}
    assert {breach.rule for spot in others for breach in spot.breaches} == {"H10"}
    lost = Repairer(problem, [])
    own, *others = evaluate_targets(lost, "r1", slots, places)
    assert own.standing is TargetStatus.FREE
    assert {spot.standing for spot in others} == {TargetStatus.FORBIDDEN}
    early, *_ = evaluate_targets(held, "r2", ["s0"], ["t2"])
    assert [breach.rule for breach in early.breaches] == ["H10"]


@pytest.mark.parametrize("who", ["person", "firm"])
@pytest.mark.parametrize(("most", "standing"), [(1, TargetStatus.BLOCKED), (2, TargetStatus.FREE)])
def test_who_has_all_meetings_of_a_day_has_no_other_on_it(
    who: str, most: int, standing: TargetStatus
) -> None:
    """The meeting itself can move within its day, and a further one to another day."""
    cap = {"max_per_day": most}
    problem = make_problem(
        slots="3 1",
        places=[table("t1", capacity=3)],
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c")],
        firms=[firm("a", **cap if who == "firm" else {})],
        attendees=[person("a1", "a", **cap if who == "person" else {})],
    )
    repairer = Repairer(problem, [meet("r1", "s0", "t1", "a1 b1")])
    repairer.keep(["r1"])
    same_day, other_day = evaluate_targets(repairer, "r2", ["s2", "s3"], ["t1"])
    assert (same_day.standing, other_day.standing) == (standing, TargetStatus.FREE)
    assert {breach.rule for breach in same_day.breaches} == ({"H8"} if most == 1 else set())
    (moved,) = evaluate_targets(repairer, "r1", ["s2"], ["t1"])
    assert moved.standing is TargetStatus.FREE


def test_who_is_kept_gives_way_to_none() -> None:
    problem = make_problem(
        slots="2", places=[table("t1")], requests=[ask("r1", "a", "b"), ask("r2", "c", "d")]
    )
    repairer = Repairer(problem, [meet("r1", "s0", "t1", "a1 b1")])
    (first, second) = evaluate_targets(repairer, "r2", ["s0", "s1"], ["t1"])
    assert (first.standing, second.standing) == (TargetStatus.MOVES, TargetStatus.FREE)
    assert first.repair is not None
    assert [meeting.request for meeting in first.repair.moved] == ["r1"]
    repairer.keep(["r1", "unknown"])
    (first, _) = evaluate_targets(repairer, "r2", ["s0", "s1"], ["t1"])
    assert [each.rule for each in first.breaches] == ["H5"]


def test_where_a_table_is_taken_one_like_it_that_is_free_is_named() -> None:
    problem = make_problem(
        slots="2",
        places=[table("t1"), table("t2"), table("t3")],
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d"), ask("r3", "e", "f")],
    )
    held = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t2", "c1 d1")]
    taken, free = evaluate_targets(Repairer(problem, held), "r3", ["s0"], ["t1", "t3"])
    assert (taken.standing, free.standing) == (TargetStatus.LIKE, TargetStatus.FREE)
    assert taken.meeting is not None
    assert (taken.meeting.place, taken.gain) == ("t3", free.gain)
    assert [breach.rule for breach in taken.breaches] == ["H5"]
    (full,) = evaluate_targets(
        Repairer(problem, [*held, meet("r3", "s0", "t3", "e1 f1")]), "r1", ["s0"], ["t3"]
    )
    assert full.standing is not TargetStatus.LIKE
