"""`chainmeet solve`: solves a problem file."""

from __future__ import annotations

import math
from pathlib import Path

import click

FILE = click.Path(path_type=Path)
MOST_SECONDS = 7 * 24 * 3600.0
MOST_SEED = 2**31 - 1


def _number(_context: click.Context, _option: click.Parameter, value: float) -> float:
    if math.isnan(value):  # FloatRange does not reject it
        raise click.BadParameter("nan is not a number of seconds. Enter a number.")
    return value


@click.command()
@click.argument("problem_file", metavar="PROBLEM", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="Plan file to write (.json, .json.gz).")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, MOST_SECONDS),
    callback=_number,
    default=60.0,
    show_default=True,
    help="Search time in seconds.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Threads.")
@click.option("--seed", type=click.IntRange(0, MOST_SEED), default=1, show_default=True, help="Random seed.")
@click.option("--start", "start_file", metavar="PLAN", type=FILE, help="Plan to start from.")
@click.option(
    "--before",
    "before_file",
    metavar="PROBLEM",
    type=FILE,
    help="Problem file of the published plan. If nothing has changed, the result is that plan, at once.",
)
@click.option(
    "--method",
    type=click.Choice(["auto", "exact", "search"]),
    default="auto",
    show_default=True,
    help="Solution method.",
)
@click.option(
    "--iterations",
    type=click.IntRange(1, 10**12),
    help="Number of steps, instead of --seconds. Gives the same plan every time.",
)
def solve(
    problem_file: Path,
    output: Path,
    seconds: float,
    workers: int,
    seed: int,
    start_file: Path | None,
    before_file: Path | None,
    method: str,
    iterations: int | None,
) -> None:
    """Solve PROBLEM and write a plan. Needs no database.

    Ctrl-C stops the search early and writes the best plan so far. A second Ctrl-C aborts without a plan.

    Exit status: 0 if a plan was written, even an infeasible one, 1 if aborted, 2 if a file or option is
    invalid.
    """
    from chainmeet.files import is_stream, read_plan, read_problem, require_writable, write_json
    from chainmeet.local_solve import solve_here, summary
    from scheduler.domain.solving import SolveParams
    from scheduler.files.plan_file import write_plan

    require_writable(output)
    problem = read_problem(problem_file)
    start = None if start_file is None else read_plan(start_file)
    params = SolveParams(seconds=seconds, workers=workers, seed=seed, method=method, iterations=iterations)
    before = None if before_file is None else read_problem(before_file)
    result = solve_here(problem, params, start, before)
    write_json(output, write_plan(result.plan))
    click.echo(f"{output}: {summary(problem, result)}", err=is_stream(output))
