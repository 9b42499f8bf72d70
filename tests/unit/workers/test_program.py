from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import sys
from celery.bin.worker import worker
from workers import program
worker.main = lambda arguments, **options: print(*arguments, file=sys.stderr)
program.run_worker(["mail"])
"""
SIGNAL = """
import ctypes
from celery import platforms
platforms.set_pdeathsig("SIGKILL")
found = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(found))  # PR_GET_PDEATHSIG
print(found.value)
"""


def run(program: str) -> list[str]:
    """Return the words that the program prints in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def loaded(*names: str) -> str:
    return f"print(*[name for name in {names!r} if name in sys.modules])"


def test_a_worker_loads_no_shell_and_no_solver() -> None:
    assert run(START + loaded("prompt_toolkit", "ortools", "highspy", "numba", "numpy")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")
def test_a_pool_process_ends_with_its_worker_without_a_parser_of_c() -> None:
    assert run(START + SIGNAL + loaded("pycparser")) == ["9"]
