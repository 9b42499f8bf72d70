"""Format detection by content, since file name and MIME type are untrusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from scheduler.i18n import gettext_lazy
from scheduler.plugins import IMPORTERS, ImporterPlugin, ImportRefused
from scheduler.plugins.loading import load
from scheduler.sheets import delimited, spreadsheet
from scheduler.sheets.spreadsheet import too_many_rows
from scheduler.sheets.tables import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_OCTETS,
    MAX_ROWS,
    MAX_SHEETS,
    SheetRow,
    UnreadableSheet,
    Workbook,
    WorkbookSheet,
)

LOOKED_AT: Final = 4_096
"""Octets passed to plugins to recognise a format."""

log = structlog.get_logger()

_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Signature of Excel 97-2003 files and encrypted XLSX."""
_OTHERS = {
    b"%PDF": gettext_lazy("a PDF"),
    b"\x89PNG": gettext_lazy("an image"),
    b"\xff\xd8\xff": gettext_lazy("an image"),
    b"Rar!": gettext_lazy("a RAR archive"),
    b"\x1f\x8b": gettext_lazy("a gzip archive"),
    b"7z\xbc\xaf": gettext_lazy("a 7z archive"),
}

_PAGES = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head", b"<body", b"<style", b"<div")
"""Start of HTML and XML files that programs export with the extension `.xls`."""


def read_workbook(octets: bytes) -> Workbook:
    """Return the sheets of an XLSX, XLS, ODS or delimited text file. Raises UnreadableSheet.

    Runs in a sandboxed child process, since the content may expand to far more memory than the file size.
    """
    if len(octets) > MAX_OCTETS:
        raise UnreadableSheet(
            gettext_lazy(
                "The file is larger than %(value)s MB. Split it into several files.", value=MAX_OCTETS >> 20
            )
        )
    if not octets.strip():
        raise UnreadableSheet(gettext_lazy("The file is empty."))
    for name, importer in load(IMPORTERS).items():
        if _recognises(name, importer, octets[:LOOKED_AT]):
            return _by_plugin(name, importer, octets)
    for start, what in _OTHERS.items():
        if octets.startswith(start):
            raise UnreadableSheet(
                gettext_lazy("The file is %(what)s. Upload a spreadsheet: XLSX, ODS or CSV.", what=what)
            )
    if octets.startswith((_ZIP, _COMPOUND)):
        return spreadsheet.read_spreadsheet(octets)
    start = octets[:1024].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith(_PAGES):
        raise UnreadableSheet(
            gettext_lazy(
                "The file is a web page or XML, despite its name. Open it in a spreadsheet "
                "program and save it as XLSX."
            )
        )
    return delimited.read_delimited(octets)


def _recognises(name: str, importer: ImporterPlugin, start: bytes) -> bool:
    """Return True if a plugin recognises the file. A plugin that raises counts as False."""
    try:
        return bool(importer.recognises(start))
    except Exception as error:
        log.warning("importer failed", plugin=name, error=f"{type(error).__name__}: {error}"[:300])
        return False


def _by_plugin(name: str, importer: ImporterPlugin, octets: bytes) -> Workbook:
    try:
        given = importer.read(octets)
        sheets = tuple(_sheet(str(title), rows) for title, rows in given.items())
    except ImportRefused as refused:
        raise UnreadableSheet(str(refused)) from None
    except Exception as error:
        log.warning("importer failed", plugin=name, error=f"{type(error).__name__}: {error}"[:300])
        raise UnreadableSheet(
            gettext_lazy("The plugin that reads this file (%(title)s) failed.", title=importer.title)
        ) from None
    if len(sheets) > MAX_SHEETS or sum(len(sheet.rows) for sheet in sheets) > MAX_ROWS:
        raise UnreadableSheet(too_many_rows())
    return Workbook(sheets, importer.title)


def _sheet(title: str, rows: Sequence[Sequence[str]]) -> WorkbookSheet:
    """Return the non-empty rows, with cells as text within the limits of all sheets."""
    cells = (tuple(str(cell)[:MAX_CELL] for cell in row[:MAX_COLUMNS]) for row in rows)
    return WorkbookSheet(
        title, tuple(SheetRow(number, row) for number, row in enumerate(cells, 1) if any(row))
    )
