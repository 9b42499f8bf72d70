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
        "events": ngettext("%(num)s calendar event", "%(num)s calendar events", counts.get("events", 0)),
        "recurring": ngettext(
            "%(num)s of them recurring", "%(num)s of them recurring", counts.get("recurring", 0)
        ),
        "all_day": ngettext("%(num)s of them all-day", "%(num)s of them all-day", counts.get("all_day", 0)),
        "free_busy": ngettext("%(num)s busy time", "%(num)s busy times", counts.get("free_busy", 0)),
        "availability": ngettext(
            "%(num)s availability entry", "%(num)s availability entries", counts.get("availability", 0)
        ),
        "free": ngettext(
            "%(num)s skipped: shown as free", "%(num)s skipped: shown as free", counts.get("free", 0)
        ),
        "cancelled": ngettext(
            "%(num)s skipped: cancelled", "%(num)s skipped: cancelled", counts.get("cancelled", 0)
        ),
        "declined": ngettext(
            "%(num)s skipped: you declined it",
            "%(num)s skipped: you declined them",
            counts.get("declined", 0),
        ),
        "own": ngettext(
            "%(num)s skipped: invitation from this event",
            "%(num)s skipped: invitations from this event",
            counts.get("own", 0),
        ),
        "unreadable": ngettext(
            "%(num)s skipped: could not be read",
            "%(num)s skipped: could not be read",
            counts.get("unreadable", 0),
        ),
    }
