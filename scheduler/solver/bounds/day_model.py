"""The day-level relaxation: which people meet on which day in which kind of place, slots forgotten.

Every plan gives a point of it, so its LP bounds what a plan can reach. Rows: each request once; slots and
`max_per_day` of attendees, `max_per_day` of firms, slots of booths and tables, slots of sets of interpreters,
floors, and the hall changes that no plan avoids. Walking, idle, precedences and the seats within a day are
dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scheduler.domain.entities import PlaceKind
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import People, Problem
from scheduler.solver.bounds.hall_visits import CHECK_REQUESTS, HallRow, hall_rows
from scheduler.solver.instance.choices import Choices

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_INTERPRETER_SETS = 48


@dataclass(frozen=True)
class DayModel:
    """Columns and resource rows `A x <= rhs`, x in [0, 1], at most one column of each request at 1.

    A column is a request, a party, a kind of place and a day.

    Attributes
    ----------
    request, weight
        By column: the request, and the weight that holding it serves.
    gain
        By column, in points: served weight and what its change of the published plan costs, against
        `constant`.
    row, column, value
        By entry of A: where it stands, and slots, meetings or -1.
    rhs
        By row: slots or meetings; the floor of a firm as a negative number.
    group
        By row: rows that say the same of different days, or of different people of a firm, have one number.
    floor_row
        By firm: the row that counts its meetings for its floor, or -1. It reads
        `-(meetings of f) - short <= -floor`, and its `short` has no column here.
    hall_row
        The rows of `hall_visits`. They read `(requests held) - changes <= free`; `changes` has no column
        here either.
    constant
        The score of holding nothing, without floors.
    """

    request: Ints
    weight: Ints
    gain: Floats
    row: Ints
    column: Ints
    value: Ints
    rhs: Ints
    group: Ints
    floor_row: Ints
    hall_row: Ints
    constant: float

    @property
    def columns(self) -> int:
        return len(self.request)


@dataclass
class _Rows:
    """Rows by name, made at their first use; entries as numpy blocks."""

    rhs: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    groups: int = 0
    row: list[Ints] = field(default_factory=list)
    column: list[Ints] = field(default_factory=list)
    value: list[Ints] = field(default_factory=list)

    def add(
        self, owner: Ints, day: Ints, column: Ints, value: Ints, limit: Ints, alike: Ints | None = None
    ) -> None:
        """Entries of the rows (owner, day) `<= limit[owner, day]`; rows that cannot bind are not made.

        All of an owner, or of owners with the same number in `alike`, are of one group.
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
        group = self.groups + np.repeat(np.arange(owners) if alike is None else alike, days)
        self.group.extend(group[binding].tolist())
        self.groups = int(group.max()) + 1
        self.row.append(place[key[keep]])
        self.column.append(column[keep])
        self.value.append(value[keep])

    def add_lone(self, rhs: Sequence[int]) -> Ints:
        """Rows without entries as yet, each of a group of its own; their indices."""
        first = len(self.rhs)
        self.rhs.extend(rhs)
        self.group.extend(range(self.groups, self.groups + len(rhs)))
        self.groups += len(rhs)
        return first + np.arange(len(rhs))


@dataclass
class _Options:
    """One entry a request and party that has a start on some day."""

    request: list[int] = field(default_factory=list)
    days: list[list[bool]] = field(default_factory=list)
    need: list[int] = field(default_factory=list)
    people: list[People] = field(default_factory=list)
    kinds: list[tuple[bool, bool]] = field(default_factory=list)
    loss: list[list[float]] = field(default_factory=list)


def build(problem: Problem, expired: Callable[[], bool] = lambda: False) -> DayModel | None:
    """The relaxation of a problem, some seconds at 45,000 requests; None if `expired` says so on the way."""
    choices = Choices(problem)
    needs: dict[People, int] = {}
    options = _collect(problem, choices, needs, expired)
    halls = hall_rows(problem, choices, expired) if problem.policy.factors["hall_change"] else []
    return None if expired() else _assemble(problem, choices, options, list(needs), halls)


def _collect(
    problem: Problem, choices: Choices, needs: dict[People, int], expired: Callable[[], bool]
) -> _Options:
    options = _Options()
    for r, request in enumerate(problem.requests):
        if r % CHECK_REQUESTS == 0 and expired():
            break
        allowed = choices.allowed(r)
        kinds = {kind for _, kind in choices.rooms(r)}
        if not allowed or not kinds:
            continue
        kind_flags = (PlaceKind.BOOTH in kinds, PlaceKind.TABLE in kinds)
        published = choices.published.get(r)
        for asking, asked in choices.parties(r):
            helpers = choices.interpreters(asking, asked)
            if helpers == ():
                continue
            free = choices.free(asking) & choices.free(asked)
            starts = choices.starts(free, request.length) & allowed
            if not starts:
                continue
            options.request.append(r)
            options.days.append([starts & mask != 0 for mask in choices.day_masks])
            options.need.append(-1 if helpers is None else needs.setdefault(helpers, len(needs)))
            options.people.append(asking + asked)
            options.kinds.append(kind_flags)
            if published is not None:
                options.loss.append(_losses(choices, published, asking + asked, starts))
    return options


