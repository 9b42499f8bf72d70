"""The columns of the day model: how each request alone can be held, by party, kind of place and day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from scheduler.domain.entities import PlaceKind
from scheduler.domain.problem import People, Problem
from scheduler.domain.rules.stability import Sameness
from scheduler.solver.bounds.dtypes import Floats, Int64s
from scheduler.solver.bounds.hall_visits import CHECK_REQUESTS
from scheduler.solver.instance.choices import Choices

KINDS = (PlaceKind.BOOTH, PlaceKind.TABLE)


@dataclass
class DayOptions:
    """One entry a request and party that has a start on some day.

    `need` is -1, or which of `needs` their interpreters are. `loss` is there for published requests alone.
    """

    request: list[int] = field(default_factory=list)
    days: list[list[bool]] = field(default_factory=list)
    need: list[int] = field(default_factory=list)
    people: list[People] = field(default_factory=list)
    kinds: list[tuple[bool, bool]] = field(default_factory=list)
    loss: list[list[float]] = field(default_factory=list)
    needs: dict[People, int] = field(default_factory=dict)


def collect_options(problem: Problem, choices: Choices, expired: Callable[[], bool]) -> DayOptions:
    """The options of every request, or of those that were looked at until `expired`."""
    options = DayOptions()
    for r, request in enumerate(problem.requests):
        if r % CHECK_REQUESTS == 0 and expired():
            break
        allowed = choices.allowed(r)
        kinds = {kind for _, kind in choices.rooms(r)}
        if not allowed or not kinds:
            continue
        kind_flags = (PlaceKind.BOOTH in kinds, PlaceKind.TABLE in kinds)
        for asking, asked in choices.parties(r):
            interpreters = choices.interpreters(asking, asked)
            if interpreters == ():
                continue
            free = choices.free(asking) & choices.free(asked)
            starts = choices.starts(free, request.length) & allowed
            if not starts:
                continue
            options.request.append(r)
            options.days.append([starts & mask != 0 for mask in choices.day_masks])
            options.need.append(
                -1 if interpreters is None else options.needs.setdefault(interpreters, len(options.needs))
            )
            options.people.append(asking + asked)
            options.kinds.append(kind_flags)
            if r in choices.published:
                options.loss.append(_losses(choices, r, asking + asked, starts))
    return options


def _losses(choices: Choices, r: int, people: People, starts: int) -> list[float]:
    """The least that the change of a published meeting costs each day: in a booth, then at a table.

    Whoever the interpreter is: this relaxation does not know.
    """
    published, costs = choices.published_at[r], choices.change_costs
    at = 1 << published.slot if published.slot >= 0 else 0
    same_people = published.people == frozenset(people)
    move = float(costs[Sameness(False, False, same_people)])
    losses: list[float] = []
    for kind in KINDS:
        same_kind = published.place >= 0 and choices.problem.places[published.place].kind is kind
        stay = float(costs[Sameness(True, same_kind, same_people)])
        for mask in choices.day_masks:
            can_stay, can_move = starts & mask & at, starts & mask & ~at
            loss = min(stay if can_stay else np.inf, move if can_move else np.inf)
            losses.append(0.0 if loss == np.inf else loss)
    return losses


@dataclass(frozen=True, slots=True)
class DayColumns:
    """The columns: each is an option, a kind of place (0 for a booth, 1 for a table) and a day.

    They are in the order of their requests. `length` is in slots, `number` counts the columns.
    """

    option: Int64s
    kind: Int64s
    day: Int64s
    request: Int64s
    length: Int64s
    need: Int64s

    @property
    def number(self) -> Int64s:
        return np.arange(len(self.option))


def build_columns(problem: Problem, choices: Choices, options: DayOptions) -> DayColumns:
    days = len(choices.day_masks)
    feasible = np.array(options.days, dtype=bool).reshape(-1, days)
    kinds = np.array(options.kinds, dtype=bool).reshape(-1, len(KINDS))
    option, kind, day = np.nonzero(kinds[:, :, None] & feasible[:, None, :])
    request = np.array(options.request, dtype=np.int64)[option]
    length = np.array([row.length for row in problem.requests], dtype=np.int64)[request]
    return DayColumns(option, kind, day, request, length, np.array(options.need, dtype=np.int64)[option])


def column_gains(
    problem: Problem, choices: Choices, options: DayOptions, columns: DayColumns, weight: Int64s
) -> tuple[Floats, float]:
    """Score of each column, and of holding nothing (its dropped meetings), without floors."""
    factors = problem.policy.factors
    gain: Floats = (weight * float(factors["served"])).astype(np.float64)
    if not choices.published:
        return gain, 0.0
    dropped = np.zeros(len(problem.requests))
    dropped[list(choices.published)] = factors["dropped"]
    shape = (-1, len(KINDS), len(choices.day_masks))
    has_loss = np.array([r in choices.published for r in options.request], dtype=bool)
    loss = np.zeros((len(options.request), *shape[1:]))
    loss[has_loss] = np.array(options.loss).reshape(shape)
    gain += dropped[columns.request] - loss[columns.option, columns.kind, columns.day]
    return gain, -float(dropped.sum())
