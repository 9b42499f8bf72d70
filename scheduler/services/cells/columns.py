"""Which column of a spreadsheet is which of ours, by the words of its header in four languages."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rapidfuzz import fuzz, process

LIKENESS: Final = 85.0
"""Of 100, by Levenshtein: a header with a slip of the pen is still known, and one letter of four is not."""
_SHORTEST_GUESSED: Final = 5
_LONGEST_GUESSED: Final = 50
"""Characters: no header of ours is longer."""
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
HEADER_ROWS: Final = 10
"""So far down a header may stand: a title and a note may be above it."""


class ImportKind(StrEnum):
    """The kind of a sheet's rows, in the order in which they are taken: what others refer to comes first."""

    EVENT = "event"
    AREAS = "areas"
    TIMES = "times"
    HALLS = "halls"
    WALKING = "walking"
    TABLES = "tables"
    FIRMS = "firms"
    PEOPLE = "people"
    INTERPRETERS = "interpreters"
    CLOSURES = "closures"
    ABSENCES = "absences"
    STATIONS = "stations"
    DELEGATIONS = "delegations"
    GUESTS = "guests"
    REQUESTS = "requests"


_WORDS: Final = json.loads((Path(__file__).with_name("headers.json")).read_text("utf-8"))
"""Headers and names of sheets that mean one of ours, beside its own name."""

COLUMNS: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    kind: tuple(_WORDS["columns"][kind.value]) for kind in ImportKind
}
"""The columns of each kind in their order."""

REQUIRED: Final[Mapping[ImportKind, frozenset[str]]] = {
    ImportKind.EVENT: frozenset(("setting", "value")),
    ImportKind.AREAS: frozenset(("name",)),
    ImportKind.TIMES: frozenset(("day", "start", "end")),
    ImportKind.HALLS: frozenset(("name",)),
    ImportKind.WALKING: frozenset(("from_hall", "to_hall", "minutes")),
    ImportKind.TABLES: frozenset(("key", "hall")),
    ImportKind.FIRMS: frozenset(("name", "country", "tier")),
    ImportKind.PEOPLE: frozenset(("firm", "name", "email", "languages")),
    ImportKind.INTERPRETERS: frozenset(("name", "email", "languages")),
    ImportKind.CLOSURES: frozenset(("place",)),
    ImportKind.ABSENCES: frozenset(("person",)),
    ImportKind.STATIONS: frozenset(("interpreter", "table")),
    ImportKind.DELEGATIONS: frozenset(("name",)),
    ImportKind.GUESTS: frozenset(("name",)),
    ImportKind.REQUESTS: frozenset(("from_firm", "to_firm")),
}
"""Columns that a sheet has to have, and cells that are not empty."""
_KNOWN_BY_COLUMNS: Final = (
    ImportKind.FIRMS,
    ImportKind.PEOPLE,
    ImportKind.INTERPRETERS,
    ImportKind.REQUESTS,
)
"""Kinds whose columns no other sheet has. The others are known by the sheet's name."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header that was understood: where each column stands, and the headers that mean none."""

    positions: Mapping[str, int]
    unknown: tuple[str, ...]
    twice: tuple[str, ...] = ()
    """Columns that two headers mean equally well. The first header is used."""


def understand(kind: ImportKind, header: Sequence[str], said: Mapping[str, str] = NOTHING) -> Header:
    """The column of each header: as a person said, by exact words, then by similarity. Each is used once.

    `said` are columns by the plain words of a header. An empty one means that the header is not taken.
    """
    known = _known(kind)
    positions: dict[str, int] = {}
    twice, open_headers, unknown = [], [], []
    for position, text in enumerate(header):
        words = plain(text)
        column = said.get(words, known.get(words))
        if column is None:
            open_headers.append((position, text, words))
        elif not column:
            unknown.append(text)
        elif column in positions:
            twice.append(column)
        else:
            positions[column] = position
    for position, text, words in open_headers:
        column = _guess(kind, words)
        if column is None or column in positions:
            unknown.append(text)
        else:
            positions[column] = position
    return Header(positions, tuple(filter(None, unknown)), tuple(twice))


def kind_of(name: str, headers: Sequence[Sequence[str]]) -> ImportKind | None:
    """The kind of a sheet: by its name, else by the header with most of a kind's required columns.

    Only exact words count: a sheet is a stranger's, and likeness is asked for the header that is taken.
    """
    words = plain(name)
    for kind in ImportKind:
        if words in _WORDS["sheets"][kind.value]:
            return kind
    rows = [{plain(text) for text in header} for header in headers]
    complete = {
        kind: len(REQUIRED[kind])
        for kind in _KNOWN_BY_COLUMNS
        if any(_exact(kind, row) == len(REQUIRED[kind]) for row in rows)
    }
    return max(complete, key=lambda kind: complete[kind], default=None)


def header_row(kind: ImportKind, rows: Sequence[Sequence[str]], said: Mapping[str, str] = NOTHING) -> int:
    """The position of the row with most of the kind's required columns, or the first row if none has any."""
    scores = [_exact(kind, {plain(text) for text in row}, said) for row in rows]
    return max(range(len(rows)), key=lambda at: (scores[at], -at), default=0)


def plain(text: str) -> str:
    """A header as it is compared: lower case, without signs. `Company name (English)*` is three words."""
    folded = unicodedata.normalize("NFKC", text[:200]).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", folded).split())


def _exact(kind: ImportKind, header: Set[str], said: Mapping[str, str] = NOTHING) -> int:
    """How many required columns the words of a header name."""
    known = _known(kind)
    return len(REQUIRED[kind] & {said.get(words, known.get(words, "")) for words in header})


@cache
def _known(kind: ImportKind) -> Mapping[str, str]:
    """Known headers as they are compared, with the column of each. A column's own name has precedence."""
    found: dict[str, str] = {plain(column): column for column in COLUMNS[kind]}
    for column, words in _WORDS["columns"][kind.value].items():
        for word in words:
            found.setdefault(plain(word), column)
    return found


@lru_cache(maxsize=4096)
def _guess(kind: ImportKind, words: str) -> str | None:
    if not _SHORTEST_GUESSED <= len(words) <= _LONGEST_GUESSED:
        return None
    known = _known(kind)
    best = process.extractOne(words, known.keys(), scorer=fuzz.ratio, score_cutoff=LIKENESS)
    return known[best[0]] if best else None
