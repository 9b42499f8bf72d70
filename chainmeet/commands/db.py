"""`chainmeet db`: the database schema."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.group()
def db() -> None:
    """Database schema: upgrade it, or write a migration."""


@db.command()
@data_option
@click.option(
    "--application-role",
    default="",
    metavar="ROLE",
    help="PostgreSQL only: role that the application connects as. It can only add to the audit log.",
)
def upgrade(data: Path | None, application_role: str) -> None:
    """Upgrade the database to the current schema. Idempotent."""
    from scheduler.storage import schema

    with open_database(command_settings(data), any_schema=True) as database:
        schema.upgrade_schema(database, application=application_role)
        click.echo(f"{database.url.render_as_string(hide_password=True)} is up to date.")


@db.command()
@click.argument("message")
def revision(message: str) -> None:
    """Write a migration for model changes since the last one. For contributors."""
    from chainmeet.migration import write_revision

    click.echo(write_revision(message))
