"""I2: no name, title or comment can inject a line, with and without `assert`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.invites import injection

ROOT = Path(__file__).parents[3]


def test_i2_nothing_that_is_typed_adds_a_line() -> None:
    injection.nothing_is_injected()


@pytest.mark.no_cover  # runs the same lines many times
def test_i2_nothing_that_is_typed_adds_a_line_without_asserts() -> None:
    """Our writer, and our reader of replies.

    The other readers of tests/interop are separate programs, for which -O makes no difference.
    """
    command = [sys.executable, "-O", "-m", "tests.unit.invites.injection"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "asserts are off\n"), done.stderr


def test_the_check_itself_notices_a_line() -> None:
    with pytest.raises(injection.Injected):
        injection.expect("a" == "b", "a line", "X-EVIL:1")
    with pytest.raises(injection.Injected):
        injection.names_of(b"SUMMARY:a\nX-EVIL:1\r\n")
