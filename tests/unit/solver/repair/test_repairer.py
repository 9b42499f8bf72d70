"""The repair oracle: valid by the rules after each change, and never worse than exhaustive search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.checking import clean_meetings
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.solve import solve
from tests.support import reference_rules
from tests.support.brute_force import meetings_of
from tests.support.builders import ask, interpreter, make_problem, meet, person, problems, table

Json = dict[str, Any]

some = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def first_plan(problem: Problem) -> list[Meeting]:
    """Return the initial plan, checked by the rules."""
    flat = flatten(problem)
    return list(clean_meetings(flat, build_start_state(flat, None, 1).held) or ())


def assert_right(problem: Problem, repairer: Repairer, request: str) -> None:
    """Check that each answer keeps the rules and has its stated score, and that undo restores all."""
    before = repairer.meetings()
    broken = {violation.rule for violation in rules.violations(problem, before)}
    score = rules.score(problem, before).total
    for repair in repairer.best(request):
        repairer.apply(repair)
        after = repairer.meetings()
        found, total = rules.violations_and_score(problem, after)
        assert {violation.rule for violation in found} <= broken
        assert total.total - score == pytest.approx(repair.gain, abs=1e-6)
        assert {repair.meeting, *repair.moved} <= set(after)
        changed = {m.request for m in set(before) ^ set(after)} - {request}
        assert changed == {m.request for m in repair.moved} | set(repair.dropped)
        people = {a for m in set(before) ^ set(after) if m.request != request for a in m.attendees}
        assert sorted(people, key=problem.index.attendees.__getitem__) == list(repair.people)
        repairer.undo(repair)
        assert repairer.meetings() == before


@some
@given(problems(max_requests=4))
def test_every_answer_keeps_the_rules_and_scores_what_it_says(problem: Problem) -> None:
    repairer = Repairer(problem, first_plan(problem))
    for request in problem.requests:
        assert_right(problem, repairer, request.id)


@pytest.mark.no_cover  # runs the same lines many times
def test_the_oracle_stays_right_over_many_changes_of_an_expo() -> None:
    problem = to_problem(make_expo(firms=30, requests=260, seed=3))
    repairer = Repairer(problem, first_plan(problem))
    for k, request in enumerate(problem.requests[::20]):
        assert_right(problem, repairer, request.id)
        if answers := repairer.best(request.id):
            repairer.apply(answers[k % len(answers)])
    repairer.drop(repairer.meetings()[0].request)
    found, score = rules.violations_and_score(problem, repairer.meetings())
    assert found == []
    again = Repairer(problem, repairer.meetings())
    assert again.state.score == pytest.approx(repairer.state.score)
    assert again.state.score == pytest.approx(float(score.total))


@some
@given(problems(max_requests=4), st.data())
def test_the_oracle_is_right_after_somebody_is_out_and_a_place_has_closed(
    problem: Problem, data: st.DataObject
) -> None:
    repairer = Repairer(problem, first_plan(problem))
    people = [row.id for row in (*problem.attendees, *problem.interpreters)]
    slots = st.lists(st.sampled_from([slot.id for slot in problem.slots]), min_size=1, unique=True)
    before = {meeting.request for meeting in repairer.meetings()}
    if data.draw(st.booleans()):
        lost = repairer.lose_person(data.draw(st.sampled_from(people)), data.draw(slots))
    else:
        place = data.draw(st.sampled_from([place.id for place in problem.places]))
        lost = repairer.close_place(place, data.draw(slots))
    after = {meeting.request for meeting in repairer.meetings()}
    assert after == before - set(lost)
    found = {violation.rule for violation in rules.violations(repairer.problem, repairer.meetings())}
    # a dropped meeting may be compulsory or frozen, and dropping it may exceed a limit
    assert found <= {"H1", "H10", "H12", "H13"}
    if not found:
        for request in problem.requests:
            assert_right(repairer.problem, repairer, request.id)


def test_those_who_meet_somebody_who_is_out_meet_a_colleague() -> None:
    people = [person("a1", "a"), person("a2", "a")]
    problem = make_problem(slots="2", requests=[ask("r1", "a", "b")], attendees=people)
    repairer = Repairer(problem, [meet("r1", "s0", "t1", "a1 b1")])
    assert repairer.lose_person("a1", ["s0", "s1"]) == ["r1"]
    assert [each.meeting.attendees for each in repairer.best("r1")] == [("a2", "b1"), ("a2", "b1")]


LONG = [f"s{s}" for s in range(70)]
STAYS = {"s0", "s63", "s64", "s65", "s69"}


@pytest.mark.parametrize("others", [[], [meet("r2", "s63", "t1", "a1 c1")]])
def test_who_is_out_in_some_of_many_slots_meets_and_waits_in_the_others(others: list[Meeting]) -> None:
    requests = [ask("r1", "a", "b"), ask("r2", "a", "c")]
    problem = make_problem(slots=" ".join(["10"] * 7), requests=requests)
    repairer = Repairer(problem, [meet("r1", "s1", "t1", "a1 b1"), *others])
    assert repairer.lose_person("a1", [slot for slot in LONG if slot not in STAYS]) == ["r1"]
    found = repairer.best("r1", count=99)
    assert {each.meeting.slot for each in found} == STAYS
    again = Repairer(repairer.problem, others).best("r1", count=99)
    assert [(each.meeting, each.gain) for each in found] == [(each.meeting, each.gain) for each in again]


def test_when_one_of_many_interpreters_is_out_the_others_interpret() -> None:
    """Of 99 people, one speaks both languages at all times, and four others do in one slot each."""
    people = [interpreter(f"i{i}", "fr") for i in range(99)]
    people[97] = interpreter("i97")
    alone = {"s1": 98, "s3": 96, "s4": 65, "s6": 33}
    for slot, number in alone.items():
        away = " ".join(each for each in LONG if each != slot)
        people[number] = interpreter(f"i{number}", unavailable=away)
    problem = make_problem(
        slots=" ".join(["10"] * 7),
        requests=[ask("r1", "a", "b")],
        attendees=[person("a1", "a", "zh"), person("b1", "b", "en")],
        interpreters=people,
    )
    repairer = Repairer(problem, [meet("r1", "s5", "t1", "a1 b1", "i97")])
    assert repairer.lose_person("i97", [slot for slot in LONG if slot not in STAYS]) == ["r1"]
    found = {each.meeting.slot: each.meeting.interpreter for each in repairer.best("r1", count=99)}
    assert found == dict.fromkeys(STAYS, "i97") | {slot: f"i{number}" for slot, number in alone.items()}


def test_when_the_first_interpreter_is_out_the_second_interprets() -> None:
    problem = make_problem(
        slots="1",
        requests=[ask("r1", "a", "b")],
        attendees=[person("a1", "a", "zh"), person("b1", "b", "en")],
        interpreters=[interpreter("i0"), interpreter("i1")],
    )
    repairer = Repairer(problem, [meet("r1", "s0", "t1", "a1 b1", "i0")])
    assert repairer.lose_person("i0", ["s0"]) == ["r1"]
    (best,) = repairer.best("r1")
    assert best.meeting == meet("r1", "s0", "t1", "a1 b1", "i1")


def test_a_place_that_closes_gives_its_meetings_to_another_one() -> None:
    places = [table("t1"), table("t2")]
    problem = make_problem(slots="1", places=places, requests=[ask("r1", "a", "b"), ask("r2", "c", "d")])
    repairer = Repairer(problem, [meet("r1", "s0", "t1", "a1 b1")])
    assert repairer.close_place("t1", ["s0"]) == ["r1"]
    (best,) = repairer.best("r1")
    assert best.meeting == meet("r1", "s0", "t2", "a1 b1")
    repairer.apply(best)
    (only,) = repairer.best("r2")
    assert only.dropped == ("r1",)


# Compared with exhaustive search


def reachable(document: Json, plan: Sequence[Json], request: Json) -> Iterator[list[Json]]:
    """Yield the plans with the request elsewhere and at most one meeting giving way, to any place.

    Another interpreter alone is no other way. If the choice of that meeting is ambiguous, there are none.
    """
    rest = [m for m in plan if m["request"] != request["id"]]
    ways = [{**m, "interpreter": None} for m in plan]
    for meeting in meetings_of(document, request):
        if meeting in plan or {**meeting, "interpreter": None} in ways:
            continue
        if not reference_rules.broken_rules(document, [*rest, meeting]):
            yield [*rest, meeting]
            continue
        left = [[o for o in rest if o is not m] + [meeting] for m in rest]
        sound = [others for others in left if not reference_rules.broken_rules(document, others)]
        if len(sound) == 1:
            (others,) = sound
            kept = {m["request"] for m in others}
            gone = next(m["request"] for m in rest if m["request"] not in kept)
            asked = next(row for row in document["requests"] if row["id"] == gone)
            yield others
            for other in meetings_of(document, asked):
                if not reference_rules.broken_rules(document, [*others, other]):
                    yield [*others, other]


@some
@given(problems(max_requests=3), st.integers(0, 2))
def test_no_plan_with_one_meeting_giving_way_is_better_than_the_best_answer(
    problem: Problem, which: int
) -> None:
    """Without limits on spread and changes, and without caps of firms."""
    policy = replace(problem.policy, max_idle_spread=None, max_moved=None, require_all=False)
    firms = tuple(replace(firm, max_per_day=None) for firm in problem.firms)
    problem = replace(problem, policy=policy, firms=firms)
    plan = first_plan(problem)
    repairer, document = Repairer(problem, plan), write_problem(problem)
    row = document["requests"][which % len(document["requests"])]
    written = [meeting.to_json() for meeting in plan]
    must = {problem.requests[r].id for r in problem.compulsory}
    if must - {meeting.request for meeting in plan}:
        return
    base = reference_rules.total(document, reference_rules.terms(document, written))
    gains = [
        reference_rules.total(document, reference_rules.terms(document, p)) - base
        for p in reachable(document, written, row)
    ]
    answers = repairer.best(row["id"], max_people=99)
    if gains:
        assert answers
        assert answers[0].gain >= max(gains) - 1e-6


KINDS = ("table", "booth")


@some
@given(problems(max_requests=4), st.integers(0, 3), st.booleans(), st.data())
def test_the_best_of_some_times_and_places_are_the_best_of_every_plan_that_has_them(
    problem: Problem, which: int, is_by_kind: bool, data: st.DataObject
) -> None:
    """Without other changes: at each start and place group, the best that exhaustive search finds."""
    policy = replace(problem.policy, max_idle_spread=None, max_moved=None, require_all=False)
    firms = tuple(replace(firm, max_per_day=None) for firm in problem.firms)
    problem = replace(problem, policy=policy, firms=firms)
    plan = first_plan(problem)
    repairer, document = Repairer(problem, plan), write_problem(problem)
    row = document["requests"][which % len(document["requests"])]
    slots = data.draw(st.sets(st.sampled_from([slot.id for slot in problem.slots])))
    kind = data.draw(st.sampled_from(KINDS)) if is_by_kind else None
    halls = data.draw(st.sets(st.sampled_from(problem.halls), min_size=1))
    places = {
        place.id
        for place in problem.places
        if problem.halls[place.hall] in halls and kind in (None, place.kind.value)
    }
    kept = [meeting.to_json() for meeting in plan if meeting.request != row["id"]]
    now = next((meeting.to_json() for meeting in plan if meeting.request == row["id"]), None)
    base = [*kept, now] if now else kept
    score, faults = (
        reference_rules.total(document, reference_rules.terms(document, base)),
        reference_rules.broken_rules(document, base),
    )
    assume(faults <= {"H1"})  # else another breach of a rule that is broken already would count as none
    best: dict[tuple[str, int], float] = {}
    for meeting in meetings_of(document, row):
        there = meeting["slot"], repairer.flat.groups.group_of[problem.index.places[meeting["place"]]]
        after = [*kept, meeting]
        if meeting["slot"] not in slots or meeting["place"] not in places or is_same(repairer, meeting, now):
            continue
        if not reference_rules.broken_rules(document, after) - faults:
            gain = reference_rules.total(document, reference_rules.terms(document, after)) - score
            best[there] = max(gain, best.get(there, gain))
    for count in (2, 99):
        found = repairer.best(row["id"], count, max_people=0, slots=slots, places=places)
        gains = [each.gain for each in found]
        assert all(not each.moved and not each.dropped for each in found)
        assert gains == pytest.approx(sorted(best.values(), reverse=True)[:count], abs=1e-6)
    moving = repairer.best(row["id"], slots=slots, places=places)
    assert {(each.meeting.slot in slots, each.meeting.place in places) for each in moving} <= {(True, True)}
    assert not gains or moving[0].gain >= gains[0]
    assert repairer.best(row["id"]) == Repairer(problem, plan).best(row["id"]), "nothing stays narrowed"


def is_same(repairer: Repairer, meeting: Json, now: Json | None) -> bool:
    """Return True if it is the present one: same start, place group and people."""
    groups, index = repairer.flat.groups.group_of, repairer.problem.index.places
    return now is not None and all(
        mine == other
        for mine, other in (
            (meeting["slot"], now["slot"]),
            (groups[index[meeting["place"]]], groups[index[now["place"]]]),
            (set(meeting["attendees"]), set(now["attendees"])),
        )
    )


# Organisers' requests


ONE_TABLE = make_problem(
    slots="2",
    places=[table("t1")],
    requests=[ask("r1", "a", "b", weight=5), ask("r2", "c", "d", weight=5), ask("r3", "e", "f", weight=2)],
)
FULL = [meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s1", "t1", "c1 d1")]


def test_an_answer_names_who_gives_way_and_what_it_costs() -> None:
    best = Repairer(ONE_TABLE, FULL).best("r3")
    assert [(each.meeting.slot, each.dropped, each.moved, each.people, each.gain) for each in best] == [
        ("s0", ("r1",), (), ("a1", "b1"), -300.0),
        ("s1", ("r2",), (), ("c1", "d1"), -300.0),
    ]


def test_two_meetings_change_places() -> None:
    (best,) = Repairer(ONE_TABLE, FULL).best("r1")
    assert best.meeting == meet("r1", "s1", "t1", "a1 b1")
    assert best.moved == (meet("r2", "s0", "t1", "c1 d1"),)
    assert (best.people, best.gain) == (("c1", "d1"), 0.0)


def test_no_more_people_move_than_one_allows() -> None:
    assert Repairer(ONE_TABLE, FULL).best("r1", max_people=1) == []


def test_two_meetings_that_give_way_go_where_they_are_best_together() -> None:
    """r3 takes the slots of both. Either may move to s2; r1 has no other place, and r2 also s3."""
    problem = make_problem(
        slots="4",
        places=[table("t1")],
        requests=[
            ask("r1", "a", "b", slots=["s0", "s1", "s2"]),
            ask("r2", "c", "d"),
            ask("r3", "e", "f", length=2, weight=9, slots=["s0"]),
        ],
    )
    plan = [meet("r1", "s1", "t1", "a1 b1"), meet("r2", "s0", "t1", "c1 d1")]
    (best,) = Repairer(problem, plan).best("r3")
    assert {(m.request, m.slot) for m in best.moved} == {("r1", "s2"), ("r2", "s3")}
    assert (best.dropped, best.gain) == ((), 900.0)


def test_a_meeting_without_a_free_place_makes_another_one_go() -> None:
    """r3 takes r1's slot; r1 can only move to s1, where Ann has r2, which moves to s2."""
    problem = make_problem(
        slots="3",
        places=[table("t1", capacity=3)],
        requests=[
            ask("r1", "ann", "b", weight=5, slots=["s0", "s1"]),
            ask("r2", "ann", "c", weight=5, slots=["s1", "s2"]),
            ask("r3", "d", "b", weight=5, slots=["s0"]),
        ],
        attendees=[person("b1", "b")],
    )
    plan = [meet("r1", "s0", "t1", "ann1 b1"), meet("r2", "s1", "t1", "ann1 c1")]
    (best,) = Repairer(problem, plan).best("r3")
    assert {(m.request, m.slot) for m in best.moved} == {("r1", "s1"), ("r2", "s2")}
    assert best.dropped == ()


