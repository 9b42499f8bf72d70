"""Delimited text is read without asking: its bytes show the encoding, and its rows the separator."""

from __future__ import annotations

import codecs

import pytest

from scheduler.sheets.tables import MAX_COLUMNS, MAX_OCTETS, MAX_ROWS, UnreadableSheet
from scheduler.sheets.workbook import read_workbook

GERMAN = "Firma;Stand;Ort\r\nMüller & Söhne GmbH;H3-12;Köln\r\nGroß Straßenbau;H1-2;Würzburg\r\n"
HUNGARIAN = "cég;csarnok;város\r\nKőrösi Gépgyár Zrt.;3;Győr\r\nTűzép Kft.;1;Szőny\r\n"
CHINESE = (
    "公司名称,展位,国家\r\n嘉兴雁麓氢能科技有限公司,E4-003,中国\r\n宁波栎墩动力电池有限公司,W1-7,中国\r\n"
)
PORTUGUESE = "empresa;stand;cidade\r\nSoluções São João;1;Conceição\r\nOpções Tão Bem;2;Camarões\r\n"
FRENCH = "société;hall;ville\r\nSûreté Électrique;3;Orléans\r\nForêts d'août;1;Besançon\r\n"
POLISH = "firma;hala;miasto\r\nZakłady Śląskie;3;Łódź\r\nWęgiel Żółty;1;Kraków\r\n"
SPANISH = "compañía;pabellón;ciudad\r\nÍñigo Muñoz S.A.;3;La Coruña\r\n"


@pytest.mark.parametrize(
    ("text", "codec", "encoding", "separator"),
    [
        (GERMAN, "cp1252", "Windows 1252", "semicolons"),
        (GERMAN, "utf-8", "UTF-8", "semicolons"),
        (HUNGARIAN, "cp1250", "Windows 1250", "semicolons"),
        (HUNGARIAN, "utf-8-sig", "UTF-8", "semicolons"),
        (CHINESE, "gbk", "GB18030", "commas"),
        (CHINESE, "gb18030", "GB18030", "commas"),
        (CHINESE.replace(",", "\t"), "utf-16", "UTF-16", "tabs"),
        (CHINESE.replace(",", "|"), "utf-16-be", "UTF-16", "bars"),
        (GERMAN, "utf-16-le", "UTF-16", "semicolons"),
        (PORTUGUESE, "cp1252", "Windows 1252", "semicolons"),
        (FRENCH, "cp1252", "Windows 1252", "semicolons"),
        (SPANISH, "cp1252", "Windows 1252", "semicolons"),
        (POLISH, "cp1250", "Windows 1250", "semicolons"),
    ],
)
def test_a_file_as_a_spreadsheet_program_of_a_country_writes_it(
    text: str, codec: str, encoding: str, separator: str
) -> None:
    workbook = read_workbook(text.encode(codec))
    assert workbook.read_as == f"CSV in {encoding} with {separator}"
    mark = {"semicolons": ";", "commas": ",", "tabs": "\t", "bars": "|"}[separator]
    (sheet,) = workbook.sheets
    assert [row.cells for row in sheet.rows] == [tuple(line.split(mark)) for line in text.splitlines()]


def test_two_accents_side_by_side_are_no_ideograph() -> None:
    """Their bytes form one character, but a rare one."""
    assert read_workbook("Maß;Größe\nFuß;Ähren\n".encode("cp1252")).sheets[0].rows[0].cells == (
        "Maß",
        "Größe",
    )


def test_utf_16_with_a_mark_of_either_order() -> None:
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        assert (
            read_workbook(mark + CHINESE.encode(codec)).sheets[0].rows[1].cells[0]
            == "嘉兴雁麓氢能科技有限公司"
        )


def test_a_separator_within_quotes_parts_nothing_and_rows_are_counted_as_a_spreadsheet_counts() -> None:
    (sheet,) = read_workbook(b'key;note\n1;"a, b, c, d"\n\n2;"two\nlines; e, f"\n3;x\n').sheets
    assert [(row.number, row.cells) for row in sheet.rows] == [
        (1, ("key", "note")),
        (2, ("1", "a, b, c, d")),
        (4, ("2", "two\nlines; e, f")),
        (5, ("3", "x")),
    ]


def test_the_first_line_of_excel_names_the_separator() -> None:
    (sheet,) = read_workbook(b"sep=;\r\nkey;a,b\r\n1;2,5\r\n").sheets
    assert [(row.number, row.cells) for row in sheet.rows] == [(2, ("key", "a,b")), (3, ("1", "2,5"))]


def test_a_file_of_one_column_is_a_table_too() -> None:
    assert [row.cells for row in read_workbook(b"name\nZhen\n").sheets[0].rows] == [("name",), ("Zhen",)]


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "The file is empty."),
        (b" \r\n ", "The file is empty."),
        (b"%PDF-1.7 ...", "The file is a PDF. Upload a spreadsheet: XLSX, ODS or CSV."),
        (b"x" * (MAX_OCTETS + 1), "The file is larger than 16 MB. Split it into several files."),
        (b"\xff\xfek\x00e\x00\x00\xd8", "The file starts as UTF-16 but breaks off in row 1. Save it as XLSX"),
        (b"a," * (MAX_COLUMNS + 1), f"Row 1 has more than {MAX_COLUMNS} columns."),
        (b"a,b\n" * (MAX_ROWS + 1), "The file has more than 50,000 rows."),
        (
            b'a,b\n1,"' + b"x" * 200_000,
            "Row 2 has a cell of more than 131,072 characters. Perhaps a quotation mark is never closed.",
        ),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else "",
)
def test_what_cannot_be_read_is_said_with_what_to_do(octets: bytes, said: str) -> None:
    with pytest.raises(UnreadableSheet) as refused:
        read_workbook(octets)
    assert str(refused.value).startswith(said)
