"""`chainmeet worker` and `chainmeet clock`: background processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence

import click

from workers.layout import WORKERS


@click.command(
    epilog="\n\n".join(["\b\n" + "\n".join(f"{name:10}{layout.about}" for name, layout in WORKERS.items())])
)
@click.argument("kinds", nargs=-1, required=True, type=click.Choice(list(WORKERS)), metavar="KIND...")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Tasks to run at the same time.",
)
def worker(kinds: Sequence[str], processes: int) -> None:
    """Run background tasks of these kinds until SIGTERM or Ctrl-C."""
    from scheduler.gc_control import freeze_gc, gc_paused

    with gc_paused():
        from scheduler.config import Settings
        from scheduler.services.operations import clock_skew
        from scheduler.storage.database import Database
        from workers import program
        from workers.celery_app import app
        from workers.layout import niceness

        app.loader.import_default_modules()
    freeze_gc()  # also benefits forked pool processes: the pages stay shared (copy-on-write)
    os.nice(niceness(kinds))
    database = Database(Settings.from_env().database_url)
    clock_skew.log_clock_skew(database)
    database.dispose()  # pool processes open their own connections
    program.run_worker(kinds, processes=processes)


@click.command()
def clock() -> None:
    """Run scheduled jobs (overnight runs, expiries, due emails) until SIGTERM or Ctrl-C.

    Several clocks on different machines provide failover: each job runs once.
    """
    from chainmeet.connection import open_database
    from scheduler import logs
    from scheduler.config import Settings
    from scheduler.plugins import EVERY_GROUP
    from scheduler.plugins.loading import report
    from scheduler.services.operations import clock_skew
    from scheduler.watchdog import Watchdog
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
