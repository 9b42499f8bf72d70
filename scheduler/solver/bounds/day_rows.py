"""The rows of the day model: slots and caps of people, firms, places and interpreters, floors, halls."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np

from scheduler.domain.problem import People, Problem
from scheduler.solver.bounds.day_columns import DayColumns, DayOptions
from scheduler.solver.bounds.dtypes import Int64s
from scheduler.solver.bounds.hall_visits import HallRow
from scheduler.solver.instance.choices import Choices
from scheduler.solver.instance.firms import counts_group_gap

MAX_INTERPRETER_SETS = 48
MAX_SCALE = 10_000
"""The largest common multiple of the sizes of days by which a row of H17 is scaled."""
SOFT_TERMS = ("shortfall", "unfair", "hall_change", "group_gap")


@dataclass
class PiecewisePenalty:
    """How far a plan may exceed some rows, and what that counts: piece by piece, the cheaper ones first.

    Of a piece: its row, how many units it has, and what each counts in the terms of `SOFT_TERMS`.
    """

    row: list[int] = field(default_factory=list)
    most: list[int] = field(default_factory=list)
    counts: list[tuple[float, float, float, float]] = field(default_factory=list)

    def add(
        self, row: int, most: int, short: int = 0, unfair: int = 0, change: int = 0, gap: float = 0.0
    ) -> None:
        self.row.append(row)
        self.most.append(most)
        self.counts.append((short, unfair, change, gap))


@dataclass
class DayRows:
    """Rows by name, made at their first use, with their entries as numpy blocks.

    By row, beside `rhs`: `owner`, a number of what the row limits, the same for all days of it; `alike`, the
    same for owners that are much the same, as the people of a firm; and `day`, 0 where a row is of no day.
    """

    rhs: list[int] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    alike: list[int] = field(default_factory=list)
    day: list[int] = field(default_factory=list)
    owners: int = 0
    row: list[Int64s] = field(default_factory=list)
    column: list[Int64s] = field(default_factory=list)
    value: list[Int64s] = field(default_factory=list)

    def add(
        self,
        owner: Int64s,
        day: Int64s,
        column: Int64s,
        value: Int64s,
        limit: Int64s,
        alike: Int64s | None = None,
    ) -> None:
        """Entries of the rows (owner, day) `<= limit[owner, day]`. Rows that cannot bind are not made.

        Owners with the same number in `alike` are alike. By default none are.
        """
        if not len(column):
            return
        owners, days = limit.shape
        key = owner * days + day
        # Each request counts at most once in a row, so this is the most that the row can hold.
        load = np.bincount(key, weights=value, minlength=limit.size)
        binding = load > limit.ravel()
        place = np.full(limit.size, -1, dtype=np.int64)
        place[binding] = len(self.rhs) + np.arange(int(binding.sum()))
        keep = binding[key]
        self.rhs.extend(limit.ravel()[binding].tolist())
        number, the_day = np.divmod(np.flatnonzero(binding), days)
        self.owner.extend((self.owners + number).tolist())
        self.alike.extend((self.owners + (number if alike is None else alike[number])).tolist())
        self.day.extend(the_day.tolist())
        self.owners += owners if alike is None else max(owners, int(alike.max()) + 1)
        self.row.append(place[key[keep]])
        self.column.append(column[keep])
        self.value.append(value[keep])

    def add_lone(self, rhs: Sequence[int]) -> Int64s:
        """Add rows without entries, each of an owner of its own and of no day. Gives their indices."""
        first = len(self.rhs)
        self.rhs.extend(rhs)
        owners = range(self.owners, self.owners + len(rhs))
        self.owner.extend(owners)
        self.alike.extend(owners)
        self.day.extend(0 for _ in owners)
        self.owners += len(rhs)
        return first + np.arange(len(rhs))


def _slots_a_day(choices: Choices, masks: Iterable[int]) -> Int64s:
    rows = [[(mask & day).bit_count() for day in choices.day_masks] for mask in masks]
    return np.array(rows, dtype=np.int64).reshape(-1, len(choices.day_masks))


def _caps(caps: Iterable[int | None], days: int) -> Int64s:
    unlimited = np.iinfo(np.int64).max
    values = np.array([unlimited if cap is None else cap for cap in caps], dtype=np.int64)
    return np.repeat(values[:, None], days, axis=1)


def add_attendees(
    rows: DayRows, problem: Problem, choices: Choices, options: DayOptions, columns: DayColumns
) -> None:
    """Rows: slots, and meetings a day, of each attendee. Those of one firm are alike."""
    entry, person = _people_of(options, columns)
    day, length = columns.day[entry], columns.length[entry]
    free = _slots_a_day(choices, choices.attendee_free)
    caps = _caps((row.max_per_day for row in problem.attendees), len(choices.day_masks))
    firm = np.array([row.firm for row in problem.attendees], dtype=np.int64)
    longest = np.ones(len(firm), dtype=np.int64)
    np.maximum.at(longest, person, length)
    if any(most is not None for most in problem.most_in_row):
        shortest = longest.copy()
        np.minimum.at(shortest, person, length)
        caps = np.minimum(caps, _most_with_pauses(problem, choices, shortest))
    capped = np.any(caps < free, axis=1)
    most = np.where(capped[:, None], np.minimum(caps, free), free)
    rows.add(person, day, entry, np.where(capped[person], 1, length), most, firm)
    # Where each meeting takes one slot, a limit on their number says all that one on their slots does.
    both = np.logical_and(capped, longest > 1)[person]
    rows.add(person[both], day[both], entry[both], length[both], free, firm)
    if any(days is not None for days in problem.most_days):
        size = np.where(capped[person], 1, length)
        _add_days(rows, problem.most_days, most, firm, (person, day, entry, size))


def _add_days(
    rows: DayRows,
    most_days: Sequence[int | None],
    most: Int64s,
    firm: Int64s,
    entries: tuple[Int64s, Int64s, Int64s, Int64s],
) -> None:
    """Days with meetings of each attendee (H17): the shares that they fill of each day add up to no more.

    A day of which `most` can be filled counts its share of that. The row is scaled to whole numbers.
    `entries` are the people, days, columns and sizes of the rows of each attendee and day.
    """
    scale = np.ones_like(most)
    limit = np.full((len(most_days), 1), np.iinfo(np.int64).max, dtype=np.int64)
    for a, days in enumerate(most_days):
        if days is None:
            continue
        sizes = np.maximum(most[a], 1)
        whole = math.lcm(*sizes.tolist())
        if whole > MAX_SCALE:
            sizes, whole = np.ones_like(sizes), int(np.sort(sizes)[-days:].sum())
            scale[a], limit[a] = sizes, whole
        else:
            scale[a], limit[a] = whole // sizes, whole * days
    person, day, entry, size = entries
    mine = np.array([days is not None for days in most_days])[person]
    person, day, entry, size = person[mine], day[mine], entry[mine], size[mine]
    rows.add(person, np.zeros_like(day), entry, size * scale[person, day], limit, firm)


def _most_with_pauses(problem: Problem, choices: Choices, shortest: Int64s) -> Int64s:
    """The most meetings a day of each attendee by H16.

    With at most k in a row, t meetings of L slots or more need one free slot after each k of them: at least
    t * L + (t - 1) // k slots that follow each other.
    """
    limits = problem.most_in_row
    found = _caps([None] * len(limits), len(choices.day_masks))
    for a, (most, free) in enumerate(zip(limits, choices.attendee_free, strict=True)):
        if most is None:
            continue
        found[a] = 0
        size, length = 0, int(shortest[a])
        for slot, day in enumerate(problem.days):
            size = size + 1 if free >> slot & 1 else 0
            if size and not (problem.is_followed(slot) and free >> (slot + 1) & 1):
                rows, rest = divmod(size + 1, most * length + 1)
                found[a, day] += rows * most + max(0, rest - 1) // length
                size = 0
    return found


def add_pairs(
    rows: DayRows, problem: Problem, choices: Choices, options: DayOptions, columns: DayColumns
) -> None:
    """Meetings a day of two attendees (H15). All pairs of two firms are alike."""
    most = problem.policy.max_pair_per_day
    if most is None:
        return
    firms = [frozenset((row.sender, row.receiver)) for row in problem.requests]
    asked = Counter(firms)
    pairs, alike = dict[frozenset[int], int](), dict[frozenset[int], int]()
    group: list[int] = []
    owner: list[Int64s] = []
    entry: list[Int64s] = []
    for option, (r, people) in enumerate(zip(options.request, options.people, strict=True)):
        if asked[firms[r]] <= most:
            continue
        begin, end = np.searchsorted(columns.option, (option, option + 1))
        for one, two in combinations(people, 2):
            if problem.attendees[one].firm == problem.attendees[two].firm:
                continue
            pair = frozenset((one, two))
            if pair not in pairs:
                pairs[pair] = len(pairs)
                group.append(alike.setdefault(firms[r], len(alike)))
            entry.append(np.arange(begin, end))
            owner.append(np.full(end - begin, pairs[pair], dtype=np.int64))
    if pairs:
        column = np.concatenate(entry)
        limit = np.full((len(pairs), len(choices.day_masks)), most, dtype=np.int64)
        rows.add(
            np.concatenate(owner), columns.day[column], column, np.ones_like(column), limit,
            np.array(group, dtype=np.int64),
        )  # fmt: skip


def _people_of(options: DayOptions, columns: DayColumns) -> tuple[Int64s, Int64s]:
    """The columns, each as often as it has people, and these people."""
    sizes = np.array([len(people) for people in options.people], dtype=np.int64)
    flat = np.array([a for people in options.people for a in people], dtype=np.int64)
    first, counts = np.cumsum(sizes) - sizes, sizes[columns.option]
    entry = np.repeat(columns.number, counts)
    step = np.arange(len(entry)) - np.repeat(np.cumsum(counts) - counts, counts)
    return entry, flat[np.repeat(first[columns.option], counts) + step]


def add_firms(rows: DayRows, problem: Problem, choices: Choices, columns: DayColumns) -> None:
    """Meetings a day of each firm."""
    caps = _caps((firm.max_per_day for firm in problem.firms), len(choices.day_masks))
    sender = np.array([row.sender for row in problem.requests], dtype=np.int64)[columns.request]
    receiver = np.array([row.receiver for row in problem.requests], dtype=np.int64)[columns.request]
    both, twice = np.concatenate([sender, receiver]), np.concatenate([columns.number, columns.number])
    rows.add(both, columns.day[twice], twice, np.ones_like(twice), caps)


def add_places(rows: DayRows, problem: Problem, choices: Choices, columns: DayColumns) -> None:
    """Slots of each firm's booths, of those that firms share together, and of all tables together."""
    capacity = np.array([place.capacity for place in problem.places], dtype=np.int64)
    slots = _slots_a_day(choices, choices.place_free) * capacity[:, None]
    receiver = np.array([row.receiver for row in problem.requests], dtype=np.int64)[columns.request]
    owned, stands = choices.booths, shared_booth_groups(choices.booths)
    sets = [*owned, *(places for _, places in stands)]
    booths = np.array([slots[list(places)].sum(axis=0) for places in sets], dtype=np.int64)
    tables = slots[list(choices.tables)].sum(axis=0, keepdims=True)
    stand_of = np.full(len(problem.firms), -1, dtype=np.int64)
    for k, (firms, _) in enumerate(stands):
        stand_of[list(firms)] = len(owned) + k
    together = stand_of[receiver]
    everybody = np.zeros_like(receiver)
    for kind, owner, limit in ((0, receiver, booths), (0, together, booths), (1, everybody, tables)):
        there = (columns.kind == kind) & (owner >= 0)
        rows.add(owner[there], columns.day[there], columns.number[there], columns.length[there], limit)


