"""`chainmeet prune`: deletes personal data whose retention period ended, or lists it."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.command()
@click.option("--dry-run", is_flag=True, help="Delete nothing, and print what would be deleted now.")
@data_option
def prune(dry_run: bool, data: Path | None) -> None:
    """Delete personal data whose retention period ended, as the clock has it done every night.

    Prints the number of rows by kind, with the setting of each period.
    """
    from scheduler.services.privacy import pruning

    settings = command_settings(data)
    with open_database(settings) as database:
        with database.read() as session:
            expiring = pruning.list_expiring(session, settings, now=database.now_in(session))
        done = None if dry_run else pruning.prune(database, settings).rows
        for each in expiring:
            rows = each.rows if done is None else done.get(each.kind, 0)
            click.echo(f"{rows:>9,}  {each.label} ({each.setting}={each.days})")
    click.echo("Nothing was deleted." if dry_run else f"Rows deleted: {sum((done or {}).values()):,}.")
