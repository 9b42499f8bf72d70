"""`chainmeet backup` and `chainmeet restore`: the database in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chainmeet.connection import command_settings, data_option, open_database

if TYPE_CHECKING:
    from chainmeet.backup_encryption import Recipient


def _read_recipients(_context: object, _option: object, texts: tuple[str, ...]) -> list[Recipient]:
    from chainmeet.backup_encryption import NoKey, read_recipient

    try:
        return [read_recipient(text) for text in texts]
    except NoKey as error:
        raise click.BadParameter(f"{error}.") from error


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "recipients",
    "--encrypt-to",
    multiple=True,
    metavar="KEY",
    callback=_read_recipients,
    help="Public key of age (age1…) or SSH whose owner can open the file; can be given several times.",
)
@data_option
def backup(file: Path, recipients: list[Recipient], data: Path | None) -> None:
    """Write the database to FILE while the site runs.

    The secret key and the passwords are not in it: store them elsewhere. PostgreSQL needs the program
    pg_dump.
    """
    from chainmeet.backups import back_up

    with open_database(command_settings(data)) as database:
        manifest = back_up(database, file, recipients=recipients)
    click.echo(
        f"{file}: version {manifest.version}, schema {manifest.revision}, {file.stat().st_size:,} bytes."
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--application-role",
    default="",
    metavar="ROLE",
    help="PostgreSQL only: role that the application connects as, as in `chainmeet db upgrade`.",
)
@click.option(
    "keys",
    "--key",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="File with the secret key of an encrypted backup: one of age or SSH.",
)
@data_option
def restore(file: Path, application_role: str, keys: Path | None, data: Path | None) -> None:
    """Restore the backup FILE into an empty database, and pause the site.

    Nothing is sent until an operator resumes the site. The secret keys must be those of before: it names
    those that are missing. A data folder may be new: copy the old secret_key and journal there first.
    """
    from chainmeet import backups
    from chainmeet.keys import key_changes
    from chainmeet.stack.data_folder import DataFolder
    from scheduler.services.operations import restored_copy

    is_new = data is not None and not DataFolder(data.resolve()).has_settings
    settings = DataFolder.open(data).new_settings() if data and is_new else command_settings(data)
    with open_database(settings, any_schema=True) as database:
        manifest = backups.restore(database, file, keys=keys, application=application_role)
        restored_copy.pause_if_copied(database, settings, now=database.now())
        missing = list(key_changes.faults(key_changes.check_keys(database, settings), settings.secret_key))
    click.echo(f"Restored: the database of {manifest.created_at}. The site is paused: see Operators.")
    for fault in missing:
        click.echo(f"WARNING: {fault}")
