"""Commitments: decided as by exhaustive search, with minimal conflicts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from scheduler.domain import commitments
from scheduler.domain.commitments import feasibility, find_unkept
from scheduler.domain.plan import CommitmentClash
from scheduler.domain.rules.stability import is_frozen
from scheduler.files.problem_file import read_problem
from tests.support.brute_force import best_plan
from tests.support.builders import ask, booth, documents, firm, interpreter, make_problem, meet, person, table

Json = dict[str, Any]
OF_EACH_PERSON = {"max_pair_per_day", "max_in_row", "max_days"}
"""Limits of the policy that hold for each person, as those of an attendee do."""


def locked(id: str, sender: str, receiver: str, slot: str, place: str | None = None, **keys: Any) -> Json:
    where = {} if place is None else {"place": place}
    return ask(id, sender, receiver, fixed={"slot": slot, **where, "must": True}, **keys)


@st.composite
def commitment_documents(draw: DrawFn) -> Json:
    """Return random problems with most requests locked to a slot, and some frozen."""
    document = draw(documents(max_requests=4))
    document["policy"]["require_all"] = False
    slots = [row["id"] for row in document["slots"]]
    for row in document["requests"]:
        if draw(st.integers(0, 3)):
            row["fixed"] = {"slot": draw(st.sampled_from(slots)), "must": True}
            row["slots"] = None
    return document


def alone(document: Json, ids: Collection[str]) -> Json:
    """Return the problem with only these requests, without rules of the whole plan."""
    policy = {key: document["policy"][key] for key in OF_EACH_PERSON & document["policy"].keys()}
    return document | {
        "requests": [row for row in document["requests"] if row["id"] in ids],
        "precedences": [p for p in document["precedences"] if {p["before"], p["after"]} <= set(ids)],
        "published": [row for row in document["published"] if row["request"] in ids],
        "policy": policy,
    }


def can_be_kept(document: Json, ids: Collection[str]) -> bool:
    return best_plan(read_problem(alone(document, ids))) is not None


@pytest.mark.no_cover  # runs the same lines many times
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(commitment_documents())
def test_it_gives_up_the_fewest_and_names_minimal_sets(document: Json) -> None:
    problem = read_problem(document)
    known = {problem.requests[r].id for r in problem.compulsory}
    known |= {m.request for m in problem.published if is_frozen(problem, m)}
    found = find_unkept(problem)
    fewest = next(
        n
        for n in range(len(known) + 1)
        if any(can_be_kept(document, known - set(out)) for out in combinations(sorted(known), n))
    )
    assert len(found.not_kept) == fewest
    assert can_be_kept(document, known - set(found.not_kept))
    for clash in found.clashes:
        assert not can_be_kept(document, clash.requests)
        assert all(can_be_kept(document, {*clash.requests} - {id}) for id in clash.requests)
        assert set(clash.requests) & set(found.not_kept)


def clashes(**parts: Any) -> list[tuple[set[str], str, set[str]]]:
    return [(set(c.requests), c.cause, set(c.who)) for c in find_unkept(make_problem(**parts)).clashes]


TWO_HALLS = [table("t1", "h1"), table("t2", "h2")]

CAUSES: list[tuple[str, set[str], dict[str, Any]]] = [
    ("people", {"a1"}, {"requests": [locked("r1", "a", "b", "s0"), locked("r2", "a", "c", "s0")]}),
    (
        "walk",
        {"a1"},
        {
            "requests": [locked("r1", "a", "b", "s0", "t1"), locked("r2", "a", "c", "s1", "t2")],
            "places": TWO_HALLS,
            "walking": {("h1", "h2"): 40},
        },
    ),
    (
        "place",
        {"t1"},
        {"requests": [locked("r1", "a", "b", "s0"), locked("r2", "c", "d", "s0")], "places": [table("t1")]},
    ),
    (
        "person-cap",
        {"a1"},
        {
            "requests": [locked("r1", "a", "b", "s0"), locked("r2", "a", "c", "s2")],
            "attendees": [person("a1", "a", max_per_day=1)],
        },
    ),
    (
        "firm-cap",
        {"a"},
        {
            "requests": [locked("r1", "a", "b", "s0"), locked("r2", "a", "c", "s2")],
            "firms": [firm("a", max_per_day=1)],
        },
    ),
    (
        "interpreter",
        {"i1"},
        {
            "requests": [locked("r1", "a", "b", "s0"), locked("r2", "c", "d", "s0")],
            "attendees": [
                person("a1", "a", "zh"),
                person("b1", "b"),
                person("c1", "c", "zh"),
                person("d1", "d"),
            ],
            "interpreters": [interpreter("i1")],
        },
    ),
    (
        "precedence",
        set(),
        {
            "requests": [locked("r1", "a", "b", "s2"), locked("r2", "c", "d", "s1")],
            "precedences": [("r1", "r2")],
        },
    ),
]


@pytest.mark.parametrize(("cause", "who", "parts"), CAUSES, ids=[cause for cause, _, _ in CAUSES])
def test_two_that_cannot_both_be_held_are_named_with_the_cause(
    cause: str, who: set[str], parts: dict[str, Any]
) -> None:
    more = [*parts["requests"], locked("r9", "x", "y", "s3")]
    assert clashes(**{**parts, "requests": more}) == [({"r1", "r2"}, cause, who)]


def test_a_frozen_meeting_is_rather_kept_than_a_lock() -> None:
    problem = make_problem(
        requests=[locked("r1", "a", "b", "s1", weight=9), ask("r2", "a", "c", length=2)],
        published=[meet("r2", "s0", "t1", "a1 c1")],
        frozen_until="s1",
    )
    found = find_unkept(problem)
    assert (found.not_kept, found.clashes[0].requests) == (("r1",), ("r2", "r1"))


def test_one_that_cannot_be_held_at_all_is_a_clash_by_itself() -> None:
    away = [person("a1", "a", unavailable="s0")]
    found = find_unkept(make_problem(requests=[locked("r1", "a", "b", "s0")], attendees=away))
    assert [(c.requests, c.cause) for c in found.clashes] == [(("r1",), "alone")]
    assert found.clashes[0].detail == "Request r1 of A to B in s0 has to be held, but a1 cannot come then."


SINGLES: list[tuple[str, dict[str, Any]]] = [
    ("longer than what is left", {"requests": [locked("r1", "a", "b", "s3", length=2)]}),
    ("may not start then", {"requests": [locked("r1", "a", "b", "s0", slots=["s1"])]}),
    ("nothing new starts", {"requests": [locked("r1", "a", "b", "s0")], "frozen_until": "s1"}),
    ("no place", {"requests": [locked("r1", "a", "b", "s0")], "places": [table("t1", unavailable="s0")]}),
    (
        "no interpreter",
        {"requests": [locked("r1", "a", "b", "s0")], "attendees": [person("a1", "a", "zh")]},
    ),
    (
        "has nobody for it",
        {
            "requests": [locked("r1", "a", "b", "s0", excluded="a1")],
            "attendees": [person("a1", "a")],
        },
    ),
    (
        "breaks H4: a1 is not available in s0",
        {
            "requests": [ask("r1", "a", "b")],
            "attendees": [person("a1", "a", unavailable="s0")],
            "published": [meet("r1", "s0", "t1", "a1 b1")],
            "frozen_until": "s1",
        },
    ),
    (
        "frozen at another time|breaks H9",
        {
            "requests": [locked("r1", "a", "b", "s2")],
            "published": [meet("r1", "s0", "t1", "a1 b1")],
            "frozen_until": "s1",
        },
    ),
]


@pytest.mark.parametrize(("words", "parts"), SINGLES, ids=[words for words, _ in SINGLES])
def test_why_one_cannot_be_held_at_all_is_told(words: str, parts: dict[str, Any]) -> None:
    (clash,) = find_unkept(make_problem(**parts)).clashes
    assert (clash.requests, clash.cause) == (("r1",), "alone")
    assert re.search(words, clash.detail)


def crowd(tables: int) -> Iterator[Json]:
    """Return locks to one slot, of distinct firms, one more than the tables."""
    return (locked(f"r{k}", f"a{k}", f"b{k}", "s0") for k in range(tables + 1))


def test_of_many_locks_of_one_slot_exactly_those_beyond_the_tables_are_given_up() -> None:
    found = find_unkept(make_problem(requests=list(crowd(12)), places=[table(f"t{k}") for k in range(12)]))
    assert len(found.not_kept) == 1
    assert len(found.clashes[0].requests) == 13


def test_a_lock_moves_others_to_other_people_and_places_before_it_is_given_up() -> None:
    problem = make_problem(
        requests=[locked("r1", "a", "b", "s0"), locked("r2", "a", "b", "s0", "bb", to_attendees="b1")],
        attendees=[person("a1", "a"), person("a2", "a"), person("b1", "b"), person("b2", "b")],
        places=[booth("bb", "b"), table("t1")],
    )
    assert find_unkept(problem) == commitments.UnkeptCommitments()


def test_what_takes_too_long_to_find_out_is_no_clash_unless_it_is_decided_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feasibility, "MAX_NODES", -1)
    problem = make_problem(requests=[locked("r1", "a", "b", "s0"), locked("r2", "a", "c", "s0")])
    assert find_unkept(problem) == commitments.UnkeptCommitments()
    assert find_unkept(problem, lambda ids: len(ids) < 2).not_kept


def test_a_new_lock_is_held_against_those_that_can_be_kept() -> None:
    rows = [locked(f"r{k}", "a", f"b{k}", "s0") for k in range(2)]
    problem = make_problem(requests=[*rows, locked("new", "a", "c", "s1"), locked("bad", "b0", "c", "s1")])
    assert commitments.find_clash(problem, "r0") is not None
    assert (
        commitments.find_clash(make_problem(requests=[*rows, locked("new", "a", "c", "s1")]), "new") is None
    )
    clash = commitments.find_clash(problem, "new")
    assert isinstance(clash, CommitmentClash)
    assert set(clash.requests) == {"new", "bad"}
