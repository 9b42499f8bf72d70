"""Run once more, one at a time, what has just failed: `python -m tests.support.again`.

On a busy machine a browser or a server can miss its moment. A test that passes alone does not stop the build,
but the run ends with its name. More than `MOST` are not run again: that is no chance any more.

Some 6,000 tests drive a browser, servers and threads for half an hour, and one that misses its moment once in
some thousand runs stopped every tenth build. So up to three failed tests run again, one at a time in a
process of its own, and the run ends with their names, whether they passed or not; four or more fail at once.
A race that shows once in two runs passes once in two builds: who reads the names mends the test or the code.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST = 3


def run_again(root: Path = ROOT) -> int:
    """The status to end with; what is run is what pytest's cache in `root` says has failed."""
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
