"""Print packs of a schedule."""

from __future__ import annotations

from enum import StrEnum


class PrintPack(StrEnum):
    """Subject of a print pack. The file has one sheet for each of them."""

    PEOPLE = "people"
    FIRMS = "firms"
    PLACES = "places"
    INTERPRETERS = "interpreters"
