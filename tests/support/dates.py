"""Run tests at other dates: `python -m tests.support.dates`.

No test reads the machine's clock (`clocks`). This finds libraries, programs and system calls that bypass
that, by faketime for pytest and its child processes. Each date has two typical failure points: the end of a
year; the night of a clock change, in over six weeks; and a leap day, in over a year.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
BUDAPEST = ZoneInfo("Europe/Budapest")
ASKS = re.compile(r"\b(web_app|Browser|test_client|clocks|Clock|site|now_in)\b|\.now\(")
"""Matches modules whose tests depend on the time, directly or by a page. Their first test is run."""
WHOLE = (
    "unit/project/test_clock.py",
    "unit/invites/test_transport.py",
    "integration/identity/test_sessions.py",
    "integration/api/test_api_requests.py",
    "integration/events/test_overnight_settings.py",
    "integration/pages/test_pages_answers.py",
    "integration/participants/registration",
    "integration/storage/test_clock.py",
    "integration/workers/test_ticks.py",
)
"""All tests of these are run: they failed when tests read the machine's clock, or are about freezing it."""
NOT_HERE = ("postgres", "browser", "slow")
"""Markers of tests whose servers do not support faketime, or that are too slow to run again."""


def moments(now: datetime) -> dict[str, datetime]:
    """Return the dates by name."""
    leap_day = _leap_day(now.date() + timedelta(days=400))
    return {
        "New Year's Eve": datetime(now.year, 12, 31, 23, 30, tzinfo=UTC),
        "a clock change in Budapest": _clock_change(now + timedelta(days=45)),
        "29 February": datetime.combine(leap_day, time(12), UTC),
    }


def _leap_day(after: date) -> date:
    """Return the next leap day after a day."""
    for year in range(after.year, after.year + 9):
        try:
            day = date(year, 2, 29)
        except ValueError:
            continue
        if day > after:
            return day
    raise AssertionError("no leap day in nine years")


def _clock_change(after: datetime) -> datetime:
    """Return half an hour before the next clock change in Budapest."""
    hour = after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    offset = hour.astimezone(BUDAPEST).utcoffset()
    while hour.astimezone(BUDAPEST).utcoffset() == offset:
        hour += timedelta(hours=1)
    return hour - timedelta(minutes=30)


def modules() -> list[Path]:
    """Return test modules that depend on time."""
    everything = [path for room in ("unit", "integration") for path in (TESTS / room).rglob("test_*.py")]
    return sorted(
        path for path in everything if _is_whole(path) or ASKS.search(path.read_text(encoding="utf-8"))
    )


def clock_bound(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the first test of each module, and all tests of some: see `ASKS` and `WHOLE`."""
    kept: list[pytest.Item] = []
    known: set[Path] = set()
    for item in items:
        is_new = item.path not in known
        if not any(map(item.get_closest_marker, NOT_HERE)) and (is_new or _is_whole(item.path)):
            kept.append(item)
            known.add(item.path)
    return kept


def _is_whole(path: Path) -> bool:
    return any(path.is_relative_to(TESTS / part) for part in WHOLE)


def main() -> int:
    """Run the tests at each date. Return the status of the first failure."""
    faketime = shutil.which("faketime")
    if faketime is None:
        sys.exit("Install faketime to try other dates (on Debian: apt install faketime).")
    now = datetime.now(UTC)
    for name, moment in moments(now).items():
        sys.stdout.write(f"--- {name}: {moment:%d %B %Y %H:%M} UTC\n")
        sys.stdout.flush()
        ahead = round((moment - datetime.now(UTC)).total_seconds())
        command = [faketime, "-m", "--exclude-monotonic", "-f", f"+{ahead}s", sys.executable, "-m", "pytest"]
        command += ["-n2", "--dist=worksteal", "--clock-bound", *map(str, modules()), *sys.argv[1:]]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        if status == pytest.ExitCode.TESTS_FAILED:
            # Date-dependent failures are deterministic; faketime itself sometimes crashes a threaded process.
            status = subprocess.run([*command, "--last-failed"], cwd=ROOT, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
