"""XLSX, XLS and ODS parsing with calamine. The ZIP directory is checked first, against ZIP bombs."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum, ZipError

from scheduler.i18n import LazyText, gettext_lazy
from scheduler.sheets.tables import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_SHEETS,
    SheetRow,
    UnreadableSheet,
    Workbook,
    WorkbookSheet,
    column_number,
)

MAX_UNPACKED: Final = 128 << 20
"""Total octets of all ZIP members, far more than 50,000 rows need."""
MAX_MEMBERS: Final = 2_000
_MANIFEST: Final = "META-INF/manifest.xml"
"""ODS manifest, which states how members are encrypted (ODF 1.2 part 3, 3.4)."""

_BROKEN = gettext_lazy(
    "The file is damaged or not a spreadsheet. Open it in a spreadsheet program and save it as XLSX."
)
_PASSWORD = gettext_lazy("The file has a password. Save it without one and upload it again.")
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
"""Name of the stream with a password-protected XLSX (MS-OFFCRYPTO 2.3.4.4)."""
_BOF: Final = b"\x09\x08\x10\x00"
_FILEPASS: Final = b"\x2f\x00"
"""Second record of a password-protected Excel 97-2003 workbook (MS-XLS 2.4.117)."""
_SHEET: Final = re.compile(rb"<sheet\b[^<>]*>")
_LINK: Final = re.compile(rb"<Relationship\b[^<>]*>")
_FAILED: Final = re.compile(
    rb'<c r="([A-Z]{1,3})(\d{1,7})"[^<>]{0,120}\bt="e"[^<>]{0,120}>'
    rb"(?:<f[^<>]{0,200}>(?:[^<]{0,9000}</f>)?)?<v>(#[^<]{1,20})</v>"
)
"""A cell with a formula error (ECMA-376 part 1, 18.18.11)."""
_FAR_COLUMN: Final = re.compile(rb'<c r="((?:[A-Z]{3}|[H-Z][A-Z]|G[S-Z])\d{1,7})"')
"""A cell beyond the last supported column, GR."""
_FAR_ROW: Final = re.compile(rb'<c r="([A-Z]{1,3}(?:[2-9]\d{5}|\d{7}))"')
"""A cell in row 200,000 or below, four times the maximum number of rows."""
_Value = int | float | str | bool | time | date | datetime | timedelta


def read_spreadsheet(octets: bytes) -> Workbook:
    """Return the visible sheets. Raises UnreadableSheet."""
    kind = "XLS"
    if octets.startswith(b"PK"):
        kind = _check_zip(octets)
    elif _is_locked(octets):
        raise UnreadableSheet(_PASSWORD)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(octets))
    except (CalamineError, ZipError, ValueError, OSError) as error:
        if "password" in str(error).lower():
            raise UnreadableSheet(_PASSWORD) from None
        raise UnreadableSheet(_BROKEN) from None
    shown = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
    if len(shown) > MAX_SHEETS:
        raise UnreadableSheet(
            gettext_lazy(
                "The file has %(value)s sheets. Use at most %(max_sheets)s.",
                value=len(shown),
                max_sheets=MAX_SHEETS,
            )
        )
    failed = _failed(octets, frozenset(shown)) if kind == "XLSX" else {}
    left, sheets = MAX_ROWS, []
    for name in shown:
        rows = _with_errors(_rows(workbook, name, left), failed.get(name, {}))
        left -= len(rows)
        sheets.append(WorkbookSheet(name, rows))
    return Workbook(tuple(sheets), kind)


def _check_zip(octets: bytes) -> str:
    """Check a ZIP's declared sizes and return its kind. Raises UnreadableSheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            manifest = archive.open(_MANIFEST).read(1 << 20) if _MANIFEST in names else b""
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise UnreadableSheet(_BROKEN) from None
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
        raise UnreadableSheet(
            gettext_lazy(
                "The file is larger than %(value)s MB when unpacked. Save only the sheets you need.",
                value=MAX_UNPACKED >> 20,
            )
        )
    if b"encryption-data" in manifest:
        raise UnreadableSheet(_PASSWORD)
    if "xl/workbook.xml" in names:
        return "XLSX"
    if "content.xml" in names:
        return "ODS"
    if "xl/workbook.bin" in names:
        return "XLSB"
    raise UnreadableSheet(
        gettext_lazy("The file is a ZIP archive, not a spreadsheet. Unpack it and upload the file inside.")
    )


