"""`chainmeet mail`: checks whether emails arrive."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import click

from chainmeet.connection import data_option


def _addresses(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ip_address(each)) for each in given)
    except ValueError as error:
        raise click.BadParameter(f"{error}. Enter an IP address, such as 192.0.2.10.") from error


@click.group()
def mail() -> None:
    """Email: check whether it arrives."""


@mail.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--selector", default="", help="Selector of the mail server's DKIM key.")
@click.option(
    "--address",
    "addresses",
    multiple=True,
    callback=_addresses,
    help="Public IP address of the server that sends to other domains. Can be used several times.",
)
@click.option(
    "--wait",
    "seconds",
    type=click.IntRange(0, 3600),
    default=120,
    show_default=True,
    help="Seconds to wait for the emails of the round trip. 0 sends none.",
)
def check(data: Path | None, as_json: bool, selector: str, addresses: tuple[str, ...], seconds: int) -> None:
    """Check the mail server, the records MX, SPF, DKIM, DMARC and PTR in DNS, and a round trip.

    The round trip sends an email to each of the two addresses with a plus, for replies and for delivery
    reports, and waits until Chainmeet receives them. Each finding says what to do.

    Exit status: 0 if all is well, 1 with warnings, 2 with errors.
    """
    from chainmeet.doctor.report import print_json, print_text
    from chainmeet.email_check import check_email
    from scheduler.domain.findings import worst

    findings = check_email(data, selector=selector, addresses=addresses, seconds=seconds)
    (print_json if as_json else print_text)(findings)
    raise SystemExit(int(worst(findings)))
