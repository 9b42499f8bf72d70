"""Feasible places: a place is refused exactly for the hard rule that it violates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.builders import ask, firm, interpreter, make_problem, meet, person, table
from tests.support.moves import board

R1 = meet("r1", "s0", "t1", "ann1 bo1")


def problem(**parts: Any) -> Any:
    requests = [ask("r1", "ann", "bo"), ask("r2", "ann", "cai")]
    places = [table("t1", "h1", capacity=2), table("t2", "h2")]
    return make_problem(**{"slots": "3", "requests": requests, "places": places, **parts})


@pytest.mark.parametrize(
    ("parts", "slot", "place", "fits"),
    [
        ({}, "s1", "t1", True),
        ({}, "s0", "t1", False),
        ({"places": [table("t1"), table("t2", "h2")]}, "s1", "t1", True),
        ({"places": [table("t1", unavailable="s1"), table("t2", "h2")]}, "s1", "t1", False),
        ({"walking": {("h1", "h2"): 0.0}}, "s1", "t2", True),
        ({"walking": {("h1", "h2"): 15.0}}, "s1", "t2", False),
        ({"walking": {("h1", "h2"): 15.0}}, "s2", "t2", True),
        ({"attendees": [person("ann1", "ann", max_per_day=1)]}, "s1", "t1", False),
        ({"attendees": [person("ann1", "ann", unavailable="s1")]}, "s1", "t1", False),
        ({"firms": [firm("ann", max_per_day=1)]}, "s1", "t1", False),
        ({"precedences": [("r1", "r2")]}, "s1", "t1", True),
        ({"precedences": [("r2", "r1")]}, "s1", "t1", False),
    ],
    ids=["free", "H3 busy", "a seat", "H5 closed", "H6 no walk", "H6 a walk", "H6 time to walk",
         "H8 a person's cap", "H4 away", "H8 a firm's cap", "H11 after", "H11 before"],
)  # fmt: skip
def test_a_place_fits_unless_it_breaks_a_rule(parts: Any, slot: str, place: str, fits: bool) -> None:
    plan = board(problem(**parts), [R1])
    assert plan.fits(meet("r2", slot, place, "ann1 cai1")) is fits


def test_an_interpreter_who_is_busy_does_not_fit() -> None:
    people = [person("cai1", "cai", "zh"), person("dee1", "dee", "zh")]
    requests = [ask("r1", "ann", "cai"), ask("r2", "bo", "dee")]
    plan = board(
        problem(requests=requests, attendees=people, interpreters=[interpreter("i")]),
        [meet("r1", "s0", "t1", "ann1 cai1", "i")],
    )
    assert not plan.fits(meet("r2", "s0", "t1", "bo1 dee1", "i"))
    assert plan.fits(meet("r2", "s1", "t1", "bo1 dee1", "i"))
