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
        raise click.BadParameter("nan is no number of seconds.")
    return value


@click.command()
@click.argument("problem_file", metavar="PROBLEM", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="The plan's file, .json or .json.gz.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, MOST_SECONDS),
    callback=_number,
    default=60.0,
    show_default=True,
    help="Wall time.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Threads.")
@click.option("--seed", type=click.IntRange(0, MOST_SEED), default=1, show_default=True)
@click.option("--start", "start_file", metavar="PLAN", type=FILE, help="A plan to start from.")
@click.option(
    "--before",
    "before_file",
    metavar="PROBLEM",
    type=FILE,
    help="The problem that the published plan was made for. If nothing has changed, it is the plan at once.",
)
@click.option("--method", type=click.Choice(["auto", "exact", "search"]), default="auto", show_default=True)
@click.option(
    "--iterations",
    type=click.IntRange(1, 10**12),
    help="Steps instead of seconds: the same plan each time.",
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
