"""Rows of a sheet by our columns, with every fault by row and header."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduler.domain import fields
from scheduler.domain.entities import Tier
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.emails.email_addresses.address_validation import InvalidAddress, normalize_address
from scheduler.services.spreadsheets import cell_values
from scheduler.services.spreadsheets.columns import (
    HEADER_ROWS,
    PROVIDED_COLUMNS,
    REQUIRED,
    ImportKind,
    find_heading,
    is_ignored,
    list_provided_columns,
    match_headers,
    normalize_text,
)
from scheduler.services.spreadsheets.composed_columns import CLEANERS, compose_cells
from scheduler.services.spreadsheets.delegation_import import OWN_COLUMNS
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions, RowFault, Substitution
from scheduler.services.spreadsheets.proposals import AllowedValues
from scheduler.services.spreadsheets.walking_matrix import CellPlace
from scheduler.services.text import clean_line, clean_lines, split_list
from scheduler.sheets.tables import SheetRow, WorkbookSheet, column_letters

MAX_ROWS = 20_000
"""Rows per kind: more than any expo has people."""

ALL_IS_READ = frozenset(
    (ImportKind.TIMES, ImportKind.CLOSURES, ImportKind.ABSENCES, ImportKind.STATIONS, ImportKind.REQUESTS)
)
"""Kinds without ignored columns: an absence without its hours would cover the whole event."""

_NO_HEADER = SheetRow(1, ())
_OF_LINES = frozenset(("description", "message", "note", "offers", "needs", "products"))
"""Multi-line columns."""
_LISTS = frozenset(("areas", "languages", "firms", "people", "from_people", "to_people"))
"""List columns."""
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ERROR = re.compile(
    r"#(?:N/A|DIV/0!|REF!|NAME\?|VALUE!|NUM!|NULL!|SPILL!|CALC!|NV|WERT!|BEZUG!|HIÁNYZIK|ZÉRÓOSZTÓ!)"
)
"""Error values that spreadsheets show for failed formulas, localised ones too."""
_PHONE = re.compile(r"\+?[0-9][0-9 ()./x-]{1,38}")


@dataclass(slots=True)
class Row:
    """A row of a sheet. `line` is its spreadsheet number, `values` its cells by our columns."""

    line: int
    values: dict[str, str]
    table: Table
    is_wrong: bool = False
    said: dict[tuple[str, str], str] = field(default_factory=dict)
    """Original text by column and value, where a choice substitutes it."""
    places: Mapping[str, CellPlace] = field(default_factory=dict)
    """Cell addresses of a matrix row, by our columns."""

    def fault(
        self,
        column: str,
        message: str,
        *,
        item: str | None = None,
        allowed: AllowedValues | None = None,
        of: Sequence[ImportKind] = (),
    ) -> None:
        """Report a fault of a cell, or of a list item in it. `allowed` are the allowed values.

        `of` are the kinds that the cell refers to. If the file has that row but skips it, the fault is
        reported there.
        """
        self.is_wrong = True
        at = self.places.get(column)
        self.table.faults.append(Fault(self.table.place(self.line, column, at), message))
        read = self.values.get(column, "") if item is None else item
        said = self.said.get((column, read), read)
        waits = next(
            (kind for kind in of if normalize_text(said) in self.table.options.named.get(kind, ())), None
        )
        line = 0
        if waits is not None:
            line = self.table.options.named[waits][normalize_text(said)]
            message = gettext_lazy(
                "the row of %(name)s is skipped, too (row %(row)s of its sheet)",
                name=repr(said[:80]),
                row=str(line),
            )
        shown = self.table.shown(column)
        self.table.wrong.append(RowFault(self.line, shown, message, column, said, waits, line, at))
        if allowed is not None:
            self.table.allowed[column] = allowed

    def text(self, column: str, kind: Any) -> str:
        """Return the text of a cell, within the limits of its field type (domain/fields)."""
        value = self.values.get(column, "")
        if len(value) > (most := fields.limits(kind).most):
            self.fault(column, gettext_lazy("enter at most %(most)s characters", most=most))
        return value

    def key(self) -> str:
        value = self.values.get("key", "")
        if value and not _KEY.fullmatch(value):
            self.fault("key", gettext_lazy("use at most 64 letters, digits, dots, hyphens or underscores"))
        return value

    def meant(self, column: str, read: str, is_known: Callable[[str], object]) -> str:
        """Return the substitute of a cell or list item; the original text if that is known now.

        The substitute was chosen when the original was unknown.
        """
        written = self.said.get((column, read))
        if written is None or not is_known(written):
            return read
        if self.values.get(column) == read:
            self.values[column] = written
        if (known := self.table.read_as.get((column, normalize_text(written)))) is not None:
            known.rows -= 1
            if not known.rows:
                del self.table.read_as[column, normalize_text(written)]
        del self.said[column, read]
        return written

    def several(self, column: str) -> list[str]:
        return cell_values.split_list(self.values.get(column, ""))

    def country(self) -> str:
        value = self.values.get("country", "")
        code = cell_values.parse_country(value) if value else ""
        if code is None:
            said = gettext_lazy(
                "%(value)s is not a country; enter its name or two letters like CN or DE",
                value=repr(value[:40]),
            )
            self.fault("country", said, allowed=cell_values.allowed_countries())
        return code or ""

    def tier(self) -> Tier:
        value = self.values.get("tier", "")
        tier = cell_values.parse_tier(value) if value else None
        if value and tier is None:
            said = gettext_lazy(
                "%(value)s is not a tier; enter upstream, midstream or downstream", value=repr(value[:40])
            )
            self.fault("tier", said, allowed=cell_values.allowed_tiers())
        return tier or Tier.MIDSTREAM

    def languages(self) -> list[str]:
        codes = []
        for language in cell_values.split_languages(self.values.get("languages", "")):
            code = cell_values.parse_language(language)
            if code is None:
                said = gettext_lazy(
                    "%(language)s is not a language; enter its name or a code like zh or en",
                    language=repr(language[:40]),
                )
                self.fault("languages", said, item=language, allowed=cell_values.allowed_languages())
            elif code not in codes:
                codes.append(code)
        return codes

    def things(self, column: str) -> list[str]:
        found = split_list(self.values.get(column, ""))
        for each in fields.check_items(column, found, fields.Things):
            self.fault(column, each.message)
        return found

    def yes(self, column: str) -> bool:
        value = self.values.get(column, "")
        said = cell_values.parse_yes_no(value) if value else False
        if said is None:
            self.fault(
                column,
                gettext_lazy("enter yes or no, not %(value)s", value=repr(value[:40])),
                allowed=cell_values.allowed_yes_no(),
            )
        return bool(said)

    def email(self) -> str:
        value = self.values.get("email", "")
        try:
            return normalize_address(value) if value else ""
        except InvalidAddress as error:
            self.fault("email", error.user_message)
            return value

    def phone(self, column: str = "phone") -> str:
        value = self.values.get(column, "").strip()
        if value and not _PHONE.fullmatch(value):
            self.fault(
                column,
                gettext_lazy("enter a phone number like +86 10 6552 9988, at most 40 characters"),
            )
        return value

    def number(self, column: str) -> int | None:
        value = self.values.get(column, "")
        if value and not (value.isascii() and value.isdigit() and len(value) < 6):
            self.fault(column, gettext_lazy("enter a whole number, or leave empty"))
            return None
        return int(value) if value else None


@dataclass(slots=True)
class Table:
    """Rows of a sheet with faults, and the recognised header."""

    kind: ImportKind
    sheet: str = ""
    header: SheetRow = _NO_HEADER
    positions: Mapping[str, int] = field(default_factory=dict)
    not_taken: tuple[str, ...] = ()
    """Headers that match no column."""
    rows: list[Row] = field(default_factory=list)
    left_out: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    wrong: list[RowFault] = field(default_factory=list)
    """Faults that belong to a row."""
    allowed: dict[str, AllowedValues] = field(default_factory=dict)
    """Allowed values of columns with faults."""
    read_as: dict[tuple[str, str], Substitution] = field(default_factory=dict)
    """Substitutions by column and normalized text."""
    options: ImportOptions = DEFAULT_OPTIONS

    @classmethod
    def read(
        cls,
        kind: ImportKind,
        sheet: WorkbookSheet,
        options: ImportOptions = DEFAULT_OPTIONS,
        places: Sequence[Mapping[str, CellPlace]] = (),
    ) -> Table:
        """Read the rows; check required cells and unique keys. Raises InvalidInput for an unsuitable header.

        `places` are the cell addresses of each row, if it was derived from a matrix.
        """
        first = [row.cells for row in sheet.rows[:HEADER_ROWS]]
        said = options.columns.get(kind, {})
        named = find_heading(kind, first, said)
        at, header = named.at, _NO_HEADER
        if sheet.rows:
            header = SheetRow(sheet.rows[at].number, named.cells)
        found = match_headers(kind, header.cells, said)
        positions, unknown = found.positions, found.unknown
        if options.members is not None:
            positions = {name: where for name, where in positions.items() if name in OWN_COLUMNS[kind]}
            others = [header.cells[where] for name, where in found.positions.items() if name not in positions]
            unknown = (*unknown, *others)
        table = cls(kind, sheet.name, header, positions, unknown, options=options)
        table._check_header(found.twice)
        table._check_all_is_read(sheet.rows[at + 1 :], said, found.unsure)
        rows = sheet.rows[at + 1 :]
        if not rows and not sheet.name:  # a workbook may have empty sheets
            table.faults.append(Fault(table._file(), gettext_lazy("has a header, but no rows")))
        if len(rows) > MAX_ROWS:
            table.faults.append(
                Fault(
                    table._file(),
                    gettext_lazy("has more than %(max_rows)s rows", max_rows=f"{MAX_ROWS:,}"),
                )
            )
        table.stop_on_faults()
        seen: dict[str, int] = {}
        for row_at, row in enumerate(rows):
            table._add(row, seen, places[row_at] if places else {})
        return table

    @property
    def columns(self) -> frozenset[str]:
        """Our columns that the sheet provides, directly or composed."""
        return list_provided_columns(self.positions)

    def done(self) -> None:
        """Raise InvalidInput with the faults, or skip rows with faults, depending on the options."""
        if self.options.leave_out:
            self.left_out = [row for row in self.rows if row.is_wrong]
            self.rows = [row for row in self.rows if not row.is_wrong]
        else:
            self.stop_on_faults()

    def stop_on_faults(self) -> None:
        if self.faults:
            raise InvalidInput(self.faults)

    def place(self, line: int, column: str, of_matrix: CellPlace | None = None) -> str:
        """Return a label of a cell's address, with sheet and column letters if there are sheets."""
        line, at = of_matrix or (line, self._at(column))
        if self.sheet and at is not None:
            return gettext_lazy(
                "%(sheet)s, row %(row)s, %(column)s (%(letters)s)",
                sheet=self.sheet,
                row=str(line),
                column=self.shown(column),
                letters=column_letters(at),
            )
        values = {"row": str(line), "column": self.shown(column)}
        if self.sheet:
            return gettext_lazy("%(sheet)s, row %(row)s, %(column)s", sheet=self.sheet, **values)
        return gettext_lazy("row %(row)s, %(column)s", **values)

    def shown(self, column: str) -> str:
        """Return the name of a column in the sheet."""
        at = self._at(column)
        return column if at is None else self.header.cells[at]

    def _at(self, column: str) -> int | None:
        """Return the position of a column, or of the composed column that provides it."""
        if column in self.positions:
            return self.positions[column]
        return next(
            (at for name, at in self.positions.items() if column in PROVIDED_COLUMNS.get(name, ())), None
        )

    def _file(self) -> str:
        return gettext_lazy("%(sheet)s, file", sheet=self.sheet) if self.sheet else gettext_lazy("file")

    def _header(self) -> str:
        return gettext_lazy("%(sheet)s, header", sheet=self.sheet) if self.sheet else gettext_lazy("header")

    def _check_header(self, twice: Sequence[str]) -> None:
        missing = sorted(REQUIRED[self.kind] - self.columns)
        self.faults += [
            Fault(self._header(), gettext_lazy("the column %(name)s is missing", name=repr(name)))
            for name in missing
        ]
        self.faults += [
            Fault(self._header(), gettext_lazy("the column %(name)s appears twice", name=repr(name)))
            for name in twice
        ]
        self.stop_on_faults()

    def _check_all_is_read(
        self, rows: Sequence[SheetRow], said: Mapping[str, str], unsure: Sequence[str]
    ) -> None:
        """Require a choice for unread columns that may change the meaning of a row.

        For kinds outside ALL_IS_READ, only for columns whose header is partly recognised.
        """
        taken = set(self.positions.values())
        filled = {at for row in rows for at, cell in enumerate(row.cells) if cell.strip()}
        for at in sorted(filled - taken):
            text = self.header.cells[at] if at < len(self.header.cells) else ""
            if self.kind not in ALL_IS_READ and text not in unsure:
                continue
            if not text.strip():
                why = gettext_lazy(
                    "the column %(letters)s has no header; enter one", letters=column_letters(at)
                )
                self.faults.append(Fault(self._header(), why))
            elif said.get(normalize_text(text)) is None and not is_ignored(text):
                why = gettext_lazy(
                    "the column %(name)s is not recognised; choose what it is or skip it", name=repr(text)
                )
                self.faults.append(Fault(self._header(), why))
        self.stop_on_faults()

    def _add(self, given: SheetRow, seen: dict[str, int], places: Mapping[str, CellPlace]) -> None:
        cells = given.cells
        read = {
            column: (clean_lines if column in _OF_LINES else clean_line)(cells[at]) if at < len(cells) else ""
            for column, at in self.positions.items()
        }
        for column in read.keys() & CLEANERS.keys():
            read[column] = CLEANERS[column](read[column])
        said: dict[tuple[str, str], str] = {}
        self._read_as_said(read, said, composed=True)
        made = compose_cells(
            self.kind, read, {column: self.header.cells[at] for column, at in self.positions.items()}
        )
        read = made.cells
        self._read_as_said(read, said, composed=False)
        required = REQUIRED[self.kind]
        if self.options.keep_empty:
            read = {column: text for column, text in read.items() if text or column in required}
        row = Row(given.number, read, self, said=said, places=places)
        for column, message, allowed in made.wrong:
            row.fault(column, message, item=self._cell(given, column), allowed=allowed)
        failed = {column: text for column, text in read.items() if _ERROR.fullmatch(text)}
        for column, text in failed.items():
            row.fault(
                column, gettext_lazy("the formula failed (%(error)s); enter the value itself", error=text)
            )
            read[column] = ""
        for column in sorted(required & self.columns):
            if not read.get(column) and column not in failed and not made.wrong:
                row.fault(column, gettext_lazy("enter a value"))
        key = read.get("key", "")
        if key and seen.setdefault(key, given.number) != given.number:
            row.fault(
                "key", gettext_lazy("%(key)s is already in row %(seen)s", key=repr(key), seen=seen[key])
            )
        self.rows.append(row)

    def _cell(self, given: SheetRow, column: str) -> str:
        at = self._at(column)
        return "" if at is None or at >= len(given.cells) else clean_line(given.cells[at])

    def _read_as_said(
        self, read: dict[str, str], said: dict[tuple[str, str], str], *, composed: bool
    ) -> None:
        """Apply substitutions to composed columns or to our own. Fills `said`."""
        for column, meant in self.options.values.get(self.kind, {}).items():
            if read.get(column) and (column in PROVIDED_COLUMNS) is composed:
                read[column] = self._meant(column, read[column], meant, said)

    def _meant(
        self, column: str, text: str, meant: Mapping[str, str], said: dict[tuple[str, str], str]
    ) -> str:
        """Return a cell after substitution of the whole cell, else of its list items. Fills `said`."""
        parted = cell_values.split_languages if column == "languages" else cell_values.split_list
        items = [text] if normalize_text(text) in meant or column not in _LISTS else parted(text)
        read = []
        for item in items:
            value = meant.get(words := normalize_text(item), item)
            if words in meant:
                said[column, value] = item
                new = Substitution(self.shown(column), column, item, value)
                self.read_as.setdefault((column, words), new).rows += 1
            read.append(value)
        return "; ".join(read) if read != items else text
