"""The fonts that letters are set in, and which scripts need no shaping."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final, NamedTuple

from scheduler.invites.pdf.subset import Cff, TrueType

_SHAPED: Final = {"Mn", "Mc", "Me", "Cc", "Cf", "Cs", "Co", "Cn"}
"""Categories of what joins, marks or hides letters beside it."""
_LATIN: Final = 1
"""The number of the script in PyMuPDF, whose font has Greek and Cyrillic too (UCDN_SCRIPT_LATIN)."""
_FROM_THE_RIGHT: Final = {"R", "AL", "AN"}
"""Directions of letters (Unicode Standard Annex 9)."""


class Face:
    """A font that PyMuPDF ships: its name as PDF writes it, and its measures in thousandths of the size."""

    def __init__(
        self, name: str, kind: type[Cff | TrueType], *, is_bold: bool = False, **builtin: object
    ) -> None:
        import pymupdf  # here, as it takes half a second, which only those who write a PDF should wait

        self._font = pymupdf.Font(**builtin)
        self.name = name
        self.is_bold = is_bold
        self.ascent = round(self._font.ascender * 1000)
        self.descent = round(self._font.descender * 1000)
        box = self._font.bbox
        self.box = [round(edge * 1000) for edge in (box.x0, box.y0, box.x1, box.y1)]
        self.outlines = kind(self._font.buffer)

    def glyph(self, letter: str) -> tuple[int, int]:
        """The number of a letter's glyph, 0 if it has none, and its width."""
        return self._font.has_glyph(ord(letter)), round(self._font.glyph_advance(ord(letter)) * 1000)


class Glyph(NamedTuple):
    """One letter of a face; its width in thousandths of the size."""

    face: Face
    number: int
    width: int
    letter: str


class Glyphs(dict[str, Glyph | None]):
    """The glyph of a letter in the first face that has it; None if none has, or if it has to be shaped."""

    def __init__(self, *faces: Face) -> None:
        super().__init__()
        self._faces = faces

    def __missing__(self, letter: str) -> Glyph | None:
        for face in [] if _is_shaped(letter) else self._faces:
            number, width = face.glyph(letter)
            if number:
                self[letter] = found = Glyph(face, number, width, letter)
                return found
        return None


@cache
def glyphs(*, is_bold: bool) -> Glyphs:
    """Those of Nimbus Sans; of Droid Sans for Chinese, Japanese and Korean; of Noto Serif for Vietnamese."""
    return Glyphs(_nimbus(is_bold=is_bold), *_fallbacks())


@cache
def _nimbus(*, is_bold: bool) -> Face:
    if is_bold:
        return Face("NimbusSans-Bold", Cff, is_bold=True, fontname="hebo")
    return Face("NimbusSans-Regular", Cff, fontname="helv")


@cache
def _fallbacks() -> tuple[Face, Face]:
    return Face("DroidSansFallback", TrueType, fontname="cjk"), Face("NotoSerif", Cff, script=_LATIN)


def _is_shaped(letter: str) -> bool:
    return unicodedata.category(letter) in _SHAPED or unicodedata.bidirectional(letter) in _FROM_THE_RIGHT
