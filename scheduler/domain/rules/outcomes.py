"""What a report counts of a meeting of which each side says what came of it: never more than both say.

Of two outcomes of a meeting the smaller one counts, and of two amounts in one currency the smaller, so that
no report claims more than both sides say: one may be hopeful, or typed one nought more. Amounts of two
currencies are never added, as no rate is known. One side counts where the other says nothing, and the report
tells how many. A firm that errs downwards lowers the figure until its partner asks it to look again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """What came of a meeting, as one side says. Each says more than the one before."""

    NONE = "none"
    FOLLOW_UP = "follow-up"
    INTENT = "intent"
    SIGNED = "signed"


ORDER = tuple(OutcomeKind)
"""From the least to the most."""
WITH_AMOUNT = frozenset({OutcomeKind.INTENT, OutcomeKind.SIGNED})
"""What can be worth an amount."""


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """What came of a meeting: an amount, in whole units, only with a currency (ISO 4217)."""

    kind: OutcomeKind
    amount: int | None = None
    currency: str | None = None


def merge_outcomes(said: Sequence[OutcomeReport]) -> OutcomeReport | None:
    """What counts of what one or both sides say. None if neither says anything.

    Of two words the smaller counts. Of two amounts in one currency the smaller one, of two currencies none.
    The amount of one side alone counts, unless that side says more than what is counted.
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
    """Whether two sides say different things. An amount that one of them leaves out is no difference."""
    kinds = {each.kind for each in said}
    amounts = {(each.amount, each.currency) for each in said if each.amount is not None}
    return len(kinds) > 1 or len(amounts) > 1
