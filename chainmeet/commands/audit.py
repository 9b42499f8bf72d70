"""`chainmeet audit`: whether the trail of who did what is as it was written."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.group()
def audit() -> None:
    """The trail: who did what, in rows that hold each other by their hashes."""


@audit.command()
@data_option
def verify(data: Path | None) -> None:
    """Look through every chain of the trail; name the first broken row of each, and exit with 1 if any is.

    The line of a chain ends with the hash of its last row. Keep it elsewhere: whoever can write into the
    database could also write a chain anew, and it would end with another hash.
    """
    from chainmeet.whole_events import chains

    with open_database(command_settings(data)) as database:
        found = chains(database)
    for chain in found:
        whose = "installation" if chain.id == 0 else f"event {chain.event or chain.id}"
        end = f"BROKEN: {chain.broken}" if chain.broken else f"ends with {chain.last_hash}"
        click.echo(f"{whose}: {chain.rows:,} rows hold; {end}")
    if any(chain.broken for chain in found):
        raise SystemExit(1)
