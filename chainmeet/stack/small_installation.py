"""The small installation: a site for an event of up to 100 companies on one small server.

One supervisor loads the code once. Every other process is a fork that shares its memory: the web, a process
for what must not wait (clock, sign-in emails, LMTP), and two workers. Everything is stored in one folder, in
an SQLite file whose commits survive a power failure.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from chainmeet.stack import broker, ports, preloading, programs, roles
from chainmeet.stack.data_folder import DataFolder
from chainmeet.stack.processes import Program
from chainmeet.stack.supervisor import Supervisor
from scheduler.config import PREFIX, ConfigError, Settings
from scheduler.domain.errors import Fault
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema

THREADS: Final = 6
"""Threads of the web."""
CHILD_MEGABYTES: Final = 240
"""A process of a worker above this size, shared memory included, is replaced after its task."""
WORKER_KINDS: Final = (("solve", "board"), ("mail", "jobs", "untrusted"))
"""The workers. Each runs one task at a time. The first one loads the solver."""
PRELOADED: Final = (
    *preloading.WEB,
    *preloading.WORKER,
    *preloading.CLOCK,
    *preloading.RECEIVER,
    *preloading.PACKS,
)
"""What the supervisor loads before it starts the other processes."""
_SET_HERE: Final = ("DATABASE_URL", "DATABASE_PASSWORD", "REDIS_URL", "REDIS_PASSWORD", "SECRET_KEY")
_REQUIRED: Final = {
    "BASE_URL": "the public address of the site, such as https://meetings.example.org",
    "MAIL_DOMAIN": "the domain of the organisers' email addresses",
    "SMTP_HOST": "the server for outgoing emails",
}


def serve(data: Path, *, host: str, port: int, lmtp_port: int | None, say: Callable[[str], None]) -> None:
    """Run the site until SIGINT or SIGTERM. Call it in the main thread of a process with no other.

    `lmtp_port` is None without a receiver for LMTP. Raises ConfigError for settings that are missing or that
    the folder sets, FolderInUse, PortTaken, BrokerMissing or ProgramFailed.
    """
    folder = DataFolder.open(data)
    with ExitStack() as cleanup:
        cleanup.enter_context(folder.lock())
        socket = cleanup.enter_context(folder.socket())
        settings = read_settings(folder, socket, os.environ)
        site = ports.take(port, "the site", "--port")
        lmtp = None if lmtp_port is None else ports.take(lmtp_port, "emails by LMTP", "--lmtp-port")
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            del os.environ[name]
        os.environ.update(settings.to_env())
        database = Database(settings.database_url)
        upgrade_schema(database)
        database.dispose()
        cleanup.callback(_fold_in, settings.database_url)
        preloading.load_code(PRELOADED)
        folder.remember(settings)
        supervisor = cleanup.enter_context(Supervisor(folder.processes, say))
        supervisor.start(programs.broker_program(folder, socket, has_log=False))
        broker.restore_unacknowledged(settings.redis_url)
        supervisor.start(*forked_programs(settings, host, site, lmtp))
        say(f"Site: {settings.base_url}, from http://{host}:{site}")
        if lmtp is not None:
            say(f"Emails by LMTP: {host}:{lmtp}")
        say(f"Data: {folder.root}")
        supervisor.watch()
        say("Stopping.")


def read_settings(folder: DataFolder, socket: Path, environment: Mapping[str, str]) -> Settings:
    """Return the settings: the environment's, and those that follow from the folder. Raises ConfigError."""
    given = {name for name in environment if environment[name]}
    faults = [
        Fault(name, "is set by the data folder, so leave it out")
        for part in _SET_HERE
        for name in (PREFIX + part, f"{PREFIX}{part}_FILE")
        if name in given
    ]
    faults += [
        Fault(PREFIX + part, f"is not set: {about}")
        for part, about in _REQUIRED.items()
        if not given & {PREFIX + part, f"{PREFIX}{part}_FILE"}
    ]
    if faults:
        raise ConfigError(faults)
    defaults = {
        "JOURNAL": str(folder.journal),
        "PACK_FOLDER": str(folder.packs),
        "TRUSTED_PROXIES": "1",
    }
    own = {
        "DATABASE_URL": f"{folder.database_url}?synchronous=full",
        "REDIS_URL": f"redis+socket://{socket}",
        "SECRET_KEY_FILE": str(folder.secret_keys().path),
    }
    return Settings.from_env({**_prefixed(defaults), **environment, **_prefixed(own)})


def forked_programs(settings: Settings, host: str, site: int, lmtp: int | None) -> tuple[Program, ...]:
    """Return the web, the services and the workers."""
    return (
        Program(
            "services",
            function=partial(run_services, settings, host, lmtp),
            is_ready=None if lmtp is None else partial(ports.answers, lmtp),
            stop_rank=programs.CLOCK,
            grace=5.0,
        ),
        *(
            Program(
                kinds[0],
                function=partial(roles.run_worker, kinds, child_megabytes=CHILD_MEGABYTES),
                stop_rank=programs.WORKER,
                grace=5.0,
            )
            for kinds in WORKER_KINDS
        ),
        Program(
            "web",
            function=partial(run_web, host, site),
            is_ready=programs.responds(f"http://{ports.HOST}:{site}/readyz"),
            stop_rank=programs.WEB,
            grace=2.0,
        ),
    )


def run_web(host: str, port: int) -> None:
    """Run gunicorn with one process."""
    from gunicorn.app.wsgiapp import run

    sys.argv = ["gunicorn", *programs.web_arguments(host, port, threads=THREADS)]
    run()  # type: ignore[no-untyped-call]  # gunicorn has no hints


def run_services(settings: Settings, host: str, lmtp: int | None) -> None:
    """Run the clock, the worker for urgent emails, and the receiver for LMTP, in threads of one process."""
    from scheduler.watchdog import Watchdog
    from workers import program
    from workers.celery_app import make_celery
    from workers.clock import Clock
    from workers.lmtp_receiver import lmtp_server

    database, stop = Database(settings.database_url), threading.Event()
    clock = Clock(database, settings, make_celery(settings))
    thread = threading.Thread(target=clock.run, args=(stop, Watchdog()), name="clock", daemon=True)
    server = None if lmtp is None else lmtp_server(database, settings, host, lmtp)
    try:
        if server is not None:
            server.start()
        thread.start()
        program.run_worker(("urgent",))
    finally:
        stop.set()
        if server is not None:
            server.stop()
        thread.join()
        database.dispose()


def _fold_in(url: str) -> None:
    database = Database(url)
    database.fold_in()
    database.dispose()


def _prefixed(values: Mapping[str, str]) -> dict[str, str]:
    return {PREFIX + name: value for name, value in values.items()}