def shared_booth_groups(booths: Sequence[Sequence[int]]) -> list[tuple[set[int], set[int]]]:
    """Firms that are linked by booths which they share, each time with all their booths."""
    stand_at: dict[int, tuple[set[int], set[int]]] = {}
    for firm, places in enumerate(booths):
        stand = ({firm}, set(places))
        for place in places:
            firms, others = stand_at.get(place, stand)
            stand[0].update(firms)
            stand[1].update(others)
        stand_at.update(dict.fromkeys(stand[1], stand))
    found = {id(stand): stand for stand in stand_at.values()}
    return [stand for stand in found.values() if len(stand[0]) > 1]


def add_interpreters(rows: DayRows, choices: Choices, needs: list[People], columns: DayColumns) -> None:
    """Hall's condition: those who can only be served by the set K need no more than the slots of K."""
    interpreters = [frozenset(need) for need in needs]
    free = _slots_a_day(choices, choices.interpreter_free)
    for union in _unions(interpreters):
        inside = np.array([h <= union for h in interpreters], dtype=bool)
        picked = (columns.need >= 0) & inside[columns.need]
        limit = free[sorted(union)].sum(axis=0, keepdims=True)
        zero = np.zeros(int(picked.sum()), dtype=np.int64)
        rows.add(zero, columns.day[picked], columns.number[picked], columns.length[picked], limit)


