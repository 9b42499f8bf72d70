"""Parts of problems whose instances know no languages, tiers or calendars: equal firms, slots in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

FIRST_SLOT = datetime(2026, 1, 5, 8, tzinfo=UTC)
SLOT = timedelta(minutes=10)
LANGUAGE = "en"


def slots(ids: Sequence[str], blocks: Sequence[str] | None = None) -> list[Json]:
    """Return slots of ten minutes, one after the other. Without `blocks` all are one block."""
    return [
        {
            "id": name,
            "start": (FIRST_SLOT + k * SLOT).isoformat(),
            "end": (FIRST_SLOT + (k + 1) * SLOT).isoformat(),
            "block": blocks[k] if blocks is not None else "all",
        }
        for k, name in enumerate(ids)
    ]


def firm(name: str) -> Json:
    """Return a firm without limits."""
    return {"id": name, "name": name, "tier": "midstream", "areas": [], "country": "DE"}


def attendees(of: str, names: Iterable[str]) -> list[Json]:
    """Return the people of a firm. All speak one language."""
    return [{"id": name, "firm": of, "languages": [LANGUAGE]} for name in names]


def document(name: str, **parts: object) -> Json:
    """Return a problem file with these parts."""
    return {"format": "chainmeet.problem/1", "event": {"name": name, "timezone": "UTC"}, **parts}
