"""Import by a delegation manager: limits on records and columns.

The import runs as for organisers, but every query is limited to the delegation's firms. Otherwise a look-up
could reveal, or change, other participants. A key of others' records gets the same fault as an unknown key. A
firm with the name of another's is a new firm, until organisers merge the two. New keys are digests of
delegation and text. Columns that affect others (hall, booth, host, limits) and other kinds of sheets are not
imported. The email address of an existing person is kept, because it grants sign-in. Another participant's
address is refused, which reveals that it is in the event. The file travels in the form of its preview, at
most 36 kB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scheduler.services.spreadsheets.columns import ImportKind

_FIRMS: Final = "key name latin_name country tier areas description website offers needs products"
_PEOPLE: Final = (
    "key firm name latin_name email title languages phone exhibitor max_per_day max_in_row max_days"
    " mail_language timezone"
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
