"""CSV tables that organisers send: known columns, one row after another, every fault by row and column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from scheduler.domain.errors import Fault, InvalidInput
from scheduler.services.addresses.mailable import Unmailable, mailable
from scheduler.services.text import one_line, storable

MAX_ROWS = 20_000
MAX_OCTETS = 16 << 20
"""Of a file: so many people, or firms with long descriptions, have room in it."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "firms": (
        "key", "name", "latin_name", "country", "tier", "areas", "hall", "booth",
        "description", "website", "pavilion", "max_per_day", "min_meetings",
    ),
    "people": (
        "key", "firm", "name", "latin_name", "email", "phone", "title", "languages", "exhibitor",
        "max_per_day", "mail_language", "timezone",
    ),
    "interpreters": ("key", "name", "latin_name", "email", "languages"),
}  # fmt: skip
"""The columns of each file; a list in a field is separated by semicolons."""

REQUIRED: Mapping[str, frozenset[str]] = {
    "firms": frozenset(("key", "name", "country", "tier")),
    "people": frozenset(("key", "firm", "name", "email", "languages")),
    "interpreters": frozenset(("key", "name", "email", "languages")),
}

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./x-]{1,38}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?")


@dataclass(slots=True)
class Row:
    """One row; `line` is its line in the file as a spreadsheet counts."""

    line: int
    values: Mapping[str, str]
    faults: list[Fault]

    def fault(self, column: str, message: str) -> None:
        self.faults.append(Fault(f"row {self.line}, {column}", message))

    def text(self, column: str, most: int) -> str:
        value = self.values.get(column, "")
        if len(value) > most:
            self.fault(column, f"must have at most {most} characters")
        return value

    def key(self) -> str:
        value = self.values.get("key", "")
        if value and not _KEY.fullmatch(value):
            self.fault("key", "must be letters, digits, dots, hyphens or underscores, at most 64")
        return value

    def several(self, column: str) -> list[str]:
        return [item.strip() for item in self.values.get(column, "").split(";") if item.strip()]

    def languages(self) -> list[str]:
        listed = self.several("languages")
        for language in listed:
            if not _LANGUAGE.fullmatch(language):
                self.fault("languages", f"{language!r} is not a language code such as zh or en")
        return listed

    def email(self) -> str:
        value = self.values.get("email", "")
        try:
            return mailable(value) if value else ""
        except Unmailable as error:
            self.fault("email", str(error))
            return value

    def phone(self) -> str:
        value = self.values.get("phone", "").strip()
        if value and not _PHONE.fullmatch(value):
            self.fault("phone", "must be a telephone number such as +86 10 6552 9988, at most 40 characters")
        return value

    def number(self, column: str) -> int | None:
        value = self.values.get(column, "")
        if value and not (value.isascii() and value.isdigit() and len(value) < 6):
            self.fault(column, "must be a whole number, or empty")
            return None
        return int(value) if value else None


@dataclass(slots=True)
class Table:
    """The rows of a file and what is wrong with them."""

    rows: list[Row]
    faults: list[Fault] = field(default_factory=list)
    columns: frozenset[str] = frozenset()
    """Those that the file has."""

    @classmethod
    def read(cls, kind: str, text: str) -> Table:
        """Rows with known columns, required fields and unique keys checked; raises InvalidInput."""
        if not storable(text):
            raise InvalidInput([Fault("file", "is not a text file in UTF-8")])
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
        try:
            lines = [[one_line(cell) for cell in line] for line in islice(reader, MAX_ROWS * 2)]
        except csv.Error as error:
            raise InvalidInput([Fault(f"row {reader.line_num}", f"is not CSV: {error}")]) from None
        header = [name.lower() for name in lines[0]] if lines else []
        _check_header(kind, header)
        table = cls([], columns=frozenset(header))
        seen: dict[str, int] = {}
        for number, line in enumerate(lines[1:], 2):
            if any(line):
                table.add(kind, number, header, line, seen)
        if len(lines) == MAX_ROWS * 2:
            table.faults.append(Fault("file", f"has more than {MAX_ROWS:,} rows"))
        if not table.rows and not table.faults:
            table.faults.append(Fault("file", "has a header, but no rows"))
        if len(table.rows) > MAX_ROWS:
            table.faults.append(Fault("file", f"has more than {MAX_ROWS:,} rows"))
        return table

    def add(self, kind: str, number: int, header: list[str], line: list[str], seen: dict[str, int]) -> None:
        cells = dict.fromkeys(header, "") | dict(zip(header, line, strict=False))
        row = Row(number, cells, self.faults)
        if len(line) > len(header):
            self.faults.append(Fault(f"row {number}", "has more fields than the header"))
        for column in sorted(REQUIRED[kind]):
            if not row.values.get(column):
                row.fault(column, "is empty")
        key = row.values.get("key", "")
        if key and seen.setdefault(key, number) != number:
            row.fault("key", f"{key!r} stands in row {seen[key]} already")
        self.rows.append(row)

    def done(self) -> None:
        if self.faults:
            raise InvalidInput(self.faults)


def _check_header(kind: str, header: list[str]) -> None:
    faults = [Fault("header", f"{name!r} is not a column") for name in header if name not in COLUMNS[kind]]
    faults += [
        Fault("header", f"the column {name!r} is missing") for name in sorted(REQUIRED[kind] - set(header))
    ]
    if len(set(header)) < len(header):
        faults.append(Fault("header", "names a column twice"))
    if faults:
        raise InvalidInput(faults)
