"""Shares of a plan that are improved side by side: each some days, and the meetings that are held then.

Decomposition by day: parts of a solution are improved by themselves and put back, again and again with
other parts (POPMUSIC: Taillard and Voss 2002, in *Essays and Surveys in Metaheuristics*, 613-629).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from scheduler.solver.compiled.kernels import Int32s, Words
from scheduler.solver.compiled.records import Record
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import requests, rules, slots
from scheduler.solver.state.columns import held

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Share:
    """What one search of several on a plan may change: slots, requests that are not held, changes."""

    words: Words
    """The slots, as bits."""
    of: int
    number: int
    """It takes up request `r`, where that is not held, if `r % of == number`."""
    most: int
    """The most published meetings that may be changed then in the whole plan."""


@dataclass(frozen=True, slots=True)
class Improved:
    """A share that was improved: what the whole plan is worth then, and the meetings, others ignored."""

    share: Share
    worth: float
    table: Int32s


def whole(data: Data) -> Share:
    """Everything."""
    everything = np.full(data.day_words.shape[1], np.iinfo(np.uint64).max, np.uint64)
    return Share(everything, 1, 0, int(data.rules[rules.MAX_MOVED]))


def shares_of(share: Share, cuts: Sequence[Words], changed: int) -> list[Share]:
    """A share cut further; `changed` published meetings are changed already."""
    most = min(changed + max(0, share.most - changed) // len(cuts), int(np.iinfo(np.int32).max))
    of = share.of * len(cuts)
    return [Share(words, of, share.number + share.of * k, most) for k, words in enumerate(cuts)]


def deal(data: Data, share: Share, hands: int, changed: int, draws: np.random.Generator) -> list[Share]:
    """The share cut by days, for so many hands; fewer shares where there are fewer days.

    A meeting stays in the days of its share, so these are drawn anew each time, and where there are as
    many hands as days they are in pairs every other time.
    """
    days = days_of(data, share)
    parts, in_pairs = min(hands, len(days)), (len(days) + 1) // 2
    if parts > in_pairs and draws.random() < 0.5:
        parts = in_pairs
    if parts <= 1:
        return [share]
    sizes = np.bincount(data.slots[:, slots.DAY], minlength=len(data.day_words))
    cuts = [np.zeros_like(share.words) for _ in range(parts)]
    loads = [0] * parts
    for day in draws.permutation(days):
        k = loads.index(min(loads))
        loads[k] += int(sizes[day])
        cuts[k] |= data.day_words[day] & share.words
    return shares_of(share, cuts, changed)


def days_of(data: Data, share: Share) -> Int32s:
    """The days that can be searched side by side: at most one where precedences look at the whole event.

    Those that share an attendee's idle time may exceed `max_idle_spread` together: a join is then not taken.
    """
    days = np.flatnonzero((data.day_words & share.words).any(axis=1)).astype(np.int32)
    return days[:1] if len(data.before) else days


class Confines:
    """A problem as a search sees it that may change a share only; all else is as if it were frozen."""

    def __init__(self, data: Data) -> None:
        source = cast(Any, data).source
        copies = {name: getattr(source, name).copy() for name in ("requests", "starts", "rules")}
        self.whole = data
        self.data: Data = cast(Data, Record(source._replace(**copies)))

    def set(self, share: Share, table: Int32s) -> Data:
        """For a plan with this table of meetings."""
        whole, data = self.whole, self.data
        is_held = table[:, held.SLOT] >= 0
        outside = is_held & ~are_in(share.words, table)
        others = ~is_held & (np.arange(len(table)) % share.of != share.number)
        data.starts[:] = whole.starts & share.words
        data.starts[outside] = whole.starts[outside]
        data.starts[others] = 0
        data.requests[:, requests.LOCKED] = whole.requests[:, requests.LOCKED] | outside
        data.rules[rules.MAX_MOVED] = share.most
        return data


def are_in(words: Words, table: Int32s) -> Flags:
    """For each row of a table whether its slot is one of `words`; any answer for -1."""
    slots = np.maximum(table[:, held.SLOT], 0)
    found: Flags = (words[slots >> 6] >> (slots & 63).astype(np.uint64) & np.uint64(1)) > 0
    return found


def only_in(words: Words, table: Int32s) -> Int32s:
    """The rows whose slot is one of `words`; the others are not held."""
    rows = np.full_like(table, -1)
    mine = (table[:, held.SLOT] >= 0) & are_in(words, table)
    rows[mine] = table[mine]
    return rows


def put_in(table: Int32s, words: Words, rows: Int32s) -> None:
    """Have the plan in the slots of `words` as it is there in `rows`."""
    table[are_in(words, table)] = -1
    mine = (rows[:, held.SLOT] >= 0) & are_in(words, rows)
    table[mine] = rows[mine]


def join(table: Int32s, worth: float, improved: Sequence[Improved]) -> tuple[Int32s, float]:
    """The plan with the best of each share put in, and what it is worth if the shares do not meet.

    They do where a firm is at its floor: then each of two may have taken the same step for the only one.
    """
    best: dict[int, Improved] = {}
    for each in improved:
        known = best.get(each.share.number)
        if known is None or each.worth > known.worth:
            best[each.share.number] = each
    joined = table.copy()
    for each in best.values():
        put_in(joined, each.share.words, each.table)
    return joined, worth + sum(each.worth - worth for each in best.values())
