"""Generate `pdf/fonts/RareHan.ttf`: the characters of Chinese names that PyMuPDF's fonts lack.

`python -m tests.support.rare_han FOLDER` reads Unihan's files (Debian `unicode-data`) from the folder, and
outlines from BabelStone Han (Debian `fonts-babelstone-han`). The characters are: the Table of General
Standard Chinese Characters, which GB 18030-2022 requires at its second level; those of China's identity
register (GIDC), place names (GDM) and scientific terms (GKJ); and one of many Japanese names.
"""

from __future__ import annotations

import bz2
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pymupdf

from scheduler.invites.pdf.faces import RARE_FONTS
from scheduler.invites.pdf.subset import TrueType, sfnt, tables

TARGET = Path(__file__).parents[2] / "scheduler" / "invites" / "pdf" / "fonts" / "RareHan.ttf"
SOURCES = ("GIDC", "GIDC23", "GDM", "GKJ")
OTHERS = "𠮷"
"""Characters of Japanese names."""
NOTICE = (
    "Changed for Chainmeet on 2026-11-29: of BabelStone Han 16.0.1 the characters of Chinese and Japanese "
    "names that Droid Sans Fallback lacks. Under the ARPHIC PUBLIC LICENSE: ARPHICPL.txt beside this file."
)


def wanted(folder: Path) -> set[int]:
    """Return the code points, by their Unihan sources."""
    return {ord(each) for each in OTHERS} | set(_of_china(folder))


def _of_china(folder: Path) -> Iterator[int]:
    for name in ("OtherMappings", "IRGSources"):
        with bz2.open(folder / f"Unihan_{name}.txt.bz2", "rt", encoding="utf-8") as file:
            for line in file:
                code, field, value = line.split("\t") if line.startswith("U+") else ("", "", "")
                if field == "kTGH" or (field == "kIRG_GSource" and value.partition("-")[0] in SOURCES):
                    yield int(code.removeprefix("U+"), 16)


def drawn(codes: set[int]) -> bytes:
    """Return a font of these characters that BabelStone Han has and PyMuPDF's font lacks."""
    known, rare = pymupdf.Font("cjk"), pymupdf.Font(fontfile=str(RARE_FONTS[0]))
    glyphs = {code: rare.has_glyph(code) for code in sorted(codes) if not known.has_glyph(code)}
    data, numbers = TrueType(rare.buffer).subset(set(glyphs.values()) - {0})
    made: dict[bytes, bytes | memoryview] = dict(tables(data))
    made[b"cmap"] = _cmap({code: numbers[glyph] for code, glyph in glyphs.items() if glyph})
    made[b"name"] = _name({1: "Rare Han", 2: "Regular", 4: "Rare Han", 6: "RareHan", 13: NOTICE})
    return sfnt({tag: bytearray(table) for tag, table in made.items()})


def _cmap(numbers: dict[int, int]) -> bytes:
    """Return a cmap table of format 12 for all of Unicode (OpenType, cmap), one group per character."""
    groups = b"".join(struct.pack(">III", code, code, glyph) for code, glyph in sorted(numbers.items()))
    return struct.pack(">HHHHIHHIII", 0, 1, 3, 10, 12, 12, 0, 16 + len(groups), 0, len(numbers)) + groups


def _name(said: dict[int, str]) -> bytes:
    """Return a name table in English, in UTF-16 (OpenType, name)."""
    texts = [text.encode("utf-16-be") for text in said.values()]
    records, at = b"", 0
    for number, text in zip(said, texts, strict=True):
        records += struct.pack(">HHHHHH", 3, 1, 0x409, number, len(text), at)
        at += len(text)
    return struct.pack(">HHH", 0, len(said), 6 + len(records)) + records + b"".join(texts)


if __name__ == "__main__":
    TARGET.write_bytes(drawn(wanted(Path(sys.argv[1]))))
