"""Which column of a spreadsheet is which of ours, by the words of its header in eight languages."""

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
"""Of 100, by Levenshtein: a header with a slip of the pen is still known, and one letter of four is not."""
_MIN_LEAD: Final = 4.0
"""So much nearer than any header of another column."""
_MIN_GUESSED_LENGTH: Final = 5
_MAX_GUESSED_LENGTH: Final = 50
"""Characters: no header of ours is longer."""
NO_CHOICES: Final[Mapping[str, str]] = MappingProxyType({})
REASON_HEADER: Final = "Why it was left out"
"""The header of a column that an import does not take, so that the fixed workbook can be sent as it is."""
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


COLUMNS: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    kind: tuple(vocabulary.load_columns()["columns"][kind.value]) for kind in ImportKind
}
"""The columns of each kind in their order."""

COMPOSED: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    kind: tuple(vocabulary.load_columns()["composed"].get(kind.value, ())) for kind in ImportKind
}
"""Columns of people's spreadsheets of which ours are made: a hall and a booth in one cell, half of a name."""

PROVIDED_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "hall_and_booth": ("hall", "booth"),
    "first_name": (),
    "last_name": ("name",),
    "when": ("day", "start", "end"),
    "answer": ("state",),
}
"""Of each composed column: our columns that it stands for. A first name alone is no name."""

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
    unsure: tuple[str, ...] = ()
    """Unknown headers of which a part means a column that no other header means: a person decides."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The header of a sheet. `at` is where its last row stands: there may be two, of languages or groups."""

    at: int
    cells: tuple[str, ...]


def match_headers(kind: ImportKind, header: Sequence[str], said: Mapping[str, str] = NO_CHOICES) -> Header:
    """The column of each header: as a person said, by exact words, then by similarity. Each is used once.

    `said` are columns by the plain words of a header. An empty one means that the header is not taken.
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
        if len(gives) > 1 and all(each in positions for each in gives):  # each has its own header
            unknown.append(header[positions.pop(column)])
    return Header(positions, tuple(filter(None, unknown)), tuple(twice), tuple(unsure))


def list_columns(kind: ImportKind) -> tuple[str, ...]:
    """What a header of a kind of rows may be: a column of ours, or one of which ours are made."""
    return COLUMNS[kind] + COMPOSED[kind]


def list_provided_columns(positions: Iterable[str]) -> frozenset[str]:
    """Our columns that a sheet with these has, on their own or as a part of another."""
    there = set(positions)
    return frozenset(
        there - PROVIDED_COLUMNS.keys()
        | {each for column in there for each in PROVIDED_COLUMNS.get(column, ())}
    )


def detect_kind(name: str, headers: Sequence[Sequence[str]]) -> ImportKind | None:
    """The kind of a sheet: by its name, else by the header with most of a kind's required columns.

    Only exact words count: a sheet is a stranger's, and likeness is asked for the header that is taken.
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
    """The header: the row with most of the kind's required columns, or the first row if none has any.

    A row above or below has the same in another language, or what columns of a group are: "Stand" above
    "Hall" and "Number". The lower row says more.
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
    """A text as it is compared: lower case, without signs. `Company name (English)*` is three words."""
    words = unicodedata.normalize("NFKC", text[:200]).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", words).split())


def fold_text(text: str) -> str:
    """A header as it is compared: plain, without spaces and accents. `Stand-Nr.` and `Standnr` are one."""
    letters = unicodedata.normalize("NFKD", normalize_text(text))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", letters)).replace(" ", "")


def is_ignored(header: str) -> bool:
    """Whether a header is of a column that no import takes, so that nobody has to say what it is."""
    return normalize_text(header) == normalize_text(REASON_HEADER) or is_running_number(header)


def is_running_number(header: str) -> bool:
    """Whether a header is of numbers of rows, which are nobody's."""
    return fold_text(header) in _running_numbers()


def is_family_name_first(header: str) -> bool:
    """Whether a header of a part of a name is of a language that writes the family name first."""
    return fold_text(header) in _family_names_first()


_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_PARTS: Final = re.compile(
    r"[\n\r/|\\()\[\]（）【】「」：:;；、·•–—*]+|\s-\s"
    r"|(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])\s*(?=[A-Za-z\u00c0-\u017f])"
    r"|(?<=[A-Za-z\u00c0-\u017f])\s*(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])"
)
"""What stands between two names of one column, also the change of script."""
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
"""What stands beside a name and says nothing of which column it is."""
_COMBINED_COLUMNS: Final[Mapping[frozenset[str], str]] = {
    frozenset(("hall", "booth")): "hall_and_booth",
    frozenset(("first_name", "last_name")): "name",
    frozenset(("start", "end")): "when",
    frozenset(("day", "when")): "when",
    frozenset(("day", "start", "end")): "when",
}
"""Columns that one header names together, and the column that this is."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """The column that a header's exact words mean, or the columns that some of its parts do.

    An empty column is that of a header which is known to say nothing.
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
    """How many required columns the words of a header name."""
    named = {
        said.get(normalize_text(text), _meaning(kind, text[:200]).column or "") for text in header if text
    }
    return len(REQUIRED[kind] & list_provided_columns(named))


@cache
def _known(kind: ImportKind) -> Mapping[str, str]:
    """Known headers as they are compared, with the column of each. A column's own name has precedence."""
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
    """The column of a header with a slip of the pen; None if headers of two columns are as near."""
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
