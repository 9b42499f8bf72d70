"""`chainmeet event`: exports, imports, archives, restores and deletes events, and takes them live."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def event() -> None:
    """Whole events: export, import, go live, archive, restore, delete."""


@event.command("export")
@click.argument("key")
@click.option("-o", "--output", type=FILE, required=True, help="The archive to be written.")
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
@click.option("--key", default="", help="The event's short name here, instead of the archive's.")
@click.option("--owner", default="", help="A mail address that becomes an owner of it.")
@click.option("--yes", is_flag=True, help="Import it without asking.")
@data_option
def import_event(archive: Path, key: str, owner: str, yes: bool, data: Path | None) -> None:
    """Create the event of ARCHIVE, completely or not at all, after you have confirmed its team.

    Overnight runs and emails about requests are off until an organiser switches them on.
    """
    from chainmeet import event_archives
    from scheduler.services.events.archives.transfer import EventArchive

    def agree(event: EventArchive) -> None:
        click.echo(f"These people of the archive would run {event.name} here as {event.key}:")
        for address, role in event.team:
            click.echo(f"  {role.value}: {address}")
        if not yes:
            click.confirm("Import the event with this team?", abort=True)

    settings = command_settings(data)
    with open_database(settings) as database:
        done = event_archives.take(database, settings, archive, key=key, owner=owner, agree=agree)
        click.echo(done)


@event.command()
@click.argument("key")
@data_option
def archive(key: str, data: Path | None) -> None:
    """Archive the event KEY: it becomes read-only."""
    from chainmeet import event_archives

    with open_database(command_settings(data)) as database:
        click.echo(event_archives.put_away(database, key))


@event.command("bring-back")
@click.argument("key")
@data_option
def bring_back(key: str, data: Path | None) -> None:
    """Restore an archived event."""
    from chainmeet import event_archives

    with open_database(command_settings(data)) as database:
        click.echo(event_archives.bring_back(database, key))


@event.command("go-live")
@click.argument("key")
@data_option
def go_live(key: str, data: Path | None) -> None:
    """End the rehearsal of the event KEY: from now on its emails are sent. This cannot be undone."""
    from chainmeet import event_archives

    with open_database(command_settings(data)) as database:
        click.echo(event_archives.go_live(database, key))


@event.command()
@click.argument("key")
@click.option("--name", required=True, help="The name of the event, so that no other one is deleted.")
@data_option
def delete(key: str, name: str, data: Path | None) -> None:
    """Delete the event KEY with all its data. This cannot be undone: export it first."""
    from chainmeet import event_archives

    with open_database(command_settings(data)) as database:
        click.echo(event_archives.delete(database, key, name))
