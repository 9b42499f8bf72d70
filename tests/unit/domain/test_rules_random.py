"""Rules and score equal a literal reading of the page, on random tiny problems."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules import score, violations
from scheduler.files.problem_file import write_problem
from tests.support import reference_rules
from tests.support.brute_force import best_plan, meetings_of
from tests.support.builders import problems


@st.composite
def plans(draw: st.DrawFn, problem: Problem) -> list[Meeting]:
    """Return meetings of some requests, valid or not, that reference only known ids."""
    ids, document = problem.index, write_problem(problem)
    chosen = draw(st.lists(st.sampled_from(list(ids.requests)), unique=True))
    published = {m.request: m for m in problem.published if _is_known(problem, m)}
    meetings = []
    for id in chosen:
        if id in published and draw(st.booleans()):
            meetings.append(published[id])
            continue
        request = problem.requests[ids.requests[id]]
        sound = meetings_of(document, document["requests"][ids.requests[id]])
        if sound and draw(st.integers(0, 3)):
            meeting = draw(st.sampled_from(sound))
            meetings.append(Meeting(**{**meeting, "attendees": tuple(meeting["attendees"])}))
            continue
        people = [
            problem.attendees[a].id
            for firm in (request.sender, request.receiver)
            for a in draw(st.lists(st.sampled_from(problem.firm_attendees[firm]), min_size=1, unique=True))
        ]
        meetings.append(
            Meeting(
                id,
                draw(st.sampled_from(list(ids.slots))),
                draw(st.sampled_from(list(ids.places))),
                tuple(people),
                draw(st.sampled_from([None, *ids.interpreters])),
            )
        )
    return meetings


def _is_known(problem: Problem, meeting: Meeting) -> bool:
    ids = problem.index
    who = meeting.interpreter
    return (
        meeting.slot in ids.slots and meeting.place in ids.places and (who is None or who in ids.interpreters)
    )


def _json(meetings: Any) -> list[dict[str, Any]]:
    return [meeting.to_json() for meeting in meetings]


def strict(problem: Problem) -> Problem:
    """Return the problem with no spread and no changes allowed; random limits rarely bind."""
    return replace(problem, policy=replace(problem.policy, max_idle_spread=0, max_moved=0))


@given(st.data(), problems(max_requests=4) | problems(max_requests=4, rerun=True).map(strict))
def test_any_plan_breaks_the_rules_that_the_page_says_and_scores_what_the_page_says(
    data: DataObject, problem: Problem
) -> None:
    meetings = data.draw(plans(problem))
    document = write_problem(problem)
    assert {v.rule for v in violations(problem, meetings)} == reference_rules.broken_rules(
        document, _json(meetings)
    )
    terms = reference_rules.terms(document, _json(meetings))
    found = score(problem, meetings)
    assert found.terms == terms
    assert found.total == reference_rules.total(document, terms)


@pytest.mark.no_cover  # runs the same lines many times
@given(problems())
def test_the_best_plan_breaks_no_rule_and_scores_what_brute_force_says(problem: Problem) -> None:
    best = best_plan(problem)
    if best is None:
        # Neither the empty plan nor the published one is valid.
        assert violations(problem, ())
        assert violations(problem, problem.published)
        return
    claimed, meetings = best
    assert violations(problem, meetings) == []
    assert score(problem, meetings).total == claimed


@pytest.mark.no_cover  # runs the same lines many times
@given(st.data(), problems())
def test_no_sound_plan_scores_more_than_the_best_one(data: DataObject, problem: Problem) -> None:
    meetings = data.draw(plans(problem))
    best = best_plan(problem)
    if not violations(problem, meetings):
        assert best is not None
        assert score(problem, meetings).total <= best[0]


words = st.sampled_from(["", "gone", "r0", "r1", "s0", "s1", "t1", "bb", "a1", "a2", "b1", "i1"])


@pytest.mark.no_cover  # runs the same lines many times
@given(problems(), st.lists(st.builds(Meeting, words, words, words, st.lists(words).map(tuple), words)))
def test_no_plan_however_odd_raises(problem: Problem, meetings: list[Meeting]) -> None:
    assert violations(problem, meetings) == violations(problem, list(meetings))
    assert score(problem, meetings).terms.keys() == score(problem, ()).terms.keys()
