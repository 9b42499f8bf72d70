"""Tests have a fixed date, and none reads the current one."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from itsdangerous import TimestampSigner

from tests.support import clocks
from tests.support.factories import NOW
from tests.support.workers import ROOT

SOON = timedelta(hours=1)
"""Tests may be slow on a busy machine."""


def test_it_is_the_same_day_for_this_process_and_its_libraries() -> None:
    _, made = TimestampSigner("secret").unsign(TimestampSigner("secret").sign("x"), return_timestamp=True)
    for moment in (clocks.now(), datetime.fromtimestamp(time.time(), UTC), made + timedelta(seconds=1)):  # noqa: TID251 -- what libraries ask
        assert NOW <= moment < NOW + SOON


def test_it_is_the_same_day_for_the_programs_that_a_test_starts() -> None:
    command = [sys.executable, "-c", "import time; print(time.time())"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert NOW <= datetime.fromtimestamp(float(said), UTC) < NOW + SOON


@pytest.mark.parametrize(
    "line",
    [
        "from datetime import datetime; datetime.now()",
        "from datetime import date; date.today()",
        "import datetime; datetime.datetime.utcnow()",
        "import time; time.time()",
        "import time_machine",
    ],
)
@pytest.mark.parametrize("room", ["unit", "integration", "e2e", "interop"])
def test_the_linter_finds_a_test_that_asks_the_machine(line: str, room: str) -> None:
    command = [Path(sys.executable).with_name("ruff"), "check", "--select", "TID251"]
    command += ["--stdin-filename", f"tests/{room}/x.py", "-"]
    looked = subprocess.run(command, input=line, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (looked.returncode, looked.stdout.count("TID251")) == (1, 1), looked.stdout + looked.stderr
