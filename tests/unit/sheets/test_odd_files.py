"""File contents that are no values: passwords, web pages, huge cells, failed formulas, date numbers."""

from __future__ import annotations

import io
import zipfile

import pytest

from scheduler.services.spreadsheets.time_parsing import parse_serial
from scheduler.sheets.tables import UnreadableSheet, column_letters, column_number
from scheduler.sheets.workbook import read_workbook
from scheduler.sheets.writers import OutputSheet, write_xlsx

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLD = b"\x09\x08\x10\x00" + bytes(16) + b"\x2f\x00\x36\x00" + bytes(60)
"""The first records of a password-protected XLS."""


def locked_ods() -> bytes:
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w") as archive:
        archive.writestr("content.xml", b"\x00\x01")
        archive.writestr("META-INF/manifest.xml", b"<manifest:encryption-data/>")
    return octets.getvalue()


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (COMPOUND + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(512), "has a password"),
        (COMPOUND + bytes(504) + OLD, "has a password"),
        (locked_ods(), "has a password"),
        (b"\xef\xbb\xbf\r\n<html><table><tr><td>Firm</td></tr></table>", "is a web page or XML"),
        (b"<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><Workbook/>", "is a web page or XML"),
        ("<!DOCTYPE html><p>x".encode("utf-16"), "is a web page or XML"),
        (b'name,country\n"' + b"a" * 200_000, "Row 2 has a cell of more than 131,072 characters"),
    ],
    ids=["XLSX", "XLS", "ODS", "HTML", "XML", "UTF-16", "huge cell"],
)  # fmt: skip
def test_what_cannot_be_read_is_named(octets: bytes, said: str) -> None:
    with pytest.raises(UnreadableSheet, match=said):
        read_workbook(octets)


def test_cells_of_failed_formulas_show_what_a_spreadsheet_shows() -> None:
    made = write_xlsx([OutputSheet("A & B", ["name", "max_per_day", "n"], [["x", 1, 2], ["y", 2, 3]])])
    octets = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(octets, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename == "xl/worksheets/sheet1.xml":
                assert b'<c r="B2"><v>1</v></c>' in data and b'<c r="C3"><v>3</v></c>' in data
                data = data.replace(
                    b'<c r="B2"><v>1</v></c>', b'<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
                )
                data = data.replace(b'<c r="C3"><v>3</v></c>', b'<c r="C3" s="4" t="e"><v>#N/A</v></c>')
            new.writestr(member, data)
    (sheet,) = read_workbook(octets.getvalue()).sheets
    assert [row.cells for row in sheet.rows] == [
        ("name", "max_per_day", "n"), ("x", "#DIV/0!", "2"), ("y", "2", "#N/A"),
    ]  # fmt: skip


@pytest.mark.parametrize("position", [0, 25, 26, 701, 702, 16_383])
def test_letters_of_columns_lead_back_to_their_numbers(position: int) -> None:
    assert column_number(column_letters(position)) == position


@pytest.mark.parametrize(
    ("text", "meant"),
    [("0.5833333333333334", "None 14:00:00"), (".375", "None 09:00:00"), ("46522", "2027-05-15 None"),
     ("46522.5", "2027-05-15 12:00:00"), ("9.30", None), ("14", None), ("20270515", None), ("12345", None),
     ("May 5", None)],
)  # fmt: skip
def test_numbers_that_a_spreadsheet_made_of_times_are_times(text: str, meant: str | None) -> None:
    found = parse_serial(text)
    assert (found if found is None else f"{found[0]} {found[1]}") == meant
