"""Failed tests are rerun once, alone, and reported whatever the result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.reruns import MOST, run_again

CHANCE = """
from pathlib import Path

def test_chance():
    told = Path(__file__).with_name("test_chance_told")
    was_here = told.exists()
    told.touch()
    assert was_here
"""


def whole_run(root: Path, text: str) -> None:
    (root / "test_it.py").write_text(text)
    (root / "pytest.ini").write_text("[pytest]\n")
    run = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=root, check=False, capture_output=True)
    assert run.returncode == 1


def test_what_passes_alone_passes_and_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole_run(tmp_path, CHANCE)
    assert run_again(tmp_path) == 0
    assert capfd.readouterr().out.endswith("Failed at first, passed alone:\n  test_it.py::test_chance\n")


def test_what_fails_for_its_own_reason_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole_run(tmp_path, "def test_wrong():\n    assert False\n")
    assert run_again(tmp_path) == 1
    assert capfd.readouterr().out.endswith("Failed again:\n  test_it.py::test_wrong\n")


def test_many_failures_are_not_chance(tmp_path: Path) -> None:
    whole_run(tmp_path, "".join(CHANCE.replace("chance", f"chance_{i}") for i in range(MOST + 1)))
    assert run_again(tmp_path) == 1, "though each would pass now"


def test_a_run_that_failed_without_a_test_stays_failed(tmp_path: Path) -> None:
    assert run_again(tmp_path) == 1
