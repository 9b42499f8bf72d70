"""The day model with alike rows merged into one: days of an owner, and people of a firm.

A dual of a merged row is one for each of its rows, so what a merged LP proves holds for the day model. With
one row for all days of an owner and all people of a firm, it takes a twentieth of the time. But it misses two
things. Where one day is much shorter than the others, a day's slots bind on it, and a limit of meetings a day
on the others: so the second model keeps the short days apart from the long ones. And where many slots are
blocked, people of a firm are not alike: where there is time, it keeps them apart, too. Measured by
`benchmarks.settings`: the second one proves as much as the whole model but for 0.003 %, in a tenth of its
time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from scheduler.solver.bounds.day_model import DayModel
from scheduler.solver.bounds.dtypes import Int32s, Int64s, to_int32s

CLASSES = 2
"""Of days: long and short ones."""


@dataclass(frozen=True, slots=True)
class MergedModel:
    """A day model, and the row of it that stands for each row of the whole model."""

    model: DayModel
    row_of: Int64s


def whole_model(model: DayModel) -> MergedModel:
    """The model itself: each row stands for itself."""
    return MergedModel(model, np.arange(len(model.rhs)))


def merge_days_and_people(model: DayModel) -> MergedModel:
    """One row for all days of an owner and all people of a firm."""
    return merge_rows(model, model.alike)


def merge_days_and_people_by_class(model: DayModel) -> MergedModel:
    """One row for the long days of a firm's people, and one for the short ones."""
    return merge_rows(model, _with_class(model, model.alike))


def merge_days_by_class(model: DayModel) -> MergedModel:
    """One row for the long days of an owner, and one for the short ones."""
    return merge_rows(model, _with_class(model, model.owner))


def _with_class(model: DayModel, owners: Int64s) -> Int64s:
    numbers: Int64s = owners * CLASSES + day_classes(model.slots)[model.day]
    return numbers


def day_classes(slots: Int64s) -> Int64s:
    """0 for a long day, 1 for a short one: those below the largest difference of two neighbours by length.

    Parameters
    ----------
    slots
        By day: how many slots it has.

    Returns
    -------
    Int64s
        By day. All 0 if the days are of one length.
    """
    lengths = np.unique(slots)
    if len(lengths) < CLASSES:
        return np.zeros_like(slots)
    shortest_long = lengths[1 + np.argmax(np.diff(lengths))]
    return (slots < shortest_long).astype(np.int64)


def merge_rows(model: DayModel, numbers: Int64s) -> MergedModel:
    """The model with one row for all rows of one number, and one column for all that are then equal.

    Its LP gives duals. A bound has to be proved by them on the given model: `duals[row_of]`.

    Parameters
    ----------
    model
        The whole model.
    numbers
        By row. Each of the soft rows needs one of its own.

    Returns
    -------
    MergedModel
        The merged model. Its rows have the `owner`, `alike` and `day` of one of those that they stand for.
    """
    _, first, row_of = np.unique(numbers, return_index=True, return_inverse=True)
    groups = len(first)
    kept = _different(model, row_of, groups)
    number = np.cumsum(kept) - 1
    entry = kept[model.column]
    row, column = row_of[model.row[entry]], number[model.column[entry]]
    # Two people of one firm in a meeting, say: entries that are now the same one.
    place, same = np.unique(row * int(kept.sum()) + column, return_inverse=True)
    row, column = np.divmod(place, max(1, int(kept.sum())))
    merged = replace(
        model,
        request=model.request[kept], weight=model.weight[kept], gain=model.gain[kept],
        row=to_int32s(row), column=to_int32s(column),
        value=to_int32s(_sums(same, model.value[entry], len(place))),
        rhs=_sums(row_of, model.rhs, groups), owner=model.owner[first], alike=model.alike[first],
        day=model.day[first], soft_row=row_of[model.soft_row],
    )  # fmt: skip
    return MergedModel(merged, row_of)


def _sums(into: Int64s, values: Int32s | Int64s, size: int) -> Int64s:
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, into, values)
    return total


def _different(model: DayModel, row_of: Int64s, groups: int) -> npt.NDArray[np.bool_]:
    """Which columns to keep: of those of a request that use the same of each group, the one that gains most.

    They are told apart by random sums: a mistake would cost the bound some of its strength, never its truth.
    """
    key = np.random.default_rng(0).integers(1 << 62, size=groups)
    used = np.zeros(model.columns, dtype=np.int64)
    for part in model.entry_parts():
        np.add.at(used, model.column[part], key[row_of[model.row[part]]] * model.value[part])
    order = np.lexsort((-model.gain, used, model.request))
    request, used = model.request[order], used[order]
    first = np.ones(model.columns, dtype=bool)
    first[1:] = (request[1:] != request[:-1]) | (used[1:] != used[:-1])
    kept = np.zeros(model.columns, dtype=bool)
    kept[order[first]] = True
    return kept
