"""`chainmeet sign-in`: prints a single-use sign-in link."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.command("sign-in")
@click.argument("email")
@click.option(
    "--operator", is_flag=True, help="Allow this address to create events. Creates the account if needed."
)
@data_option
def sign_in(email: str, operator: bool, data: Path | None) -> None:
    """Print a single-use sign-in link for EMAIL, valid for 15 minutes. Using it revokes the other links."""
    from chainmeet.accounts import account_link, operator_link

    settings = command_settings(data)
    with open_database(settings) as database:
        make = operator_link if operator else account_link
        click.echo(make(database, settings, email))
