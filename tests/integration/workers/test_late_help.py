"""Calls for help that a worker gets after the run, as the only worker of an installation does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scheduler.domain.entities import RunState
from scheduler.services.planning.runs import runs
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.support.factories import NOW, make_event
from tests.support.publishing import SETTINGS
from tests.support.workers import ROOT

PROGRAM = """
import sys
from workers import tasks
tasks.help_with.run(1)
sys.exit(bool({"numba", "ortools", "highspy"} & set(sys.modules)))
"""


def test_a_call_for_help_with_a_run_that_has_ended_does_not_load_the_solver(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'site.db'}"
    database = Database(url)
    upgrade_schema(database)
    with database.write() as session:
        run = runs.queue_run(session, make_event(session).event.id, requested_by=None, now=NOW)
        run.state, run.fingerprint = RunState.FINISHED, "0" * 64
        assert run.id == 1
    database.dispose()
    environment = {**os.environ, **SETTINGS.to_env(), "CHAINMEET_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=False)
    assert done.returncode == 0
