"""Han characters that PyMuPDF's fonts lack: our font has those of names, a system font the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest

from scheduler.invites.agenda.pdf import render_agenda_pdf
from scheduler.invites.pdf import faces, lines
from scheduler.invites.pdf.blocks import BlockStyle
from scheduler.invites.pdf.faces import OWN_FONT, RARE_FONTS, Glyph, find_glyphs
from tests.support import missing_programs
from tests.unit.invites.test_agenda_pdf import agenda, entry

NAMES = "𠮷㛃䶮𬭊𬺓䲟𬸪㻬"
"""From extensions A, B, C and E, used in names of people, places and substances."""
RARE = "𪚥𠀀"
"""Not used in names."""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Reset the faces, before and after, as in a new process."""
    caches = (find_glyphs, lines.break_lines, faces._installed, faces._fallbacks, faces.used_faces)
    for each in caches:
        each.cache_clear()
    yield
    for each in caches:
        each.cache_clear()


def line(text: str) -> list[Glyph]:
    (made,) = lines.break_lines(text, BlockStyle(10.0, 0), 500)
    return list(made.glyphs)


def test_a_letter_that_no_font_has_is_marked_as_printers_mark_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "RARE_FONTS", ())
    made = line(f"{RARE}野家")
    assert "".join(each.letter for each in made) == "〓〓野家"
    assert all(each.number for each in made)
    with pymupdf.open("pdf", render_agenda_pdf(agenda(entry(partner=f"{RARE}野家")))) as document:
        assert f"{RARE}野家" in document[0].get_text()  # for copying and screen readers


def test_names_are_whole_without_a_font_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "RARE_FONTS", ())
    made = line(f"{NAMES}野家")
    assert "".join(each.letter for each in made) == f"{NAMES}野家"
    assert {each.face.name for each in made} == {"RareHan", "DroidSansFallback-Regular"}
    with pymupdf.open(
        "pdf", render_agenda_pdf(agenda(entry(partner=f"王{NAMES}"), owner=f"王{NAMES}"))
    ) as document:
        assert document.metadata["title"].startswith(f"Agenda of 王{NAMES}")
        said = document[0].get_text()
    assert said.count(f"王{NAMES}") == 3 and "〓" not in said


def test_our_font_has_the_names_of_gb_18030_2022_and_is_small() -> None:
    """From the Table of General Standard Chinese Characters, and the identity register."""
    ours, known = pymupdf.Font(fontfile=str(OWN_FONT)), pymupdf.Font("cjk")
    assert len(ours.valid_codepoints()) > 1_100 and OWN_FONT.stat().st_size < 1_000_000
    assert not [code for code in ours.valid_codepoints() if known.has_glyph(code)]
    assert "ARPHIC PUBLIC LICENSE" in OWN_FONT.with_name("ARPHICPL.txt").read_text()
    assert "Changed for Chainmeet".encode("utf-16-be") in OWN_FONT.read_bytes()


def test_a_font_of_the_system_has_what_the_others_lack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "Rare.ttf"
    file.write_bytes(pymupdf.Font("cjk").buffer)
    monkeypatch.setattr(faces, "_fallbacks", lambda: ())
    monkeypatch.setattr(faces, "OWN_FONT", tmp_path / "not-there.ttf")
    monkeypatch.setattr(faces, "RARE_FONTS", (tmp_path / "not-installed.ttf", file))
    made = line("A龘")
    assert [each.letter for each in made] == ["A", "龘"]
    assert made[1].face.name == "Rare" and made[1].number
    data, numbers = made[1].face.outlines.subset({made[1].number})
    assert len(data) < 20_000 and numbers[made[1].number] == 1


def test_a_rare_name_in_a_line_that_is_shaped_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "RARE_FONTS", ())
    made = [(each.face.name, each.number) for each in line(f"شركة {NAMES}野家 {RARE[0]}")]
    assert all(number > 0 for _, number in made), "never a box"
    alone = [(each.face.name, each.number) for each in line(NAMES)]
    assert alone == [each for each in made if each[0] == "RareHan"], "one face a font, in one file"
    with pymupdf.open("pdf", render_agenda_pdf(agenda(entry(partner=f"شركة {NAMES}")))) as document:
        assert NAMES in document[0].get_text()


def test_a_font_of_the_system_is_loaded_only_for_a_letter_that_the_others_lack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It takes twice its size of memory: 100 MB."""
    file = tmp_path / "Rare.ttf"
    file.write_bytes(pymupdf.Font("cjk").buffer)
    monkeypatch.setattr(faces, "RARE_FONTS", (file,))
    line("شركة 王野家")  # shaped, so each Han letter is looked up on its own
    assert faces._installed.cache_info().currsize == 0
    line(f"شركة {RARE[0]}")
    assert faces._installed.cache_info().currsize == 2  # our own font, then that of the system


def test_the_font_of_the_image_has_rare_names_whole() -> None:
    assert RARE_FONTS[0] == missing_programs.RARE_FONT
    missing_programs.require("BabelStone Han")
    made = line(f"{RARE}野家")
    assert "".join(each.letter for each in made) == f"{RARE}野家"
    assert {each.face.name for each in made} == {"BabelStoneHan", "DroidSansFallback-Regular"}
