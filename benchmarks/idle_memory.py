"""Memory of the whole stack while nothing happens: every program of docker-compose.yml, started by hand.

    python -m benchmarks.idle_memory [--full] [--out benchmarks/results]

PostgreSQL, valkey, the web server with two processes, six workers, the receiver and the clock run on this
machine, with an empty database. After half a minute (with --full five minutes) without a request, the
proportional set sizes (PSS) of each program's processes are added. Target: at most 1,000 MB.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.load_stack import CLOCK, RECEIVER, stack
from benchmarks.machine import RESULTS, machine
from benchmarks.report import line, stem, write_json
from workers.layout import WORKERS

QUICK, FULL = 30, 300
"""Seconds without a request."""
MAX_MB = 1_000
WIDTHS = (-12, 8)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    seconds = FULL if options.full else QUICK
    with stack(*WORKERS, RECEIVER, CLOCK) as made:
        time.sleep(seconds)
        parts = made.megabytes()
    total = round(sum(parts.values()), 1)
    for name, megabytes in (*parts.items(), ("all", total)):
        print(line((name, megabytes), WIDTHS))
    document = {"machine": machine(), "seconds": seconds, "total_mb": total, "mb_by_program": parts}
    write_json(options.out / f"{stem('idle-memory', options.full)}.json", document)
    if total > MAX_MB:
        raise SystemExit(f"{total:,} MB, at most {MAX_MB:,} MB is wanted")


if __name__ == "__main__":
    main()
