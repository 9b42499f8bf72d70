"""What the flat view says of firms: their requests, floors, fair shares and groups."""

from __future__ import annotations

import numpy as np

from scheduler.domain.problem import Problem
from scheduler.solver.compiled.kernels import Floats, Int32s
from scheduler.solver.instance.columns import firms as columns


def firm_rows(problem: Problem) -> tuple[Int32s, Int32s, Int32s]:
    """Their requests and their groups, each laid end to end, and `Data.firms`."""
    own: list[list[int]] = [[] for _ in problem.firms]
    for r, request in enumerate(problem.requests):
        own[request.sender].append(r)
        own[request.receiver].append(r)
    listed, ranges = to_csr(own)
    is_priced = counts_group_gap(problem)
    groups, group_ranges = to_csr([list(mine) if is_priced else [] for mine in problem.groups_of_firm])
    most = np.iinfo(np.int32).max
    rows = [
        (floor, most if firm.max_per_day is None else firm.max_per_day, *span, *groups_span)
        for floor, firm, span, groups_span in zip(
            problem.floors, problem.firms, ranges, group_ranges, strict=True
        )
    ]
    return listed, groups, np.array(rows, np.int32).reshape(-1, columns.WIDTH)


def counts_group_gap(problem: Problem) -> bool:
    """Whether what groups of firms lack to the share of all requests has a price.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    bool
        True if the term `group_gap` can change the score.
    """
    return bool(problem.firm_groups) and problem.policy.factors.get("group_gap", 0) > 0


def group_sizes(problem: Problem) -> Int32s:
    """`Data.group_sizes`: empty where the gap has no price."""
    return np.array(problem.group_request_counts if counts_group_gap(problem) else (), np.int32)


def firm_worth(problem: Problem) -> Floats:
    """A row of n + 1 numbers of each firm with n requests, laid end to end: see `ranges.worth_of`."""
    factors = problem.policy.factors
    shortfall, unfair = float(factors["shortfall"]), float(factors.get("unfair", 0))
    found: list[float] = []
    for floor, levels, n in zip(problem.floors, problem.fair_levels, problem.request_counts, strict=True):
        for held in range(n + 1):
            lacks = sum(price for level, price in levels if held < level)
            found.append(shortfall * (held < floor) + unfair * lacks)
    return np.array(found, np.float64)


def to_csr(lists: list[list[int]]) -> tuple[Int32s, list[tuple[int, int]]]:
    """Lists laid end to end, and the range of each."""
    ranges: list[tuple[int, int]] = []
    at = 0
    for row in lists:
        ranges.append((at, at + len(row)))
        at += len(row)
    return np.array([x for row in lists for x in row], np.int32), ranges
