"""Every unscheduled request gets a reason, and its remedies work."""

from __future__ import annotations

import copy
import random
import re
from dataclasses import replace
from datetime import date
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain.plan import Meeting, Unscheduled
from scheduler.domain.problem import Problem
from scheduler.domain.rules import score
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver import clock
from scheduler.solver.exact.solve import solve_exact
from scheduler.solver.explain.reasons import explain_unexamined, explain_unscheduled
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.checking import clean_meetings
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.solve import solve
from tests.support.builders import (
    ask,
    booth,
    firm,
    interpreter,
    make_problem,
    meet,
    person,
    problems,
    table,
)

Json = dict[str, Any]

quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def only(problem: Problem, *meetings: Meeting) -> Unscheduled:
    """Return the answer for the only request that these meetings leave unscheduled."""
    (row,) = explain_unscheduled(problem, meetings)
    return row


def test_a_held_request_needs_no_answer() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b")])
    assert explain_unscheduled(problem, [meet("r1", "s0", "t1", "a1 b1")]) == ()


def test_people_with_no_slot_in_common_are_named() -> None:
    problem = make_problem(
        slots="2",
        requests=[ask("r1", "a", "b")],
        attendees=[person("ann", "a", unavailable="s0"), person("bo", "b", unavailable="s1")],
    )
    row = only(problem)
    assert (row.reason, row.blockers) == ("no-common-slot", ("ann", "bo"))
    ways = (("ann", "s0"), ("bo", "s1"))
    made = [f"Make {who} available in {slot}; then hold it in {slot}." for who, slot in ways]
    assert set(made) < set(row.remedies)


def test_a_heavier_meeting_in_the_only_slot_displaces_and_is_not_to_be_given_up() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b", weight=9), ask("r2", "a", "c", weight=2)])
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert (row.reason, row.blockers) == ("displaced-by-weight", ("r1",))
    assert row.remedies == ("Send one more person of A, who speaks en, in s0; then hold it in s0.",)


def test_a_lighter_meeting_may_be_given_up() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b", weight=2), ask("r2", "a", "c", weight=9)])
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert row.remedies[0] == "Withdraw request r1 (weight 2); then hold it in s0."


def test_where_both_sides_are_busy_each_may_send_somebody_more() -> None:
    problem = make_problem(
        slots="1", requests=[ask("r1", "a", "b"), ask("r2", "c", "d"), ask("r3", "a", "c")]
    )
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"), meet("r2", "s0", "t1", "c1 d1"))
    people = "A, who speaks en, and C, who speaks en,"
    assert row.remedies == (f"Send one more person of {people} in s0; then hold it in s0.",)


def test_a_lighter_meeting_in_the_only_slot_keeps_people_busy() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b", weight=1), ask("r2", "a", "c", weight=2)])
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert (row.reason, row.blockers) == ("people-busy", ("a1",))


def test_a_cap_that_is_reached_is_named() -> None:
    problem = make_problem(
        firms=[firm("a", max_per_day=1)], requests=[ask("r1", "a", "b", weight=5), ask("r2", "a", "c")]
    )
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert (row.reason, row.blockers) == ("firm-cap", ("a",))
    assert row.remedies[0] == "Let a have 2 meetings a day (max_per_day); then hold it in s1."


def test_a_full_table_is_no_place() -> None:
    problem = make_problem(
        slots="1", places=[table("t1")], requests=[ask("r1", "a", "b"), ask("r2", "c", "d")]
    )
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert row.reason == "no-place"
    assert row.remedies == ("Add one more table in hall h1 in s0; then hold it in s0.",)


def test_a_firm_without_a_booth_may_take_a_table() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b", place="booth")])
    row = only(problem)
    assert row.reason == "no-place"
    assert row.remedies == ("Accept a table too (place: any); then hold it in s0.",)


def test_sides_that_share_no_language_need_an_interpreter() -> None:
    problem = make_problem(
        requests=[ask("r1", "a", "b")], attendees=[person("ann", "a", "en"), person("bo", "b", "zh")]
    )
    row = only(problem)
    assert row.reason == "no-interpreter"
    assert row.remedies == ("Add an interpreter between en and zh in s0; then hold it in s0.",)