def test_a_compulsory_meeting_is_never_dropped() -> None:
    requests = [ask("r1", "a", "b", fixed={"slot": "s0", "must": True}), ask("r2", "c", "d", weight=9)]
    problem = make_problem(slots="1", places=[table("t1")], requests=requests)
    assert Repairer(problem, [meet("r1", "s0", "t1", "a1 b1")]).best("r2") == []


def test_a_frozen_meeting_stays() -> None:
    plan = [meet("r1", "s0", "t1", "a1 b1")]
    problem = make_problem(slots="3", requests=[ask("r1", "a", "b")], published=plan, frozen_until="s1")
    assert Repairer(problem, plan).best("r1") == []


def test_an_answer_about_another_plan_is_refused() -> None:
    repairer = Repairer(ONE_TABLE, FULL)
    first, second = repairer.best("r3")
    repairer.apply(first)
    with pytest.raises(ValueError, match="changed since"):
        repairer.apply(second)


def test_a_plan_that_breaks_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="breaks a rule"):
        Repairer(ONE_TABLE, [FULL[0], meet("r2", "s0", "t1", "c1 d1")])


def test_a_plan_with_a_frozen_meeting_that_could_not_stay_has_answers_once_it_is_released() -> None:
    problem = make_problem(
        slots="3",
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c")],
        attendees=[person("a1", "a", unavailable="s0"), person("a2", "a")],
        published=[meet("r1", "s0", "t1", "a1 b1")],
        frozen_until="s1",
    )
    plan = solve(problem, SolveParams(method="search", workers=1, iterations=500)).plan
    assert plan.not_kept == ("r1",)
    released = problem.releasing(plan.not_kept)
    repairer = Repairer(released, plan.meetings)
    assert repairer.best("r2")
    assert_right(released, repairer, "r2")
