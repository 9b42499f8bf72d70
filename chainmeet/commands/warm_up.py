"""`chainmeet warm-up`: compile the solver's search kernels ahead of the first solve."""

from __future__ import annotations

import click


@click.command("warm-up")
def warm_up() -> None:
    """Compile the search kernels now, so that the first solve does not wait for it."""
    from scheduler.solver.annealing import warmup

    if warmup.is_slow():
        click.echo("Compiling the search kernels, once ...", err=True)
    warmup.warm_up()
