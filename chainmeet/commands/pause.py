"""`chainmeet pause` and `chainmeet resume`: stop and continue emails and overnight runs of the whole site."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.command()
@click.option("--reason", default="", help="Why. Organisers see it on every page.")
@data_option
def pause(reason: str, data: Path | None) -> None:
    """Pause the site: no emails are sent or read, and no overnight runs start. Pages keep working."""
    from chainmeet.accounts import pause_site

    with open_database(command_settings(data)) as database:
        done = pause_site(database, reason)
    click.echo("Site paused." if done else "The site is already paused.")


@click.command()
@click.option(
    "--accept-copy",
    is_flag=True,
    help="Also if the database was restored or copied: this site uses it from now on.",
)
@data_option
def resume(accept_copy: bool, data: Path | None) -> None:
    """Resume the site. Emails that waited are sent."""
    from chainmeet.accounts import resume_site

    settings = command_settings(data)
    with open_database(settings) as database:
        done = resume_site(database, settings, accepts_copy=accept_copy)
    click.echo("Site resumed." if done else "The site is not paused.")
