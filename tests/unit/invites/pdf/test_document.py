"""A PDF's glyphs look as in the full fonts, its lines are filled, and its file is valid."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from scheduler.invites.pdf import faces
from scheduler.invites.pdf.blocks import MARGIN, WIDTH, Block, Sheet, Style
from scheduler.invites.pdf.document import write_pdf
from scheduler.invites.pdf.faces import find_glyphs
from scheduler.invites.pdf.lines import break_lines
from scheduler.invites.pdf.shaping import TextLine

FONTS = {
    "regular": ({"fontname": "helv"}, 1),
    "bold": ({"fontname": "hebo"}, 1),
    "Chinese, Japanese and Korean": ({"fontname": "cjk"}, 40),
    "Vietnamese": ({"script": 1}, 1),
}
"""How to get each complete font, and the sampling interval of its letters."""


def sheet(*paragraphs: tuple[Style, str]) -> Sheet:
    blocks = [Block([each]) for each in paragraphs]
    return Sheet(title="", language="en", blocks=blocks, page="{page}/{pages}", foot=[""])


def document(made: Sheet) -> pymupdf.Document:
    return pymupdf.open("pdf", write_pdf(made))


def said(line: TextLine) -> str:
    return "".join(glyph.letter for glyph in line.glyphs)


@pytest.mark.parametrize("name", FONTS)
def test_each_letter_of_a_subset_looks_and_is_as_wide_as_in_the_whole_font(name: str) -> None:
    which, step = FONTS[name]
    whole = pymupdf.Font(**which)
    found = find_glyphs(is_bold=name == "bold")
    style = Style.NAME if name == "bold" else Style.TEXT
    own = [
        chr(code)
        for code in whole.valid_codepoints()
        if (glyph := found[chr(code)]) and glyph.face.ascent == round(whole.ascender * 1000)
    ][::step]
    assert len(own) > 100
    made = document(sheet((style, "".join(own))))
    for page in made:
        peer = pymupdf.open().new_page(width=page.rect.width, height=page.rect.height)
        for span in page.get_texttrace():
            if round(span["size"], 1) == style.value.size:
                text = pymupdf.TextWriter(page.rect, color=span["color"])
                for code, _, origin, _ in span["chars"]:
                    text.append(origin, chr(code), font=whole, fontsize=span["size"])
                text.write_text(peer)
        page.add_redact_annot((0, page.rect.height - 72, WIDTH, page.rect.height))
        page.apply_redactions()
        ours, theirs = (each.get_pixmap(dpi=60, colorspace="gray").samples for each in (page, peer))
        assert (
            min(ours) < 128 and max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) < 100
        )  # positions are rounded


def darkness(style: Style, text: str) -> int:
    page = document(sheet((style, text)))[0]
    return sum(
        255 - each for each in page.get_pixmap(dpi=144, colorspace="gray", clip=(48, 48, 90, 62)).samples
    )


def test_letters_of_a_face_without_a_bold_one_are_thickened(monkeypatch: pytest.MonkeyPatch) -> None:
    thick = darkness(Style.NAME, "半导体")
    monkeypatch.setattr(faces.find_glyphs(is_bold=True)["半"].face, "is_bold", True)
    assert thick > 1.1 * darkness(Style.NAME, "半导体")


def test_a_file_needs_no_repair(tmp_path: Path) -> None:
    pymupdf.TOOLS.mupdf_warnings()
    made = document(sheet((Style.TEXT, "Őrült 半导体 Nguyễn"), (Style.DAY, "Day")))
    made.save(tmp_path / "again.pdf", garbage=4, clean=True)
    assert not made.is_repaired and pymupdf.TOOLS.mupdf_warnings() == ""


def test_lines_are_broken_between_words_and_between_chinese_characters() -> None:
    words = break_lines("one two three four", Style.TEXT.value, 40.0)
    assert [said(line) for line in words] == ["one two", "three", "four"]
    chinese = break_lines("上海微电子，以及其他", Style.TEXT.value, 48.0)
    assert [said(line) for line in chinese] == [
        "上海微电",
        "子，以及其",
        "他",
    ]
    assert [said(line) for line in break_lines("W" * 12, Style.TEXT.value, 48.0)] == ["W" * 5, "W" * 5, "WW"]


def test_no_line_is_wider_than_its_room() -> None:
    text = "Firm of 上海微电子科技股份有限公司 and Wolkenkratzerbaugesellschaft, Őrült Űrhajó Kft. " * 20
    for line in break_lines(text, Style.TEXT.value, WIDTH - 2 * MARGIN):
        assert sum(glyph.width for glyph in line.glyphs) * Style.TEXT.value.size / 1000 <= WIDTH - 2 * MARGIN
