"""How the columns of firms, people and interpreters are called in forms, and which many rows get at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from scheduler.domain.entities import Tier
from scheduler.domain.errors import InvalidInput
from scheduler.services.cells.columns import ImportKind

LABELS: Final[Mapping[str, str]] = {
    "name": "Name", "latin_name": "Name in Latin letters", "country": "Country", "tier": "Place in the chain",
    "areas": "Chain areas", "hall": "Hall", "booth": "Booth", "booth_capacity": "Meetings there at once",
    "host": "At the stand of", "description": "Description", "website": "Website", "pavilion": "Pavilion",
    "offers": "Offers", "needs": "Needs", "products": "Products",
    "max_per_day": "Most meetings a day", "min_meetings": "Fewest meetings", "firm": "Firm",
    "email": "Mail address", "phone": "Telephone", "title": "Job title", "languages": "Languages",
    "exhibitor": "Answers for the firm", "mail_language": "Language of mails", "timezone": "Time zone",
}  # fmt: skip
HINTS: Final[Mapping[str, str]] = {
    "areas": "Several with a semicolon between.",
    "offers": "A line each, or several with a semicolon between.",
    "needs": "As the offers. Firms that offer it are suggested.",
    "products": "As the offers.",
    "languages": "By name or code, several with a semicolon between.",
    "booth": "Another booth takes the firm's meetings along. The old one is closed.",
    "email": "Meetings that were told are told there again.",
    "hall": "By name or key.",
    "host": "The firm whose booth it shares. Begin to type its name or key.",
}
CHOICES: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "tier": [(tier.value, tier.value.capitalize()) for tier in Tier],
    "exhibitor": [("yes", "Yes"), ("no", "No")],
}
PICKED: Final[Mapping[str, ImportKind]] = {"firm": ImportKind.FIRMS, "host": ImportKind.FIRMS}
"""Columns in which another record is meant."""
MANY: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    ImportKind.FIRMS: ("tier", "country", "areas", "hall", "pavilion", "max_per_day", "min_meetings"),
    ImportKind.PEOPLE: ("exhibitor", "languages", "max_per_day", "mail_language", "title"),
    ImportKind.INTERPRETERS: ("languages",),
}
"""Columns of which many rows may get one value."""


def edited(moved: int, meetings_there: int) -> str:
    """What an edit did, as a sentence."""
    if moved and meetings_there:
        return f"Saved. {meetings_there:,} published meetings go to the new booth with the next publishing."
    return "Saved."


def touched(count: int) -> str:
    """What becomes of published meetings, as a sentence."""
    if not count:
        return "It touches no published meeting."
    what = "1 published meeting" if count == 1 else f"{count:,} published meetings"
    return f"It touches {what}. The next run plans without, and nobody is told before you publish."


def sentence(error: InvalidInput) -> str:
    """All faults, each with the label of its field."""
    return " ".join(f"{LABELS.get(fault.path, fault.path)} {fault.message}." for fault in error.faults)


def by_field(error: InvalidInput) -> dict[str, str]:
    """The faults as sentences, by the field."""
    return {fault.path: fault.message + "." for fault in error.faults}
