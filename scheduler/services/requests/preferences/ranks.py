"""Ranks of a firm's requests (must-have, want, nice to have) and their weights in a problem.

Firms gave every request the top priority, so they now rank requests within a budget. The weights of the
problem format keep their meaning: a must-have is 5, a want 4 or 3, nice to have 2 or 1. The upper half of a
rank, in the firm's own order, has the higher weight.

The budget counts must-haves among open requests, under a lock of the firm's row. The other firm's rank is
stored separately, and the problem takes the higher one; otherwise a request sent back would overwrite the
other firm's rank. Imports and organisers' workbooks are not limited by the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from scheduler.domain.entities import MUST


class Rank(StrEnum):
    """Rank of a request."""

    MUST = "must"
    WANT = "want"
    NICE = "nice"


_WEIGHTS = {Rank.MUST: (MUST, MUST), Rank.WANT: (4, 3), Rank.NICE: (2, 1)}
DEFAULT_PRIORITY = {Rank.MUST: MUST, Rank.WANT: 3, Rank.NICE: 1}
"""Priority of a request without a position in its firm's order."""


def rank_from_priority(priority: int) -> Rank:
    """Return the rank of a priority from 1 to 5."""
    if priority >= MUST:
        return Rank.MUST
    return Rank.WANT if priority >= _WEIGHTS[Rank.WANT][1] else Rank.NICE


def priorities_of_rank(rank: Rank, number: int) -> Sequence[int]:
    """Return the priorities of `number` requests of a rank, in order: the upper half has the higher one."""
    larger, smaller = _WEIGHTS[rank]
    upper = (number + 1) // 2
    return [larger] * upper + [smaller] * (number - upper)
