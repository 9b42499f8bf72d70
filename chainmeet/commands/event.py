"""`chainmeet event`: exports, imports, archives, restores and deletes events, and takes them live."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def event() -> None:
    """Export, import, archive, restore or delete an event, or go live."""


@event.command("export")
@click.argument("key")
@click.option("-o", "--output", type=FILE, required=True, help="Archive file to write.")
@data_option
def export_event(key: str, output: Path, data: Path | None) -> None:
    """Write the event KEY to an archive: venue, participants, requests, versions, replies, audit log.

    The archive has no secrets: no API tokens, links, feed addresses or sessions. Queued emails are not
    exported.
    """
    from chainmeet import event_archives

    with open_database(command_settings(data)) as database:
        click.echo(event_archives.export(database, key, output))


@event.command("import")
@click.argument("archive", type=FILE)
@click.option("--key", default="", help="New short name, instead of the one in the archive.")
@click.option("--owner", default="", help="Email address to add as an owner.")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@data_option
def import_event(archive: Path, key: str, owner: str, yes: bool, data: Path | None) -> None:
    """Import the event in ARCHIVE after you confirm its team. Either everything is imported or nothing.

    Overnight runs and emails about requests are off until an organiser turns them on.
    """
    from chainmeet import event_archives
    from scheduler.services.events.archives.transfer import EventArchive

    def agree(event: EventArchive) -> None:
        click.echo(f"Team of {event.name} ({event.key}) in the archive:")
        for address, role in event.team:
            click.echo(f"  {role.value}: {address}")
        if not yes:
            click.confirm("Import the event with this team?", abort=True)

    settings = command_settings(data)
    with open_database(settings) as database:
        done = event_archives.import_event(database, settings, archive, key=key, owner=owner, agree=agree)
        click.echo(done)


@event.command()
@click.argument("key")
@data_option
def archive(key: str, data: Path | None) -> None:
    """Archive the event KEY: it becomes read-only."""
    from chainmeet import event_archives

    with open_database(command_settings(data)) as database:
        click.echo(event_archives.archive(database, key))


@event.command()
@click.argument("key")
@data_option
def restore(key: str, data: Path | None) -> None:
    """Restore the archived event KEY."""
    from chainmeet import event_archives

    with open_database(command_settings(data)) as database:
        click.echo(event_archives.restore(database, key))


@event.command("go-live")
@click.argument("key")
@data_option
def go_live(key: str, data: Path | None) -> None:
    """End the rehearsal of the event KEY. From now on its emails are sent. This can't be undone."""
    from chainmeet import event_archives

    with open_database(command_settings(data)) as database:
        click.echo(event_archives.go_live(database, key))


@event.command()
@click.argument("key")
@click.option("--name", required=True, help="Event name, as confirmation.")
@data_option
def delete(key: str, name: str, data: Path | None) -> None:
    """Delete the event KEY with all its data. This can't be undone: export the event first."""
    from chainmeet import event_archives

    with open_database(command_settings(data)) as database:
        click.echo(event_archives.delete(database, key, name))
