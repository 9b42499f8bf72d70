"""Workbooks are read as displayed, and decompression bombs are rejected unopened."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime

import pytest
from xlsxwriter import Workbook as XlsxWorkbook

from scheduler.sheets import spreadsheet
from scheduler.sheets.tables import MAX_COLUMNS, SheetRow, UnreadableSheet, column_letters
from scheduler.sheets.workbook import read_workbook
from scheduler.sheets.writers import OutputSheet, write_csv, write_xlsx


def test_what_is_written_is_read_back_as_it_was() -> None:
    rows = [
        [
            "f1",
            "嘉兴雁麓氢能科技有限公司",
            13800138000,
            True,
            date(2027, 6, 22),
            datetime(2027, 6, 22, 9, 30, tzinfo=UTC),
            None,
        ],
        ["f2", "=1+1", 2.5, False, None, None, "@x"],
    ]
    header = ["key", "name", "phone", "exhibitor", "day", "at", "note"]
    workbook = read_workbook(
        write_xlsx([OutputSheet("Firms", header, rows), OutputSheet("Empty", ["a"], [])])
    )
    assert workbook.read_as == "XLSX"
    firms, empty = workbook.sheets
    assert (firms.name, empty.name, empty.rows) == ("Firms", "Empty", (SheetRow(1, ("a",)),))
    assert [row.cells for row in firms.rows] == [
        tuple(header),
        ("f1", "嘉兴雁麓氢能科技有限公司", "13800138000", "yes", "2027-06-22", "2027-06-22 09:30", ""),
        ("f2", "=1+1", "2.5", "no", "", "", "@x"),
    ]


def test_rows_and_columns_keep_their_numbers_where_a_sheet_begins_further_down() -> None:
    octets = io.BytesIO()
    with XlsxWorkbook(octets) as book:
        sheet = book.add_worksheet("A")
        sheet.write_string(3, 2, "key")
        sheet.write_string(5, 2, "f1")
        book.add_worksheet("Hidden").hide()
    (shown,) = read_workbook(octets.getvalue()).sheets
    assert shown.rows == (SheetRow(4, ("", "", "key")), SheetRow(6, ("", "", "f1")))


def test_no_cell_of_csv_is_a_formula() -> None:
    octets = write_csv(["a", "b"], [["=cmd|' /C calc'!A0", -3], ["+36 1 234", None], ["@SUM(A1)", "-x"]])
    assert octets.startswith(b"\xef\xbb\xbf")
    (sheet,) = read_workbook(octets).sheets
    assert [row.cells for row in sheet.rows[1:]] == [
        ("'=cmd|' /C calc'!A0", "-3"),
        ("'+36 1 234", ""),
        ("'@SUM(A1)", "'-x"),
    ]


def test_a_workbook_that_unpacks_to_too_much_is_not_opened() -> None:
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as member:
            for _ in range(spreadsheet.MAX_UNPACKED // (1 << 20) + 1):
                member.write(b"\0" * (1 << 20))
    assert len(octets.getvalue()) < 1 << 20
    with pytest.raises(UnreadableSheet, match="larger than 128 MB when unpacked"):
        read_workbook(octets.getvalue())


def archive(**members: str) -> bytes:
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w") as made:
        for name, text in members.items():
            made.writestr(name, text)
    return octets.getvalue()


def wide() -> bytes:
    octets = io.BytesIO()
    with XlsxWorkbook(octets) as book:
        book.add_worksheet("A").write_string(0, MAX_COLUMNS, "x")
    return octets.getvalue()


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        (1_048_575, 49, "The sheet 'A' has content far below its table, in the cell AX1048576."),
        (6, 16_383, f"The sheet 'A' has more than {MAX_COLUMNS} columns: its cell XFD7 is not empty."),
    ],
)
def test_a_stray_cell_is_named_and_not_what_it_would_take(row: int, column: int, said: str) -> None:
    octets = io.BytesIO()
    with XlsxWorkbook(octets) as book:
        sheet = book.add_worksheet("A")
        sheet.write_string(0, 0, "name")
        sheet.write_string(row, column, "x")
        hidden = book.add_worksheet("B")
        hidden.write_string(row, column, "nobody reads it")
        hidden.hide()
    with pytest.raises(UnreadableSheet) as refused:
        read_workbook(octets.getvalue())
    assert str(refused.value).startswith(said)


def test_what_is_far_in_a_hidden_sheet_is_left_alone() -> None:
    octets = io.BytesIO()
    with XlsxWorkbook(octets) as book:
        book.add_worksheet("A").write_string(0, MAX_COLUMNS - 1, "x")
        hidden = book.add_worksheet("B")
        hidden.write_string(1_048_575, 0, "x")
        hidden.hide()
    (sheet,) = read_workbook(octets.getvalue()).sheets
    assert sheet.rows[0].cells[-1] == "x"


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (archive(readme="x"), "The file is a ZIP archive, not a spreadsheet."),
        (b"PK\x03\x04 and no more", "The file is damaged or not a spreadsheet."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "The file is damaged or not a spreadsheet."),
        (archive(**{"xl/workbook.xml": "<workbook><broken"}), "The file is damaged or not a spreadsheet."),
        (wide(), f"The sheet 'A' has more than {MAX_COLUMNS} columns: its cell GS1 is not empty."),
        (archive(**{f"m{n}": "" for n in range(2_001)}), "The file is larger than"),
    ],
    ids=["zip", "cut", "xls", "xml", "wide", "members"],
)
def test_what_is_no_workbook_is_said_with_what_to_do(octets: bytes, said: str) -> None:
    with pytest.raises(UnreadableSheet) as refused:
        read_workbook(octets)
    assert str(refused.value).startswith(said)


def test_columns_have_the_letters_of_a_spreadsheet() -> None:
    assert [column_letters(n) for n in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]
