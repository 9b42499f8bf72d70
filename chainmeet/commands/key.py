"""`chainmeet key`: secret keys by number."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database

_end_feeds = click.option(
    "--end-feeds",
    is_flag=True,
    help="Also end calendar feeds and print codes of the key, as if a copy of the database leaked with it.",
)


@click.group()
def key() -> None:
    """Secret keys: list, check, rotate and end them."""


@key.command("list")
@data_option
def list_keys(data: Path | None) -> None:
    """List the keys by number, and what each of them made. No key is printed."""
    from chainmeet.keys.key_changes import check_keys

    settings = command_settings(data)
    with open_database(settings) as database:
        uses = check_keys(database, settings)
    keys = settings.secret_key
    click.echo(f"file: {keys.path}" if keys.path else "in the environment")
    for number in sorted({*keys, *(each for use in uses for each in use.counts)}):
        state = "newest" if number == keys.newest else "older" if number in keys else "MISSING"
        made = [f"{use.counts[number]:,} {use.kind}" for use in uses if use.counts[number]]
        click.echo(f"key {number} ({state}): {', '.join(made) or 'not used'}")


@key.command()
@data_option
def check(data: Path | None) -> None:
    """Check that today's keys open everything in the database and the journal.

    Exit status: 0 if they do, 1 if not.
    """
    from chainmeet.keys.key_changes import check_keys, faults

    settings = command_settings(data)
    with open_database(settings) as database:
        uses = check_keys(database, settings)
    found = list(faults(uses, settings.secret_key))
    for fault in found:
        click.echo(fault)
    count = sum(use.counts.total() - use.failed.total() for use in uses)
    click.echo(f"{count:,} values open with the keys {', '.join(map(str, settings.secret_key))}.")
    if found:
        raise SystemExit(1)


@key.command()
@data_option
@click.option("--end-old", is_flag=True, help="Also end all older keys, for example after a leak.")
@_end_feeds
def rotate(data: Path | None, end_old: bool, end_feeds: bool) -> None:
    """Add a new key, which signs and encrypts from now on. Running processes notice it within seconds.

    Links and sessions of older keys stay valid until their key ends.
    """
    from chainmeet.keys.key_changes import end_key, rotate_key

    settings = command_settings(data)
    with open_database(settings) as database:
        old = [*settings.secret_key]
        number = rotate_key(database, settings)
        click.echo(f"Key {number} added. It signs and encrypts from now on.")
        for each in old if end_old else ():
            _print_ended(each, end_key(database, settings, each, ends_feeds=end_feeds))


@key.command()
@click.argument("number", type=int)
@data_option
@_end_feeds
@click.option("--keep-file", is_flag=True, help="Don't remove the key from its file: something else does.")
def end(number: int, data: Path | None, end_feeds: bool, keep_file: bool) -> None:
    """End an older or missing key: its links and sessions stop working, and the next emails have new links.

    Linked calendars are encrypted again. Calendar feeds and print codes keep working, unless --end-feeds.
    """
    from chainmeet.keys.key_changes import end_key

    settings = command_settings(data)
    with open_database(settings) as database:
        ended = end_key(database, settings, number, ends_feeds=end_feeds, keeps_file=keep_file)
    _print_ended(number, ended)


def _print_ended(number: int, changed: Counter[str]) -> None:
    click.echo(f"Key {number} ended. Renewed: {changed.total():,}")
    for kind, count in changed.items():
        click.echo(f"  {count:,} {kind}")
