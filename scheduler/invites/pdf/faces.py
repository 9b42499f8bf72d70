"""The fonts that letters are set in, and which scripts need no shaping.

Droid Sans Fallback, which PyMuPDF ships, lacks characters such as 𠮷 and 㛃: 276 of the 8,105 of the
Table of General Standard Chinese Characters. Our own font has the 1,176 that are missing of that
table (GB 18030-2022), the identity register, place names and terms of science (Unihan kTGH; GIDC,
GDM and GKJ of kIRG_GSource): a subset of BabelStone Han, Arphic Public License, 0.9 MB. Others come
from BabelStone Han (Debian, 16.0.1, 50 MB in the image) or Hanazono where installed; Noto Sans CJK
lacks most of extension B. No font of PyPI that is well kept has them in less than 16 MB. With
BabelStone Han the first PDF took 0.5 s, and the process had 190 MB. A character of no font is `〓`,
read aloud and copied as itself.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from scheduler.invites.pdf.subset import Cff, TrueType

if TYPE_CHECKING:
    from pymupdf import Font

_SHAPED: Final = {"Mn", "Mc", "Me", "Cc", "Cf", "Cs", "Co", "Cn"}
"""Categories of what joins, marks or hides letters beside it."""
_TRUE_TYPE: Final = b"\0\1\0\0"
_LATIN: Final = 1
"""The number of the script in PyMuPDF, whose font has Greek and Cyrillic too (UCDN_SCRIPT_LATIN)."""
_FROM_THE_RIGHT: Final = {"R", "AL", "AN"}
"""Directions of letters (Unicode Standard Annex 9)."""
OWN_FONT: Final = Path(__file__).with_name("fonts") / "RareHan.ttf"
"""The characters of Chinese names that PyMuPDF's fonts lack (GB 18030-2022): `tests/support/rare_han.py`."""
RARE_FONTS: Final = tuple(
    Path("/usr/share/fonts/truetype", name)
    for name in ("babelstone/BabelStoneHan.ttf", "hanazono/HanaMinA.ttf", "hanazono/HanaMinB.ttf")
)
"""Fonts with other Han characters, where Debian's `fonts-babelstone-han` and `fonts-hanazono` put them."""
_GETA: Final = "\u3013"
"""What East Asian printers set for a character that no font has."""


class Face:
    """A font: its name as PDF writes it, and its measures in thousandths of the size."""

    def __init__(self, name: str, font: Font, *, is_bold: bool = False) -> None:
        self._font = font
        self.name = name
        self.is_bold = is_bold
        self.ascent = round(self._font.ascender * 1000)
        self.descent = round(self._font.descender * 1000)
        box = self._font.bbox
        self.box = [round(edge * 1000) for edge in (box.x0, box.y0, box.x1, box.y1)]
        data: bytes = self._font.buffer
        self.outlines = TrueType(data) if data.startswith(_TRUE_TYPE) else Cff(data)

    def glyph(self, letter: str) -> tuple[int, int]:
        """The number of a letter's glyph, 0 if it has none, and its width."""
        return self._font.has_glyph(ord(letter)), round(self._font.glyph_advance(ord(letter)) * 1000)


class Glyph(NamedTuple):
    """One letter of a face, with its width in thousandths of the size.

    `at` is its place in points from where its line begins, if it does not simply follow the one before.
    `meant` is the letter that it stands for, where no face has that.
    """

    face: Face
    number: int
    width: int
    letter: str
    at: tuple[float, float] | None = None
    meant: str = ""


class Glyphs(dict[str, Glyph | None]):
    """The glyph of a letter in the first face that has it.

    None if no face has it, or if it must be shaped.
    """

    def __init__(self, *faces: Face) -> None:
        super().__init__()
        self._faces = faces

    def __missing__(self, letter: str) -> Glyph | None:
        for face in [] if _is_shaped(letter) else self._faces:
            number, width = face.glyph(letter)
            if number:
                self[letter] = found = Glyph(face, number, width, letter)
                return found
        if _is_han(letter) and letter != _GETA:
            self[letter] = rare = _rare(letter) or self._mark(letter)
            return rare
        return None

    def _mark(self, letter: str) -> Glyph | None:
        mark = self[_GETA]
        return mark and mark._replace(meant=letter)


@cache
def find_glyphs(*, is_bold: bool) -> Glyphs:
    """Nimbus Sans, Droid Sans for Chinese, Japanese and Korean, and Noto Serif for Vietnamese."""
    return Glyphs(_nimbus(is_bold=is_bold), *_fallbacks())


@cache
def _nimbus(*, is_bold: bool) -> Face:
    if is_bold:
        return Face("NimbusSans-Bold", _font(fontname="hebo"), is_bold=True)
    return Face("NimbusSans-Regular", _font(fontname="helv"))


@cache
def _fallbacks() -> tuple[Face, Face]:
    return (
        Face("DroidSansFallback-Regular", _font(fontname="cjk")),
        Face("NotoSerif-Regular", _font(script=_LATIN)),
    )


def _rare(letter: str) -> Glyph | None:
    """A Han character that the fonts of PyMuPDF lack, by our font or the first of the system with it."""
    for path in rare_fonts():
        if (face := _installed(path)) is not None:
            number, width = face.glyph(letter)
            if number:
                return Glyph(face, number, width, letter)
    return None


def rare_fonts() -> list[Path]:
    """The fonts with rare Han characters that are here: our own, and those of the system."""
    return [path for path in (OWN_FONT, *RARE_FONTS) if path.is_file()]


def find_rare_han(letter: str) -> tuple[str, Path | None] | None:
    """What is set for a Han character that the fonts of PyMuPDF lack, and the font that has it.

    That is the character itself, or the mark of printers, which needs no font of ours.
    None for other letters.
    """
    if not _is_han(letter) or (found := find_glyphs(is_bold=False)[letter]) is None:
        return None
    path = next((path for path in rare_fonts() if _installed(path) is found.face), None)
    return (found.letter, path) if path is not None or found.meant else None


def rare_face(name: str) -> Face | None:
    """The face of a rare font by its name without marks."""
    return next((_installed(path) for path in rare_fonts() if normalized_font_name(path.stem) == name), None)


@cache
def _installed(path: Path) -> Face | None:
    """The font of a file, read when the first letter wants it. None if it is not installed."""
    return Face(path.stem, _font(fontfile=str(path))) if path.is_file() else None


@cache
def used_faces() -> dict[str, Face]:
    """Every face that was used, by its name without marks. Shaping adds those of its scripts."""
    first = (_nimbus(is_bold=False), _nimbus(is_bold=True), *_fallbacks())
    return {normalized_font_name(face.name): face for face in first}


def normalized_font_name(name: str) -> str:
    """A font's name in the one way that all spellings of it share."""
    return name.replace(" ", "").replace("-", "")


def _font(**builtin: object) -> Font:
    import pymupdf  # here, as it takes half a second, which only those who write a PDF should wait

    return pymupdf.Font(**builtin)


def _is_han(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("CJK ")


def _is_shaped(letter: str) -> bool:
    return unicodedata.category(letter) in _SHAPED or unicodedata.bidirectional(letter) in _FROM_THE_RIGHT
