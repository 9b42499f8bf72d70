"""`chainmeet audit`: verifies the audit log."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import command_settings, data_option, open_database


@click.group()
def audit() -> None:
    """Audit log: verify its hash chains and print checkpoints."""


@audit.command()
@data_option
def checkpoint(data: Path | None) -> None:
    """Print the signed checkpoint of every chain, and the public key that verifies them."""
    from chainmeet.event_archives import checkpoints

    settings = command_settings(data)
    with open_database(settings) as database:
        key, notes = checkpoints(database, settings)
    click.echo(f"key: {key}")
    for note in notes:
        click.echo(f"\n{note}", nl=False)


@audit.command()
@data_option
@click.option(
    "--expect",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Text file with checkpoints, such as an email to owners. Can be used several times.",
)
def verify(data: Path | None, expect: tuple[Path, ...]) -> None:
    """Verify every hash chain of the audit log. Print the first broken row of each chain.

    Anyone with write access to the database can also rewrite, truncate or empty a chain. `--expect` detects
    that: it compares the chains with checkpoints that were stored elsewhere.

    Exit status: 0 if all chains are intact and match the checkpoints, 1 if not.
    """
    from chainmeet.event_archives import chains, compared

    settings = command_settings(data)
    with open_database(settings) as database:
        found = chains(database)
        kept, faults = compared(database, settings, found, expect)
    for chain in found:
        whose = "installation" if chain.id == 0 else f"event {chain.event or chain.id}"
        end = f"BROKEN: {chain.broken}" if chain.broken else f"ends with {chain.last_hash}"
        erased = f", {chain.erased:,} of them erased in part" if chain.erased else ""
        click.echo(f"{whose}: {chain.rows:,} rows verified{erased}; {end}")
    for fault in faults:
        click.echo(f"MISMATCH: {fault}")
    if expect:
        click.echo(f"{kept:,} checkpoints compared; {kept - len(faults):,} match.")
    if faults or (expect and not kept) or any(chain.broken for chain in found):
        raise SystemExit(1)
