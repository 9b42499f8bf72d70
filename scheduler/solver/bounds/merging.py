"""The day model with alike rows merged into one: all days of an owner, all people of a firm.

A dual of a merged row is one for each of its rows, so what the merged LP proves holds for the day model. The
day model hardly tells days and colleagues apart. So the merged LP proves nearly as much, in a twentieth of
the time.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from scheduler.solver.bounds.day_model import DayModel
from scheduler.solver.bounds.dtypes import Int64s


def merge_rows(model: DayModel) -> DayModel:
    """The merged model: one row per `group` of the given model, and one column for all that are then equal.

    Its LP gives duals. A bound has to be proved by them on the given model: `duals[model.group]`.
    """
    groups = int(model.group.max(initial=-1)) + 1
    kept = _different(model, groups)
    number = np.cumsum(kept) - 1
    entry = kept[model.column]
    row, column = model.group[model.row[entry]], number[model.column[entry]]
    # Two people of one firm in a meeting, say: entries that are now the same one.
    place, same = np.unique(row * int(kept.sum()) + column, return_inverse=True)
    row, column = np.divmod(place, max(1, int(kept.sum())))
    return replace(
        model,
        request=model.request[kept], weight=model.weight[kept], gain=model.gain[kept],
        row=row, column=column, value=_sums(same, model.value[entry], len(place)),
        rhs=_sums(model.group, model.rhs, groups), group=np.arange(groups),
        soft_row=model.group[model.soft_row],
    )  # fmt: skip


def _sums(into: Int64s, values: Int64s, size: int) -> Int64s:
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, into, values)
    return total


def _different(model: DayModel, groups: int) -> npt.NDArray[np.bool_]:
    """Which columns to keep: of those of a request that use the same of each group, the one that gains most.

    They are told apart by random sums: a mistake would cost the bound some of its strength, never its truth.
    """
    key = np.random.default_rng(0).integers(1 << 62, size=groups)
    used = np.zeros(model.columns, dtype=np.int64)
    np.add.at(used, model.column, key[model.group[model.row]] * model.value)
    order = np.lexsort((-model.gain, used, model.request))
    request, used = model.request[order], used[order]
    first = np.ones(model.columns, dtype=bool)
    first[1:] = (request[1:] != request[:-1]) | (used[1:] != used[:-1])
    kept = np.zeros(model.columns, dtype=bool)
    kept[order[first]] = True
    return kept
