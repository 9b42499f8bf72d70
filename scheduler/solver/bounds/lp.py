"""LPs of the same rows, solved in a process of its own that can be left at any moment."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scheduler.solver.bounds.dtypes import Floats
from scheduler.solver.clock import SolveClock

Arrays = Mapping[str, npt.NDArray[np.generic]]

CHECK_SECONDS = 0.1
SMALL_COLUMNS = 2000  # solved in a few milliseconds, sooner than a process starts


def solve_duals(
    lp: Arrays, ways: Sequence[str], seconds: float, should_stop: Callable[[], bool] | None = None
) -> list[Floats | None]:
    """Row duals of `max cost x, A x <= rhs, 0 <= x <= upper` for each row of `cost`, None without any.

    `ways` has one of `lp_process.WAYS` for each. `lp` holds cost, upper, rhs and the entries (row, column,
    value) of A. What comes back is as good as the solver was exact: whoever claims a bound computes it from
    the duals. A process takes half a second to start, so that alike LPs share one; if it ends too late, none
    of them has duals.
    """
    asked = {**lp, "seconds": np.array(seconds), "ways": np.array(ways)}
    if lp["cost"].shape[1] <= SMALL_COLUMNS:
        return _read(_solve_here(asked), lp)
    clock = SolveClock(seconds, should_stop)
    # By its path and with -P: it needs nothing of ours, from wherever it is started.
    command = [sys.executable, "-P", str(Path(__file__).with_name("lp_process.py"))]
    # From a file, not a pipe: communicate() forgets its input when it is called again after a timeout.
    with tempfile.TemporaryFile() as file:
        np.savez(file, allow_pickle=False, **asked)
        file.seek(0)
        # The program is this interpreter with a module of ours.
        with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE) as child:  # noqa: S603
            try:
                output = _wait(child, clock)
            finally:
                child.kill()
    return _read(output, lp)


def _solve_here(asked: Arrays) -> bytes:
    # MathOpt takes half a second to import, which those who solve no LP need not wait for.
    from scheduler.solver.bounds.lp_process import solve_lps

    return solve_lps(asked)


def _read(output: bytes, lp: Arrays) -> list[Floats | None]:
    wanted = len(lp["cost"]), len(lp["rhs"])
    found = np.load(io.BytesIO(output), allow_pickle=False) if output else np.full(wanted, np.nan)
    if found.shape != wanted:
        return [None] * wanted[0]
    return [None if np.isnan(row).any() else row for row in found]


def _wait(child: subprocess.Popen[bytes], clock: SolveClock) -> bytes:
    while not clock.is_over():
        try:
            return child.communicate(timeout=CHECK_SECONDS)[0]
        except subprocess.TimeoutExpired:
            continue
    return b""
