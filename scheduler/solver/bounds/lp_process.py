"""The process that `lp` starts: sets of LPs come in, their row duals go out one after the other.

It uses MathOpt's messages alone: its classes of models and results take more memory and time to load.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
from ortools.math_opt import callback_pb2, model_parameters_pb2, model_pb2, parameters_pb2
from ortools.math_opt.core.python import solver
from ortools.math_opt.solvers import highs_pb2
from ortools.pdlp import solvers_pb2
from pybind11_abseil.status import StatusNotOk

Options = dict[str, str] | None

SIMPLEX = {"solver": "simplex"}
INTERIOR = {"solver": "ipm", "run_crossover": "off"}
PDLP = None  # the way that is not HiGHS'
ALGORITHMS: dict[str, tuple[Options, ...]] = {
    "simplex": (SIMPLEX, INTERIOR),
    "unpresolved": ({**SIMPLEX, "presolve": "off"}, SIMPLEX, INTERIOR),
    "interior": (INTERIOR, {**INTERIOR, "presolve": "off"}, SIMPLEX),
    "rough": (PDLP, INTERIOR, {**INTERIOR, "presolve": "off"}, SIMPLEX),
}
"""The parameters to try in turn. `rough`: first to five digits, several times faster with alike prices."""
PDLP_TOLERANCE = 1e-5
PART = 10_000  # entries: as objects of Python they take four times the memory
MOST_SECONDS = 1e6  # also where there is no limit


def build_model(lp: Any, cost: Any) -> model_pb2.ModelProto:
    """An LP as a MathOpt model. Rows are `<= rhs`, columns in [0, upper].

    It is stated as a minimum: for a maximum HiGHS 1.12 calls its interior point's right duals wrong.
    """
    model = model_pb2.ModelProto()
    columns, rows = len(cost), len(lp["rhs"])
    model.variables.ids.extend(range(columns))
    model.variables.lower_bounds.extend([0.0] * columns)
    model.variables.upper_bounds.extend(lp["upper"].tolist())
    model.variables.integers.extend([False] * columns)
    wanted = np.flatnonzero(cost)
    model.objective.linear_coefficients.ids.extend(wanted.tolist())
    model.objective.linear_coefficients.values.extend((-cost[wanted]).tolist())
    model.linear_constraints.ids.extend(range(rows))
    model.linear_constraints.lower_bounds.extend([-float("inf")] * rows)
    model.linear_constraints.upper_bounds.extend(lp["rhs"].tolist())
    order = np.lexsort((lp["column"], lp["row"]))
    matrix = model.linear_constraint_matrix
    for part in np.split(order, range(PART, len(order), PART)):
        matrix.row_ids.extend(lp["row"][part].tolist())
        matrix.column_ids.extend(lp["column"][part].tolist())
        matrix.coefficients.extend(lp["value"][part].astype(float).tolist())
    return model


def iter_duals(lp: Any) -> Iterator[Any]:
    """The row duals (float64) for each row of `cost`, as they are found. NaN if there are none."""
    deadline = time.monotonic() + float(lp["seconds"])
    for cost, way in zip(lp["cost"], lp["ways"], strict=True):
        found = _solved(build_model(lp, cost), str(way), deadline)
        duals = np.full(len(lp["rhs"]), np.nan if found is None else 0.0)
        if found is not None:
            duals[np.array(found.ids, dtype=np.int64)] = -np.array(found.values)
        yield duals


def _solved(model: model_pb2.ModelProto, way: str, deadline: float) -> Any:
    """The dual values, or None. Where one way fails, the next one is tried."""
    for options in ALGORITHMS[way]:
        found = _attempt(model, options, deadline - time.monotonic())
        if found is not None:
            return found
    return None


def _params(options: Options, seconds: float) -> parameters_pb2.SolveParametersProto:
    """PDLP: Applegate et al. 2021, doi:10.48550/arXiv.2106.04756."""
    made = parameters_pb2.SolveParametersProto()
    made.time_limit.FromTimedelta(timedelta(seconds=min(max(0.0, seconds), MOST_SECONDS)))
    if options is not None:
        made.highs.CopyFrom(highs_pb2.HighsOptionsProto(string_options=options, int_options={"threads": 1}))
    else:
        made.pdlp.CopyFrom(solvers_pb2.PrimalDualHybridGradientParams(num_threads=1))
        made.pdlp.termination_criteria.simple_optimality_criteria.eps_optimal_relative = PDLP_TOLERANCE
    return made


def _attempt(model: model_pb2.ModelProto, options: Options, seconds: float) -> Any:
    """The dual values of one run, or None. HiGHS raises where it doubts its interior point ("Unknown")."""
    way = parameters_pb2.SOLVER_TYPE_PDLP if options is PDLP else parameters_pb2.SOLVER_TYPE_HIGHS
    try:
        result = solver.solve(
            model,
            way,
            parameters_pb2.SolverInitializerProto(),
            _params(options, seconds),
            model_parameters_pb2.ModelSolveParametersProto(),
            None,
            callback_pb2.CallbackRegistrationProto(),
            None,
            None,
        )
    except StatusNotOk:
        return None
    for solution in result.solutions:
        if solution.HasField("dual_solution"):
            return solution.dual_solution.dual_values
    return None


def main() -> None:
    """Solve the LPs in the file whose descriptor is the argument, for each octet of the standard input."""
    given = int(sys.argv[1])
    while sys.stdin.buffer.read(1):
        with os.fdopen(os.dup(given), "rb") as file:
            file.seek(0)
            lp = dict(np.load(file, allow_pickle=False))
        for duals in iter_duals(lp):
            sys.stdout.buffer.write(duals.tobytes())
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