def _unions(sets: list[frozenset[int]]) -> list[frozenset[int]]:
    """The sets, and unions of them as long as there are not too many."""
    found = list(dict.fromkeys(sets))
    everything = frozenset().union(*found)
    seen = set(found)
    for one in found:
        if len(found) >= MAX_INTERPRETER_SETS:
            break
        for other in sets:
            union = one | other
            if union not in seen:
                seen.add(union)
                found.append(union)
    return found if not found or everything in seen else [*found, everything]


def add_floors(rows: DayRows, problem: Problem, columns: DayColumns) -> PiecewisePenalty:
    """Rows: the meetings of each firm that has a floor, or a share that it ought to get."""
    floor_row = np.full(len(problem.firms), -1, dtype=np.int64)
    lacks = [list(_lacks(problem, f)) for f in range(len(problem.firms))]
    wanting = [f for f, mine in enumerate(lacks) if mine]
    floor_row[wanting] = rows.add_lone([-sum(most for most, _, _ in lacks[f]) for f in wanting])
    for firms in ([r.sender for r in problem.requests], [r.receiver for r in problem.requests]):
        row = floor_row[np.array(firms, dtype=np.int64)[columns.request]]
        keep = row >= 0
        rows.row.append(row[keep])
        rows.column.append(columns.number[keep])
        rows.value.append(np.full(int(keep.sum()), -1, dtype=np.int64))
    pieces = PiecewisePenalty()
    for f in wanting:
        for most, short, unfair in lacks[f]:
            pieces.add(int(floor_row[f]), most, short=short, unfair=unfair)
    return pieces


