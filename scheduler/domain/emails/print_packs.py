"""What is printed of a schedule."""

from __future__ import annotations

from enum import StrEnum


class PrintPack(StrEnum):
    """Whose sheets a file holds: one for each of them."""

    PEOPLE = "people"
    FIRMS = "firms"
    PLACES = "places"
    INTERPRETERS = "interpreters"
