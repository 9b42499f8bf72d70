"""`excluded`: people banned from one meeting; a colleague goes, or the reason says that none can."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.domain.entities import PlanStatus
from scheduler.domain.plan import Meeting, Plan, Unscheduled
from scheduler.domain.problem import Problem
from scheduler.domain.rules import score, violations
from scheduler.domain.rules.stability import PublishedChanges, published_changes
from scheduler.domain.solving import SolveParams
from scheduler.files.problem_file import read_problem, write_problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.solver.bounds.prove import upper_bounds
from scheduler.solver.exact.solve import solve_exact
from scheduler.solver.explain.reasons import explain_unscheduled
from scheduler.solver.solve import solve
from tests.support.brute_force import best_plan
from tests.support.builders import ask, documents, make_problem, meet, person, table

Json = dict[str, Any]

quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

TEAM = [person("a1", "a"), person("a2", "a"), person("b1", "b"), person("c1", "c")]
R1 = meet("r1", "s0", "t1", "a1 b1")


def searched(problem: Problem, **keys: Any) -> Plan:
    plan = solve(problem, SolveParams(workers=1, method="search", iterations=2_000, **keys)).plan
    assert violations(problem, plan.meetings) == []
    return plan


def both_ways(problem: Problem) -> list[Sequence[Meeting]]:
    """Return the plans of the search and of the exact model."""
    exact = solve_exact(problem, 60.0, workers=1)
    assert exact.meetings is not None
    return [searched(problem).meetings, exact.meetings]


def test_a_colleague_goes_in_the_place_of_somebody_excluded() -> None:
    problem = make_problem(attendees=TEAM, requests=[ask("r1", "a", "b", excluded="a1")])
    for meetings in both_ways(problem):
        assert [set(m.attendees) for m in meetings] == [{"a2", "b1"}]


def test_whom_one_meeting_excludes_is_in_others() -> None:
    requests = [ask("r1", "a", "b", excluded="a1"), ask("r2", "a", "c", excluded="a2")]
    for meetings in both_ways(make_problem(slots="1", attendees=TEAM, requests=requests)):
        assert [set(m.attendees) for m in meetings] == [{"a2", "b1"}, {"a1", "c1"}]


def published(frozen_until: str | None = None, **keys: Any) -> Problem:
    request = ask("r1", "a", "b", excluded="a1")
    parts = {"attendees": TEAM, "requests": [request], "published": [R1], "frozen_until": frozen_until}
    return make_problem(places=[table("t1"), table("t2")], **{**parts, **keys})


@pytest.mark.parametrize("frozen_until", [None, "s1"])
@pytest.mark.parametrize("max_moved", [None, 0])
def test_a_published_meeting_stays_with_a_colleague_by_force_frozen_or_not(
    frozen_until: str | None, max_moved: int | None
) -> None:
    problem = published(frozen_until, max_moved=max_moved)
    for meetings in both_ways(problem):
        assert [(m.slot, m.place, set(m.attendees)) for m in meetings] == [("s0", "t1", {"a2", "b1"})]
        assert published_changes(problem, meetings) == PublishedChanges(forced=("r1",))
        terms = score(problem, meetings).terms
        assert {term: terms[term] for term in ("moved", "relocated", "reassigned", "dropped")} == {
            "moved": 0, "relocated": 0, "reassigned": 1, "dropped": 0,
        }  # fmt: skip


def test_a_frozen_meeting_whose_colleagues_are_away_is_held_later() -> None:
    team = [person("a1", "a"), person("a2", "a", unavailable="s0"), person("b1", "b")]
    for meetings in both_ways(published("s1", attendees=team)):
        assert [set(m.attendees) for m in meetings] == [{"a2", "b1"}]
        assert meetings[0].slot != "s0"


def test_a_frozen_meeting_for_which_nobody_else_can_come_is_dropped() -> None:
    team = [person("a1", "a"), person("b1", "b")]
    for meetings in both_ways(published("s1", attendees=team)):
        assert list(meetings) == []


def test_what_is_not_published_gets_no_start_in_the_frozen_time() -> None:
    request = ask("r1", "a", "b", slots=["s0"], excluded="a1")
    problem = published("s1", requests=[request], published=[])
    for meetings in both_ways(problem):
        assert list(meetings) == []


def only(problem: Problem, *meetings: Meeting) -> Unscheduled:
    (row,) = explain_unscheduled(problem, meetings)
    return row


def test_where_everybody_of_a_firm_is_excluded_the_answer_says_whom_it_takes() -> None:
    problem = make_problem(requests=[ask("r1", "a", "b", excluded="a1")])
    row = only(problem)
    assert (row.reason, row.blockers) == ("no-colleague", ("a1",))
    assert row.remedies == ("Let a1 take part in it after all; then hold it in s0.",)


def test_where_the_colleagues_are_busy_the_answer_says_so_and_who_does_not_take_part() -> None:
    requests = [ask("r1", "a", "b", excluded="a1"), ask("r2", "a", "c", weight=5)]
    problem = make_problem(slots="1", attendees=TEAM, requests=requests)
    row = only(problem, meet("r2", "s0", "t1", "a2 c1"))
    assert (row.reason, row.blockers) == ("no-colleague", ("a1",))
    assert "no colleague of theirs can come instead (a1)" in row.detail
    assert row.remedies[0] == "Let a1 take part in it after all; then hold it in s0."


def test_where_an_excluded_person_could_not_come_either_the_answer_is_another() -> None:
    team = [person("a1", "a", unavailable="s0"), person("a2", "a", unavailable="s0")]
    problem = make_problem(slots="1", attendees=team, requests=[ask("r1", "a", "b", excluded="a1")])
    assert only(problem).reason == "no-common-slot"


def test_a_published_meeting_without_a_colleague_is_not_offered_to_whom_it_excludes() -> None:
    problem = published(slots="1", attendees=[person("a1", "a"), person("b1", "b")])
    row = only(problem)
    assert (row.reason, row.remedies) == ("no-colleague", ())


def excluding() -> st.SearchStrategy[Problem]:
    """Return random problems in which each request excludes someone, unless its people are named."""

    def with_excluded(document: Json, picks: list[int]) -> Problem:
        for request, pick in zip(document["requests"], picks, strict=False):
            named = request["from_attendees"] + request["to_attendees"]
            firms = (request["from"], request["to"])
            free = [a["id"] for a in document["attendees"] if a["firm"] in firms and a["id"] not in named]
            request["excluded"] = free[pick % len(free) :][:1] if free else []
        return read_problem(document)

    return st.builds(with_excluded, documents(3), st.lists(st.integers(0, 3), min_size=3, max_size=3))


@quick
@given(excluding())
def test_search_exact_model_and_bound_agree_with_trying_every_plan(problem: Problem) -> None:
    best, exact = best_plan(problem), solve_exact(problem, 60.0, workers=1)
    plan = searched(problem) if best is not None else None
    assert (exact.status is PlanStatus.INFEASIBLE) == (best is None)
    if best is not None and plan is not None and exact.meetings is not None:
        assert score(problem, exact.meetings).total == pytest.approx(best[0])
        assert plan.score <= best[0] + 1e-6
        assert upper_bounds(problem, seconds=30).score >= best[0] - 1e-6


def test_the_key_is_written_only_where_somebody_is_excluded() -> None:
    """Files without exclusions, and their fingerprints, are unchanged from before this key."""
    requests = [ask("r1", "a", "b", excluded="a1"), ask("r2", "a", "b")]
    rows = write_problem(make_problem(requests=requests))["requests"]
    assert [row.get("excluded") for row in rows] == [["a1"], None]


def test_at_the_size_of_an_event_nobody_sits_where_they_are_excluded() -> None:
    problem = to_problem(make_expo(firms=60, requests=500, seed=1, start=date(2026, 11, 24)))
    before = solve(problem, SolveParams(workers=1, method="search", iterations=20_000)).plan
    document = write_problem(problem) | {"published": [m.to_json() for m in before.meetings]}
    document["policy"]["max_moved"] = 0
    asked = {row["id"]: row for row in document["requests"]}
    gone = {}
    for meeting in before.meetings[::10]:
        row = asked[meeting.request]
        if not row["from_attendees"]:
            row["excluded"] = gone[meeting.request] = [
                a for a in meeting.attendees if a.startswith(row["from"])
            ]
    again = read_problem(document)
    plan = searched(again)
    held = {m.request: m for m in plan.meetings}
    assert len(gone) > 30
    assert not any(set(who) & set(held[id].attendees) for id, who in gone.items() if id in held)
    assert set(gone) <= set(published_changes(again, plan.meetings).forced)
