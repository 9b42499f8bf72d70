"""Which column of a spreadsheet is which of ours, by the words of its header in four languages."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from rapidfuzz import fuzz, process

LIKENESS: Final = 85.0
"""Of 100, by Levenshtein: a header with a slip of the pen is still known, and one letter of four is not."""
_SHORTEST_GUESSED: Final = 5
HEADER_ROWS: Final = 10
"""So far down a header may stand: a title and a note may be above it."""


class ImportKind(StrEnum):
    """The kind of a sheet's rows."""

    FIRMS = "firms"
    PEOPLE = "people"
    INTERPRETERS = "interpreters"


_WORDS: Final = json.loads((Path(__file__).with_name("headers.json")).read_text("utf-8"))
"""Headers and names of sheets that mean one of ours, beside its own name."""

COLUMNS: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    kind: tuple(_WORDS["columns"][kind.value]) for kind in ImportKind
}
"""The columns of each kind in their order."""

REQUIRED: Final[Mapping[ImportKind, frozenset[str]]] = {
    ImportKind.FIRMS: frozenset(("name", "country", "tier")),
    ImportKind.PEOPLE: frozenset(("firm", "name", "email", "languages")),
    ImportKind.INTERPRETERS: frozenset(("name", "email", "languages")),
}


@dataclass(frozen=True, slots=True)
class Header:
    """A header that was understood: where each column stands, and the headers that mean none."""

    positions: Mapping[str, int]
    unknown: tuple[str, ...]
    twice: tuple[str, ...] = ()
    """Columns that two headers mean equally well. The first header is used."""


def understand(kind: ImportKind, header: Sequence[str]) -> Header:
    """The column of each header, by exact words first, then by similarity. A column is used once."""
    known = _known(kind)
    positions: dict[str, int] = {}
    twice, open_headers = [], []
    for position, text in enumerate(header):
        words = plain(text)
        column = known.get(words)
        if column is None:
            open_headers.append((position, text, words))
        elif column in positions:
            twice.append(column)
        else:
            positions[column] = position
    unknown = []
    for position, text, words in open_headers:
        column = _guess(kind, words)
        if column is None or column in positions:
            unknown.append(text)
        else:
            positions[column] = position
    return Header(positions, tuple(filter(None, unknown)), tuple(twice))


def kind_of(name: str, headers: Sequence[Sequence[str]]) -> ImportKind | None:
    """The kind of a sheet: by its name, else by the header with most of a kind's required columns."""
    words = plain(name)
    for kind in ImportKind:
        if words in _WORDS["sheets"][kind.value]:
            return kind
    scores = {
        kind: max((_score(kind, header) for header in headers), default=0) - len(REQUIRED[kind])
        for kind in ImportKind
    }
    complete = [kind for kind, score in scores.items() if score >= 0]
    return max(complete, key=lambda kind: (len(REQUIRED[kind]), scores[kind]), default=None)


def header_row(kind: ImportKind, rows: Sequence[Sequence[str]]) -> int:
    """The position of the row with most of the kind's required columns, or the first row if none has any."""
    return max(range(len(rows)), key=lambda at: (_score(kind, rows[at]), -at), default=0)


def plain(text: str) -> str:
    """A header as it is compared: lower case, without signs. `Company name (English)*` is three words."""
    folded = unicodedata.normalize("NFKC", text[:200]).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", folded).split())


def _score(kind: ImportKind, header: Sequence[str]) -> int:
    return len(REQUIRED[kind] & understand(kind, header).positions.keys())


@cache
def _known(kind: ImportKind) -> Mapping[str, str]:
    """Known headers as they are compared, with the column of each. A column's own name has precedence."""
    found: dict[str, str] = {plain(column): column for column in COLUMNS[kind]}
    for column, words in _WORDS["columns"][kind.value].items():
        for word in words:
            found.setdefault(plain(word), column)
    return found


def _guess(kind: ImportKind, words: str) -> str | None:
    if len(words) < _SHORTEST_GUESSED:
        return None
    known = _known(kind)
    best = process.extractOne(words, known.keys(), scorer=fuzz.ratio, score_cutoff=LIKENESS)
    return known[best[0]] if best else None
