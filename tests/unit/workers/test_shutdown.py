"""The shutdown of a worker, as its pool processes see it."""

from __future__ import annotations

import subprocess
import sys

import pytest

FORKED = """
import os
from celery.signals import worker_init, worker_shutting_down
from workers.shutdown import is_stopping

def worker(stops):
    worker_init.send(None)
    pool = os.fork()
    if pool == 0:
        os.read(reader, 1)
        os._exit(is_stopping())
    if stops:
        worker_shutting_down.send(None, how="Warm")
    os.write(writer, b".")
    os._exit(os.waitstatus_to_exitcode(os.waitpid(pool, 0)[1]))

reader, writer = os.pipe()
for stops in (True, False):
    pid = os.fork()
    if pid == 0:
        worker(stops)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a pool does not see it")
def test_the_pool_of_a_worker_sees_its_shutdown_and_no_siblings() -> None:
    """`chainmeet serve` and `supervise` fork their workers from one process, and start them again."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0"]
