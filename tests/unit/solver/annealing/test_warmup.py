"""A warm-up compiles every kernel of a search, or the first search of a process stands still for it."""

from __future__ import annotations

import subprocess
import sys

from tests.support.workers import ROOT

SEARCH = """
import sys
from numba.core.registry import CPUDispatcher
from scheduler.domain.solving import SolveParams
from scheduler.solver.annealing.warmup import warm_up
from scheduler.solver.solve import solve
from tests.support.busy import busy_problem

def compiled():
    names = [name for name in sys.modules if name.startswith("scheduler.solver.") and "bounds" not in name]
    kernels = {id(k): k for n in names for k in vars(sys.modules[n]).values() if isinstance(k, CPUDispatcher)}
    return {f"{k.py_func.__module__}.{k.py_func.__name__}" for k in kernels.values() if k.signatures}

warm_up()
before = compiled()
for policy in ({}, {"max_idle_spread": 2}):
    solve(busy_problem(**policy), SolveParams(method="search", workers=2, iterations=20_000))
print(*sorted(compiled() - before))
"""


def test_a_search_on_two_threads_compiles_nothing_after_a_warm_up() -> None:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", SEARCH], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
