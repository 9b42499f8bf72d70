"""Han characters that PyMuPDF's fonts lack: a font of the system has them, or a mark stands for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest

from scheduler.invites.pdf import faces, lines
from scheduler.invites.pdf.blocks import BlockStyle
from scheduler.invites.pdf.faces import RARE_FONTS, Glyph, glyphs
from tests.support import lacking

RARE = "𠮷㛃䶮𪚥"
"""Of extensions A and B: in names of firms and people."""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Faces as in a process that has just begun, before and after."""
    caches = (glyphs, lines.lines, faces._installed, faces._fallbacks, faces.by_name)
    for each in caches:
        each.cache_clear()
    yield
    for each in caches:
        each.cache_clear()


def line(text: str) -> list[Glyph]:
    (made,) = lines.lines(text, BlockStyle(10.0, 0), 500)
    return list(made.glyphs)


def test_a_letter_that_no_font_has_is_marked_as_printers_mark_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "RARE_FONTS", ())
    made = line(f"{RARE}野家")
    assert "".join(each.letter for each in made) == "〓〓〓〓野家"
    assert all(each.number for each in made)


def test_a_font_of_the_system_has_what_the_others_lack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "Rare.ttf"
    file.write_bytes(pymupdf.Font("cjk").buffer)
    monkeypatch.setattr(faces, "_fallbacks", lambda: ())
    monkeypatch.setattr(faces, "RARE_FONTS", (tmp_path / "not-installed.ttf", file))
    made = line("A龘")
    assert [each.letter for each in made] == ["A", "龘"]
    assert made[1].face.name == "Rare" and made[1].number
    data, numbers = made[1].face.outlines.subset({made[1].number})
    assert len(data) < 20_000 and numbers[made[1].number] == 1


def test_the_font_of_the_image_has_rare_names_whole() -> None:
    assert RARE_FONTS[0] == lacking.RARE_FONT
    lacking.require("BabelStone Han")
    made = line(f"{RARE}野家")
    assert "".join(each.letter for each in made) == f"{RARE}野家"
    assert {each.face.name for each in made} == {"BabelStoneHan", "DroidSansFallback-Regular"}