def _losses(choices: Choices, published: Meeting, people: People, starts: int) -> list[float]:
    """The least that the change of a published meeting costs each day: in a booth, then at a table."""
    problem, index = choices.problem, choices.problem.index
    factors = problem.policy.factors
    slot, place = index.slots.get(published.slot), index.places.get(published.place)
    same_people = {problem.attendees[a].id for a in people} == set(published.attendees)
    move = factors["moved"] + (0 if same_people else problem.policy.moved_and_reassigned)
    losses: list[float] = []
    for kind in (PlaceKind.BOOTH, PlaceKind.TABLE):
        stay: float = 0 if same_people else factors["reassigned"]
        if place is None or problem.places[place].kind is not kind:
            stay += factors["relocated"]
        for mask in choices.day_masks:
            can_stay = slot is not None and mask >> slot & 1 and starts >> slot & 1
            others = starts & mask & ~(1 << slot if slot is not None else 0)
            loss = min(stay if can_stay else np.inf, move if others else np.inf)
            losses.append(0.0 if loss == np.inf else loss)
    return losses


def _assemble(
    problem: Problem, choices: Choices, options: _Options, needs: list[People], halls: Sequence[HallRow]
) -> DayModel:
    days = len(choices.day_masks)
    rows = _Rows()
    feasible = np.array(options.days, dtype=bool).reshape(-1, days)
    kinds = np.array(options.kinds, dtype=bool).reshape(-1, 2)
    option, kind, day = np.nonzero(kinds[:, :, None] & feasible[:, None, :])
    request = np.array(options.request, dtype=np.int64)[option]
    lengths = np.array([row.length for row in problem.requests], dtype=np.int64)
    length = lengths[request] if len(request) else request
    column = np.arange(len(request))
    _attendee_rows(rows, problem, choices, options, option, day, column, length)
    _firm_rows(rows, problem, days, request, day, column)
    _place_rows(rows, problem, choices, request, kind, day, column, length)
    _interpreter_rows(
        rows, choices, needs, np.array(options.need, dtype=np.int64)[option], day, column, length
    )
    floor_row = _floor_rows(rows, problem, request, column)
    hall_row = _hall_rows(rows, halls, request, column)
    weight = np.array([row.weight for row in problem.requests], dtype=np.int64)[request]
    gain, constant = _gains(problem, choices, options, option, kind, day, request, weight)
    return DayModel(
        request=request, weight=weight, gain=gain,
        row=_joined(rows.row), column=_joined(rows.column), value=_joined(rows.value),
        rhs=np.array(rows.rhs, dtype=np.int64), group=np.array(rows.group, dtype=np.int64),
        floor_row=floor_row, hall_row=hall_row, constant=constant,
    )  # fmt: skip


def _joined(blocks: list[Ints]) -> Ints:
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int64)


def _slots_a_day(choices: Choices, masks: Iterable[int]) -> Ints:
    rows = [[(mask & day).bit_count() for day in choices.day_masks] for mask in masks]
    return np.array(rows, dtype=np.int64).reshape(-1, len(choices.day_masks))


def _caps(caps: Iterable[int | None], days: int) -> Ints:
    unlimited = np.iinfo(np.int64).max
    values = np.array([unlimited if cap is None else cap for cap in caps], dtype=np.int64)
    return np.repeat(values[:, None], days, axis=1)


def _attendee_rows(
    rows: _Rows, problem: Problem, choices: Choices, options: _Options,
    option: Ints, day: Ints, column: Ints, length: Ints,
) -> None:  # fmt: skip
    sizes = np.array([len(people) for people in options.people], dtype=np.int64)
    flat = np.array([a for people in options.people for a in people], dtype=np.int64)
    first = np.cumsum(sizes) - sizes
    counts = sizes[option]
    entry = np.repeat(column, counts)
    step = np.arange(len(entry)) - np.repeat(np.cumsum(counts) - counts, counts)
    person = flat[np.repeat(first[option], counts) + step]
    free = _slots_a_day(choices, choices.attendee_free)
    caps = _caps((row.max_per_day for row in problem.attendees), len(choices.day_masks))
    firm = np.array([row.firm for row in problem.attendees], dtype=np.int64)
    capped = np.any(caps < free, axis=1)
    longest = np.ones(len(firm), dtype=np.int64)
    np.maximum.at(longest, person, length[entry])
    most = np.where(capped[:, None], np.minimum(caps, free), free)
    rows.add(person, day[entry], entry, np.where(capped[person], 1, length[entry]), most, firm)
    # Where each meeting takes one slot, a limit on their number says all that one on their slots does.
    both = np.logical_and(capped, longest > 1)[person]
    rows.add(person[both], day[entry[both]], entry[both], length[entry[both]], free, firm)


