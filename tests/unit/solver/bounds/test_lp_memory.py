"""The process that solves LPs returns the memory of large arrays to the system as soon as they are freed."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from scheduler.solver.bounds import lp

PROGRAM = """
import resource
import numpy as np
np.ones(30 << 17)  # of 30 MiB: glibc then keeps freed arrays of up to that size
pairs = [(np.ones(10 << 17), np.ones(1 << 15)) for _ in range(20)]
kept = [small for _, small in pairs]  # each lies behind a large one, so that the heap has no free end
pairs.clear()
print(int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20)
"""


def megabytes(environment: dict[str, str]) -> int:
    """Return the memory of a process after it has freed 200 MiB between small arrays that it keeps."""
    command = [sys.executable, "-c", PROGRAM]
    return int(subprocess.check_output(command, env=os.environ | environment))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the variables mean nothing")
def test_in_its_environment_freed_arrays_take_no_memory() -> None:
    assert megabytes(lp.ENVIRONMENT) < megabytes({}) - 150


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_process_has_that_environment() -> None:
    columns = lp.SMALL_COLUMNS + 1  # fewer are solved without a process
    one = np.ones(columns)
    packing = {
        "cost": one[None], "upper": one, "rhs": np.array([2.0]),
        "row": np.zeros(columns, np.int32), "column": np.arange(columns, dtype=np.int32), "value": one,
    }  # fmt: skip
    with closing(lp.LpSolver()) as solver:
        (duals,) = solver.iter_duals(packing, ["simplex"], 60.0)  # it runs by now
        given = Path(f"/proc/{solver.begin().child.pid}/environ").read_bytes().split(b"\0")
    assert duals is not None
    assert {f"{name}={octets}".encode() for name, octets in lp.ENVIRONMENT.items()} <= {*given}
