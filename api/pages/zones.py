"""Time zones to choose from in a form."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones


@lru_cache(maxsize=1)
def choices() -> list[tuple[str, str]]:
    """Value and label of each, by name."""
    named = (zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return [(zone, zone) for zone in ["UTC", *sorted(named)]]


def meant(typed: str) -> str:
    """The zone that was typed by its name or its city, or the text itself if it is none or several."""
    text = "_".join(typed.split()).casefold()
    names = [zone for zone, _ in choices()]
    exact = [zone for zone in names if text in (zone.casefold(), zone.casefold().rpartition("/")[2])]
    found = exact or [zone for zone in names if text and text in zone.casefold()]
    return found[0] if len(found) == 1 else typed