def _firm_rows(rows: _Rows, problem: Problem, days: int, request: Ints, day: Ints, column: Ints) -> None:
    caps = _caps((firm.max_per_day for firm in problem.firms), days)
    sender = np.array([row.sender for row in problem.requests], dtype=np.int64)[request]
    receiver = np.array([row.receiver for row in problem.requests], dtype=np.int64)[request]
    both = np.concatenate([sender, receiver])
    twice = np.concatenate([column, column])
    rows.add(both, day[twice], twice, np.ones_like(twice), caps)


def _place_rows(
    rows: _Rows, problem: Problem, choices: Choices,
    request: Ints, kind: Ints, day: Ints, column: Ints, length: Ints,
) -> None:  # fmt: skip
    masks = choices.place_free
    slots = (
        _slots_a_day(choices, masks) * np.array([p.capacity for p in problem.places], dtype=np.int64)[:, None]
    )
    booths = np.zeros((len(problem.firms), slots.shape[1]), dtype=np.int64)
    for firm, owned in enumerate(choices.booths):
        booths[firm] = slots[list(owned)].sum(axis=0)
    receiver = np.array([row.receiver for row in problem.requests], dtype=np.int64)[request]
    at_booth, at_table = kind == 0, kind == 1
    rows.add(receiver[at_booth], day[at_booth], column[at_booth], length[at_booth], booths)
    tables = slots[list(choices.tables)].sum(axis=0, keepdims=True)
    hall = np.zeros(int(at_table.sum()), dtype=np.int64)
    rows.add(hall, day[at_table], column[at_table], length[at_table], tables)


def _interpreter_rows(
    rows: _Rows, choices: Choices, needs: list[People], need: Ints, day: Ints, column: Ints, length: Ints
) -> None:
    """Hall's condition: those who can only be served by the set K need no more than the slots of K."""
    helpers = [frozenset(need) for need in needs]
    free = _slots_a_day(choices, choices.interpreter_free)
    for union in _unions(helpers):
        inside = np.array([h <= union for h in helpers], dtype=bool)
        picked = (need >= 0) & inside[need]
        limit = free[sorted(union)].sum(axis=0, keepdims=True)
        zero = np.zeros(int(picked.sum()), dtype=np.int64)
        rows.add(zero, day[picked], column[picked], length[picked], limit)


def _unions(sets: list[frozenset[int]]) -> list[frozenset[int]]:
    """The sets, and unions of them as long as there are not too many."""
    found = list(dict.fromkeys(sets))
    everything = frozenset().union(*found)
    seen = set(found)
    for one in found:
        if len(found) >= MOST_INTERPRETER_SETS:
            break
        for other in sets:
            union = one | other
            if union not in seen:
                seen.add(union)
                found.append(union)
    return found if not found or everything in seen else [*found, everything]


def _floor_rows(rows: _Rows, problem: Problem, request: Ints, column: Ints) -> Ints:
    floor_row = np.full(len(problem.firms), -1, dtype=np.int64)
    wanting = [f for f, floor in enumerate(problem.floors) if floor > 0]
    floor_row[wanting] = rows.add_lone([-problem.floors[f] for f in wanting])
    for firms in ([r.sender for r in problem.requests], [r.receiver for r in problem.requests]):
        row = floor_row[np.array(firms, dtype=np.int64)[request]]
        keep = row >= 0
        rows.row.append(row[keep])
        rows.column.append(column[keep])
        rows.value.append(np.full(int(keep.sum()), -1, dtype=np.int64))
    return floor_row


def _hall_rows(rows: _Rows, found: Sequence[HallRow], request: Ints, column: Ints) -> Ints:
    hall_row = rows.add_lone([each.free for each in found])
    wanted = np.array([r for each in found for r in each.requests], dtype=np.int64)
    begins = np.searchsorted(request, wanted)  # the columns are in the order of their requests
    counts = np.searchsorted(request, wanted, "right") - begins
    row = np.repeat(hall_row, [len(each.requests) for each in found])
    entries = np.repeat(begins - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    rows.row.append(np.repeat(row, counts))
    rows.column.append(column[entries])
    rows.value.append(np.ones(len(entries), dtype=np.int64))
    return hall_row


def _gains(
    problem: Problem, choices: Choices, options: _Options,
    option: Ints, kind: Ints, day: Ints, request: Ints, weight: Ints,
) -> tuple[Floats, float]:  # fmt: skip
    """Score of each column, and of holding nothing (its dropped meetings), without floors."""
    factors = problem.policy.factors
    gain: Floats = (weight * float(factors["served"])).astype(np.float64)
    if not choices.published:
        return gain, 0.0
    dropped = np.zeros(len(problem.requests))
    dropped[list(choices.published)] = factors["dropped"]
    has_loss = np.array([r in choices.published for r in options.request], dtype=bool)
    loss = np.zeros((len(options.request), 2, len(choices.day_masks)))
    loss[has_loss] = np.array(options.loss).reshape(-1, 2, len(choices.day_masks))
    gain += dropped[request] - loss[option, kind, day]
    return gain, -float(dropped.sum())
