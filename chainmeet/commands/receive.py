"""`chainmeet receive`: receives replies and bounces by LMTP."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option


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
    from chainmeet.stack.roles import run_receiver

    run_receiver(command_settings(data), host, port, say=click.echo)
