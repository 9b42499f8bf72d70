"""Suggested withdrawals are worth less than what they admit; who is missing is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Fixed, Problem
from scheduler.domain.solving import SolveParams
from scheduler.solver.exact.solve import solve_exact
from scheduler.solver.explain.reasons import explain_unscheduled
from scheduler.solver.solve import solve
from tests.support.builders import ask, firm, interpreter, make_problem, meet, person, problems, table


def with_slot(problem: Problem, meetings: list[Meeting], gone: str, wanted: str, slot: str) -> Problem:
    """Return the problem without a request, with all meetings kept and another request in a slot."""
    index, held = problem.index, {m.request: m for m in meetings}
    kept = [r for r, row in enumerate(problem.requests) if row.id != gone]
    at = {r: k for k, r in enumerate(kept)}
    rows = []
    for r in kept:
        row = problem.requests[r]
        if row.id == wanted:
            row = replace(row, fixed=Fixed(index.slots[slot], None, must=True))
        elif (meeting := held.get(row.id)) is not None:
            people = [index.attendees[a] for a in meeting.attendees]
            of = [problem.attendees[a].firm for a in people]
            row = replace(
                row,
                fixed=Fixed(index.slots[meeting.slot], index.places[meeting.place], must=True),
                from_attendees=tuple(a for a, f in zip(people, of, strict=True) if f == row.sender),
                to_attendees=tuple(a for a, f in zip(people, of, strict=True) if f == row.receiver),
            )
        else:
            row = replace(row, slots=())
        rows.append(row)
    pairs = tuple((at[a], at[b]) for a, b in problem.precedences if a in at and b in at)
    return replace(problem, requests=tuple(rows), precedences=pairs, source_fingerprint=None)


@pytest.mark.no_cover  # runs the same lines many times
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems(max_requests=4))
def test_a_withdrawal_scores_more_than_what_is_withdrawn_was_worth(problem: Problem) -> None:
    params = SolveParams(workers=1, method="search", iterations=10)
    plan = solve(problem, params).plan
    if not plan.is_answer or plan.not_kept:
        return
    for row in plan.unscheduled:
        for way in (way for way in row.ways if way.kind == "withdraw"):
            kept = [m for m in plan.meetings if m.request != way.ids[0]]
            changed = with_slot(problem, kept, way.ids[0], row.request, way.slot)
            found = solve_exact(changed, 60.0, workers=1)
            assert found.meetings is not None
            true = [r for r in problem.requests if r.id != way.ids[0]]
            judged = replace(changed, requests=tuple(true))
            assert rules.score(judged, found.meetings).total > plan.score, (row, way)


def test_a_meeting_that_its_firm_needs_for_its_floor_is_not_offered() -> None:
    """b has one meeting, and can have no other: without it, b falls below its floor."""
    problem = make_problem(
        slots="1",
        firms=[firm("b", min_meetings=1)],
        attendees=[person("z1", "z", unavailable="s0")],
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c", weight=6), ask("r3", "b", "z")],
    )
    plan = [meet("r1", "s0", "t1", "a1 b1")]
    answer = next(row for row in explain_unscheduled(problem, plan) if row.request == "r2")
    assert "withdraw" not in {way.kind for way in answer.ways}
    free = replace(problem, firms=tuple(replace(f, min_meetings=0) for f in problem.firms))
    answer = next(row for row in explain_unscheduled(free, plan) if row.request == "r2")
    assert "withdraw" in {way.kind for way in answer.ways}


def test_where_only_an_interpreter_lacks_that_is_the_reason_whatever_it_would_gain() -> None:
    """The only interpreter comes from another hall. With another, the meeting costs more than it gains."""
    problem = make_problem(
        slots="3",
        attendees=[
            person("a1", "a", "zh"),
            person("b1", "b"),
            person("c1", "c", "zh"),
            person("d1", "d"),
            person("e1", "e", "zh"),
        ],
        interpreters=[interpreter("i1")],
        places=[table("t1", "h1"), table("t2", "h2", unavailable="s2")],
        walking={("h1", "h2"): 60},
        requests=[ask("r1", "a", "b", slots=["s2"]), ask("r2", "c", "d"), ask("r3", "a", "e")],
        factors={"idle": 1000},
    )
    plan = [meet("r2", "s1", "t2", "c1 d1", "i1"), meet("r3", "s0", "t1", "a1 e1")]
    assert rules.violations(problem, plan) == []
    (answer,) = explain_unscheduled(problem, plan)
    assert (answer.reason, answer.ways) == ("no-interpreter", ())
    assert "no free interpreter can walk there" in answer.detail
