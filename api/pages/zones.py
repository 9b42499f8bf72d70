"""Time zones to choose from in a form."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones


@lru_cache(maxsize=1)
def choices() -> list[tuple[str, str]]:
    """Value and label of each, by name."""
    named = (zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return [(zone, zone) for zone in ["UTC", *sorted(named)]]
