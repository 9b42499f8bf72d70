"""`chainmeet check`: verifies that a plan is feasible and that its claimed score is correct."""

from __future__ import annotations

import sys
from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("problem_file", metavar="PROBLEM", type=FILE)
@click.argument("plan_file", metavar="PLAN", type=FILE)
@click.option("--limit", default=20, show_default=True, help="Violations to print in full.")
def check(problem_file: Path, plan_file: Path, limit: int) -> None:
    """Check PLAN against PROBLEM: violations, terms, score. Needs no database.

    Exit status: 0 if the plan is feasible and its claimed score is correct, 1 if not, 2 if a file is invalid.
    """
    from chainmeet.files import read_plan, read_problem
    from chainmeet.plan_check import examine

    problem, plan = read_problem(problem_file), read_plan(plan_file)
    findings = examine(problem, plan)
    for line in findings.table():
        click.echo(line)
    for fault in findings.faults[:limit]:
        click.echo(fault)
    if len(findings.faults) > limit:
        click.echo(f"and {len(findings.faults) - limit} more (see --limit)")
    click.echo(findings.verdict())
    sys.exit(1 if findings.faults else 0)
