"""`chainmeet receive`: receives replies and bounces by LMTP."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8024, show_default=True, help="Port to listen on."
)
@data_option
def receive(host: str, port: int, data: Path | None) -> None:
    """Receive replies and bounces from a mail server by LMTP, until SIGTERM or Ctrl-C.

    Only addresses of this installation are accepted. LMTP has no authentication: allow only your mail server
    to reach the port.
    """
    from scheduler.untrusted import parsers
    from scheduler.watchdog import Watchdog
    from workers.lmtp_receiver import lmtp_server, watch

    settings = command_settings(data)
    signal.signal(signal.SIGTERM, _leave)
    with open_database(settings) as database:
        server = lmtp_server(database, settings, host, port)
        parsers.pool.warm()
        server.start()
        watch(server, Watchdog(settings.pulse_path))
        click.echo(f"Receiving emails for {settings.mail_domain} by LMTP on {host}:{port}.")
        try:
            signal.pause()
        except (KeyboardInterrupt, SystemExit):
            server.stop()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
