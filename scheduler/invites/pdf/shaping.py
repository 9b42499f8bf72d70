"""Shaping of joined and right-to-left scripts with PyMuPDF's Story, one paragraph at a time."""

from __future__ import annotations

import io
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scheduler.domain import bidi
from scheduler.invites.pdf.blocks import HEIGHT, LEADING, BlockStyle
from scheduler.invites.pdf.faces import (
    Face,
    Glyph,
    find_glyphs,
    find_rare_han,
    normalized_font_name,
    rare_face,
    rare_fonts,
    used_faces,
)

if TYPE_CHECKING:
    from pymupdf import Archive, Document


_FROM_RIGHT: Final = ' dir="rtl"'
_LRM, _RLM, _LRE, _RLE, _PDF = "\u200e", "\u200f", "\u202a", "\u202b", "\u202c"
"""Marks and embeddings of directions, and the end of an embedding."""
_ARABIC_PUNCTUATION: Final = "،؛؟"
_SURE: Final = 20
"""Leading characters of a font name that are reliable: PyMuPDF truncates longer names in two ways."""


class TextLine(NamedTuple):
    """A line of glyphs. `said` is its text in reading order, unless the glyphs give it letter by letter."""

    glyphs: tuple[Glyph, ...]
    said: str | None = None


def shape_lines(text: str, look: BlockStyle, room: float, *, is_rtl: bool = False) -> Iterator[TextLine]:
    """Shape a text into lines of at most `room` points. The first line has the whole text in `said`."""
    import pymupdf

    with pymupdf.open("pdf", _drawn(_embedded(text, is_rtl=is_rtl), look, room, is_rtl=is_rtl)) as document:
        placed = [
            (_face(span["font"], document), letter, span["size"])
            for span in document[0].get_texttrace()
            for letter in span["chars"]
        ]
    rows: dict[int, list[tuple[Face, Any, float]]] = defaultdict(list)
    for each in placed:
        rows[int(each[1][2][1] // (LEADING * look.size))].append(each)
    found = find_glyphs(is_bold=False)
    rare = {
        (glyph.face, glyph.number): letter
        for letter in text
        if find_rare_han(letter) and (glyph := found[letter])
    }
    said: str | None = bidi.remove_isolates(text)
    for _, row in sorted(rows.items()):
        yield TextLine(tuple(_glyphs(row, rare)), said)
        said = ""


def _embedded(text: str, *, is_rtl: bool) -> str:
    """Return a text with isolates as embeddings between marks, because MuPDF does not know isolates."""
    made, ends = [], list[str]()
    around = _RLM if is_rtl else _LRM
    for at, letter in enumerate(text):
        if letter in (bidi.FSI, bidi.LRI):
            inner = _RLE if letter == bidi.FSI and _begins_from_right(text[at + 1 :]) else _LRE
            made.append(around + inner)
            ends.append(around)
            around = _RLM if inner == _RLE else _LRM
        elif letter == bidi.PDI:
            if ends:
                around = ends.pop()
                made.append(_PDF + around)
        else:  # between Latin words, MuPDF looks for Arabic punctuation in the font of Latin letters
            made.append(_RLM + letter if letter in _ARABIC_PUNCTUATION else letter)
    return "".join(made)


def _begins_from_right(text: str) -> bool:
    """True if the first letter with a direction, before the end of the isolate, is from right to left."""
    inside = text.partition(bidi.PDI)[0]
    kinds = (unicodedata.bidirectional(letter) for letter in inside)
    return next((kind != "L" for kind in kinds if kind in ("L", "R", "AL")), False)


def _drawn(text: str, look: BlockStyle, room: float, *, is_rtl: bool) -> io.BytesIO:
    import pymupdf

    marked, fonts = _with_rare(text)
    css = fonts + (
        f"body {{ margin: 0; font-family: sans-serif; font-size: {look.size}pt; line-height: {LEADING};"
        f" font-weight: {'bold' if look.is_bold else 'normal'}; }} p {{ margin: 0; }}"
    )
    story = pymupdf.Story(
        html=f"<body{_FROM_RIGHT if is_rtl else ''}><p>{marked}</p></body>", user_css=css, archive=_archive()
    )
    drawn = io.BytesIO()
    writer = pymupdf.DocumentWriter(drawn)
    device = writer.begin_page(pymupdf.Rect(0, 0, room, HEIGHT))
    story.place(pymupdf.Rect(0, 0, room, HEIGHT))
    story.draw(device)
    writer.end_page()
    writer.close()
    return drawn


def _with_rare(text: str) -> tuple[str, str]:
    """Return a text as HTML with rare characters in their fonts, and the CSS of these fonts."""
    parts, fonts = [], dict[str, str]()
    for letter in text:
        said, font = find_rare_han(letter) or (letter, None)
        if font is None:
            parts.append(escape(said))
        else:
            family = fonts.setdefault(font.name, f"rare{len(fonts)}")
            parts.append(f'<span style="font-family: {family}">{said}</span>')
    faces = (f"@font-face {{ font-family: {family}; src: url({file}); }} " for file, family in fonts.items())
    return "".join(parts), "".join(faces)


def _archive() -> Archive:
    """Return MuPDF's archive of folders with rare fonts."""
    import pymupdf

    archive = pymupdf.Archive()
    for folder in dict.fromkeys(font.parent for font in rare_fonts()):
        archive.add(str(folder))
    return archive


def _glyphs(row: list[tuple[Face, Any, float]], rare: Mapping[tuple[Face, int], str]) -> Iterator[Glyph]:
    """Yield the glyphs of a row with their positions. Most are on its baseline.

    `rare` maps glyphs to letters above U+FFFF, of which MuPDF's trace reports only one half.
    """
    ((base, _),) = Counter(letter[2][1] for _, letter, _ in row).most_common(1)
    for face, (code, number, (x, y), box), size in row:
        if number >= 0:
            letter = unicodedata.normalize("NFKC", chr(code)) if code > 0 else "\ufffd"
            letter = rare.get((face, number), letter)
            yield Glyph(face, number, round((box[2] - box[0]) / size * 1000), letter, (x, base - y))


def _face(name: str, document: Document) -> Face:
    """Return the face of a name. A new one is loaded from a document that embeds it."""
    import pymupdf

    faces, wanted = used_faces(), normalized_font_name(name)
    if wanted not in faces and (rare := rare_face(wanted)) is not None:
        faces[wanted] = rare
    if wanted not in faces:
        new = [found for found in document[0].get_fonts() if normalized_font_name(found[3]) not in faces]
        start = wanted[:_SURE]
        xref, *_ = next((found for found in new if normalized_font_name(found[3]).startswith(start)), new[0])
        font = pymupdf.Font(fontbuffer=document.extract_font(xref)[3])
        faces[wanted] = Face(name.replace(" ", ""), font)
    return faces[wanted]
