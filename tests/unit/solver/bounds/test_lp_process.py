"""Each way to solve an LP proves its optimum, and writes nothing where duals or plans are written."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from highspy import HighsStatus
from highspy._core import _Highs

from scheduler.solver.bounds import lp, lp_process

COLUMNS, ROWS = 400, 80
OPTIONS = {str(row): row for way in lp_process.ALGORITHMS.values() for row in way}


def random_lp(way: str) -> dict[str, Any]:
    """Return an LP whose columns are each in two rows, the same each time."""
    draws = np.random.default_rng(7)
    first = draws.integers(0, ROWS, COLUMNS)
    second = (first + draws.integers(1, ROWS, COLUMNS)) % ROWS
    return {
        "cost": draws.integers(1, 9, (1, COLUMNS)).astype(float), "upper": np.ones(COLUMNS),
        "rhs": draws.integers(1, 6, ROWS).astype(float), "row": np.concatenate([first, second]),
        "column": np.tile(np.arange(COLUMNS), 2), "value": draws.integers(1, 3, 2 * COLUMNS),
        "seconds": np.array(60.0), "ways": np.array([way]),
    }  # fmt: skip


def bound_of(made: dict[str, Any], duals: Any) -> float:
    """Return what any duals prove, by weak duality."""
    prices = np.maximum(duals, 0.0)
    worth = made["cost"][0].copy()
    np.subtract.at(worth, made["column"], prices[made["row"]] * made["value"])
    return float(prices @ made["rhs"] + np.maximum(worth, 0.0) @ made["upper"])


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_each_way_proves_the_optimum_without_output(
    options: lp_process.Options, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (best,) = lp_process.iter_duals(random_lp("simplex"))
    monkeypatch.setitem(lp_process.ALGORITHMS, "this one", (options,))
    (duals,) = lp_process.iter_duals(random_lp("this one"))
    made = random_lp("this one")
    assert bound_of(made, duals) == pytest.approx(bound_of(made, best), rel=1e-4)
    assert bound_of(made, best) < bound_of(made, np.zeros(ROWS)) - 100
    assert capfd.readouterr() == ("", "")


def test_an_lp_that_highs_refuses_has_no_duals(capfd: pytest.CaptureFixture[str]) -> None:
    """Two entries in one place: it then solves nothing, which is optimal at once."""
    made = random_lp("rough")
    made["row"][COLUMNS] = made["row"][0]
    (duals,) = lp_process.iter_duals(made)
    assert np.isnan(duals).all()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_highs_knows_each_option(options: lp_process.Options) -> None:
    """It only answers with a status where it does not, and solves with its usual ones."""
    solver = _Highs()
    solver.setOptionValue("output_flag", False)
    for name, value in options.items():
        assert solver.setOptionValue(name, value) == HighsStatus.kOk
        assert solver.getOptionValue(name) == (HighsStatus.kOk, value)


TALKATIVE = """
import os, runpy, sys
from scheduler.solver.bounds import lp_process
made = lp_process.Constraints.make_solver
def make_solver(self, cost):
    os.write(1, b"Running HiGHS")
    return made(self, cost)
lp_process.Constraints.make_solver = make_solver
lp_process.main()
"""


def test_what_is_printed_in_the_process_is_no_dual() -> None:
    made = random_lp("simplex")
    (wanted,) = lp_process.iter_duals(random_lp("simplex"))
    process = lp._LpProcess()
    process.child.kill()
    process.child.wait()
    process.child = subprocess.Popen(
        [sys.executable, "-c", TALKATIVE, str(process.file.fileno())],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        pass_fds=[process.file.fileno()], bufsize=0,
    )  # fmt: skip
    process.send(made)
    found = process.receive(len(made["rhs"]), lp.SolveClock(60.0))
    process.child.kill()
    _, printed = process.child.communicate()
    process.end()
    assert found is not None
    assert np.array_equal(found, wanted)
    assert printed == b"Running HiGHS"
