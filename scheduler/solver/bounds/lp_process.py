"""The process that `lp` starts: sets of LPs come in, their row duals go out one after the other."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from highspy import HighsModelStatus, MatrixFormat, ObjSense, kHighsInf
from highspy._core import _Highs

Options = dict[str, str | float]

SIMPLEX: Options = {"solver": "simplex"}
INTERIOR: Options = {"solver": "ipm", "run_crossover": "off"}
FIRST_ORDER: Options = {"solver": "pdlp", "kkt_tolerance": 1e-5}
"""Applegate et al. 2021, doi:10.48550/arXiv.2106.04756."""
UNPRESOLVED: Options = {"presolve": "off"}
ALGORITHMS: dict[str, tuple[Options, ...]] = {
    "simplex": (SIMPLEX, INTERIOR),
    "unpresolved": (SIMPLEX | UNPRESOLVED, SIMPLEX, INTERIOR),
    "interior": (INTERIOR, INTERIOR | UNPRESOLVED, SIMPLEX),
    "rough": (FIRST_ORDER, INTERIOR, INTERIOR | UNPRESOLVED, SIMPLEX),
}
"""HiGHS' options to try in turn. `rough`: first to five digits, several times faster with alike prices."""
MOST_SECONDS = 1e6  # also where there is no limit


class Constraints:
    """`A x <= rhs, 0 <= x <= upper`, with A by columns as HiGHS reads it."""

    def __init__(self, lp: Any) -> None:
        self.upper, self.rhs = lp["upper"], lp["rhs"]
        order = np.lexsort((lp["row"], lp["column"]))
        entries = np.bincount(lp["column"], minlength=len(self.upper))
        self.start = np.concatenate([[0], np.cumsum(entries)]).astype(np.int32)
        self.index = lp["row"][order]
        self.value = lp["value"][order].astype(float)

    def make_solver(self, cost: Any) -> _Highs:
        """HiGHS with `max cost x`, stated as a minimum, and without output.

        It is the class below `Highs`, which writes a banner before it can be told not to.
        """
        columns, rows = len(self.upper), len(self.rhs)
        solver = _Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.passModel(
            columns,
            rows,
            len(self.index),
            int(MatrixFormat.kColwise),
            int(ObjSense.kMinimize),
            0.0,
            -cost,
            np.zeros(columns),
            self.upper,
            np.full(rows, -kHighsInf),
            self.rhs,
            self.start,
            self.index,
            self.value,
            np.zeros(columns, np.int32),
        )
        return solver


def iter_duals(lp: Any) -> Iterator[Any]:
    """The row duals (float64) for each row of `cost`, as they are found. NaN if there are none.

    Empties `lp`: there is memory for the entries only once.
    """
    deadline = time.monotonic() + float(lp["seconds"])
    constraints, costs, ways = Constraints(lp), lp["cost"], lp["ways"]
    lp.clear()
    for cost, way in zip(costs, ways, strict=True):
        found = _solved(constraints, cost, str(way), deadline)
        yield np.full(len(constraints.rhs), np.nan) if found is None else found


def _solved(constraints: Constraints, cost: Any, way: str, deadline: float) -> Any:
    """The dual values, or None. Where one way fails, the next one is tried."""
    for options in ALGORITHMS[way]:
        found = _attempt(constraints.make_solver(cost), options, deadline - time.monotonic())
        if found is not None:
            return found
    return None


def _attempt(solver: _Highs, options: Options, seconds: float) -> Any:
    """The dual values of one run, or None. Of an LP that is solved roughly, they need not be optimal."""
    solver.setOptionValue("time_limit", min(max(0.0, seconds), MOST_SECONDS))
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.run()
    solution = solver.getSolution()
    is_solved = options is FIRST_ORDER or solver.getModelStatus() == HighsModelStatus.kOptimal
    return -np.array(solution.row_dual) if is_solved and solution.dual_valid else None


def main() -> None:
    """Solve the LPs in the file whose descriptor is the argument, for each octet of the standard input."""
    given = int(sys.argv[1])
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # for what HiGHS prints: no octet of it is a dual
    while sys.stdin.buffer.read(1):
        with os.fdopen(os.dup(given), "rb") as file:
            file.seek(0)
            lp = dict(np.load(file, allow_pickle=False))
        for duals in iter_duals(lp):
            output.write(duals.tobytes())
            output.flush()


if __name__ == "__main__":
    main()
