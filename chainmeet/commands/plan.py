"""`chainmeet plan`: schedules a workbook without a server."""

from __future__ import annotations

import sys
from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("workbook", type=FILE)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for the results."
)
@click.option("--seconds", type=click.FloatRange(0.1, 7 * 24 * 3600.0), default=60.0, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Threads.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--leave-out", is_flag=True, help="Plan without the rows that have faults.")
@click.option("--template", is_flag=True, help="Write a workbook with an example to WORKBOOK, and end.")
def plan(
    workbook: Path,
    output: Path | None,
    seconds: float,
    workers: int,
    seed: int,
    leave_out: bool,
    template: bool,
) -> None:
    """Plan the event of WORKBOOK (XLSX, XLS, ODS) and write its schedule. Needs no database and no server.

    The folder gets schedule.xlsx (by time, firm, person, hall and interpreter, and unscheduled requests with
    reasons), left-out.xlsx if rows have errors, agendas.pdf, a PDF and an .ics per person, problem.json and
    plan.json.

    Exit status: 0 if a plan was written, 1 if rows have errors and --leave-out is not given.
    """
    from chainmeet import workbook_planning
    from scheduler.domain.solving import SolveParams

    if template:
        workbook_planning.write_template(workbook)
        click.echo(f"{workbook}: an example of each sheet. Overwrite it, and plan it.")
        return
    if output is None:
        raise click.UsageError("Say with -o where the results go.")
    params = SolveParams(seconds=seconds, workers=workers, seed=seed)
    with workbook_planning.taken_in(workbook) as event:
        for line in event.faults():
            click.echo(line, err=True)
        if event.look.left_out or event.is_broken:
            workbook_planning.write_left_out(event, output)
            if event.is_broken or not leave_out:
                click.echo(f"Fix these, or see {output}/left-out.xlsx and say --leave-out.", err=True)
                sys.exit(1)
        click.echo(workbook_planning.plan(event, output, params))
