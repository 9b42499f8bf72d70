"""Each fault of the table is injected by tests that exist."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.faults.table import FAULTS

ROOT = Path(__file__).parents[2]


def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_each_fault_is_injected_by_a_test() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 44
    assert [fault.name for fault in FAULTS if not fault.tests] == []


def test_each_test_of_the_table_exists() -> None:
    named = {test for fault in FAULTS for test in fault.tests}
    files = {path: functions(path) for path in {test.partition("::")[0] for test in named}}
    assert [test for test in named if test.partition("::")[2] not in files[test.partition("::")[0]]] == []


def test_each_test_of_this_folder_is_in_the_table() -> None:
    named = {test.partition("::")[2] for fault in FAULTS for test in fault.tests}
    own = ("test_auditor.py", "test_table.py")
    for path in Path(__file__).parent.glob("test_*.py"):
        if path.name not in own:
            tests = {each for each in functions(str(path.relative_to(ROOT))) if each.startswith("test_")}
            assert tests <= named, path.name


def test_the_command_prints_each_test_once() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "tests.faults.table"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    printed = made.stdout.split()
    assert len(printed) == len(set(printed)) > 40
