"""XLSX, XLS and ODS, by calamine. A small ZIP may unpack to gigabytes, so its directory is read first."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum, ZipError

from scheduler.saying import say
from scheduler.sheets.tables import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_SHEETS,
    SheetRow,
    UnreadableSheet,
    Workbook,
    WorkbookSheet,
)

MAX_UNPACKED: Final = 128 << 20
"""Octets of all members of a ZIP: far over what 50,000 rows need."""
MAX_MEMBERS: Final = 2_000

_BROKEN = say(
    "The file is broken, or is no spreadsheet. Open it in a spreadsheet program and save it as XLSX."
)
_Value = int | float | str | bool | time | date | datetime | timedelta


def read(octets: bytes) -> Workbook:
    """The visible sheets. Raises UnreadableSheet."""
    kind = "XLS"
    if octets.startswith(b"PK"):
        kind = _check_zip(octets)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(octets))
    except (CalamineError, ZipError, ValueError, OSError) as error:
        if "password" in str(error).lower():
            raise UnreadableSheet(
                say("The file has a password. Save it without one, and send it again.")
            ) from None
        raise UnreadableSheet(_BROKEN) from None
    shown = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
    if len(shown) > MAX_SHEETS:
        raise UnreadableSheet(
            say(
                "The file has %(value)s sheets; at most %(max_sheets)s are read.",
                value=len(shown),
                max_sheets=MAX_SHEETS,
            )
        )
    left, sheets = MAX_ROWS, []
    for name in shown:
        rows = _rows(workbook, name, left)
        left -= len(rows)
        sheets.append(WorkbookSheet(name, rows))
    return Workbook(tuple(sheets), kind)


def _check_zip(octets: bytes) -> str:
    """The kind of a ZIP that may be opened. Its sizes are those that its directory tells."""
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise UnreadableSheet(_BROKEN) from None
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
        raise UnreadableSheet(
            say(
                "The file unpacks to more than %(value)s MB. Save only the sheets that are needed.",
                value=MAX_UNPACKED >> 20,
            )
        )
    names = {member.filename for member in members}
    if "xl/workbook.xml" in names:
        return "XLSX"
    if "content.xml" in names:
        return "ODS"
    if "xl/workbook.bin" in names:
        return "XLSB"
    raise UnreadableSheet(
        say("The file is a ZIP archive, and no spreadsheet. Unpack it, and send what is in it.")
    )


def _rows(workbook: CalamineWorkbook, name: str, most: int) -> tuple[SheetRow, ...]:
    try:
        sheet = workbook.get_sheet_by_name(name)
        start = sheet.start
        if start is None:
            return ()
        if sheet.width + start[1] > MAX_COLUMNS:
            raise UnreadableSheet(
                say(
                    "The sheet %(name)s has more than %(max_columns)s columns.",
                    name=repr(name),
                    max_columns=MAX_COLUMNS,
                )
            )
        found = []
        for number, cells in enumerate(sheet.to_python(), start[0] + 1):
            row = ("",) * start[1] + tuple(_text(value) for value in cells)
            if any(row):
                found.append(SheetRow(number, row))
            if len(found) > most:
                raise UnreadableSheet(
                    say(
                        "The file has more than %(max_rows)s rows. Divide it into several files.",
                        max_rows=f"{MAX_ROWS:,}",
                    )
                )
    except (CalamineError, ZipError, ValueError, OSError):
        raise UnreadableSheet(_BROKEN) from None
    return tuple(found)


def _text(value: _Value) -> str:
    """A cell as a person reads it: a telephone number has no decimals, and a date is one of ISO 8601."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "minutes")
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).strip()[:MAX_CELL]
