"""XLSX and CSV writers, protected against formula injection."""

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
"""Positions where a cell, or text after a foreign separator within it, could start a formula."""
_WIDEST: Final = 60
"""Maximum column width in characters."""
_MEASURED_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class OutputSheet:
    """A sheet to write: name of at most 31 characters, header, and rows of the same length.

    `notes` are comments on header cells, by column name.
    """

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    notes: dict[str, str] = field(default_factory=dict)


def write_xlsx(sheets: Sequence[OutputSheet]) -> bytes:
    """Return a workbook. Text is never interpreted as a formula, link or number."""
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
    """Return CSV in UTF-8 with a byte order mark, which Excel needs to detect the encoding.

    Text that could be a formula is prefixed with an apostrophe (OWASP, CSV injection).
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([escape_csv_cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def escape_csv_cell(value: Cell) -> str:
    """Return a CSV cell that cannot be executed as a formula."""
    text = "" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return text if isinstance(value, int | float) else escape_formula(text)


def escape_formula(cell: str) -> str:
    """Prefix each part of a text that could be interpreted as a formula with an apostrophe.

    Hungarian and German Excel split CSV cells at semicolons, including those inside a cell.
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
    """Return the display width of a text in columns. An ideograph takes two."""
    return len(text) + sum(1 for letter in text[:_WIDEST] if letter >= "\u1100") + 1
