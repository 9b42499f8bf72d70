"""`chainmeet warm-up`: compiles the solver's search kernels ahead of the first solve."""

from __future__ import annotations

import click


@click.command("warm-up")
def warm_up() -> None:
    """Compile the search kernels now, so that the first solve need not."""
    from scheduler.solver.annealing import warmup

    if warmup.is_slow():
        click.echo("Compiling the search kernels, once ...", err=True)
    warmup.warm_up()
