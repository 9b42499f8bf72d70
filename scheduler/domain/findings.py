"""Findings of checks: what was checked, how bad it is, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any


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
