"""`chainmeet sessions`: lists and ends sessions of an account, and removes its other ways to sign in."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.group()
def sessions() -> None:
    """List the sessions of an account, end them, or remove its passkeys or links to OpenID providers."""


@sessions.command("list")
@click.argument("email")
@data_option
def list_(email: str, data: Path | None) -> None:
    """Print the sessions of EMAIL: sign-in, last use and expiry in UTC, and the browser."""
    from chainmeet.accounts import sessions_of

    with open_database(command_settings(data)) as database:
        for found in sessions_of(database, email):
            times = (found.created_at, found.last_seen_at, found.expires_at)
            click.echo("  ".join((*(f"{moment:%Y-%m-%d %H:%M}" for moment in times), found.agent)))


@sessions.command()
@click.argument("email")
@data_option
def end(email: str, data: Path | None) -> None:
    """End all sessions of EMAIL at once."""
    from chainmeet.accounts import end_sessions

    with open_database(command_settings(data)) as database:
        click.echo(f"Sessions ended: {end_sessions(database, email)}.")


@sessions.command()
@click.argument("email")
@data_option
def unlink(email: str, data: Path | None) -> None:
    """Unlink EMAIL from OpenID providers and end its sessions, if the address has a new owner there.

    The next sign-in with a provider links the address anew.
    """
    from chainmeet.accounts import unlink_account

    with open_database(command_settings(data)) as database:
        click.echo(f"Links removed: {unlink_account(database, email)}.")


@sessions.command("reset-passkeys")
@click.argument("email")
@data_option
def reset_passkeys(email: str, data: Path | None) -> None:
    """Remove all passkeys and recovery codes of EMAIL and end its sessions, if the person lost them.

    First make sure that the person asks. The next sign-in by a link can add a new passkey. The person gets an
    email about it.
    """
    from chainmeet.accounts import reset_second_factor

    with open_database(command_settings(data)) as database:
        click.echo(f"Passkeys removed: {reset_second_factor(database, email)}.")
