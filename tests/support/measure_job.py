"""Executes a version job in a separate process, and prints its resource usage as JSON.

python -m tests.support.measure_job DATABASE_URL JOB_ID
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

from scheduler.services.publishing import job_execution
from scheduler.storage.database import Database
from tests.support.publishing import SETTINGS


def main() -> None:
    url, job_id = sys.argv[1], int(sys.argv[2])
    began, cpu = time.perf_counter(), time.process_time()
    ending = job_execution.execute_job(Database(url), job_id, worker="child", settings=SETTINGS)
    took = {
        "ending": str(ending),
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "megabytes": peak_megabytes(),
    }
    sys.stdout.write(json.dumps(took))


def peak_megabytes() -> float:
    """Return the peak memory of this program. `ru_maxrss` would include that of its parent process."""
    status = Path("/proc/self/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("inf")


if __name__ == "__main__":
    main()
