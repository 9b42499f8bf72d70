"""PDF structure for assistive technology (ISO 14289-1), read back from the file."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pymupdf

from scheduler.invites.agenda.agenda import AgendaDocument
from scheduler.invites.agenda.pdf import Cover, render_agenda_pdf, render_agendas_pdf
from scheduler.invites.pdf.blocks import Block, Sheet, Style
from scheduler.invites.pdf.document import write_pdf
from scheduler.invites.pdf.tables import table_blocks
from scheduler.invites.pdf.vectors import Ink, Outline, PlacedWords, Vectors
from tests.support import missing_programs
from tests.unit.invites.test_agenda_pdf import agenda, entry

NAMED = re.compile(r"/F(\d+) [\d.]+ Tf|<([0-9a-f]+)> Tj|/Span<</ActualText<feff([0-9a-f]*)>>>BDC|(EMC)")


class Read:
    """The file as a screen reader has it: elements in order, each with its text."""

    def __init__(self, octets: bytes) -> None:
        self.file = pymupdf.open("pdf", octets)
        self.catalog = self.file.xref_object(self.file.pdf_catalog(), compressed=True)
        self.letters = {name: self._letters(xref) for xref, name in self._fonts()}
        pages = [page.xref for page in self.file]
        self.marks = {pages[at]: dict(self._marks(at)) for at in range(len(pages))}

    def _fonts(self) -> Iterator[tuple[int, str]]:
        for page in self.file:
            yield from ((font[0], font[4]) for font in page.get_fonts())

    def _letters(self, xref: int) -> dict[str, str]:
        stream = self.file.xref_stream(int(self.file.xref_get_key(xref, "ToUnicode")[1].split()[0])).decode()
        rows = re.findall(r"^<([0-9a-f]{4})> <([0-9a-f]+)>$", stream, re.MULTILINE)
        return {code: bytes.fromhex(said).decode("utf-16-be") for code, said in rows}

    def content(self, page: int) -> str:
        return self.file.xref_stream(self.file[page].get_contents()[0]).decode()

    def _marks(self, page: int) -> Iterator[tuple[int, tuple[str, str]]]:
        """Return each mark's type and text."""
        for said in re.split(
            r"(?=^/(?:Artifact|[A-Z]\w*\d? <</MCID))", self.content(page), flags=re.MULTILINE
        ):
            if found := re.match(r"/(\w+) <</MCID (\d+)>>BDC", said):
                yield int(found[2]), (found[1], self._text(said))

    def _text(self, content: str) -> str:
        made, font, actual = "", "", None
        for name, codes, meant, end in NAMED.findall(content):
            if name:
                font = f"F{name}"
            elif codes and actual is None:
                made += "".join(self.letters[font][codes[at : at + 4]] for at in range(0, len(codes), 4))
            elif meant:
                made += bytes.fromhex(meant).decode("utf-16-be")
                actual = meant
            elif end:
                actual = None
        return made

    def elements(self) -> list[tuple[str, str]]:
        """Return types and texts in reading order, including the figures' texts."""
        root = int(re.findall(r"/StructTreeRoot (\d+) 0 R", self.catalog)[0])
        return list(self._below(root))

    def _below(self, xref: int) -> Iterator[tuple[str, str]]:
        said = self.file.xref_object(xref, compressed=True)
        role = re.findall(r"/S/(\w+)", said)
        kids = said[said.index("/K[") :]
        own = re.findall(r"/Pg (\d+) 0 R/MCID (\d+)", kids)
        for page, mark in own:
            assert self.marks[int(page)][int(mark)][0] == role[0]
        if role:
            yield role[0], "".join(self.marks[int(page)][int(mark)][1] for page, mark in own)
        for kid in re.findall(r"(?<!Pg )\b(\d+) 0 R", re.sub(r"<<.*?>>", "", kids.partition("]")[0])):
            yield from self._below(int(kid))


def is_whole(read: Read) -> None:
    """Return True if everything drawn is tagged or an artifact, and each mark has one element."""
    for at in range(len(read.file)):
        depth = 0
        for line in read.content(at).splitlines():
            depth += line.count("BDC") + line.count("BMC") - line.count("EMC")
            assert depth > 0 or line in ("EMC", ""), line
        assert depth == 0
    assert "/MarkInfo<</Marked true>>" in read.catalog and "/DisplayDocTitle true" in read.catalog
    (parents,) = re.findall(
        r"/ParentTree (\d+)",
        read.file.xref_object(int(re.findall(r"/StructTreeRoot (\d+)", read.catalog)[0]), compressed=True),
    )
    rows = re.findall(r"(\d+)\[([^\]]*)\]", read.file.xref_object(int(parents), compressed=True))
    counts = [row.count(" 0 R") for _, row in rows]
    assert counts == [len(marks) for marks in read.marks.values()]
    levels = [int(role[1]) for role, _ in read.elements() if re.fullmatch(r"H\d", role)]
    assert all(later <= before + 1 for before, later in zip([0, *levels], levels, strict=False))


