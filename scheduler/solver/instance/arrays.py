"""Flat, compiled-code-friendly view of a Problem: int32 tables with named columns, bit words, CSR lists."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np

from scheduler.domain.problem import TERMS, Attendee, Interpreter, Problem
from scheduler.solver.compiled.kernels import FloatRow, Floats, Int32s, IntRow, IntTable, Words, WordTable
from scheduler.solver.compiled.records import Record, read_only
from scheduler.solver.instance.choices import Choices
from scheduler.solver.instance.columns import people as people_columns
from scheduler.solver.instance.columns import requests as request_columns
from scheduler.solver.instance.columns import slots as slot_columns
from scheduler.solver.instance.firms import firm_rows, firm_worth, group_sizes, to_csr
from scheduler.solver.instance.people import Options, build_options
from scheduler.solver.instance.places import PlaceGroups, build_groups
from scheduler.solver.instance.published import PublishedRow, read_published
from scheduler.solver.instance.stations import station_table

NONE = -1
NEVER = -2  # a row that no choice can equal: its thing is gone, or the request was not published


@read_only
class Data(NamedTuple):
    """A problem that a search only reads. People are attendees, then interpreters. Slots are bits."""

    slots: IntTable  # slots x (day, first and last slot of the day, slots left in the block)
    day_words: WordTable  # days x words
    earliest: IntTable  # (from hall, to hall) x end slot: first start slot that leaves time to walk
    people: IntTable  # people x (firm, cap a day, cap in a row, most days)
    avail: WordTable  # people x words
    avail_before: IntTable  # people x (slots + 1): available slots before each
    firms: IntTable  # firms x (floor, cap a day, range in firm_requests, range in firm_groups)
    firm_requests: IntRow
    firm_groups: IntRow  # the groups of each firm
    group_sizes: IntRow  # by group: the requests of its firms, or no rows if the gap has no price
    firm_worth: FloatRow  # by firm and by meetings that it has: what one more adds by floors and fair shares
    requests: IntTable  # requests x the columns above
    gain: FloatRow  # score of holding each request, by itself
    starts: WordTable  # requests x words: allowed start slots
    options: IntTable  # options x (range in option_people, class of interpreters or -1)
    option_people: IntRow
    groups: IntTable  # place groups x (hall, seats, first row in the state's list of meetings)
    group_list: IntRow
    seats: IntTable  # place groups x slots: meetings that fit at once
    class_words: WordTable  # classes of interpreters x words over interpreters
    stations: IntTable  # interpreters x slots: the group that each is tied to (H14); no rows if nobody is
    before: IntRow  # CSR of precedences
    after: IntRow
    published_people: IntRow  # attendees of the published meetings, where they are still there
    changed_before: IntRow  # attendees: their changes before this rerun
    factors: FloatRow
    rules: IntRow
    noise: FloatRow  # Gumbel noise, to choose with Boltzmann's odds


class Flat(NamedTuple):
    """The arrays and what leads back from them to the problem."""

    problem: Problem
    data: Any
    options: Options
    groups: PlaceGroups
    published: dict[int, PublishedRow]


def flatten(problem: Problem) -> Flat:
    """The flat view of a problem, on which the compiled kernels work.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    Flat
        The arrays, whose columns `columns` names, and what leads back from them to the problem.
    """
    options = build_options(problem)
    groups = build_groups(problem)
    published = read_published(problem, options, groups)
    before, after, ranges = _precedences(problem)
    firm_requests, firm_groups, firm = firm_rows(problem)
    published_people, published_ranges = to_csr(
        [published[r].people if r in published else [] for r in range(len(ranges))]
    )
    req = _requests(problem, options, groups, published, ranges, published_ranges)
    words = (len(problem.slots) + 63) // 64 or 1
    data = Data(
        slots=_slots(problem),
        day_words=_day_words(problem, words),
        earliest=_earliest(problem),
        people=_people(problem),
        avail=_avail(problem, words),
        avail_before=_avail_before(problem),
        firms=firm,
        firm_requests=firm_requests,
        firm_groups=firm_groups,
        group_sizes=group_sizes(problem),
        firm_worth=firm_worth(problem),
        requests=req,
        gain=request_gains(problem),
        starts=_starts(problem, words),
        options=options.table,
        option_people=options.people,
        groups=groups.table,
        group_list=groups.choices,
        seats=groups.seats,
        class_words=options.class_words,
        stations=station_table(problem, groups.group_of),
        before=before,
        after=after,
        published_people=published_people,
        changed_before=np.array([attendee.changed_before for attendee in problem.attendees], np.int32),
        factors=_factors(problem),
        rules=_rules(problem),
        noise=_noise(),
    )
    return Flat(problem, Record(data), options, groups, published)


def with_own_gain(data: Data) -> Data:
    """The same problem, with gains of its own that a search may change.

    Parameters
    ----------
    data
        The problem.

    Returns
    -------
    Data
        It shares all other arrays.
    """
    source = cast(Any, data).source
    return cast(Data, Record(source._replace(gain=source.gain.copy())))


def _factors(problem: Problem) -> Floats:
    """Those of the terms, and what other people cost a meeting that is moved."""
    policy = problem.policy
    factors = [*(policy.factors.get(term, 0) for term in TERMS), policy.moved_and_reassigned]
    return np.array([float(value) for value in factors])


def slot_bits(slots: frozenset[int] | set[int] | range | tuple[int, ...], words: int) -> Words:
    """The bit words of a set of slots."""
    row = np.zeros(words, np.uint64)
    for t in slots:
        row[t >> 6] |= np.uint64(1 << (t & 63))
    return row


def _slots(problem: Problem) -> Int32s:
    days = problem.days
    first = {day: days.index(day) for day in set(days)}
    last = {day: len(days) - 1 - days[::-1].index(day) for day in set(days)}
    is_far = has_long_walks(problem)
    of_walks = {day: (0, len(days) - 1) if is_far else (first[day], last[day]) for day in first}
    rows = [(day, first[day], last[day], problem.room_ahead[t], *of_walks[day]) for t, day in enumerate(days)]
    return np.array(rows, np.int32).reshape(-1, slot_columns.WIDTH)


def has_long_walks(problem: Problem) -> bool:
    """Whether a walk takes longer than from the last slot of a day to the first of the next."""
    days, walking = problem.days, _safe_walking(problem)
    nights = [
        (problem.slots[t + 1].start - problem.slots[t].end).total_seconds() / 60
        for t in range(len(days) - 1)
        if days[t] != days[t + 1]
    ]
    return bool(nights) and bool(walking.size) and bool(walking.max() > min(nights))


def _day_words(problem: Problem, words: int) -> Words:
    table = np.zeros((max(problem.days, default=-1) + 1, words), np.uint64)
    for t, day in enumerate(problem.days):
        table[day] |= slot_bits((t,), words)
    return table


def _earliest(problem: Problem) -> Int32s:
    halls, slots = len(problem.halls), problem.slots
    walking = _safe_walking(problem)
    starts = np.array([slot.start.timestamp() for slot in slots])
    table = np.zeros((halls, halls, len(slots)), np.int32)
    for t, slot in enumerate(slots):
        ready = slot.end.timestamp() + walking * 60.0
        table[:, :, t] = np.searchsorted(starts, ready.ravel(), side="left").reshape(halls, halls)
    return table.reshape(halls * halls, len(slots))


def _safe_walking(problem: Problem) -> Floats:
    """Minutes that are raised until taking a meeting out of the middle never leaves too short a walk."""
    halls = len(problem.halls)
    walking = np.array(problem.walking, float).reshape(halls, halls).copy()
    np.fill_diagonal(walking, 0.0)
    stay = min(((s.end - s.start).total_seconds() / 60 for s in problem.slots), default=0.0)
    if not halls:
        return walking
    through = np.minimum.reduce([walking[:, [c]] + walking[[c], :] + stay for c in range(halls)])
    if (walking > through).any():
        walking = np.maximum(walking, walking.max() / 2)
        np.fill_diagonal(walking, 0.0)
    return walking


def _people(problem: Problem) -> Int32s:
    most = np.iinfo(np.int32).max
    rows = [
        (a.firm, *(most if cap is None else cap for cap in (a.max_per_day, row, days)))
        for a, row, days in zip(problem.attendees, problem.most_in_row, problem.most_days, strict=True)
    ]
    rows += [(-1, most, most, most)] * len(problem.interpreters)
    return np.array(rows, np.int32).reshape(-1, people_columns.WIDTH)


def _avail(problem: Problem, words: int) -> Words:
    everything = slot_bits(range(len(problem.slots)), words)
    people: tuple[Attendee | Interpreter, ...] = (*problem.attendees, *problem.interpreters)
    table = np.zeros((len(people), words), np.uint64)
    for p, person in enumerate(people):
        table[p] = everything & ~slot_bits(person.unavailable, words)
    return table


def _avail_before(problem: Problem) -> Int32s:
    people: tuple[Attendee | Interpreter, ...] = (*problem.attendees, *problem.interpreters)
    free = np.ones((len(people), len(problem.slots)), np.int32)
    for p, person in enumerate(people):
        free[p, sorted(person.unavailable)] = 0
    table = np.zeros((len(people), len(problem.slots) + 1), np.int32)
    np.cumsum(free, axis=1, out=table[:, 1:])
    return table


def _precedences(problem: Problem) -> tuple[Int32s, Int32s, list[tuple[int, int, int, int]]]:
    before: list[list[int]] = [[] for _ in problem.requests]
    after: list[list[int]] = [[] for _ in problem.requests]
    for first, second in problem.precedences:
        before[second].append(first)
        after[first].append(second)
    before_list, before_ranges = to_csr(before)
    after_list, after_ranges = to_csr(after)
    return before_list, after_list, [b + a for b, a in zip(before_ranges, after_ranges, strict=True)]


def _requests(
    problem: Problem,
    options: Options,
    groups: PlaceGroups,
    published: dict[int, PublishedRow],
    ranges: list[tuple[int, int, int, int]],
    published_ranges: list[tuple[int, int]],
) -> Int32s:
    rows = []
    for r, request in enumerate(problem.requests):
        row = published.get(r)
        tail = (0, NEVER, NEVER, NEVER, NEVER, 0, 0) if row is None else (1, *row.columns)
        fixed = (request.length, request.sender, request.receiver)
        must = request.is_must and request.id not in problem.released
        rows.append(
            (*fixed, *options.ranges[r], *groups.ranges[r], *ranges[r], *tail, *published_ranges[r], must)
        )
    return np.array(rows, np.int32).reshape(-1, request_columns.WIDTH)


def request_gains(problem: Problem) -> Floats:
    """The gain of holding each request. If it has to be held, that is more than what it could keep out.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    Floats
        By request, in points, without floors, fair shares and groups.
    """
    gains = np.array([float(r.weight) for r in problem.requests]) * float(problem.policy.factors["served"])
    gains[sorted(problem.compulsory)] += compulsory_penalty(problem)
    return gains


def compulsory_penalty(problem: Problem) -> float:
    """What leaving out one compulsory request costs in the search, beside the score.

    Parameters
    ----------
    problem
        The problem, read and checked before.

    Returns
    -------
    float
        Points: more than any plan can gain by leaving it out.
    """
    policy = problem.policy
    unfair = policy.factors.get("unfair", 0) * sum(row.price for row in policy.fair_shares)
    gap = policy.factors.get("group_gap", 0) * len(problem.firm_groups)
    return 20.0 * max(unfair, gap, *(float(value) for value in policy.factors.values())) + 1000.0


def _starts(problem: Problem, words: int) -> Words:
    """The starts that H2, H9 and H10 leave to each request, as bit words."""
    choices = Choices(problem)
    octets = b"".join(choices.allowed(r).to_bytes(8 * words, "little") for r in range(len(problem.requests)))
    return np.frombuffer(octets, "<u8").astype(np.uint64).reshape(-1, words)


def _rules(problem: Problem) -> Int32s:
    policy = problem.policy
    spread, moved, pair = policy.max_idle_spread, policy.max_moved, policy.max_pair_per_day
    return np.array(
        [
            policy.idle_counts == "breaks",
            len(problem.attendees),
            np.iinfo(np.int32).max if moved is None else moved,
            -1 if spread is None else spread,
            any(firm.max_per_day is not None for firm in problem.firms),
            max(problem.days, default=-1) + 1,
            len(problem.halls),
            has_long_walks(problem),
            -1 if pair is None else pair,
            any(most is not None for most in problem.most_in_row),
            any(most is not None for most in problem.most_days),
        ],
        np.int32,
    )


def _noise() -> Floats:
    uniform = (np.arange(4096) + 0.5) / 4096
    shuffled: Floats = np.random.default_rng(7).permutation(-np.log(-np.log(uniform)))
    return shuffled
