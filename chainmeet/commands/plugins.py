"""`chainmeet plugins`: lists installed plugins and load errors."""

from __future__ import annotations

import sys

import click


@click.command()
def plugins() -> None:
    """List the plugins of this installation. Needs no database.

    Exit status: 0 if all plugins load, 1 if not.
    """
    from scheduler.plugins import EVERY_GROUP
    from scheduler.plugins.loading import found

    listed = found(EVERY_GROUP)
    for each in listed:
        state = f"not loaded: {each.fault}" if each.fault else "loaded"
        click.echo(f"{each.group.removeprefix('chainmeet.'):16}{each.name:24}{each.distribution:32}{state}")
    if not listed:
        click.echo("No plugins are installed.")
    sys.exit(1 if any(each.fault for each in listed) else 0)
