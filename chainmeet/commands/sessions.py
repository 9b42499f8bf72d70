"""`chainmeet sessions`: where an account is signed in, and an end to it."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.group()
def sessions() -> None:
    """Where an account is signed in: list its browsers, or end all its sessions."""


@sessions.command("list")
@click.argument("email")
@data_option
def list_(email: str, data: Path | None) -> None:
    """Print when EMAIL signed in, was last seen and will be signed out, and in which browser; UTC."""
    from chainmeet.accounts import sessions_of

    with open_database(command_settings(data)) as database:
        for found in sessions_of(database, email):
            times = (found.made_at, found.seen_at, found.ends_at)
            click.echo("  ".join((*(f"{moment:%Y-%m-%d %H:%M}" for moment in times), found.agent)))


@sessions.command()
@click.argument("email")
@data_option
def end(email: str, data: Path | None) -> None:
    """Sign EMAIL out everywhere, at once."""
    from chainmeet.accounts import end_sessions

    with open_database(command_settings(data)) as database:
        click.echo(f"{end_sessions(database, email)} sessions ended.")
