"""`chainmeet warm-up`: compiles the solver's search kernels ahead of the first solve."""

from __future__ import annotations

import click


@click.command("warm-up")
def warm_up() -> None:
    """Compile the search kernels, so that the first run starts without a delay."""
    from scheduler.solver.annealing import warmup

    if warmup.is_slow():
        click.echo("Compiling the search kernels (only once)…", err=True)
    warmup.warm_up()
