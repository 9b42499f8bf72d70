"""Memory of the whole stack while nothing happens: every program of docker-compose.yml, started by hand.

    python -m benchmarks.idle_memory [--full] [--out benchmarks/results]

PostgreSQL, valkey, the web server with two processes, six workers, the receiver and the clock run on this
machine, with an empty database. After half a minute (with --full five minutes) without a request, the
proportional set sizes (PSS) of each program's processes are added. First workers, receiver and clock run as
a program each, as in docker-compose.yml, then as one group, as with deploy/one-worker.yml. Target of the
second: at most 1,000 MB.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.load_stack import stack
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, stem, write_json
from chainmeet.stack.roles import ROLES

QUICK, FULL = 30, 300
"""Seconds without a request."""
MAX_MB = 1_000
WIDTHS = (-12, 8)
SEPARATE, ONE_WORKER = "separate", "one_worker"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    seconds = FULL if options.full else QUICK
    rows = {SEPARATE: measure(seconds, ROLES), ONE_WORKER: measure(seconds, ("+".join(ROLES),))}
    document = {"machine": machine(), "seconds": seconds, **rows}
    write_json(options.out / f"{stem('idle-memory', options.full)}.json", document)
    total = rows[ONE_WORKER]["total_mb"]
    if total > MAX_MB:
        raise SystemExit(f"{total:,} MB with one worker, at most {MAX_MB:,} MB is wanted")


def measure(seconds: float, programs: tuple[str, ...]) -> Json:
    """Return the memory (PSS, 10^6 bytes) of the stack with these programs beside the web, and print it."""
    with stack(*programs) as made:
        time.sleep(seconds)
        parts = made.megabytes()
    total = round(sum(parts.values()), 1)
    for name, megabytes in (*parts.items(), ("all", total)):
        print(line((name if "+" not in name else "one worker", megabytes), WIDTHS), flush=True)
    return {"total_mb": total, "mb_by_program": parts}


if __name__ == "__main__":
    main()
