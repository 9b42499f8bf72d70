"""Real workers for tests: processes over a test's database and broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scheduler.config import Settings
from scheduler.storage.database import Database
from tests.support.factories import SECRET_KEY
from workers.layout import WORKERS, options

ROOT = Path(__file__).parents[2]
APP = "workers.celery_app:app"
PATIENT_APP = "tests.support.slow_worker:app"
"""An application whose solver finds nothing and uses all of its time."""


def settings_for(database: Database, broker_url: str, **others: Any) -> Settings:
    url = database.url.render_as_string(hide_password=False)
    values: dict[str, Any] = {"smtp_security": "none", "log_format": "console", **others}
    return Settings(database_url=url, redis_url=broker_url, secret_key=SECRET_KEY, **values)


class Worker:
    """A worker process and its pool, in a process group of their own."""

    def __init__(self, settings: Settings, queues: str, name: str, app: str, log: Path) -> None:
        first = queues.partition(",")[0]
        arguments = options([first if first in WORKERS else "solve"])
        arguments[arguments.index("-Q") + 1] = queues
        arguments[arguments.index("-n") + 1] = f"{name}-{os.getpid()}@%h"
        command = (sys.executable, "-m", "celery", "-A", app, *arguments)
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **settings.to_env()},
                cwd=ROOT,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def stop(self) -> int:
        """Send SIGTERM to the worker alone, as a supervisor does. Return its exit status."""
        self.process.terminate()
        return self.process.wait(60)

    def kill(self) -> None:
        """Send SIGKILL to the worker and its pool, as if the machine failed."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait(60)


@contextmanager
def worker(
    settings: Settings, queues: str, log_folder: Path, *, name: str | None = None, app: str = APP
) -> Iterator[Worker]:
    """Run a worker of these queues ("solve,help"). Its log is shown if the test fails."""
    name = name or queues.partition(",")[0]
    running = Worker(settings, queues, name, app, log_folder / f"{name}.log")
    try:
        yield running
    finally:
        running.kill()
        print(running.log.read_text(errors="replace"))  # noqa: T201 -- pytest shows it with a failure


def eventually(condition: Callable[[], bool], *, seconds: float = 600.0) -> None:
    """Wait until the condition is true. The timeout only prevents a broken test from hanging."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError(f"not so after {seconds:.0f} s")
        time.sleep(0.05)
