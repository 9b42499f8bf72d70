"""Roles of an installation's processes, and groups of roles that share memory (`chainmeet supervise`).

A group has one supervisor that loads the code once. Each role is a fork of it, as a process of its own: one
that hangs or ends is started again, and the others go on.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from chainmeet.connection import open_database
from chainmeet.stack import preloading
from chainmeet.stack.processes import Program
from chainmeet.stack.supervisor import Supervisor
from scheduler import logs
from scheduler.config import PREFIX, Settings
from scheduler.plugins import EVERY_GROUP
from scheduler.plugins.loading import report
from scheduler.services.operations import clock_skew
from scheduler.storage.database import Database
from scheduler.watchdog import Watchdog
from workers.layout import JOBS, SOLVE, WORKERS, niceness

CLOCK: Final = "clock"
RECEIVER: Final = "receiver"
ROLES: Final = (*WORKERS, RECEIVER, CLOCK)
STOP_SECONDS: Final = 35.0
"""From SIGTERM to SIGKILL of a role. Tasks end within `workers.tasks.DELIVER_SECONDS`."""
SPARE_SECONDS: Final = 3.0
"""A solve worker has so much less than its container, which stops the supervisor too."""


def supervise(roles: Sequence[str], *, host: str, lmtp_port: int, say: Callable[[str], None]) -> None:
    """Run these roles, each as a fork of this process, until SIGINT or SIGTERM.

    Call it in the main thread of a process with no other. Raises ConfigError.
    """
    settings = Settings.from_env()
    logs.configure(settings.log_format, sentry_dsn=settings.sentry_dsn)
    preloading.load_code(_code(roles))
    programs = [_program(role, settings, host, lmtp_port) for role in roles]
    with (
        tempfile.TemporaryDirectory(prefix="chainmeet-") as folder,
        Supervisor(Path(folder) / "processes.json", say) as supervisor,
    ):
        supervisor.start(*programs)
        supervisor.watch()


def run_worker(kinds: Sequence[str], *, processes: int = 1, child_megabytes: int | None = None) -> None:
    """Run a worker for these layouts until SIGTERM or SIGINT. Call it in the main thread.

    Raises SystemExit if the database schema has another version.
    """
    from workers import program

    os.nice(niceness(kinds))
    database = Database(Settings.from_env().database_url)
    clock_skew.log_clock_skew(database)
    database.dispose()  # pool processes open their own connections
    program.run_worker(kinds, processes=processes, child_megabytes=child_megabytes)


def run_clock() -> None:
    """Run scheduled jobs until SIGTERM or SIGINT. Call it in the main thread."""
    from workers.celery_app import make_celery
    from workers.clock import Clock

    settings = Settings.from_env()
    logs.configure(settings.log_format, sentry_dsn=settings.sentry_dsn)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    report(EVERY_GROUP)
    with open_database(settings) as database:
        clock_skew.log_clock_skew(database)
        Clock(database, settings, make_celery(settings)).run(stop, Watchdog(settings.pulse_path))


def run_receiver(settings: Settings, host: str, port: int, *, say: Callable[[str], None]) -> None:
    """Receive emails by LMTP until SIGTERM or SIGINT. Call it in the main thread."""
    from scheduler.untrusted import parsers
    from workers.lmtp_receiver import lmtp_server, watch

    signal.signal(signal.SIGTERM, _leave)
    with open_database(settings) as database:
        server = lmtp_server(database, settings, host, port)
        parsers.pool.warm()
        server.start()
        watch(server, Watchdog(settings.pulse_path))
        say(f"Receiving emails for {settings.mail_domain} by LMTP on {host}:{port}.")
        try:
            signal.pause()
        except (KeyboardInterrupt, SystemExit):
            server.stop()


def _program(role: str, settings: Settings, host: str, lmtp_port: int) -> Program:
    """Return the program of a role. Its heartbeat file has the role's name at the end."""
    functions: dict[str, Callable[[], None]] = {
        CLOCK: run_clock,
        RECEIVER: lambda: run_receiver(Settings.from_env(), host, lmtp_port, say=print),
    }
    pulse = f"{settings.pulse_path}.{role}" if settings.pulse_path else ""
    return Program(
        role,
        environment={f"{PREFIX}PULSE_PATH": pulse},
        function=functions.get(role) or partial(run_worker, (role,)),
        grace=settings.solve_stop_seconds - SPARE_SECONDS if role == SOLVE else STOP_SECONDS,
    )


def _code(roles: Sequence[str]) -> tuple[str, ...]:
    """Return the modules that these roles use."""
    own = {
        CLOCK: preloading.CLOCK,
        RECEIVER: preloading.RECEIVER,
        JOBS: (*preloading.WORKER, *preloading.PACKS),
    }
    return tuple(dict.fromkeys(name for role in roles for name in own.get(role, preloading.WORKER)))


def _leave(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)
