"""Rerun failed tests one at a time: `python -m tests.support.reruns`.

On a busy machine a browser or server test may time out. A test that passes alone does not fail the build, but
its name is reported. More than `MOST` failures are not rerun, because they are no coincidence.

Some 6,000 tests drive a browser, servers and threads for half an hour. Flaky tests that fail once in some
thousand runs used to stop every tenth build. So up to three failed tests are rerun, one at a time in a
separate process, and their names are printed whether they pass or not. Four or more fail at once. A race that
shows in every second run passes every second build, so the reported names must be investigated.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST = 3


def run_again(root: Path = ROOT) -> int:
    """Rerun the tests that pytest's cache in `root` lists as failed. Return the exit status."""
    cache = root / ".pytest_cache" / "v" / "cache" / "lastfailed"
    failed = sorted(json.loads(cache.read_text())) if cache.exists() else []
    if not failed or len(failed) > MOST:
        _say(f"{len(failed)} tests failed, and none of them is run again.")
        return 1
    _say("Run again, alone:", *failed)
    status = subprocess.run([sys.executable, "-m", "pytest", *failed], cwd=root, check=False).returncode
    _say("Failed at first, passed alone:" if status == 0 else "Failed again:", *failed)
    return status


def _say(*lines: str) -> None:
    sys.stdout.write("\n  ".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run_again())
