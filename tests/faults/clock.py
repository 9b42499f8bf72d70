"""Run a clock that is killed after it has recovered a job and before it sends the job's task."""

from __future__ import annotations

from chainmeet.cli import main
from tests.faults.sender import die_at
from workers import dispatch

if __name__ == "__main__":
    die_at((dispatch, "version_job", False, 1))
    main(["clock"])
