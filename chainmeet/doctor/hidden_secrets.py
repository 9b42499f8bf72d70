"""Findings without secrets, whatever a server replied."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields, replace
from urllib.parse import quote

from sqlalchemy.engine import make_url

from scheduler.config import Settings
from scheduler.domain.findings import Finding

HIDDEN = "***"


def without_secrets(findings: Iterable[Finding], settings: Settings) -> list[Finding]:
    """Return the findings with each secret of the settings replaced."""
    secrets = [text for text in _secrets(settings) if len(text) >= 4]
    if not secrets:
        return list(findings)
    pattern = re.compile("|".join(map(re.escape, sorted(secrets, key=len, reverse=True))))
    return [
        replace(
            finding,
            what=pattern.sub(HIDDEN, finding.what),
            advice=pattern.sub(HIDDEN, finding.advice),
        )
        for finding in findings
    ]


def _secrets(settings: Settings) -> Iterable[str]:
    """Yield all secrets. Of addresses, only the password is one, as it is and as it stands in them."""
    yield from map(settings.secret_key.key, settings.secret_key)
    for setting in fields(Settings):
        is_text = setting.name != "secret_key" and not setting.name.endswith("_url")
        if setting.metadata["secret"] and is_text:
            yield str(getattr(settings, setting.name))
    yield from (provider.client_secret for provider in settings.providers.values())
    for url in (settings.database_url, settings.redis_url):
        password = str(make_url(url).password or "")
        yield from (password, quote(password, safe=""))
