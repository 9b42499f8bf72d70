"""The stack on an empty database, and the sign-in link for the first organiser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from chainmeet.accounts import has_events, operator_link
from chainmeet.stack.embedded import Ports, embedded_stack
from chainmeet.stack.ports import HOST


def serve(data: Path, ports: Ports, email: str) -> None:
    """Run until SIGINT or SIGTERM."""
    with embedded_stack(data, ports, say=click.echo) as stack:
        click.echo(f"Site:          {stack.settings.base_url}")
        click.echo(f"Test inbox:    {stack.settings.mail_catcher_url}")
        click.echo(f"Email replies: LMTP on {HOST}:{stack.answers_port}")
        click.echo(f"Data:          {stack.folder.root}")
        if not has_events(stack.database):
            link = operator_link(stack.database, stack.settings, email, timedelta(days=1))
            click.echo(f"Create the first event with this link. It works once, for {email}:\n\n  {link}\n")
        click.echo("Press Ctrl-C to stop everything.")
        stack.supervisor.watch()
        click.echo("Stopping…")
