"""Line breaking: between words, and between Chinese or Japanese characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from scheduler.domain import bidi
from scheduler.invites.pdf.blocks import BlockStyle
from scheduler.invites.pdf.faces import Glyph, find_glyphs
from scheduler.invites.pdf.shaping import TextLine, shape_lines

_NEVER_FIRST: Final = set(
    "，。、；：！？）》」』】〉〕’”…·,.;:!?)]}%ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
_NEVER_LAST: Final = set("（《「『【〈〔‘“([{")


@lru_cache(maxsize=4096)
def break_lines(text: str, look: BlockStyle, room: float, *, is_rtl: bool = False) -> tuple[TextLine, ...]:
    """Break a text into lines of at most `room` points. Cached, since names of firms and halls recur.

    With `is_rtl` the lines of a text in a right-to-left script end at the right edge of the room.
    """
    found = find_glyphs(is_bold=look.is_bold)
    if not bidi.has_letters_from_right(text):
        text = bidi.remove_isolates(text)
    line = [glyph for letter in text if (glyph := found[letter]) is not None]
    if len(line) < len(text):
        return tuple(shape_lines(text, look, room, is_rtl=is_rtl))
    return tuple(map(TextLine, _broken(line, room * 1000 / look.size)))


def line_width(line: TextLine, size: float) -> float:
    """Return the width of a line in points."""
    if not line.glyphs:
        return 0.0
    if line.glyphs[0].at is None:
        return sum(glyph.width for glyph in line.glyphs) * size / 1000
    return max((glyph.at or (0.0, 0.0))[0] + glyph.width * size / 1000 for glyph in line.glyphs)


def _broken(line: list[Glyph], room: float) -> Iterator[tuple[Glyph, ...]]:
    start, end, width = 0, 0, 0
    for at, glyph in enumerate(line):
        if at > start and _may_break(line[at - 1].letter, glyph.letter):
            end = at
        width += glyph.width
        if width > room and glyph.letter != " " and at > start:
            end = end if end > start else at
            yield _without_spaces(line[start:end])
            start, width = end, sum(each.width for each in line[end : at + 1])
    yield _without_spaces(line[start:])


def _without_spaces(line: list[Glyph]) -> tuple[Glyph, ...]:
    """Return a line without trailing spaces."""
    end = len(line)
    while end and line[end - 1].letter == " ":
        end -= 1
    return tuple(line[:end])


def _may_break(before: str, after: str) -> bool:
    if before == " ":
        return after != " "
    if after in _NEVER_FIRST or before in _NEVER_LAST or after == " ":
        return False
    return unicodedata.east_asian_width(before) in "WF" or unicodedata.east_asian_width(after) in "WF"
