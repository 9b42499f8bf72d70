"""Labels of busy times that were read from a calendar."""

from __future__ import annotations

from collections.abc import Mapping

from api.language.speaking import ngettext
from scheduler.invites.busy.model import COUNTED


def counted(counts: Mapping[str, int]) -> list[str]:
    """Return a line for each count of imported and skipped components."""
    lines = _lines(counts)
    return [lines[name] for name in COUNTED if counts.get(name)]


def _lines(counts: Mapping[str, int]) -> dict[str, str]:
    return {
        "events": ngettext("%(num)s event", "%(num)s events", counts.get("events", 0)),
        "recurring": ngettext(
            "%(num)s of them repeats", "%(num)s of them repeat", counts.get("recurring", 0)
        ),
        "all_day": ngettext(
            "%(num)s of them lasts whole days", "%(num)s of them last whole days", counts.get("all_day", 0)
        ),
        "free_busy": ngettext("%(num)s busy time", "%(num)s busy times", counts.get("free_busy", 0)),
        "availability": ngettext(
            "%(num)s availability", "%(num)s availabilities", counts.get("availability", 0)
        ),
        "free": ngettext(
            "%(num)s left out: shown as free", "%(num)s left out: shown as free", counts.get("free", 0)
        ),
        "cancelled": ngettext(
            "%(num)s left out: cancelled", "%(num)s left out: cancelled", counts.get("cancelled", 0)
        ),
        "declined": ngettext(
            "%(num)s left out: you declined it",
            "%(num)s left out: you declined them",
            counts.get("declined", 0),
        ),
        "own": ngettext(
            "%(num)s left out: an invitation of this event",
            "%(num)s left out: invitations of this event",
            counts.get("own", 0),
        ),
        "unreadable": ngettext(
            "%(num)s left out: could not be read",
            "%(num)s left out: could not be read",
            counts.get("unreadable", 0),
        ),
    }
