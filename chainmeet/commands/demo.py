"""`chainmeet demo`: the complete workflow on a generated expo."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from chainmeet.commands.options import FIRMS, expo_size, stack_options, whole
from scheduler.domain import fields


@click.command()
@stack_options
@click.option("--exit", "leave", is_flag=True, help="Exit after the summary instead of staying up.")
@click.option(
    "--seconds", type=whole(fields.RunSeconds), default=20, show_default=True, help="Search time in seconds."
)
@click.option("--firms", type=click.IntRange(min=2), default=FIRMS, show_default=True, help="Exhibitors.")
@click.option(
    "--requests", type=click.IntRange(min=1), help="Meeting requests. Default: by firms, up to 9,000."
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Random seed.")
def demo(
    data: Path,
    port: int,
    mail_port: int,
    leave: bool,
    seconds: int,
    firms: int,
    requests: int | None,
    seed: int,
) -> None:
    """Schedule and publish a full-size expo and send its invitations. Then explore the site.

    Exit status with --exit: 0 if the published schedule breaks no rule and reaches at least 95% of the proven
    maximum, and every invitation was delivered. Otherwise 1.
    """
    from chainmeet.demo.demo import DemoOptions, show
    from chainmeet.stack.embedded import Ports

    size = expo_size(firms, requests)
    options = DemoOptions(seconds=seconds, firms=firms, requests=size, seed=seed, leave=leave)
    sys.exit(show(data, Ports(site=port, mails=mail_port), options))
