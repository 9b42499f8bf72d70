"""Delimited text: auto-detection of CSV dialects used in Germany, Hungary and China.

The encoding is given by a byte order mark (UTF-8, UTF-16). Otherwise it is UTF-16 if there are many zero
octets, UTF-8 if the whole file is valid UTF-8, else GB18030 (Windows in China) or code page 1250 or 1252, by
octet patterns. The separator is the one by which most rows have the same number of columns.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from itertools import islice
from typing import Final

from scheduler.i18n import gettext_lazy
from scheduler.sheets.tables import (
    MAX_COLUMNS,
    MAX_ROWS,
    SheetRow,
    UnreadableSheet,
    Workbook,
    WorkbookSheet,
)

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_LOOKED_AT: Final = 64 << 10
"""Characters, or octets, examined to detect the separator and encoding."""
_ROWS_LOOKED_AT: Final = 100

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")
# A character between two letters belongs to a word. There, 1250 has letters where 1252 has symbols.
_SIGN_IN_WORD = re.compile(r"(?<=[^\W\d_])[£¥ª³¹º»¼½¾¿ŒœŽžŸ]|[£¥³¹¿](?=[^\W\d_])")
_WESTERN = re.compile("[ãçèêàñåøæÃÇÈÊÀÑÅØÆ]")
_DOUBLE_ACUTE = re.compile("[őűŐŰ]")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read_delimited(octets: bytes) -> Workbook:
    """Return the single table of a text file. Raises UnreadableSheet."""
    text, encoding = decode_text(octets)
    stated = _SEPARATOR_LINE.match(text)  # Excel's own header line
    separator = stated.group(1) if stated else detect_separator(text)
    rows = _rows(text[stated.end() :] if stated else text, separator, 2 if stated else 1)
    return Workbook(
        (WorkbookSheet("", rows),), f"CSV in {encoding} with {SEPARATORS.get(separator, 'separators')}"
    )


def decode_text(octets: bytes) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding. Raises UnreadableSheet."""
    for mark, codec, name in _MARKS:
        if octets.startswith(mark):
            return _decoded(octets[len(mark) :], codec, name), name
    start = octets[:_LOOKED_AT]
    if start.count(0) * 20 > len(start):  # in UTF-16, each ASCII character has one zero octet
        codec = "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"
        return _decoded(octets, codec, "UTF-16"), "UTF-16"
    try:
        return octets.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        codec, name = _legacy(octets)
        return _decoded(octets, codec, name), name


def detect_separator(text: str) -> str:
    """Return the separator by which most first rows have equally many columns, or a comma if none fits."""
    return max(SEPARATORS, key=lambda separator: _fit(text[:_LOOKED_AT], separator))


def _fit(text: str, separator: str) -> tuple[int, int]:
    """Return (number of rows, number of columns) for the most frequent column count, if that is above 1."""
    try:
        rows = [
            row for row in islice(csv.reader(io.StringIO(text), delimiter=separator), _ROWS_LOOKED_AT) if row
        ]
    except csv.Error:
        return 0, 0
    if not rows:
        return 0, 0
    columns, times = Counter(map(len, rows)).most_common(1)[0]
    return (times, columns) if columns > 1 else (0, 0)


def _decoded(octets: bytes, codec: str, name: str) -> str:
    try:
        return octets.decode(codec)
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise UnreadableSheet(
            gettext_lazy(
                "The file starts as %(name)s but breaks off in row %(line)s. Save it as XLSX or"
                " as CSV in UTF-8.",
                name=name,
                line=line,
            )
        ) from None


def _legacy(octets: bytes) -> tuple[str, str]:
    """Detect GB18030, where non-ASCII octets are pairs of frequent ideographs, or a Windows code page.

    The whole file is examined, since the only Chinese name may be in the last row.
    """
    if _frequent_ideographs(octets) > 0.5 and _is_in(octets, "gb18030"):
        return "gb18030", "GB18030"
    western, central = (octets.decode(codec, "replace") for codec in ("cp1252", "cp1250"))
    is_western = bool(_WESTERN.search(western))
    is_central = len(_SIGN_IN_WORD.findall(western)) > len(_WESTERN.findall(western))
    is_central = is_central or (bool(_DOUBLE_ACUTE.search(central)) and not is_western)
    return ("cp1250", "Windows 1250") if is_central else ("cp1252", "Windows 1252")


def _frequent_ideographs(octets: bytes) -> float:
    """Return the share of non-ASCII octets that form a frequent ideograph or symbol (GB 2312 levels 1 and 0).

    European letters are isolated between ASCII letters, and two adjacent ones form a rare ideograph.
    """
    runs = _HIGH_RUNS.findall(octets)
    leads = Counter(lead for run in runs if len(run) % 2 == 0 for lead in run[::2])
    frequent = sum(times for lead, times in leads.items() if 0xB0 <= lead <= 0xD7 or 0xA1 <= lead <= 0xA3)
    return 2 * frequent / sum(map(len, runs))


def _is_in(octets: bytes, codec: str) -> bool:
    try:
        octets.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _rows(text: str, separator: str, first: int) -> tuple[SheetRow, ...]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[SheetRow] = []
    try:
        for number, line in enumerate(reader, first):
            cells = tuple(cell.strip() for cell in line)
            if len(cells) > MAX_COLUMNS:
                raise UnreadableSheet(
                    gettext_lazy(
                        "Row %(number)s has more than %(max_columns)s columns.",
                        number=number,
                        max_columns=MAX_COLUMNS,
                    )
                )
            if any(cells):
                found.append(SheetRow(number, cells))
            if len(found) > MAX_ROWS:
                raise UnreadableSheet(
                    gettext_lazy(
                        "The file has more than %(max_rows)s rows. Split it into several files.",
                        max_rows=f"{MAX_ROWS:,}",
                    )
                )
    except csv.Error as error:
        if "field limit" in str(error):
            raise UnreadableSheet(
                gettext_lazy(
                    "Row %(value)s has a cell of more than %(most)s characters. Perhaps a quotation mark is "
                    "never closed. Save the file as XLSX.",
                    value=len(found) + first,
                    most=f"{csv.field_size_limit():,}",
                )
            ) from None
        raise UnreadableSheet(
            gettext_lazy(
                "Row %(value)s can't be read as CSV (%(error)s). Save the file as XLSX.",
                value=len(found) + first,
                error=error,
            )
        ) from None
    return tuple(found)
