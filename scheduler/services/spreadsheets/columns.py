"""Recognition of spreadsheet columns by their headers in eight languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from rapidfuzz import fuzz, process

from scheduler.services.spreadsheets import vocabulary

MIN_SIMILARITY: Final = 85.0
"""Levenshtein similarity from 0 to 100: accepts a typo, but not one letter of four."""
_MIN_LEAD: Final = 4.0
"""Minimum lead over headers of other columns."""
_MIN_GUESSED_LENGTH: Final = 5
_MAX_GUESSED_LENGTH: Final = 50
"""Characters: no known header is longer."""
NO_CHOICES: Final[Mapping[str, str]] = MappingProxyType({})
REASON_HEADER: Final = "Why it was left out"
"""Header of the reason column, which imports ignore, so that a corrected workbook can be sent as it is."""
HEADER_ROWS: Final = 10
"""Rows in which a header is searched: a title and a note may precede it."""


class ImportKind(StrEnum):
    """Kind of a sheet's rows, in import order: referenced records first."""

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


COLUMNS: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    kind: tuple(vocabulary.load_columns()["columns"][kind.value]) for kind in ImportKind
}
"""Columns of each kind, in order."""

COMPOSED: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    kind: tuple(vocabulary.load_columns()["composed"].get(kind.value, ())) for kind in ImportKind
}
"""Foreign columns from which ours are made: hall and booth in one cell, parts of a name."""

PROVIDED_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "hall_and_booth": ("hall", "booth"),
    "first_name": (),
    "last_name": ("name",),
    "when": ("day", "start", "end"),
    "answer": ("state",),
}
"""Our columns provided by each composed column. A first name alone is no name."""

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
"""Columns a sheet must have, and cells that must not be empty."""
_KNOWN_BY_COLUMNS: Final = (
    ImportKind.FIRMS,
    ImportKind.PEOPLE,
    ImportKind.INTERPRETERS,
    ImportKind.REQUESTS,
)
"""Kinds recognised by their columns. Others are recognised by the sheet's name."""


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header: positions of columns, and unknown headers."""

    positions: Mapping[str, int]
    unknown: tuple[str, ...]
    twice: tuple[str, ...] = ()
    """Columns matched equally by two headers. The first header is used."""
    unsure: tuple[str, ...] = ()
    """Unknown headers with a part that matches an otherwise missing column: the user decides."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The header of a sheet. `at` is its last row: there may be two, for languages or groups."""

    at: int
    cells: tuple[str, ...]


def match_headers(kind: ImportKind, header: Sequence[str], said: Mapping[str, str] = NO_CHOICES) -> Header:
    """Match headers with columns: by earlier choice, exact words, then similarity. Each column is used once.

    `said` maps normalized headers to columns. An empty column skips the header.
    """
    positions: dict[str, int] = {}
    twice, open_headers, unknown = [], [], []
    for position, text in enumerate(header):
        column = said.get(normalize_text(text), _meaning(kind, text[:200]).column)
        if column is None:
            open_headers.append((position, text))
        elif not column:
            unknown.append(text)
        elif column in positions:
            twice.append(column)
        else:
            positions[column] = position
    unsure = []
    for position, text in open_headers:
        parts = _meaning(kind, text[:200]).parts
        column = None if parts else _guess(kind, fold_text(text))
        if column is None or column in positions or column in PROVIDED_COLUMNS:
            unknown.append(text)
            if parts and not parts & list_provided_columns(positions):
                unsure.append(text)
        else:
            positions[column] = position
    for column in [name for name in positions if name in PROVIDED_COLUMNS]:
        gives = PROVIDED_COLUMNS[column]
        if len(gives) > 1 and all(each in positions for each in gives):  # each part has its own header
            unknown.append(header[positions.pop(column)])
    return Header(positions, tuple(filter(None, unknown)), tuple(twice), tuple(unsure))


def list_columns(kind: ImportKind) -> tuple[str, ...]:
    """Return the possible columns of a kind: our own, and composed ones."""
    return COLUMNS[kind] + COMPOSED[kind]


