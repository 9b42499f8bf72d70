"""`chainmeet run`: queues a run of an event and shows its progress."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from chainmeet.commands.options import whole
from chainmeet.connection import command_settings, data_option, open_database
from scheduler.domain import fields


@click.command()
@click.argument("event")
@click.option(
    "--seconds", type=whole(fields.RunSeconds), help="Search time in seconds. Default: the event's setting."
)
@click.option("--no-wait", is_flag=True, help="Queue the run and exit.")
@data_option
def run(event: str, seconds: int | None, no_wait: bool, data: Path | None) -> None:
    """Queue a run of EVENT and follow it. A solve worker of the stack executes it.

    Exit status: 0 if the run finished (or was queued, with --no-wait), 1 if it failed or was cancelled.
    """
    from chainmeet.progress import draft_of, follow_run, queue_run, terminal_line
    from scheduler.domain.entities import RunState

    settings = command_settings(data)
    with open_database(settings) as database:
        queued = queue_run(database, settings, event, seconds=seconds)
        click.echo(f"Run {queued.number} of {event} queued.")
        if no_wait:
            return
        ended = follow_run(database, queued.id, line=terminal_line())
        draft = draft_of(database, ended)
        made = f"version {draft.number}, score {draft.score:,.0f}" if draft else ended.error or "no version"
        click.echo(f"Run {ended.number} {ended.state}: {made}.")
        sys.exit(0 if ended.state is RunState.FINISHED else 1)
