"""The process that solves LPs returns the memory of large arrays to the system as soon as they are freed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scheduler.solver.bounds import lp

PROGRAM = """
import numpy as np
np.ones(30 << 17)  # of 30 MiB: glibc then keeps freed arrays of up to that size
arrays = [np.ones(10 << 17) for _ in range(20)]
after = [np.ones(100) for _ in range(1000)]
arrays.clear()
print(int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20)
"""


def megabytes(environment: dict[str, str]) -> int:
    """Return the memory of a process after it has freed 200 MiB below small arrays that it keeps."""
    command = [sys.executable, "-c", PROGRAM]
    return int(subprocess.check_output(command, env=os.environ | environment))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the variables mean nothing")
def test_in_its_environment_freed_arrays_take_no_memory() -> None:
    assert megabytes(lp.ENVIRONMENT) < megabytes({}) - 150
