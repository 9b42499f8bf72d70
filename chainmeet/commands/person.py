"""`chainmeet person`: exports and erases everything about one person."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.group()
def person() -> None:
    """Export or erase everything about one person."""


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


@person.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Erase without a question.")
@data_option
def erase(email: str, yes: bool, data: Path | None) -> None:
    """Erase everything about the person with the address EMAIL, in all events. This can't be undone.

    Meetings and schedule versions stay, without the person's name. First remove the person from events that
    are not over. On PostgreSQL, use the address of the role that owns the tables.
    """
    from scheduler.services.privacy import erasure

    settings = command_settings(data)
    with open_database(settings) as database:
        if not yes:
            with database.read() as session:
                found = erasure.find_person(session, email)
            events = f"{len(found.events):,} events" if len(found.events) != 1 else "1 event"
            addresses = ", ".join(sorted(found.mentions.addresses))
            click.echo(f"Erases the person with {addresses}, in {events}. This can't be undone.")
            click.confirm("Erase?", abort=True)
        done = erasure.erase_person(database, settings, email)
    for name, rows in done.items():
        click.echo(f"{rows:>9,}  {name}")
    click.echo(
        "The person is erased from the database and the journal. Backups and downloads still have them."
    )