def list_provided_columns(positions: Iterable[str]) -> frozenset[str]:
    """Return our columns that a sheet with these columns provides, directly or composed."""
    there = set(positions)
    return frozenset(
        there - PROVIDED_COLUMNS.keys()
        | {each for column in there for each in PROVIDED_COLUMNS.get(column, ())}
    )


def detect_kind(name: str, headers: Sequence[Sequence[str]]) -> ImportKind | None:
    """Detect the kind of a sheet: by its name, else by the header with most required columns.

    Only exact words count; similarity applies to the chosen header only.
    """
    words = re.sub("[0-9]+", "", fold_text(name))  # the year of the event
    for kind in ImportKind:
        if words in _sheet_names(kind):
            return kind
    complete = {
        kind: len(REQUIRED[kind])
        for kind in _KNOWN_BY_COLUMNS
        if any(_exact(kind, row) == len(REQUIRED[kind]) for row in headers)
    }
    return max(complete, key=lambda kind: complete[kind], default=None)


def find_heading(
    kind: ImportKind, rows: Sequence[Sequence[str]], said: Mapping[str, str] = NO_CHOICES
) -> Heading:
    """Find the header: the row with most required columns of the kind, else the first row.

    An adjacent row may have another language or group names: "Stand" above "Hall" and "Number". The lower row
    is more specific.
    """
    scores = [_exact(kind, row, said) for row in rows]
    at = max(range(len(rows)), key=lambda at: (scores[at], -at), default=0)
    if not rows:
        return Heading(0, ())
    cells = list(rows[at])
    if not any(scores):
        return Heading(at, tuple(cells))

    def known(text: str) -> bool:
        return bool(said.get(normalize_text(text)) or _meaning(kind, text[:200]).column)

    def cell(row: Sequence[str], position: int) -> str:
        return row[position] if position < len(row) else ""

    below = rows[at + 1] if at + 1 < len(rows) and kind is not ImportKind.EVENT else ()
    filled = [text for text in below if text.strip()]
    if len(filled) > 1 and all(map(known, filled)):
        at += 1
        width = max(len(cells), len(below))
        cells = [cell(below, each) or cell(cells, each) for each in range(width)]
    above = rows[at - 1] if at and scores[at - 1] < max(scores) else ()
    if sum(bool(text.strip()) for text in above) > 1:
        for each in range(max(len(cells), len(above))):
            if known(cell(above, each)) and not known(cell(cells, each)):
                cells += [""] * (each + 1 - len(cells))
                cells[each] = cell(above, each)
    return Heading(at, tuple(cells))


def normalize_text(text: str) -> str:
    """Return the text in lower case, without punctuation. `Company name (English)*` is three words."""
    words = unicodedata.normalize("NFKC", text[:200]).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", words).split())


def fold_text(text: str) -> str:
    """Return a header normalized, without spaces and accents. `Stand-Nr.` equals `Standnr`."""
    letters = unicodedata.normalize("NFKD", normalize_text(text))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", letters)).replace(" ", "")


def is_ignored(header: str) -> bool:
    """Return True if the header's column is always ignored, so that no one has to choose its meaning."""
    return normalize_text(header) == normalize_text(REASON_HEADER) or is_running_number(header)


def is_running_number(header: str) -> bool:
    """Return True if the column contains row numbers."""
    return fold_text(header) in _running_numbers()


def is_family_name_first(header: str) -> bool:
    """Return True if the header of a name part is in a language with the family name first."""
    return fold_text(header) in _family_names_first()


