"""The cost of changing a published meeting equals the loss of score by the rules."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import ANY_START, SAME_START
from scheduler.domain.rules.stability import Sameness, change_costs, compare_to_published
from tests.support.builders import ask, make_problem, meet, person, table

FACTORS = {"moved": 60, "relocated": 0.1, "reassigned": 0.2, "dropped": 400}
PUBLISHED = meet("r1", "s0", "t1", "a1 b1")


def held(same: Sameness) -> Meeting:
    return replace(
        PUBLISHED,
        slot="s0" if same.slot else "s1",
        place="t1" if same.place else "t2",
        attendees=("b1", "a1") if same.people else ("a1", "b2"),
    )


@pytest.mark.parametrize("same", [Sameness(*each) for each in product((True, False), repeat=3)])
@pytest.mark.parametrize("counts", [SAME_START, ANY_START])
def test_each_way_of_holding_a_published_meeting_costs_what_the_rules_take(
    same: Sameness, counts: str
) -> None:
    problem = make_problem(
        slots="2",
        requests=[ask("r1", "a", "b")],
        attendees=[person("a1", "a"), person("b1", "b"), person("b2", "b")],
        places=[table("t1"), table("t2")],
        published=[PUBLISHED],
    )
    factors = {**problem.policy.factors, **FACTORS}
    policy = replace(problem.policy, factors=factors, reassigned_counts=counts)
    problem = replace(problem, policy=policy)
    meeting = held(same)

    cost = change_costs(policy)[same]

    assert compare_to_published(meeting, PUBLISHED) == same
    lost = rules.score(problem, [PUBLISHED]).total - rules.score(problem, [meeting]).total
    assert float(cost) == pytest.approx(lost)


def test_prices_are_added_as_the_decimals_that_were_written() -> None:
    policy = make_problem(requests=[]).policy
    costs = change_costs(replace(policy, factors={**policy.factors, **FACTORS}))
    assert costs[Sameness(True, False, False)] == Fraction(3, 10)
