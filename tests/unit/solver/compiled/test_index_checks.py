"""Kernels check every index on request: no array is too short, and a short one is detected."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.solver.compiled import checks

ROOT = Path(__file__).parents[4]

READ = """
from typing import NamedTuple
import numba
import numpy as np
from scheduler.solver.compiled.kernels import IntTable
from scheduler.solver.compiled.records import Record

class Shelf(NamedTuple):
    books: IntTable

@numba.njit
def read(shelf, row, column):
    return shelf.books[row, column]

shelf = Record(Shelf(np.arange(6, dtype=np.int32).reshape(3, 2)))
assert read(shelf, 2, 1) == 5
read(shelf, {row}, {column})
"""

SEARCH = """
import numpy as np
from scheduler.solver.annealing.anneal import KINDS, anneal
from scheduler.solver.annealing.move_odds import cumulative_move_odds
from scheduler.solver.instance.arrays import flatten
from scheduler.solver.plans.start import build_start_state
from scheduler.solver.state import state as states
from tests.support.busy import busy_problem

flat = flatten(busy_problem())
for log_rows in (states.LOG_ROWS, 4):
    states.LOG_ROWS = log_rows
    plan = build_start_state(flat, None, 1)
    tally = np.zeros((KINDS, 3))
    for temperature in (30.0, 3.0, 0.3):
        anneal(flat.data, plan, 20_000, temperature, 1.0, cumulative_move_odds(0.0, 1.0), tally)
    assert (tally[:, 1] > 0).all(), tally
    print("searched with a log of", log_rows, flush=True)
"""


def run_checked(program: str) -> subprocess.CompletedProcess[str]:
    # Without coverage, which would trace the compiler.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment = {**inherited, "KERNEL_CHECKS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_switch_is_off_where_nobody_sets_it() -> None:
    assert (os.environ.get("KERNEL_CHECKS") == "1") == checks.CHECKED


@pytest.mark.parametrize(("row", "column", "named"), [(3, 0, 3), (-1, 0, -1), (0, 2, 2)])
def test_an_index_out_of_range_ends_the_process_and_names_the_array(
    row: int, column: int, named: int
) -> None:
    done = run_checked(READ.format(row=row, column=column))
    assert done.returncode < 0
    assert f"index {named} is outside of Shelf.books" in done.stderr


@pytest.mark.slow  # one process, as its kernels are compiled anew
def test_a_search_stays_within_its_arrays_and_a_log_that_is_too_short_for_a_move_is_seen() -> None:
    from scheduler.solver.state.sizes import LOG_ROWS

    done = run_checked(SEARCH)
    assert done.stdout == f"searched with a log of {LOG_ROWS}\n", done.stderr
    assert done.returncode < 0
    assert "index 4 is outside of State.log, which has 4 there" in done.stderr
