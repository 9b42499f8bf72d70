"""`chainmeet up`: the embedded stack on an empty database."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.commands.options import stack_options


@click.command()
@stack_options
@click.option(
    "--email",
    default="organiser@example.org",
    show_default=True,
    help="Email address of the first organiser.",
)
def up(data: Path, port: int, mail_port: int, email: str) -> None:
    """Start the site with workers and a local test inbox. Ctrl-C stops everything.

    All data is stored in one folder. Prints a sign-in link for the first organiser.
    """
    from chainmeet.stack.embedded import Ports
    from chainmeet.stack.up import serve

    serve(data, Ports(site=port, mails=mail_port), email)
