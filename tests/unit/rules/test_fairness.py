"""How evenly a plan distributes meetings, and the priority for that."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.problem import Policy
from scheduler.domain.rules.fairness import (
    FAIR_SHARES,
    FAIRNESS_PRICES,
    firm_shares,
    gini,
    set_fairness,
    summarize_fairness,
)
from tests.support.builders import ask, make_problem, meet


def test_a_firms_share_is_of_all_its_requests_sent_and_received() -> None:
    requests = [ask("r1", "a", "b"), ask("r2", "b", "a"), ask("r3", "c", "a")]
    problem = make_problem(requests=requests, firms=["a", "b", "c", "d"])
    rows = firm_shares(problem, [meet("r1", "s0", "t1", "a1 b1")])
    assert {problem.firms[row.firm].id: row.share for row in rows} == {"a": 1 / 3, "b": 1 / 2, "c": 0}
    found = summarize_fairness(rows)
    assert found is not None
    assert (found.firms, found.worst, found.pooled) == (3, 0, 2 / 6)
    assert found.mean == pytest.approx((1 / 3 + 1 / 2) / 3)


def test_nobody_has_no_fairness() -> None:
    assert summarize_fairness([]) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_ginis_coefficient_is_half_the_mean_difference_over_the_mean(values: list[float]) -> None:
    mean = sum(values) / len(values)
    difference = sum(abs(a - b) for a, b in product(values, values)) / len(values) ** 2
    assert gini(values) == pytest.approx(difference / (2 * mean) if mean else 0.0, abs=1e-6)


def test_the_dial_prices_the_fair_shares_and_its_first_point_counts_none() -> None:
    policy = Policy(fair_share=0.5)
    for point, price in enumerate(FAIRNESS_PRICES):
        found = set_fairness(policy, point)
        assert found.factors.get("unfair", 0) == price
        assert found.fair_shares == (FAIR_SHARES if price else ())
        assert set_fairness(found, 0) == policy
