"""Run a clock that is killed at a step: `python -m tests.faults.clock STEP`."""

from __future__ import annotations

import sys

from chainmeet.cli import main
from scheduler.services.identity import sign_in
from tests.faults.sender import Step, die_at
from workers import dispatch

STEPS: dict[str, Step] = {
    "job recovered, task not sent": (dispatch, "version_job", False, 1),
    "sign-in email queued, not committed": (sign_in, "process_sign_in_requests", True, 1),
}

if __name__ == "__main__":
    die_at(STEPS[sys.argv[1]])
    main(["clock"])
