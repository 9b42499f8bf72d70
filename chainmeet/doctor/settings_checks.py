"""Checks of settings: values that are valid, but not for production."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from scheduler.config import PREFIX, Settings
from scheduler.domain.findings import Finding, error, ok, warning
from scheduler.services.delivery.mail_check.relay import is_local

MIN_DISTINCT = 10
"""A random hexadecimal key of 32 characters practically never has fewer distinct ones."""
MIN_PASSWORD = 12
NEW_KEY = "Create one with: openssl rand -hex 32"
CONTAINER_SECRETS = Path("/run/secrets")
"""Files that a container engine mounts for one container. They are readable inside."""


def check_settings(settings: Settings, env: Mapping[str, str]) -> Iterator[Finding]:
    """Check values that `Settings` accepts."""
    yield from _check_addresses(settings)
    yield from _check_secrets(settings)
    yield from _check_files(env)


def _check_addresses(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.base_url)
    if is_local(parts.hostname or ""):
        yield warning(
            "public address",
            f"Links in emails lead to {settings.base_url}, which works only on this machine.",
            "Set CHAINMEET_BASE_URL to the public address of the site.",
        )
    elif parts.scheme != "https":
        yield warning(
            "public address",
            f"{settings.base_url} isn't encrypted: links and cookies can be read on the way.",
            "Put a reverse proxy with TLS in front, and set CHAINMEET_BASE_URL to an https address.",
        )
    else:
        yield ok("public address", settings.base_url)
    if settings.mail_domain.endswith(".example"):
        yield warning(
            "email domain",
            f"Emails come from {settings.mail_domain}, which can't receive replies.",
            "Set CHAINMEET_MAIL_DOMAIN to a domain whose email reaches Chainmeet.",
        )
    else:
        yield ok("email domain", settings.mail_domain)
    for key in settings.dkim:
        yield ok("DKIM", f"Emails are signed with the key {key.name} ({key.description}).")


def _check_secrets(settings: Settings) -> Iterator[Finding]:
    keys = {number: settings.secret_key.key(number) for number in settings.secret_key}
    secrets = [*(("SECRET_KEY", key) for key in keys.values()), ("METRICS_TOKEN", settings.metrics_token)]
    for name, text in secrets:
        if text and len(set(text)) < MIN_DISTINCT:
            yield error(
                "secrets", f"{PREFIX}{name} can be guessed: it has few different characters.", NEW_KEY
            )
    if settings.metrics_token in keys.values():
        yield error("secrets", "CHAINMEET_METRICS_TOKEN is the secret key.", NEW_KEY)
    for what, url in (("database", settings.database_url), ("broker", settings.redis_url)):
        address = make_url(url)
        if address.password is not None and len(address.password) < MIN_PASSWORD:
            yield warning(
                "secrets", f"The password of the {what} is short.", "Use 12 or more random characters."
            )
        elif address.password is None and address.host and not is_local(address.host):
            yield warning(
                "secrets",
                f"The {what} at {address.host} is used without a password.",
                "Set one, unless its network is closed to all other machines.",
            )
    for name, host, security, password in (
        ("SMTP", settings.smtp_host, settings.smtp_security, settings.smtp_password),
        ("IMAP", settings.imap_host, settings.imap_security, settings.imap_password),
    ):
        if password and security == "none" and not is_local(host):
            yield error(
                "secrets",
                f"The password for {host} is sent without encryption.",
                f"Set CHAINMEET_{name}_SECURITY to starttls or tls.",
            )
    newest = settings.secret_key.newest
    yield ok("secrets", f"The secret key {newest} has {len(keys[newest])} characters.")


def _check_files(env: Mapping[str, str]) -> Iterator[Finding]:
    """Check who can read or replace files with secrets."""
    for name, value in sorted(env.items()):
        if not (name.startswith(PREFIX) and name.endswith("_FILE") and value):
            continue
        path = Path(value)
        if path.is_relative_to(CONTAINER_SECRETS):
            continue
        try:
            file, folder = path.stat().st_mode, path.resolve().parent.stat().st_mode
        except OSError as failure:
            yield error("secret files", f"{path}: {failure.strerror}", f"Correct {name}.")
            continue
        if file & (stat.S_IWGRP | stat.S_IWOTH):
            yield error("secret files", f"Other users can change {path}.", f"Run: chmod 600 {path}")
        elif file & stat.S_IROTH and folder & stat.S_IXOTH:
            yield warning(
                "secret files",
                f"Every user of this machine can read {path}.",
                f"Run: chmod 600 {path}, or chmod 700 {path.resolve().parent}",
            )