def test_an_interpreter_who_is_elsewhere_is_missed() -> None:
    people = [
        person("ann", "a", "en"),
        person("bo", "b", "zh"),
        person("cy", "c", "en"),
        person("di", "d", "zh"),
    ]
    problem = make_problem(
        slots="1",
        requests=[ask("r1", "a", "b"), ask("r2", "c", "d")],
        attendees=people,
        interpreters=[interpreter("ivy")],
    )
    assert only(problem, meet("r1", "s0", "t1", "ann bo", "ivy")).reason == "no-interpreter"


def test_a_precedence_that_leaves_no_slot_is_named() -> None:
    problem = make_problem(
        slots="2", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")], precedences=[("r2", "r1")]
    )
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert (row.reason, row.blockers) == ("precedence", ("r1",))
    assert row.remedies[0] == "Drop the precedence with request r1; then hold it in s1."


def test_a_frozen_time_is_told() -> None:
    problem = make_problem(slots="2", requests=[ask("r1", "a", "b", slots=["s0"])], frozen_until="s1")
    assert only(problem).reason == "frozen"


def test_a_fixed_slot_at_which_somebody_is_away_is_told() -> None:
    problem = make_problem(
        slots="2",
        requests=[ask("r1", "a", "b", fixed={"slot": "s0", "place": "t1"})],
        places=[table("t1", unavailable="s0")],
    )
    assert only(problem).reason == "fixed-clash"


def test_a_walk_that_is_too_long_is_told() -> None:
    problem = make_problem(
        slots="2",
        requests=[ask("r1", "a", "b", weight=5), ask("r2", "a", "c", place="booth")],
        places=[table("t1", "h1"), booth("bc", "c", "h2")],
        walking={("h1", "h2"): 10},
    )
    assert only(problem, meet("r1", "s0", "t1", "a1 b1")).reason == "walking"


def test_an_interpreter_who_cannot_walk_there_is_told_as_such() -> None:
    """The people can: only the interpreter comes from another hall."""
    people = [person("ann", "a"), person("bo", "b", "zh"), person("cy", "c"), person("di", "d", "zh")]
    problem = make_problem(
        slots="2",
        requests=[ask("r1", "a", "b", weight=5), ask("r2", "c", "d", place="booth", slots=["s1"])],
        attendees=people,
        interpreters=[interpreter("ivy")],
        places=[table("t1", "h1"), booth("bd", "d", "h2")],
        walking={("h1", "h2"): 10},
    )
    row = only(problem, meet("r1", "s0", "t1", "ann bo", "ivy"))
    assert (row.reason, "interpreter can walk" in row.detail) == ("no-interpreter", True)
    assert row.remedies == ("Add an interpreter between en and zh in s1; then hold it in s1.",)


def test_a_start_is_found_however_many_cannot_be_walked_to() -> None:
    """Of eight open starts, only the last leaves time to walk."""
    morning = [ask(f"r{k}", "a", f"b{k}", weight=5) for k in range(8)]
    problem = make_problem(
        slots=" ".join("2" * 8) + " 1",
        requests=[*morning, ask("late", "a", "c", place="booth")],
        places=[table("t1", "h1"), booth("bc", "c", "h2")],
        walking={("h1", "h2"): 10},
    )
    held = [meet(f"r{k}", f"s{2 * k}", "t1", f"a1 b{k}1") for k in range(8)]
    row = only(problem, *held)
    assert (row.reason, "s16" in row.detail) == ("search-ended", True)


