"""Findings of the doctor: what was checked, how bad it is, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from typing import Any
from urllib.parse import quote

from sqlalchemy.engine import make_url

from scheduler.config import Settings

HIDDEN = "***"


class Level(IntEnum):
    """How bad a finding is. The worst one is the exit status."""

    OK = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `advice` is empty if there is nothing to do."""

    check: str
    level: Level
    what: str
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the finding for JSON, with the level by name."""
        return {**asdict(self), "level": self.level.name.lower()}


def ok(check: str, what: str) -> Finding:
    """Return a finding without a fault."""
    return Finding(check, Level.OK, what)


def warning(check: str, what: str, advice: str) -> Finding:
    """Return a finding that does not stop Chainmeet, or not now."""
    return Finding(check, Level.WARNING, what, advice)


def error(check: str, what: str, advice: str) -> Finding:
    """Return a finding that stops part of Chainmeet, or endangers it."""
    return Finding(check, Level.ERROR, what, advice)


def worst(findings: Iterable[Finding]) -> Level:
    """Return the worst level, OK if there are none."""
    return max((finding.level for finding in findings), default=Level.OK)


def without_secrets(findings: Iterable[Finding], settings: Settings) -> list[Finding]:
    """Return the findings with each secret of the settings replaced, whatever a server replied."""
    secrets = [text for text in _secrets(settings) if len(text) >= 4]
    if not secrets:
        return list(findings)
    pattern = re.compile("|".join(map(re.escape, sorted(secrets, key=len, reverse=True))))
    return [
        Finding(
            finding.check,
            finding.level,
            pattern.sub(HIDDEN, finding.what),
            pattern.sub(HIDDEN, finding.advice),
        )
        for finding in findings
    ]


def _secrets(settings: Settings) -> Iterable[str]:
    """Yield all secrets. Of addresses, only the password is one, as it is and as it stands in them."""
    for setting in fields(Settings):
        if setting.metadata["secret"] and not setting.name.endswith("_url"):
            yield str(getattr(settings, setting.name))
    for url in (settings.database_url, settings.redis_url):
        password = str(make_url(url).password or "")
        yield from (password, quote(password, safe=""))
