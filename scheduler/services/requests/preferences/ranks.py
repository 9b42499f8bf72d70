"""Ranks of a firm's requests (must-have, want, nice to have) and their weights in a problem.

A rank has the weights of the problem that there were before: a must is 5, a want 4 or 3, what is nice 2 or 1.
The upper half of a firm's wants, in its own order, has the larger weight, and so has the upper half of what
is nice. So the order counts, and no weight means another thing than it did.

Firms gave 5 to everything, so they rank within a budget, and the weights of the problem format keep their
meaning: a must is 5, a want 4 or 3, nice 2 or 1; the upper half of a rank by the firm's own order has the
higher weight. The budget counts musts among open requests, under a lock of the firm's row. The other firm's
rank is kept beside, and the problem takes the larger: before, requesting back overwrote what the other had
said. Imports and organisers' workbooks are not bound by the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from scheduler.domain.entities import MUST


class Rank(StrEnum):
    """How much a firm wants a meeting."""

    MUST = "must"
    WANT = "want"
    NICE = "nice"


_WEIGHTS = {Rank.MUST: (MUST, MUST), Rank.WANT: (4, 3), Rank.NICE: (2, 1)}
DEFAULT_PRIORITY = {Rank.MUST: MUST, Rank.WANT: 3, Rank.NICE: 1}
"""The priority of a wish that has no place in its firm's order yet."""


def rank_from_priority(priority: int) -> Rank:
    """The rank of a priority from 1 to 5."""
    if priority >= MUST:
        return Rank.MUST
    return Rank.WANT if priority >= _WEIGHTS[Rank.WANT][1] else Rank.NICE


def priorities_of_rank(rank: Rank, number: int) -> Sequence[int]:
    """The priorities of so many wishes of a rank, in their order: the upper half has the larger one."""
    larger, smaller = _WEIGHTS[rank]
    upper = (number + 1) // 2
    return [larger] * upper + [smaller] * (number - upper)
