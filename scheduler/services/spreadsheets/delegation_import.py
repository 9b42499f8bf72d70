"""A delegation that brings its own firms and people, and what rows of theirs may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scheduler.services.spreadsheets.columns import ImportKind

_FIRMS: Final = "key name latin_name country tier areas description website offers needs products"
_PEOPLE: Final = (
    "key firm name latin_name email title languages phone exhibitor max_per_day mail_language timezone"
)
OWN_COLUMNS: Final[Mapping[ImportKind, frozenset[str]]] = {
    ImportKind.FIRMS: frozenset(_FIRMS.split()),
    ImportKind.PEOPLE: frozenset(_PEOPLE.split()),
}
"""What a delegation says of its own. Halls, booths and limits of firms are the organisers'."""


@dataclass(frozen=True, slots=True)
class ImportingDelegation:
    """A delegation by id and key. For an import of its own, nothing else of the event exists."""

    delegation_id: int
    key: str
