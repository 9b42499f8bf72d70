"""Check of the outgoing mail server: connection, encryption and sign-in. No email is sent."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.findings import Finding, error, ok, warning
from scheduler.services.delivery.mail_server import build_smtp

SECONDS: Final = 10.0
"""Per network wait. Twice that for the sign-in."""
RELAY: Final = "outgoing mail server"


def check_relay(settings: Settings) -> Iterator[Finding]:
    """Check connection, encryption and sign-in of the outgoing mail server."""
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    if settings.smtp_username and not settings.smtp_password:
        yield warning(
            RELAY,
            f"The sign-in at {where} wasn't checked, because this process has no password for it.",
            "With Compose, run the command in the service mail-worker.",
        )
        return
    try:
        with build_smtp(settings, timeout=SECONDS, deadline=2 * SECONDS):
            pass
    except ChainmeetError as failure:
        yield error(RELAY, str(failure), "Check the CHAINMEET_SMTP_ settings and the server.")
        return
    if settings.smtp_security == "none" and not is_local(settings.smtp_host):
        yield warning(
            RELAY,
            f"Emails to {where} aren't encrypted.",
            "Set CHAINMEET_SMTP_SECURITY to starttls or tls, unless the network in between is yours.",
        )
        return
    done = ["answers", *(["encrypts"] if settings.smtp_security != "none" else [])]
    done += ["accepts the sign-in"] if settings.smtp_username else []
    yield ok(RELAY, f"{where} {', '.join(done)}.")


def is_local(host: str) -> bool:
    """Return True if this names the machine itself, or a socket on it."""
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