def test_an_agenda_is_read_in_order_with_headings_of_days_and_meetings() -> None:
    read = Read(render_agenda_pdf(agenda(entry(), entry(1, topic=""), entry(0, 1, partner="王䶮 شركة"))))
    is_whole(read)
    said = [(role, text) for role, text in read.elements() if role not in ("Document", "Sect")]
    assert said[:6] == [
        ("H1", "Agenda of Nagy Péter"),
        ("P", "Chain Expo"),
        ("P", "Schedule version 3, published Monday, 12 April 2027, 09:00 (Beijing time, UTC+08:00)"),
        ("H2", "Wednesday, 12 May 2027 (Beijing time, UTC+08:00)"),
        ("H3", "09:00–09:30 Firm 00"),
        ("P", "Table 0, Hall 3"),
    ]
    assert ("H3", "09:00–09:30 王䶮 شركة") in said
    assert not any("Page 1 of" in text for _, text in said)


def test_bookmarks_lead_to_each_day_and_the_title_is_known_to_programs() -> None:
    days = agenda(*(entry(number % 6, number // 6) for number in range(24)))
    read = Read(render_agenda_pdf(days))
    is_whole(read)
    found = read.file.get_toc()
    assert found[0] == [1, "Agenda of Nagy Péter", 1]
    assert [title for level, title, _ in found if level == 2] == [day for day, _ in days.days()]
    for _, title, page in found:
        assert title in read.file[page - 1].get_text()
    xmp = read.file.get_xml_metadata()
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp and "Agenda of Nagy Péter, Chain Expo" in xmp
    assert "/Lang(en)" in read.catalog


def test_days_share_a_page_where_each_is_whole() -> None:
    one_a_day = pymupdf.open("pdf", render_agenda_pdf(agenda(*(entry(0, day) for day in range(4)))))
    assert len(one_a_day) == 1
    many = pymupdf.open(
        "pdf", render_agenda_pdf(agenda(*(entry(number % 7, number // 7) for number in range(28))))
    )
    texts = [page.get_text() for page in many]
    for day in range(4):
        date = f"{12 + day} May 2027 (Beijing"
        (page,) = (text for text in texts if date in text)
        assert page.partition(date)[2].count("You'll meet") >= 7


def test_tables_have_headers_once_and_pictures_a_text() -> None:
    rows = [[f"Firm {number}", str(number)] for number in range(70)]
    blocks = table_blocks([(Style.DAY, "Countries")], ["Firm", "Meetings"], rows, [3, 1])
    picture = Vectors(100, 20, [Outline("M0 0H50V10H0z", Ink(fill=0))], [PlacedWords(5, 5, "Bar", 8, 0)])
    blocks.append(Block([(Style.DAY, "Chain"), (Style.TEXT, "What goes where.")], picture=picture))
    sheet = Sheet(title="T & <U>", language="hu", blocks=blocks, page="{page}/{pages}", foot=["foot"])
    read = Read(write_pdf(sheet))
    is_whole(read)
    said = read.elements()
    assert len(read.file) > 1 and [text for role, text in said if role == "TH"] == ["Firm", "Meetings"]
    assert [text for role, text in said if role == "TD"] == [cell for row in rows for cell in row]
    assert [role for role, _ in said].count("TR") == 71 and [role for role, _ in said].count("Table") == 1
    assert ("Figure", "Bar") in said
    objects = [read.file.xref_object(xref, compressed=True) for xref in range(1, read.file.xref_length())]
    (figure,) = (each for each in objects if "/S/Figure" in each)
    assert f"/Alt<feff{'Chain What goes where.'.encode('utf-16-be').hex()}>" in figure.lower().replace(
        "/alt", "/Alt"
    )
    assert "T &amp; &lt;U&gt;" in read.file.get_xml_metadata()


def test_a_pack_has_a_section_and_bookmarks_for_each_person() -> None:
    def of(owner: str, language: str) -> AgendaDocument:
        return agenda(entry(), owner=owner, language=language)

    cover = Cover("Zhejiang", "Expo", "en", ["From: Zhejiang"], [("王芳", ["Volt"])])
    read = Read(render_agendas_pdf([of("王芳", "zh"), of("Nagy Péter", "hu")], cover))
    is_whole(read)
    assert [title for level, title, _ in read.file.get_toc() if level == 1] == [
        "Zhejiang", "王芳的日程", "Nagy Péter napirendje",
    ]  # fmt: skip
    objects = " ".join(
        read.file.xref_object(xref, compressed=True) for xref in range(1, read.file.xref_length())
    )
    assert [re.findall(r"/S/Sect.*?/Lang\((\w+)\)", objects)] == [["en", "zh", "hu"]]


def test_poppler_reads_it_as_a_tagged_file(tmp_path: Path) -> None:
    missing_programs.require("Poppler")
    file = tmp_path / "agenda.pdf"
    file.write_bytes(render_agenda_pdf(agenda(entry(), entry(0, 1))))
    told = subprocess.run(["pdfinfo", file], capture_output=True, text=True, check=True)
    assert re.search(r"Tagged: +yes", told.stdout) and not told.stderr
    tree = subprocess.run(["pdfinfo", "-struct-text", file], capture_output=True, text=True, check=True)
    assert '"09:00–09:30 Firm 00"' in tree.stdout and not tree.stderr
