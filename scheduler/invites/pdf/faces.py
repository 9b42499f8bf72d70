"""Font selection per character, and detection of scripts that need shaping.

Droid Sans Fallback, shipped with PyMuPDF, lacks characters such as 𠮷 and 㛃: 276 of the 8,105 in the Table
of General Standard Chinese Characters. Our own font has the 1,176 missing ones of that table (GB 18030-2022),
the identity register, place names and scientific terms (Unihan kTGH; GIDC, GDM and GKJ of kIRG_GSource). It
is a 0.9 MB subset of BabelStone Han under the Arphic Public License. Other characters come from BabelStone
Han (Debian, 16.0.1, 50 MB in the image) or Hanazono, where installed. Noto Sans CJK lacks most of extension
B. No well-maintained font on PyPI has them in less than 16 MB. With BabelStone Han, the first PDF took 0.5 s
and the process 190 MB. A character missing from all fonts is shown as `〓`, but read aloud and copied as
itself.
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
"""Unicode categories of characters that combine with or hide neighbours."""
_TRUE_TYPE: Final = b"\0\1\0\0"
_LATIN: Final = 1
"""PyMuPDF's script number for Latin (UCDN_SCRIPT_LATIN). That font has Greek and Cyrillic too."""
_FROM_THE_RIGHT: Final = {"R", "AL", "AN"}
"""Right-to-left bidirectional classes (Unicode Standard Annex 9)."""
OWN_FONT: Final = Path(__file__).with_name("fonts") / "RareHan.ttf"
"""Characters of Chinese names missing from PyMuPDF's fonts (GB 18030-2022): `tests/support/rare_han.py`."""
RARE_FONTS: Final = tuple(
    Path("/usr/share/fonts/truetype", name)
    for name in ("babelstone/BabelStoneHan.ttf", "hanazono/HanaMinA.ttf", "hanazono/HanaMinB.ttf")
)
"""Optional fonts with more Han characters, from Debian's `fonts-babelstone-han` and `fonts-hanazono`."""
_GETA: Final = "\u3013"
"""Geta mark, the East Asian printers' substitute for a missing character."""


class Face:
    """A font: its PostScript name, and its metrics in thousandths of the size.

    `file` is that of a font with rare Han characters. None for other fonts.
    """

    def __init__(self, name: str, font: Font, *, is_bold: bool = False, file: Path | None = None) -> None:
        self._font = font
        self.name = name
        self.file = file
        self.is_bold = is_bold
        self.ascent = round(self._font.ascender * 1000)
        self.descent = round(self._font.descender * 1000)
        box = self._font.bbox
        self.box = [round(edge * 1000) for edge in (box.x0, box.y0, box.x1, box.y1)]
        data: bytes = self._font.buffer
        self.outlines = TrueType(data) if data.startswith(_TRUE_TYPE) else Cff(data)

    def glyph(self, letter: str) -> tuple[int, int]:
        """Return the glyph number of a letter, 0 if missing, and its width."""
        return self._font.has_glyph(ord(letter)), round(self._font.glyph_advance(ord(letter)) * 1000)


class Glyph(NamedTuple):
    """One glyph of a face, with its width in thousandths of the size.

    `at` is its position in points from the start of the line, or None if it directly follows the previous
    glyph. `meant` is the letter that it substitutes, if no face has that letter.
    """

    face: Face
    number: int
    width: int
    letter: str
    at: tuple[float, float] | None = None
    meant: str = ""


class Glyphs(dict[str, Glyph | None]):
    """Maps a letter to its glyph in the first face that has it.

    None if no face has it, or if it needs shaping.
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
    """Return glyphs of Nimbus Sans, then Droid Sans for CJK, then Noto Serif for Vietnamese."""
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
    """Return a Han glyph missing from PyMuPDF's fonts, from our font or the first system font that has it."""
    for path in rare_fonts():
        if (face := _installed(path)) is not None:
            number, width = face.glyph(letter)
            if number:
                return Glyph(face, number, width, letter)
    return None


def rare_fonts() -> list[Path]:
    """Return the available fonts with rare Han characters: our own, then the system's."""
    return [path for path in (OWN_FONT, *RARE_FONTS) if path.is_file()]


def find_rare_han(letter: str) -> tuple[str, Path | None] | None:
    """Return the character shown for a Han character missing from PyMuPDF's fonts, and its font.

    This is the character itself, or the geta mark with None as the font. None for other letters.
    """
    if not _is_han(letter) or (found := find_glyphs(is_bold=False)[letter]) is None:
        return None
    file = found.face.file
    return (found.letter, file) if file is not None or found.meant else None


def rare_face(name: str) -> Face | None:
    """Return the rare font with this normalised name, or None."""
    return next((_installed(path) for path in rare_fonts() if normalized_font_name(path.stem) == name), None)


@cache
def _installed(path: Path) -> Face | None:
    """Load a font file on first use. None if it is not installed."""
    return Face(path.stem, _font(fontfile=str(path)), file=path) if path.is_file() else None


@cache
def used_faces() -> dict[str, Face]:
    """Return all faces used, by normalised name. Shaping adds those of its scripts."""
    first = (_nimbus(is_bold=False), _nimbus(is_bold=True), *_fallbacks())
    return {normalized_font_name(face.name): face for face in first}


def normalized_font_name(name: str) -> str:
    """Return a font name in the form shared by all its spellings."""
    return name.replace(" ", "").replace("-", "")


def _font(**builtin: object) -> Font:
    import pymupdf  # imported lazily: it takes half a second, needed only to write a PDF

    return pymupdf.Font(**builtin)


def _is_han(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("CJK ")


def _is_shaped(letter: str) -> bool:
    return unicodedata.category(letter) in _SHAPED or unicodedata.bidirectional(letter) in _FROM_THE_RIGHT
