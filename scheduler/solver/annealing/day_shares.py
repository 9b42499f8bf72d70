"""Decomposition by day: shares of a plan, of some days each, that are improved in parallel.

Parts of a solution are improved by themselves and put back, again and again with other parts (POPMUSIC:
Taillard and Voss 2002, in *Essays and Surveys in Metaheuristics*, 613-629).
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
from scheduler.solver.instance.columns import options, people, requests, rules, slots
from scheduler.solver.state.columns import held

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Share:
    """What one of several parallel searches may change: slots, unheld requests, and published meetings."""

    words: Words
    """The slots, as bits: uint64, one word for 64 slots."""
    of: int
    number: int
    """The share may insert request `r`, if that is not held, where `r % of == number`."""
    most: int
    """The most published meetings that may be changed in the whole plan."""


@dataclass(frozen=True, slots=True)
class Improved:
    """An improved share: the worth of the whole plan with it, and a table of which only its slots count."""

    share: Share
    worth: float
    table: Int32s


def full_share(data: Data) -> Share:
    """The share of all slots and all requests."""
    everything = np.full(data.day_words.shape[1], np.iinfo(np.uint64).max, np.uint64)
    return Share(everything, 1, 0, int(data.rules[rules.MAX_MOVED]))


def cut_share(share: Share, cuts: Sequence[Words], changed: int) -> list[Share]:
    """A share, cut into one share for each of `cuts`. `changed` published meetings are changed already."""
    most = min(changed + max(0, share.most - changed) // len(cuts), int(np.iinfo(np.int32).max))
    of = share.of * len(cuts)
    return [Share(words, of, share.number + share.of * k, most) for k, words in enumerate(cuts)]


def split_by_days(
    data: Data, share: Share, count: int, changed: int, draws: np.random.Generator
) -> list[Share]:
    """Split a share by days into `count` shares, or fewer where there are fewer days.

    A meeting stays in the days of its share. So the days are drawn anew each time. Where there are as many
    shares as days, the days are in pairs every other time.
    """
    days = separable_days(data, share)
    parts, in_pairs = min(count, len(days)), (len(days) + 1) // 2
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
    return cut_share(share, cuts, changed)


def separable_days(data: Data, share: Share) -> Int32s:
    """The days that can be searched in parallel: at most one where precedences or walks span days.

    Two shares may exceed `max_idle_spread` together, though each keeps it. Such a join is not taken.
    """
    days = np.flatnonzero((data.day_words & share.words).any(axis=1)).astype(np.int32)
    return days[:1] if len(data.before) or data.rules[rules.LONG_WALKS] else days


class ShareRestriction:
    """A copy of the problem for a search that may change one share only. All else is as if frozen."""

    def __init__(self, data: Data) -> None:
        source = cast(Any, data).source
        copies = {name: getattr(source, name).copy() for name in ("requests", "starts", "rules", "people")}
        self.whole = data
        self.data: Data = cast(Data, Record(source._replace(**copies)))

    def set(self, share: Share, table: Int32s, candidates: Flags | None = None) -> Data:
        """The problem for this share of a plan with this table of meetings.

        Of the requests that are not held, only `candidates` may be inserted, or all.
        """
        whole, data = self.whole, self.data
        is_held = table[:, held.SLOT] >= 0
        outside = is_held & ~rows_in_slots(share.words, table)
        others = ~is_held & (np.arange(len(table)) % share.of != share.number)
        if candidates is not None:
            others |= ~is_held & ~candidates
        data.starts[:] = whole.starts & share.words
        data.starts[outside] = whole.starts[outside]
        data.starts[others] = 0
        data.requests[:, requests.LOCKED] = whole.requests[:, requests.LOCKED] | outside
        data.rules[rules.MAX_MOVED] = share.most
        if whole.rules[rules.DAYS_CAPS]:
            data.people[:, people.DAYS_CAP] = _most_days(whole, share, table)
        return data


def _most_days(data: Data, share: Share, table: Int32s) -> Int32s:
    """The most days with meetings of each person in a plan where one share changes (H17).

    Several shares together keep the limit: of each person, one of them may use more days than before.
    """
    found = data.people[:, people.DAYS_CAP].copy()
    rows = table[table[:, held.SLOT] >= 0]
    days = data.slots[rows[:, held.SLOT], slots.DAY]
    begin, end = data.options[rows[:, held.OPTION]][:, (options.PEOPLE_BEGIN, options.PEOPLE_END)].T
    used = np.zeros((len(found), len(data.day_words)), bool)
    for k in range(int((end - begin).max(initial=0))):
        more = begin + k < end
        used[data.option_people[begin[more] + k], days[more]] = True
    others = np.arange(len(found)) % share.of != share.number
    found[others] = np.minimum(found, used.sum(axis=1))[others]
    return found


def rows_in_slots(words: Words, table: Int32s) -> Flags:
    """For each row of a table: is its slot one of `words`? Undefined for slot -1."""
    slots = np.maximum(table[:, held.SLOT], 0)
    found: Flags = (words[slots >> 6] >> (slots & 63).astype(np.uint64) & np.uint64(1)) > 0
    return found


def restrict_table(words: Words, table: Int32s) -> Int32s:
    """A table with the rows whose slot is one of `words`. The other requests are not held in it."""
    rows = np.full_like(table, -1)
    mine = (table[:, held.SLOT] >= 0) & rows_in_slots(words, table)
    rows[mine] = table[mine]
    return rows


def replace_rows(table: Int32s, words: Words, rows: Int32s) -> None:
    """Replace the meetings of `table` in the slots of `words` by those of `rows`."""
    table[rows_in_slots(words, table)] = -1
    mine = (rows[:, held.SLOT] >= 0) & rows_in_slots(words, rows)
    table[mine] = rows[mine]


def merge_shares(table: Int32s, worth: float, improved: Sequence[Improved]) -> tuple[Int32s, float]:
    """The plan with the best result of each share, and its worth if the shares do not interact.

    Shares interact through a firm's floor: two shares may both count the bonus for the same missing meeting.
    """
    best: dict[int, Improved] = {}
    for each in improved:
        known = best.get(each.share.number)
        if known is None or each.worth > known.worth:
            best[each.share.number] = each
    joined = table.copy()
    for each in best.values():
        replace_rows(joined, each.share.words, each.table)
    return joined, worth + sum(each.worth - worth for each in best.values())
