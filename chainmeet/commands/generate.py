"""`chainmeet generate`: a generated event as a problem file."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.commands.options import FIRMS, expo_size
from chainmeet.commands.solve import MOST_SEED


@click.command()
@click.option("--firms", type=click.IntRange(2, 20_000), default=FIRMS, show_default=True, help="Exhibitors.")
@click.option(
    "--requests", type=click.IntRange(1, 500_000), help="Meeting requests. Default: by firms, up to 9,000."
)
@click.option("--seed", type=click.IntRange(0, MOST_SEED), default=1, show_default=True, help="Random seed.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write (.json, .json.gz)."
)
def generate(firms: int, requests: int | None, seed: int, output: Path) -> None:
    """Write a problem file of a generated expo. The same seed gives the same file."""
    from chainmeet.files import is_stream, require_writable, write_json
    from scheduler.files.problem_file import write_problem
    from scheduler.samples.expo import make_expo
    from scheduler.samples.problem import to_problem

    require_writable(output)
    problem = to_problem(make_expo(firms=firms, requests=expo_size(firms, requests), seed=seed))
    write_json(output, write_problem(problem))
    click.echo(
        f"{output}: {len(problem.firms)} firms, {len(problem.attendees)} attendees, "
        f"{len(problem.requests)} requests, {len(problem.slots)} slots",
        err=is_stream(output),
    )
