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
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--application-role",
    default="",
    metavar="ROLE",
    help="Role that the application connects as, as in `chainmeet db upgrade`.",
)
def move(folder: Path, application_role: str) -> None:
    """Move the data FOLDER of `chainmeet serve` to an empty PostgreSQL database.

    Stop `chainmeet serve` first. The database and the secret keys are those of the environment, the journal
    of sent emails is copied to CHAINMEET_JOURNAL. Every row is compared. Links, calendars and waiting emails
    continue in the new database, and the old one is paused.
    """
    from chainmeet.database_move import move as move_database
    from chainmeet.stack.data_folder import DataFolder
    from scheduler.config import Settings

    settings = Settings.from_env()
    with open_database(settings, any_schema=True) as database:
        moved = move_database(
            DataFolder.open(folder), database, settings, application=application_role, say=click.echo
        )
    journal = "The journal was copied." if moved.has_journal else "It has no journal."
    click.echo(f"Moved and compared: {moved.rows:,} rows. {journal} The old database is paused.")


@db.command()
@click.argument("message")
def revision(message: str) -> None:
    """Write a migration for model changes since the last one. For contributors."""
    from chainmeet.migration import write_revision

    click.echo(write_revision(message))