def _is_locked(octets: bytes) -> bool:
    """Return True if an OLE compound file is password-protected."""
    begin = octets.find(_BOF)
    return _LOCKED in octets or (begin >= 0 and octets[begin + 20 : begin + 22] == _FILEPASS)


def _failed(octets: bytes, shown: frozenset[str]) -> dict[str, dict[tuple[int, int], str]]:
    """Return the cells with formula errors, which calamine returns empty, by sheet and (row, column) from 0.

    Raises UnreadableSheet for a sheet with a distant cell, since the empty cells up to it would exhaust
    memory.
    """
    found: dict[str, dict[tuple[int, int], str]] = {}
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        try:
            book, links = archive.read("xl/workbook.xml"), archive.read("xl/_rels/workbook.xml.rels")
        except (KeyError, zipfile.BadZipFile):
            return found
        targets = {_attribute(tag, b"Id"): _attribute(tag, b"Target") for tag in _LINK.findall(links)}
        for tag in _SHEET.findall(book):
            target = targets.get(_attribute(tag, b"r:id"), "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if path not in archive.NameToInfo:
                continue
            sheet, name = archive.read(path), _attribute(tag, b"name")
            if name in shown:
                _check_extent(name, sheet)
            if b't="e"' in sheet:
                found[name] = {
                    (int(row) - 1, column_number(letters.decode())): text.decode("ascii", "replace")
                    for letters, row, text in _FAILED.findall(sheet)
                }
    return found


def _check_extent(name: str, sheet: bytes) -> None:
    if sheet.count(b"<row ") > MAX_ROWS:
        raise UnreadableSheet(too_many_rows())
    if far := _FAR_COLUMN.search(sheet):
        raise UnreadableSheet(
            gettext_lazy(
                "The sheet %(name)s has more than %(max_columns)s columns: its cell %(cell)s is"
                " not empty. Delete everything far from the table.",
                name=repr(name),
                max_columns=MAX_COLUMNS,
                cell=far[1].decode(),
            )
        )
    if far := _FAR_ROW.search(sheet):
        raise UnreadableSheet(
            gettext_lazy(
                "The sheet %(name)s has content far below its table, in the cell %(cell)s. Delete that row.",
                name=repr(name),
                cell=far[1].decode(),
            )
        )


def too_many_rows() -> LazyText:
    """Return the error message for a file with too many rows."""
    return gettext_lazy(
        "The file has more than %(max_rows)s rows. Split it into several files.", max_rows=f"{MAX_ROWS:,}"
    )


def _attribute(tag: bytes, name: bytes) -> str:
    match = re.search(rb"\s" + name + rb'="([^"]*)"', tag)
    return html.unescape(match[1].decode("utf-8", "replace")) if match else ""


def _with_errors(rows: tuple[SheetRow, ...], failed: dict[tuple[int, int], str]) -> tuple[SheetRow, ...]:
    """Return the rows with the text of cells with formula errors."""
    if not failed:
        return rows
    by_number = {row.number: list(row.cells) for row in rows}
    for (row, column), text in failed.items():
        cells = by_number.setdefault(row + 1, [])
        cells += [""] * (column + 1 - len(cells))
        cells[column] = text
    return tuple(SheetRow(number, tuple(cells)) for number, cells in sorted(by_number.items()))


def _rows(workbook: CalamineWorkbook, name: str, most: int) -> tuple[SheetRow, ...]:
    try:
        sheet = workbook.get_sheet_by_name(name)
        start = sheet.start
        if start is None:
            return ()
        if sheet.width + start[1] > MAX_COLUMNS:
            raise UnreadableSheet(
                gettext_lazy(
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
                raise UnreadableSheet(too_many_rows())
    except (CalamineError, ZipError, ValueError, OSError):
        raise UnreadableSheet(_BROKEN) from None
    return tuple(found)


def _text(value: _Value) -> str:
    """Return a cell as displayed: integers without decimals, dates in ISO 8601."""
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
