"""`chainmeet publish`: previews what a draft changes, and publishes it."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.command()
@click.argument("event")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@data_option
def publish(event: str, version: int, yes: bool, data: Path | None) -> None:
    """Publish VERSION of the schedule of EVENT. Shows the changes and asks for confirmation first."""
    from chainmeet import publish_draft

    settings = command_settings(data)
    with open_database(settings) as database:
        preview = publish_draft.preview_publishing(database, settings, event, version)
        click.echo(preview.sentences())
        if not yes:
            click.confirm("Publish?", abort=True)
        done = publish_draft.publish(database, settings, event, version, compared_with=preview.compared_with)
        click.echo(f"Version {version} published. Emails queued: {done.mails:,}.")
