"""`chainmeet token`: creates, lists and revokes API tokens of services, which are for all events."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.group()
def token() -> None:
    """Create, list or revoke API tokens of services, such as a CRM or badge system for all events."""


@token.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="Scope to grant; repeat it for more.")
@click.option(
    "--days", type=click.IntRange(1, 365), default=90, show_default=True, help="Days until it expires."
)
@data_option
def create(name: str, scopes: tuple[str, ...], days: int, data: Path | None) -> None:
    """Create a token of the service NAME and print it. It is not shown again.

    It belongs to no person and is an organiser of every event, within its scopes. Audit logs have its name.
    """
    from chainmeet.service_tokens import create_token

    with open_database(command_settings(data)) as database:
        card, text = create_token(database, name, scopes, days=days)
    click.echo(f"Token {card.id} of {card.name} expires on {card.expires_at:%Y-%m-%d}.", err=True)
    click.echo(text)


@token.command("list")
@data_option
def list_(data: Path | None) -> None:
    """Print the tokens for all events: number, expiry and last use in UTC, name, owner and scopes.

    Besides those of services, these are tokens for all events that people created on an API page.
    """
    from chainmeet.service_tokens import list_tokens

    with open_database(command_settings(data)) as database:
        for card in list_tokens(database):
            used = f"{card.last_used_at:%Y-%m-%d %H:%M}" if card.last_used_at else "not used yet"
            facts = (str(card.id), f"{card.expires_at:%Y-%m-%d}", used)
            click.echo("  ".join((*facts, card.name, card.account or "service", " ".join(card.scopes))))


@token.command()
@click.argument("number", type=int)
@data_option
def revoke(number: int, data: Path | None) -> None:
    """Revoke the token NUMBER, of a service or for all events of a person, at once."""
    from chainmeet.service_tokens import revoke_token

    with open_database(command_settings(data)) as database:
        click.echo(f"Token of {revoke_token(database, number).name} revoked.")
