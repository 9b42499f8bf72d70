"""`chainmeet demo`: the complete workflow on a generated expo."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from chainmeet.commands.options import FIRMS, expo_size, stack_options, whole
from scheduler.domain import fields


@click.command()
@stack_options
@click.option("--exit", "leave", is_flag=True, help="Stop at the end instead of staying up.")
@click.option("--seconds", type=whole(fields.RunSeconds), default=20, show_default=True, help="Solve time.")
@click.option("--firms", type=click.IntRange(min=2), default=FIRMS, show_default=True)
@click.option("--requests", type=click.IntRange(min=1), help="By default what fits the firms, at most 9,000.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
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
    """Plan and publish a full-size expo and send its invitations, then explore the site.

    With --exit the status is 0 only if the published plan has no violations and serves at least 95 % of what
    can be served, and every invitation was delivered.
    """
    from chainmeet.demo.demo import DemoOptions, show
    from chainmeet.stack.embedded import Ports

    size = expo_size(firms, requests)
    options = DemoOptions(seconds=seconds, firms=firms, requests=size, seed=seed, leave=leave)
    sys.exit(show(data, Ports(site=port, mails=mail_port), options))
