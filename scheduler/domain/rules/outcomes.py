"""Meeting outcomes reported by both sides, merged conservatively.

The smaller of two outcomes counts, and the smaller of two amounts in one currency. A report therefore never
claims more than both sides confirm, even if one is optimistic or types an extra zero. Amounts in different
currencies are never added, since no exchange rate is known. If only one side reports, its outcome counts, and
the report states how many there are. A firm that reports too little lowers the figure until its partner asks
it to correct it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """Outcome of a meeting as reported by one side, in increasing order."""

    NONE = "none"
    FOLLOW_UP = "follow-up"
    INTENT = "intent"
    SIGNED = "signed"


ORDER = tuple(OutcomeKind)
"""In increasing order."""
WITH_AMOUNT = frozenset({OutcomeKind.INTENT, OutcomeKind.SIGNED})
"""Outcomes that may have an amount."""


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """Reported outcome of a meeting. `amount` is in whole units and requires a currency (ISO 4217)."""

    kind: OutcomeKind
    amount: int | None = None
    currency: str | None = None


def merge_outcomes(said: Sequence[OutcomeReport]) -> OutcomeReport | None:
    """Merge the reports of one or both sides. None if there are none.

    The smaller outcome counts, and the smaller of two amounts in one currency. Amounts in two currencies are
    dropped. The amount of one side alone counts, unless that side reports more than the merged outcome.
    """
    if not said:
        return None
    kind = min((each.kind for each in said), key=ORDER.index)
    amounts = [each for each in said if each.amount is not None]
    if kind not in WITH_AMOUNT or not amounts or len({each.currency for each in amounts}) > 1:
        return OutcomeReport(kind)
    if len(amounts) == 1 and amounts[0].kind is not kind:
        return OutcomeReport(kind)
    least = min(amounts, key=lambda each: each.amount or 0)
    return OutcomeReport(kind, least.amount, least.currency)


def outcomes_differ(said: Sequence[OutcomeReport]) -> bool:
    """Return True if two sides report different outcomes. An omitted amount is not a difference."""
    kinds = {each.kind for each in said}
    amounts = {(each.amount, each.currency) for each in said if each.amount is not None}
    return len(kinds) > 1 or len(amounts) > 1
