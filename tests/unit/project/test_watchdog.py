"""A process whose main loop hangs exits, and logs where it hung."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOOP = """
import sys, time
from scheduler.watchdog import Watchdog
watchdog = Watchdog(sys.argv[1], limit=0.5)
for _ in range(4):
    watchdog.pulse()
    time.sleep(0.2)
{then}
print("went on")
"""


def run(then: str, pulse_file: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LOOP.format(then=then), pulse_file]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_loop_that_stands_still_ends_its_process() -> None:
    ended = run("secret = 'hunter2'; time.sleep(50)")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "most recent call first" in ended.stderr and "hunter2" not in ended.stderr


def test_so_does_one_that_never_comes_back_from_c() -> None:
    assert run("import re; re.match('(a+)+$', 'a' * 64 + 'b')").returncode == 1


def test_a_loop_that_rests_may_stand() -> None:
    ended = run("watchdog.rest(); time.sleep(1)")
    assert (ended.returncode, ended.stdout) == (0, "went on\n")


def test_a_file_tells_health_checks_when_it_went_round_last(tmp_path: Path) -> None:
    assert run("watchdog.rest()", str(tmp_path / "pulse")).returncode == 0
    assert (tmp_path / "pulse").exists()
