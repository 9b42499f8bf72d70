"""Daily email check by the mail worker: what is wrong raises an alert for the operators.

Two steps, so that no worker waits: the first one checks DNS and the mail server and sends the emails of the
round trip. The second one looks for them PATIENCE later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import AlertKind
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.findings import Finding, Level, error
from scheduler.i18n import gettext_lazy
from scheduler.invites.transport.dns_lookup import DnsLookup
from scheduler.services.delivery.mail_check import dns_checks, relay, round_trip
from scheduler.services.operations import alerts

PATIENCE: Final = timedelta(minutes=10)
"""The mailbox is read once a minute, and some servers delay the first email of a sender."""
SENDING: Final = (
    relay.RELAY,
    dns_checks.MX,
    dns_checks.SPF,
    dns_checks.DKIM,
    dns_checks.DMARC,
    dns_checks.PTR,
)
"""Checks of the first step."""


def is_checked(settings: Settings) -> bool:
    """Return True if the email domain is a real one."""
    return not settings.mail_domain.endswith((".example", ".test", ".invalid", ".localhost"))


def check_sending(settings: Settings, dns: DnsLookup) -> list[Finding]:
    """Check the mail server and DNS."""
    return [
        *relay.check_relay(settings),
        *dns_checks.check_dns(
            dns,
            settings.mail_domain,
            keys=settings.dkim,
            selector="",
            server=settings.smtp_host,
            addresses=(),
        ),
    ]


def send_round_trip(settings: Settings, *, now: datetime) -> list[Finding]:
    """Send the emails of a round trip. Return a finding if the mail server does not accept them."""
    try:
        round_trip.send(settings, now=now)
    except ChainmeetError as failure:
        return [error(round_trip.CHECK, str(failure), "Check the CHAINMEET_SMTP_ settings and the server.")]
    return []


def update_alerts(
    session: Session, findings: Iterable[Finding], checks: Collection[str], *, now: datetime
) -> None:
    """Raise an alert for each of these checks that found an error, and end those of the others."""
    wrong = {each.check: each for each in findings if each.level is Level.ERROR}
    for check in checks:
        found = wrong.get(check)
        if found is None:
            alerts.end_alert(session, AlertKind.MAIL_CHECK, event_id=None, about=check, now=now)
            continue
        reason = gettext_lazy(
            "The daily email check found an error (%(check)s): %(what)s To see what to do, run: %(command)s",
            check=check,
            command="chainmeet mail check",
            what=found.what,
        )
        alerts.raise_alert(
            session, AlertKind.MAIL_CHECK, event_id=None, about=check, reason=reason, path="/", now=now
        )
