"""The program of a worker: Celery's, with less memory."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence

from celery import platforms

from workers.celery_app import app
from workers.layout import options

PR_SET_PDEATHSIG = 1


def run_worker(names: Sequence[str], *, processes: int = 1, child_megabytes: int | None = None) -> None:
    """Run a worker for these layouts until SIGTERM or SIGINT. Call it in the main thread.

    It runs Celery's command `worker` alone: `app.worker_main` loads all commands, and the toolkit of a shell.
    Raises SystemExit if the database schema has another version.
    """
    from celery.bin.base import CLIContext
    from celery.bin.worker import worker

    if sys.platform == "linux":
        platforms._set_pdeathsig = set_parent_death_signal
    arguments = options(names, processes=processes, child_megabytes=child_megabytes)
    context = CLIContext(app=app, no_color=None, workdir=None, quiet="--quiet" in arguments)
    own = arguments[arguments.index("worker") + 1 :]
    worker.main(own, prog_name="celery worker", obj=context, standalone_mode=False)


def set_parent_death_signal(number: int) -> None:
    """Have Linux send this signal to the process when the thread that started it ends: see prctl(2).

    billiard's function has cffi parse a declaration of C, whose parser each pool process would load.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
