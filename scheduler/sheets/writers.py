"""Writes tables as XLSX and as CSV: a spreadsheet program shows them as text, and runs nothing of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from xlsxwriter import Workbook as XlsxWorkbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from scheduler.sheets.tables import MAX_CELL

Cell = str | int | float | bool | date | None

_FORMULA: Final = re.compile(r"(?:^|(?<=[;|\t\r\n]))(?=[ \"]*[=+\-@＝＋－＠\t\r])")
"""Where a cell, or what follows a separator of another country in it, begins as a formula does."""
_WIDEST: Final = 60
"""Characters of a column's width."""
_MEASURED_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class OutputSheet:
    """A sheet to be written: a name of at most 31 characters, a header, and rows as long as it.

    `notes` explain columns: a comment at the head of each that they name.
    """

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    notes: dict[str, str] = field(default_factory=dict)


def write_xlsx(sheets: Sequence[OutputSheet]) -> bytes:
    """A workbook. Texts stay texts: none becomes a formula, a link or a number."""
    octets = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with XlsxWorkbook(octets, options | {"strings_to_numbers": False, "remove_timezone": True}) as book:
        formats = _Formats(
            book.add_format({"bold": True, "bottom": 1}),
            book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        )
        for sheet in sheets:
            _write(book.add_worksheet(sheet.name), sheet, formats)
    return octets.getvalue()


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """CSV in UTF-8 with a byte order mark, by which Excel knows the encoding.

    What a spreadsheet program would take for a formula has an apostrophe before it (OWASP, CSV injection).
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([escape_csv_cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def escape_csv_cell(value: Cell) -> str:
    """A cell of CSV that no program runs."""
    text = "" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return text if isinstance(value, int | float) else escape_formula(text)


def escape_formula(cell: str) -> str:
    """A text of which no spreadsheet takes a part for a formula: an apostrophe stands before it.

    Excel of Hungary and Germany parts the cells of CSV at semicolons, those inside of a cell too.
    """
    return _FORMULA.sub("'", cell)


@dataclass(frozen=True, slots=True)
class _Formats:
    header: Format
    date: Format
    moment: Format


def _write(worksheet: Worksheet, sheet: OutputSheet, formats: _Formats) -> None:
    worksheet.freeze_panes(1, 0)
    widths = [len(name) + 2 for name in sheet.header]
    for column, name in enumerate(sheet.header):
        worksheet.write_string(0, column, name, formats.header)
        if name in sheet.notes:
            worksheet.write_comment(0, column, sheet.notes[name], {"x_scale": 2})
    last = 0
    for last, row in enumerate(sheet.rows, 1):
        for column, value in enumerate(row):
            _write_cell(worksheet, last, column, value, formats)
            if last <= _MEASURED_ROWS and value is not None:
                widths[column] = max(widths[column], _width(str(value)))
    for column, width in enumerate(widths):
        worksheet.set_column(column, column, min(width, _WIDEST))
    if sheet.header:
        worksheet.autofilter(0, 0, max(last, 1), len(sheet.header) - 1)


def _write_cell(worksheet: Worksheet, row: int, column: int, value: Cell, formats: _Formats) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        worksheet.write_string(row, column, "yes" if value else "no")
    elif isinstance(value, int | float):
        worksheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        worksheet.write_datetime(row, column, value, formats.moment)
    elif isinstance(value, date):
        worksheet.write_datetime(row, column, datetime(value.year, value.month, value.day), formats.date)  # noqa: DTZ001
    else:
        worksheet.write_string(row, column, value[:MAX_CELL])


def _width(text: str) -> int:
    """The width of a text in columns. An ideograph takes two."""
    return len(text) + sum(1 for letter in text[:_WIDEST] if letter >= "\u1100") + 1