_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_PARTS: Final = re.compile(
    r"[\n\r/|\\()\[\]（）【】「」：:;；、·•–—*]+|\s-\s"
    r"|(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])\s*(?=[A-Za-z\u00c0-\u017f])"
    r"|(?<=[A-Za-z\u00c0-\u017f])\s*(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])"
)
"""Separators of two names of one column, including a change of script."""
_IGNORED_WORDS: Final = frozenset(
    map(
        fold_text,
        (
            "", "required", "mandatory", "optional", "pflicht", "pflichtfeld", "freiwillig",
            "必填", "选填", "可选",
            "kötelező", "opcionális", "obligatoire", "facultatif", "optionnel", "obligatorio", "opcional",
            "必須", "任意", "필수", "선택", "e g", "z b",
            "n", "s",
        ),
    )
)  # fmt: skip
"""Words beside a name that do not identify a column."""
_COMBINED_COLUMNS: Final[Mapping[frozenset[str], str]] = {
    frozenset(("hall", "booth")): "hall_and_booth",
    frozenset(("first_name", "last_name")): "name",
    frozenset(("start", "end")): "when",
    frozenset(("day", "when")): "when",
    frozenset(("day", "start", "end")): "when",
}
"""Columns named together by one header, and the composed column."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """The column that a header's exact words name, or the columns of its parts.

    An empty column means that the header is ignored.
    """

    column: str | None = None
    parts: frozenset[str] = frozenset()


@lru_cache(maxsize=16_384)
def _meaning(kind: ImportKind, text: str) -> _Meaning:
    known = _known(kind)
    if (column := known.get(fold_text(text))) is not None:
        return _Meaning(column)
    if is_running_number(text):
        return _Meaning("")
    parts = [
        part
        for part in map(fold_text, _PARTS.split(text))
        if part not in _IGNORED_WORDS and not part.isdigit()
    ]
    found = frozenset(known[part] for part in parts if part in known)
    if not found or not all(part in known for part in parts):
        return _Meaning(None, found)
    together = next(iter(found)) if len(found) == 1 else _COMBINED_COLUMNS.get(found, "")
    if together in (*COLUMNS[kind], *COMPOSED[kind]):
        return _Meaning(together)
    return _Meaning(None, found)


def _exact(kind: ImportKind, header: Sequence[str], said: Mapping[str, str] = NO_CHOICES) -> int:
    """Return the number of required columns that a header names."""
    named = {
        said.get(normalize_text(text), _meaning(kind, text[:200]).column or "") for text in header if text
    }
    return len(REQUIRED[kind] & list_provided_columns(named))


@cache
def _known(kind: ImportKind) -> Mapping[str, str]:
    """Return columns by folded header. A column's own name has precedence."""
    found = {fold_text(column): column for column in (*COLUMNS[kind], *COMPOSED[kind])}
    for language in vocabulary.LANGUAGES:
        words_of = vocabulary.load_fields(language)
        for part in ("columns", "composed"):
            for column, named in vocabulary.load_columns()[part].get(kind.value, {}).items():
                for word in (word for field in named for word in words_of.get(field, ())):
                    found.setdefault(fold_text(word), column)
                    found.setdefault(fold_text(word.translate(_UMLAUTS)), column)
    return found


@cache
def _sheet_names(kind: ImportKind) -> frozenset[str]:
    named = [
        word for one in vocabulary.LANGUAGES for word in vocabulary.load_sheet_names(one).get(kind.value, ())
    ]
    return frozenset(map(fold_text, [*named, *(word.translate(_UMLAUTS) for word in named)]))


@cache
def _running_numbers() -> frozenset[str]:
    return frozenset(
        fold_text(word)
        for language in vocabulary.LANGUAGES
        for word in vocabulary.load_fields(language)["running"]
    )


@cache
def _family_names_first() -> frozenset[str]:
    return frozenset(
        fold_text(word)
        for language in vocabulary.FAMILY_NAME_FIRST
        for field in ("first_name", "last_name")
        for word in vocabulary.load_fields(language)[field]
    )


@lru_cache(maxsize=4096)
def _guess(kind: ImportKind, words: str) -> str | None:
    """Return the column of a misspelled header; None if two columns are equally near."""
    if not _MIN_GUESSED_LENGTH <= len(words) <= _MAX_GUESSED_LENGTH:
        return None
    known = _known(kind)
    near = process.extract(
        words, known.keys(), scorer=fuzz.ratio, score_cutoff=MIN_SIMILARITY - _MIN_LEAD, limit=20
    )
    numbers = re.findall("[0-9]", words)
    near = [each for each in near if re.findall("[0-9]", each[0]) == numbers]
    if not near or near[0][1] < MIN_SIMILARITY:
        return None
    best = known[near[0][0]]
    others = [score for word, score, _ in near if known[word] != best]
    return best if not others or near[0][1] - max(others) >= _MIN_LEAD else None
