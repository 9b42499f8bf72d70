"""The day-level relaxation: which people meet on which day in which kind of place, without slots.

Every plan gives a point of it, so its LP bounds what a plan can reach. The rows are: each request once,
slots, `max_per_day` and `max_days` of attendees, meetings a day of two attendees, `max_per_day` of firms,
slots of booths and tables, slots of sets of interpreters, floors, groups of firms, and the hall changes that
no plan avoids.
Of meetings in a row (H16) there is what they take from the meetings a day. Walking, idle time, precedences
and the seats within a day are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scheduler.domain.problem import Problem
from scheduler.solver.bounds.day_columns import DayOptions, build_columns, collect_options, column_gains
from scheduler.solver.bounds.day_rows import (
    SOFT_TERMS,
    DayRows,
    add_attendees,
    add_firms,
    add_floors,
    add_group_gaps,
    add_halls,
    add_interpreters,
    add_pairs,
    add_places,
)
from scheduler.solver.bounds.dtypes import Floats, Int32s, Int64s, to_int32s
from scheduler.solver.bounds.hall_visits import HallRow, hall_rows
from scheduler.solver.instance.choices import Choices

PART = 1 << 18  # entries


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
        By row, in slots or meetings. The floor of a firm is a negative number.
    owner, alike, day
        By row: a number of what it limits, one for all days of that; a number for all that are alike, as the
        people of a firm; and the day, 0 where a row is of no day.
    slots
        By day: how many slots it has.
    soft_row, soft_most, soft_counts
        By piece, what may exceed a row: which row, by how much, and what a unit counts in `SOFT_TERMS`. The
        pieces of a row stand together, the cheaper ones first. They have no columns here. The row of a firm
        reads `-(its meetings) - lacking <= -(all that it ought to get)`, those of `hall_visits` read
        `(requests held) - changes <= free`, that of a group of firms is in `add_group_gaps`.
    constant
        The score of holding nothing, without floors.
    """

    request: Int64s
    weight: Int64s
    gain: Floats
    row: Int32s
    column: Int32s
    value: Int32s
    rhs: Int64s
    owner: Int64s
    alike: Int64s
    day: Int64s
    slots: Int64s
    soft_row: Int64s
    soft_most: Int64s
    soft_counts: Floats
    constant: float

    @property
    def columns(self) -> int:
        return len(self.request)

    def entry_parts(self) -> Iterator[slice]:
        """Yield parts of the entries of A: there are millions, and what is computed of each takes memory."""
        for begin in range(0, len(self.row), PART):
            yield slice(begin, begin + PART)


def build_day_model(problem: Problem, expired: Callable[[], bool] = lambda: False) -> DayModel | None:
    """The relaxation of a problem: some seconds at 45,000 requests. None if `expired` says so meanwhile."""
    choices = Choices(problem)
    options = collect_options(problem, choices, expired)
    halls = hall_rows(problem, choices, expired) if problem.policy.factors["hall_change"] else []
    return None if expired() else _assemble(problem, choices, options, halls)


def _assemble(problem: Problem, choices: Choices, options: DayOptions, halls: Sequence[HallRow]) -> DayModel:
    columns, rows = build_columns(problem, choices, options), DayRows()
    add_attendees(rows, problem, choices, options, columns)
    add_pairs(rows, problem, choices, options, columns)
    add_firms(rows, problem, choices, columns)
    add_places(rows, problem, choices, columns)
    add_interpreters(rows, choices, list(options.needs), columns)
    pieces = add_floors(rows, problem, columns)
    add_group_gaps(rows, problem, columns, pieces)
    add_halls(rows, halls, columns, pieces)
    weight = np.array([row.weight for row in problem.requests], dtype=np.int64)[columns.request]
    gain, constant = column_gains(problem, choices, options, columns, weight)
    return DayModel(
        request=columns.request, weight=weight, gain=gain,
        row=_take_joined(rows.row), column=_take_joined(rows.column), value=_take_joined(rows.value),
        rhs=np.array(rows.rhs, dtype=np.int64), owner=np.array(rows.owner, dtype=np.int64),
        alike=np.array(rows.alike, dtype=np.int64), day=np.array(rows.day, dtype=np.int64),
        slots=np.array([mask.bit_count() for mask in choices.day_masks], dtype=np.int64),
        soft_row=np.array(pieces.row, dtype=np.int64), soft_most=np.array(pieces.most, dtype=np.int64),
        soft_counts=np.array(pieces.counts, dtype=np.float64).reshape(-1, len(SOFT_TERMS)), constant=constant,
    )  # fmt: skip


def _take_joined(blocks: list[Int64s]) -> Int32s:
    """Join the blocks of entries, and empty their list: there is memory for them only once."""
    narrow = [to_int32s(block) for block in blocks]
    blocks.clear()
    return np.concatenate(narrow) if narrow else np.zeros(0, dtype=np.int32)
