"""`chainmeet mail check`: whether emails leave, are believed by others, and come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from chainmeet.connection import command_settings, open_database
from chainmeet.doctor.hidden_secrets import without_secrets
from scheduler.config import Settings
from scheduler.domain.findings import Finding, error, warning
from scheduler.invites.transport.dns_lookup import DnsLookup
from scheduler.services.delivery.mail_check import daily_check, dns_checks, relay, round_trip
from scheduler.services.operations import site_pause
from scheduler.storage.database import Database


def check_email(data: Path | None, *, selector: str, addresses: Sequence[str], seconds: int) -> list[Finding]:
    """Return all findings. The round trip waits for up to `seconds`, and is left out with 0."""
    settings = command_settings(data)
    with open_database(settings) as database:
        return without_secrets(_all(settings, database, selector, addresses, seconds), settings)


def _all(
    settings: Settings, database: Database, selector: str, addresses: Sequence[str], seconds: int
) -> Iterator[Finding]:
    yield from relay.check_relay(settings)
    if not daily_check.is_checked(settings):
        yield error(
            "email domain",
            f"{settings.mail_domain} is a domain for examples: no one can write to it.",
            "Set CHAINMEET_MAIL_DOMAIN to a domain whose email reaches Chainmeet.",
        )
        return
    yield from dns_checks.check_dns(
        DnsLookup(),
        settings.mail_domain,
        keys=settings.dkim,
        selector=selector,
        server=settings.smtp_host,
        addresses=addresses,
    )
    if seconds:
        yield from _round_trip(settings, database, seconds)


def _round_trip(settings: Settings, database: Database, seconds: int) -> Iterator[Finding]:
    with database.read() as session:
        is_paused = site_pause.is_paused(session)
    if is_paused:
        yield warning(
            round_trip.CHECK,
            "No email was sent, because the site is paused.",
            "Check again once it is resumed.",
        )
        return
    sent_at = database.now()
    failed = daily_check.send_round_trip(settings, now=sent_at)
    yield from failed
    if not failed:
        lost = round_trip.wait(database, sent_at, attempts=1 + int(seconds / round_trip.EVERY))
        yield from round_trip.findings(lost, settings, timedelta(seconds=seconds))