def test_a_request_that_costs_more_than_it_gives_is_told_its_price() -> None:
    problem = make_problem(
        slots="3",
        requests=[ask("r1", "a", "b", weight=9), ask("r2", "a", "c", slots=["s2"])],
        factors={"idle": 150},
    )
    row = only(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert (row.reason, row.remedies) == ("no-gain", ("Raise its weight to 2 or more; then hold it in s2.",))


def test_a_request_that_fits_is_told_so() -> None:
    assert only(make_problem(requests=[ask("r1", "a", "b")])).reason == "search-ended"


def test_without_time_every_request_still_gets_an_answer() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    assert [row.reason for row in explain_unscheduled(problem, [], seconds=-1.0)] == [
        "not-examined",
        "not-examined",
    ]


def test_what_there_was_no_time_to_look_into_is_looked_into_after_the_solve() -> None:
    problem = make_problem(slots="1", requests=[ask(f"r{k}", "a", f"b{k}") for k in range(3)])
    meetings = (meet("r0", "s0", "t1", "a1 b01"),)
    result = solve(problem, SolveParams(seconds=1, workers=1))
    plan = replace(
        result.plan, meetings=meetings, unscheduled=explain_unscheduled(problem, meetings, seconds=-1.0)
    )
    late = explain_unexamined(problem, replace(result, plan=plan)).plan
    assert late.unscheduled == explain_unscheduled(problem, meetings) and late.meetings == meetings
    stopped = explain_unexamined(problem, replace(result, plan=plan), lambda: True).plan
    assert [row.reason for row in stopped.unscheduled] == ["not-examined"] * 2


def test_an_interpreter_of_another_shift_is_named() -> None:
    problem = make_problem(
        slots="1 1",
        requests=[ask("r1", "a", "b")],
        attendees=[person("ann", "a"), person("bo", "b", "zh")],
        interpreters=[interpreter("ivy", unavailable="s0 s1")],
    )
    row = only(problem)
    assert row.remedies[0] == "Let interpreter ivy have a shift in s0; then hold it in s0."
    assert [(way.kind, way.ids) for way in row.ways][:2] == [
        ("shift", ("ivy",)),
        ("add-interpreter", ("en", "zh")),
    ]


def test_every_request_gets_its_reason_before_any_gets_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the clock advances by a second with each reading."""
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=count().__next__))
    problem = make_problem(slots="1", requests=[ask(f"r{k}", "a", f"b{k}") for k in range(4)])
    meetings = [meet("r0", "s0", "t1", "a1 b01")]
    rows = explain_unscheduled(problem, meetings, seconds=5.5)
    assert [row.reason for row in rows] == ["displaced-by-weight"] * 3
    assert [bool(row.remedies) for row in rows] == [True, False, False]


def test_a_stop_answers_only_the_requests_that_are_not_held() -> None:
    problem = make_problem(slots="1", requests=[ask("r1", "a", "b"), ask("r2", "a", "c")])
    rows = explain_unscheduled(problem, [meet("r1", "s0", "t1", "a1 b1")], should_stop=lambda: True)
    assert [(row.request, row.reason) for row in rows] == [("r2", "not-examined")]


@quick
@given(problems(max_requests=3))
def test_every_request_is_held_or_answered(problem: Problem) -> None:
    meetings = solve_exact(problem, 60.0, workers=1).meetings or ()
    held = {meeting.request for meeting in meetings}
    answered = [row.request for row in explain_unscheduled(problem, meetings)]
    assert answered == [request.id for request in problem.requests if request.id not in held]


@quick
@given(problems(max_requests=3))
def test_a_remedy_lets_in_what_it_says(problem: Problem) -> None:
    meetings = solve_exact(problem, 60.0, workers=1).meetings
    for row in explain_unscheduled(problem, meetings or ()) if meetings is not None else ():
        for remedy in row.remedies:
            document = write_problem(problem)
            withdrawn = apply(document, row, remedy)
            kept = [m for m in meetings or () if m.request != withdrawn]
            hold(document, row.request, remedy)
            cured = read_problem(document)
            before = score(cured, kept).total
            after = solve_exact(cured, 60.0, workers=1)
            assert after.meetings is not None, (row, remedy)
            assert row.request in {m.request for m in after.meetings}
            assert score(cured, after.meetings).total > before, (row, remedy)


@pytest.mark.no_cover  # runs the same lines many times
def test_remedies_of_a_tight_event_are_many_and_can_be_kept() -> None:
    problem = to_problem(make_expo(firms=60, requests=1500, seed=1, start=date(2026, 11, 24)))
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=20_000)).plan
    answers = [row for row in plan.unscheduled if row.reason != "no-gain"]
    assert sum(bool(row.remedies) for row in answers) > 0.9 * len(plan.unscheduled)
    published = write_problem(replace(problem, published=plan.meetings, source_fingerprint=None))
    draws = random.Random(1)
    kinds: set[str] = set()
    for row in draws.sample([row for row in answers if row.remedies], 16):
        remedy = draws.choice(row.remedies)
        document = copy.deepcopy(published)
        apply(document, row, remedy)
        slot = hold(document, row.request, remedy)
        flat = flatten(read_problem(document))
        again = clean_meetings(flat, build_start_state(flat, None, 1).held) or ()
        assert {m.request: m.slot for m in again}.get(row.request) == slot, (row, remedy)
        kinds.add(remedy.split()[0])
    assert len(kinds) > 1


def hold(document: Json, id: str, remedy: str) -> str:
    """Fix a request to the slot that its remedy names. Return the slot."""
    request = next(r for r in document["requests"] if r["id"] == id)
    slot = remedy.removesuffix(".").split("hold it in ")[1]
    request["fixed"] = {**(request["fixed"] or {}), "slot": slot, "must": True}
    return slot


SLOT = r"(?:s\d+|d\d+-\d{4})"
"""Slots of the small problems in these tests, and of sample events."""


def apply(document: Json, row: Unscheduled, remedy: str) -> str | None:
    """Apply a remedy to a problem file. Return the withdrawn request, if any."""
    request = next(r for r in document["requests"] if r["id"] == row.request)
    slots = re.findall(rf"\b{SLOT}\b", remedy.split(";", maxsplit=1)[0])
    if found := re.match(r"Withdraw request (\S+) ", remedy):
        gone = found[1]
        document["requests"] = [r for r in document["requests"] if r["id"] != gone]
        document["precedences"] = [p for p in document["precedences"] if gone not in p.values()]
        return gone
    if remedy.startswith("Send one more person"):
        for row_of_firm in document["firms"]:
            spoken = re.search(rf"(?:of|,.* and) {re.escape(row_of_firm['name'])}, who speaks (.+?),", remedy)
            if spoken:
                more = {"id": f"more-{row_of_firm['id']}", "firm": row_of_firm["id"]}
                document["attendees"].append({**more, "languages": spoken[1].split(" and ")})
    elif found := re.match(r"(?:Make|Let interpreter) (\S+) (?:available|have a shift) in", remedy):
        people = document["attendees"] + document["interpreters"]
        who = next(a for a in people if a["id"] == found[1])
        who["unavailable"] = [s for s in who["unavailable"] if s not in slots]
    elif found := re.match(r"Let (\S+) have (?:meetings on )?(\d+) .+ \((max_\w+)\)", remedy):
        rows = document["attendees"] + document["firms"]
        next(a for a in rows if a["id"] == found[1])[found[3]] = int(found[2])
    elif found := re.match(r"Drop the precedence with request (\S+);", remedy):
        pair = {found[1], row.request}
        document["precedences"] = [p for p in document["precedences"] if set(p.values()) != pair]
    elif found := re.match(r"Let (\S+)(?: and (\S+))? take part", remedy):
        request["excluded"] = [a for a in request["excluded"] if a not in found.groups()]
    elif remedy.startswith("Allow it to start"):
        request["slots"] += slots
    elif remedy.startswith("Fix it"):
        request["fixed"]["slot"] = slots[0]
    elif remedy.startswith("Accept"):
        request["place"] = "any"
    elif found := re.match(r"Add one more (table|booth place) in hall (\S+) ", remedy):
        owner = request["to"] if found[1] != "table" else None
        kind = "table" if owner is None else "booth"
        more = {"id": "more", "hall": found[2], "kind": kind, "firm": owner, "capacity": 1}
        document["places"].append(more)
    elif found := re.match(rf"Add an interpreter between (.+?) and (.+?) in {SLOT}", remedy):
        spoken = [side.split(" or ")[0] for side in found.groups()]
        document["interpreters"].append({"id": "more", "languages": spoken})
    elif found := re.match(r"Raise its weight to (\d+)", remedy):
        request["weight"] = int(found[1])
    else:
        assert remedy.startswith("Solve again"), remedy
    return None
