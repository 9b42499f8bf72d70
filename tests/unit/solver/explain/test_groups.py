"""Groups of unscheduled requests: each is in one group, and a group's change admits as many as stated."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.domain import rules
from scheduler.domain.plan import EventFix, Plan, ReasonSubject
from scheduler.domain.problem import Problem
from scheduler.domain.solving import SolveParams
from scheduler.files.plan_file import read_plan, write_plan
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.explain.event_fixes import KINDS, apply_event_fix
from scheduler.solver.explain.groups import explain_and_group, group_unscheduled
from scheduler.solver.explain.reasons import explain_unscheduled
from scheduler.solver.solve import solve
from tests.support.builders import (
    ask,
    booth,
    firm,
    interpreter,
    make_problem,
    meet,
    person,
    table,
)


@pytest.fixture(scope="module")
def tight() -> tuple[Problem, Plan]:
    """Return an expo of 60 firms with more requests than time, and its plan."""
    problem = to_problem(make_expo(firms=60, requests=1500, seed=1, start=date(2026, 11, 24)))
    result = solve(problem, SolveParams(workers=1, method="search", iterations=20_000))
    return problem, explain_and_group(problem, result).plan


def test_each_request_that_is_not_held_is_in_one_group(tight: tuple[Problem, Plan]) -> None:
    _, plan = tight
    grouped = [request for group in plan.groups for request in group.requests]
    assert sorted(grouped) == sorted(row.request for row in plan.unscheduled)
    weights = [group.weight for group in plan.groups]
    assert weights == sorted(weights, reverse=True) and len(plan.groups) > 10
    assert "not-examined" not in {row.reason for row in plan.unscheduled}
    assert read_plan(write_plan(plan)) == plan


@pytest.mark.no_cover  # runs the same lines many times
def test_a_run_with_the_change_of_a_group_holds_as_many_more_as_were_counted(
    tight: tuple[Problem, Plan],
) -> None:
    """From the present plan a search only adds: the counted gain is a lower bound."""
    problem, plan = tight
    tried = [group for group in plan.groups if group.lever is not None and group.holds][:2]
    assert len(tried) == 2
    for group in tried:
        assert group.lever is not None and group.gains is not None
        changed = apply_event_fix(problem, group.lever)
        assert not rules.violations(changed, plan.meetings)
        params = SolveParams(workers=1, method="search", iterations=2_000)
        again = solve(changed, params, start=plan.meetings).plan
        before = rules.score(changed, plan.meetings).total
        assert again.score >= before + 0.5 * group.gains, group


def one_group(problem: Problem, *meetings: object) -> tuple[str, ReasonSubject, EventFix | None, int | None]:
    held = tuple(meetings)
    answers = explain_unscheduled(problem, held)  # type: ignore[arg-type]
    (group,) = group_unscheduled(problem, held, answers)  # type: ignore[arg-type]
    return group.reason, group.about, group.lever, group.holds


def test_people_at_their_limit_make_a_group_which_one_meeting_more_helps() -> None:
    ann = person("ann", "a", max_per_day=1)
    problem = make_problem(
        slots="3",
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c"), ask("r3", "a", "d")],
        attendees=[ann, person("bo", "b"), person("cy", "c"), person("di", "d")],
    )
    reason, about, lever, holds = one_group(problem, meet("r1", "s0", "t1", "ann bo"))
    assert (reason, about) == ("person-cap", ReasonSubject("person", ("ann",)))
    assert (
        lever is not None
        and lever.kind in ("person-cap", "add-person")
        and holds == (1 if lever.kind == "person-cap" else 2)
    )


@pytest.mark.parametrize(
    ("kind", "limit", "slots", "start"),
    [("days-cap", "max_days", "2 2", "s2"), ("row-cap", "max_in_row", "2", "s1")],
)
@pytest.mark.parametrize(("own", "policy"), [(1, None), (None, 1)])
def test_people_at_a_limit_make_a_group_which_one_more_helps(
    kind: str, limit: str, slots: str, start: str, own: int | None, policy: int | None
) -> None:
    problem = make_problem(
        slots=slots,
        requests=[ask("r1", "a", "b"), ask("r2", "a", "c", slots=[start])],
        attendees=[person("ann", "a", **{limit: own}), person("bo", "b"), person("cy", "c")],
        **{limit: policy},
    )
    held = (meet("r1", "s0", "t1", "ann bo"),)
    (group,) = group_unscheduled(problem, held, explain_unscheduled(problem, held), kinds={kind})
    assert (group.reason, group.about) == (kind, ReasonSubject("person", ("ann",)))
    assert (group.lever, group.holds) == (EventFix(kind, ("ann",)), 1)


def test_languages_make_a_group_by_the_part_of_a_day() -> None:
    problem = make_problem(
        slots="2 2",
        requests=[ask("r1", "a", "b", slots=["s2", "s3"])],
        attendees=[person("ann", "a"), person("bo", "b", "hu")],
        interpreters=[interpreter("ivy", "en hu", unavailable="s0 s1 s2 s3")],
    )
    reason, about, lever, holds = one_group(problem)
    assert (reason, about) == ("no-interpreter", ReasonSubject("languages", ("en", "hu"), "s2"))
    assert lever == EventFix("shift", ("ivy",), ("s0", "s1", "s2", "s3")) and holds == 1


def test_a_full_hall_wants_one_more_table() -> None:
    problem = make_problem(
        slots="1",
        requests=[ask("r1", "a", "b", place="table"), ask("r2", "c", "d", place="table")],
        places=[table("t1", "h1")],
    )
    reason, about, lever, holds = one_group(problem, meet("r1", "s0", "t1", "a1 b1"))
    assert (reason, about) == ("no-place", ReasonSubject("tables", (), "s0"))
    assert lever == EventFix("add-table", ("h1",)) and holds == 1


def test_each_kind_of_lever_changes_what_it_names_and_nothing_else() -> None:
    problem = make_problem(
        slots="2",
        requests=[ask("r1", "a", "b", place="booth")],
        firms=[firm("a"), firm("b", max_per_day=1)],
        attendees=[
            person("ann", "a", max_per_day=1, max_in_row=1, max_days=1, unavailable="s0"),
            person("bo", "b"),
        ],
        interpreters=[interpreter("ivy", unavailable="s0")],
        places=[table("t1", "h1"), booth("bb", "b", "h1")],
    )
    ids = {
        "person-cap": ("ann",), "days-cap": ("ann",), "row-cap": ("ann",), "firm-cap": ("b",),
        "available": ("ann",), "shift": ("ivy",), "add-table": ("h1",), "add-booth": ("b",),
        "add-interpreter": ("en", "hu"), "add-person": ("ann",), "any-place": ("r1",),
    }  # fmt: skip
    parts = ("attendees", "firms", "interpreters", "places", "requests")
    for kind in KINDS:
        changed = apply_event_fix(problem, EventFix(kind, ids[kind], ("s0",)))
        differing = [part for part in parts if getattr(changed, part) != getattr(problem, part)]
        assert len(differing) == 1, kind
        same = {part: getattr(problem, part) for part in differing}
        assert replace(changed, **same) == problem
    assert apply_event_fix(problem, EventFix("again", ())) is problem
