"""`chainmeet serve`: the small installation."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for all data.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port of the site, for your reverse proxy. 0: any free port.",
)
@click.option(
    "--lmtp-port",
    type=click.IntRange(0, 65535),
    help="Port for replies that your mail server delivers by LMTP. Default: none; replies are read from the "
    "mailbox of CHAINMEET_IMAP_HOST.",
)
def serve(data: Path, host: str, port: int, lmtp_port: int | None) -> None:
    """Run the site for an event of up to 100 companies on one small server, until SIGTERM or Ctrl-C.

    It needs no database server and no broker. The mail server and the public address are settings of the
    environment, all other data is in one folder.
    """
    from chainmeet.stack.small_installation import serve as run

    run(data, host=host, port=port, lmtp_port=lmtp_port, say=click.echo)
