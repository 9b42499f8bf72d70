"""Builder of a 0-1 linear program, and its solution by a MathOpt solver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from ortools.math_opt import model_pb2
from ortools.math_opt.core.python import solver
from ortools.math_opt.python import mathopt
from ortools.math_opt.python.solve import StatusNotOk

from benchmarks.peers import NoPlan

INFINITY = float("inf")


@dataclass
class ZeroOne:
    """Maximise the sum of `gain` over integer columns from 0 to `upper`, with rows `low <= A x <= high`."""

    upper: list[float] = field(default_factory=list)
    gain: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)

    def add_column(self, gain: float = 0.0, upper: float = 1.0) -> int:
        self.upper.append(upper)
        self.gain.append(gain)
        return len(self.upper) - 1

    def add_row(
        self, entries: Iterable[tuple[int, float]], low: float = -INFINITY, high: float = INFINITY
    ) -> None:
        """Add a row of (column, value) pairs. Each column may occur once."""
        number = len(self.low)
        self.low.append(low)
        self.high.append(high)
        for column, value in entries:
            self.row.append(number)
            self.column.append(column)
            self.value.append(value)

    def at_most(self, columns: Iterable[int], high: float) -> None:
        self.add_row(((column, 1.0) for column in columns), high=high)

    def to_proto(self) -> model_pb2.ModelProto:
        model = model_pb2.ModelProto()
        model.variables.ids.extend(range(len(self.upper)))
        model.variables.lower_bounds.extend([0.0] * len(self.upper))
        model.variables.upper_bounds.extend(self.upper)
        model.variables.integers.extend([True] * len(self.upper))
        model.objective.maximize = True
        wanted = [column for column, gain in enumerate(self.gain) if gain]
        model.objective.linear_coefficients.ids.extend(wanted)
        model.objective.linear_coefficients.values.extend(self.gain[column] for column in wanted)
        model.linear_constraints.ids.extend(range(len(self.low)))
        model.linear_constraints.lower_bounds.extend(self.low)
        model.linear_constraints.upper_bounds.extend(self.high)
        order = sorted(range(len(self.row)), key=lambda k: (self.row[k], self.column[k]))
        matrix = model.linear_constraint_matrix
        matrix.row_ids.extend(self.row[k] for k in order)
        matrix.column_ids.extend(self.column[k] for k in order)
        matrix.coefficients.extend(self.value[k] for k in order)
        return model

    def solve(self, kind: mathopt.SolverType, seconds: float) -> list[int]:
        """Return the columns that are 1 in the best solution found. Raises NoPlan if there is none."""
        if seconds <= 0:
            raise NoPlan("the model was not built in time")
        params = mathopt.SolveParameters(time_limit=timedelta(seconds=seconds))
        try:
            result = solver.solve(
                self.to_proto(),
                kind.value,
                mathopt.StreamableSolverInitArguments().to_proto(),
                params.to_proto(),
                mathopt.ModelSolveParameters().to_proto(),
                None,
                mathopt.CallbackRegistration().to_proto(),
                None,
                None,
            )
        except StatusNotOk as error:
            raise NoPlan(str(error)) from error
        for solution in result.solutions:
            if solution.HasField("primal_solution"):
                values = solution.primal_solution.variable_values
                return [id for id, value in zip(values.ids, values.values, strict=True) if value > 0.5]
        raise NoPlan("no solution in the time")
