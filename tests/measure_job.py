"""Does one job about a version in a process of its own, and prints what it took, as JSON.

python -m tests.measure_job DATABASE_URL JOB_ID
"""

from __future__ import annotations

import json
import resource
import sys
import time

from scheduler.services import publishing
from scheduler.storage.database import Database
from tests.publishing import SETTINGS


def main() -> None:
    url, job_id = sys.argv[1], int(sys.argv[2])
    began, cpu = time.perf_counter(), time.process_time()
    ending = publishing.execute(Database(url), job_id, worker="child", settings=SETTINGS)
    took = {
        "ending": str(ending),
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(took))


if __name__ == "__main__":
    main()