def _lacks(problem: Problem, firm: int) -> Iterator[tuple[int, int, int]]:
    """What a firm may lack, from the first meeting on: how many, and what each counts as short and unfair."""
    floor = problem.floors[firm]
    levels = problem.fair_levels[firm] if problem.policy.factors.get("unfair", 0) else ()
    steps = sorted({0, floor, *(level for level, _ in levels)}, reverse=True)
    for upper, lower in pairwise(steps):
        yield upper - lower, int(floor >= upper), sum(price for level, price in levels if level >= upper)


def add_group_gaps(rows: DayRows, problem: Problem, columns: DayColumns, pieces: PiecewisePenalty) -> None:
    """Rows: the meetings that each group of firms lacks to the share of all requests.

    Of a group with n of all R requests: `n * (meetings) - R * (its meetings) <= R * lacking`. A unit of the
    row is an R-th of a meeting.
    """
    if not counts_group_gap(problem):
        return
    total = len(problem.requests)
    for groups, size in zip(_group_members(problem), problem.group_request_counts, strict=True):
        if not size:
            continue
        value = (size - total * groups)[columns.request]
        row = int(rows.add_lone([0])[0])
        keep = value != 0
        rows.row.append(np.full(int(keep.sum()), row, dtype=np.int64))
        rows.column.append(columns.number[keep])
        rows.value.append(value[keep])
        pieces.add(row, size * total, gap=1 / total)


def _group_members(problem: Problem) -> Iterator[Int64s]:
    """By group, and request: how many of the request's two firms belong to the group."""
    sender = np.array([row.sender for row in problem.requests], dtype=np.int64)
    receiver = np.array([row.receiver for row in problem.requests], dtype=np.int64)
    for group in problem.firm_groups:
        inside = np.zeros(len(problem.firms), dtype=np.int64)
        inside[list(group.firms)] = 1
        yield inside[sender] + inside[receiver]


def add_halls(rows: DayRows, found: Sequence[HallRow], columns: DayColumns, pieces: PiecewisePenalty) -> None:
    """Rows: the hall changes that no plan avoids."""
    hall_row = rows.add_lone([each.free for each in found])
    wanted = np.array([r for each in found for r in each.requests], dtype=np.int64)
    begins = np.searchsorted(columns.request, wanted)  # the columns are in the order of their requests
    counts = np.searchsorted(columns.request, wanted, "right") - begins
    row = np.repeat(hall_row, [len(each.requests) for each in found])
    entries = np.repeat(begins - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    rows.row.append(np.repeat(row, counts))
    rows.column.append(columns.number[entries])
    rows.value.append(np.ones(len(entries), dtype=np.int64))
    for lone, each in zip(hall_row.tolist(), found, strict=True):
        pieces.add(lone, len(each.requests), change=1)
