"""`chainmeet person`: everything about one person."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.group()
def person() -> None:
    """Export everything about one person."""


@person.command()
@click.argument("email")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write."
)
@data_option
def export(email: str, output: Path, data: Path | None) -> None:
    """Write everything about the person with the address EMAIL to a JSON file. The audit log records it."""
    from scheduler.services.privacy import person_export

    with open_database(command_settings(data)) as database, database.write() as session:
        found = person_export.export_address(session, email, now=database.now_in(session))
    output.write_bytes(found.to_json())
    click.echo(f"Rows written: {sum(map(len, found.tables.values())):,}.")
