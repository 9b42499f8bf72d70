"""A delegation that brings its own firms and people, and what rows of theirs may say.

The import of a delegation runs as for organisers, but every query is limited to its firms, as each look-up
could say who else comes, and change them. A key of others has the same fault as one that nobody has; a firm
of the name of another's is a new firm, until organisers merge the two; new keys are digests of delegation and
text. Columns that others feel (hall, booth, host, limits) and other kinds of sheets are not imported, and an
address of somebody who is here stays, as it is a way to sign in. An address that is somebody else's is
refused, which tells that it is in the event. The file travels in the form of its preview, at most 36 kB.
"""

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
"""Columns that a delegation may set. Halls, booths and limits are the organisers'."""


@dataclass(frozen=True, slots=True)
class ImportingDelegation:
    """A delegation by id and key. Its imports see no other part of the event."""

    delegation_id: int
    key: str
