"""`chainmeet doctor`: checks an installation."""

from __future__ import annotations

from pathlib import Path

import click

from chainmeet.connection import data_option


class _Address(click.ParamType[tuple[str, int]]):
    name = "HOST:PORT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        host, _, port = str(value).rpartition(":")
        if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            self.fail("Enter a host and a port, such as 127.0.0.1:8024.", param, ctx)
        return host.strip("[]"), int(port)


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--lmtp", type=_Address(), help="Also check the receiver at this host and port.")
@click.option("--invariants", is_flag=True, help="Also check the stored data: no person twice at once, ...")
def doctor(data: Path | None, as_json: bool, lmtp: tuple[str, int] | None, invariants: bool) -> None:
    """Check settings, secrets, database, broker, workers, clock, mail servers and this machine.

    It changes nothing, sends no email and prints no secret. Each finding says what to do.

    Exit status: 0 if all is well, 1 with warnings, 2 with errors.
    """
    from chainmeet.doctor.examination import examine
    from chainmeet.doctor.report import print_json, print_text
    from scheduler.domain.findings import worst

    findings = examine(data, lmtp, with_invariants=invariants)
    (print_json if as_json else print_text)(findings)
    raise SystemExit(int(worst(findings)))
