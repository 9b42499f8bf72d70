"""`chainmeet plan`: schedules a workbook without a server."""

from __future__ import annotations

import sys
from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("workbook", type=FILE)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the results. Required without --template.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 7 * 24 * 3600.0),
    default=60.0,
    show_default=True,
    help="Search time in seconds.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Threads.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Random seed.")
@click.option("--skip-errors", is_flag=True, help="Skip rows with errors and schedule the rest.")
@click.option("--template", is_flag=True, help="Write a template with examples to WORKBOOK, and exit.")
def plan(
    workbook: Path,
    output: Path | None,
    seconds: float,
    workers: int,
    seed: int,
    skip_errors: bool,
    template: bool,
) -> None:
    """Schedule the event in WORKBOOK (XLSX, XLS, ODS) and write the results. Needs no database and no server.

    The folder gets schedule.xlsx (by time, exhibitor, person, hall and interpreter, and unscheduled requests
    with reasons), rows-with-errors.xlsx if rows have errors, agendas.pdf, a PDF and an .ics file per person,
    problem.json and plan.json.

    Exit status: 0 if a schedule was written, 1 if rows have errors and --skip-errors is not used.
    """
    from chainmeet import workbook_planning
    from scheduler.domain.solving import SolveParams

    if template:
        workbook_planning.write_template(workbook)
        click.echo(
            f"{workbook}: template with an example in each sheet. Replace the examples with your data."
        )
        return
    if output is None:
        raise click.UsageError("Enter a folder for the results with -o.")
    params = SolveParams(seconds=seconds, workers=workers, seed=seed)
    with workbook_planning.import_workbook(workbook) as event:
        for line in event.faults():
            click.echo(line, err=True)
        if event.look.left_out or event.is_broken:
            workbook_planning.write_skipped(event, output)
            if event.is_broken or not skip_errors:
                click.echo(
                    f"Fix these errors, or use --skip-errors. See {output}/rows-with-errors.xlsx.",
                    err=True,
                )
                sys.exit(1)
        click.echo(workbook_planning.plan(event, output, params))
