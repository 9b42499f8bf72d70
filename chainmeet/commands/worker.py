"""`chainmeet worker`, `chainmeet clock` and `chainmeet supervise`: background processes."""

from __future__ import annotations

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
        from chainmeet.stack.roles import run_worker
        from workers.celery_app import app

        app.loader.import_default_modules()
    freeze_gc()  # also benefits forked pool processes: the pages stay shared (copy-on-write)
    run_worker(kinds, processes=processes)


@click.command()
def clock() -> None:
    """Run scheduled jobs (overnight runs, expiries, due emails) until SIGTERM or Ctrl-C.

    Several clocks on different machines provide failover: each job runs once.
    """
    from chainmeet.stack.roles import run_clock

    run_clock()


@click.command()
@click.argument(
    "roles", nargs=-1, required=True, type=click.Choice([*WORKERS, "receiver", "clock"]), metavar="ROLE..."
)
@click.option(
    "--lmtp-host", default="127.0.0.1", show_default=True, help="Address that the receiver listens on."
)
@click.option(
    "--lmtp-port",
    type=click.IntRange(1, 65535),
    default=8024,
    show_default=True,
    help="Port that the receiver listens on.",
)
def supervise(roles: Sequence[str], lmtp_host: str, lmtp_port: int) -> None:
    """Run several roles, each in a process of its own, until SIGTERM or Ctrl-C.

    A role is a KIND of `chainmeet worker`, `receiver` or `clock`. The processes share the memory of the code.
    One that ends is started again.
    """
    from chainmeet.stack.roles import supervise as run

    run(roles, host=lmtp_host, lmtp_port=lmtp_port, say=click.echo)
