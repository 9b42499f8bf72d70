"""Blocks placed on pages: each line with its place, in points from the page's lower left corner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from scheduler.invites.pdf.blocks import (
    BESIDE,
    CODE,
    FOOT,
    GAP,
    HEIGHT,
    LEADING,
    MARGIN,
    WIDTH,
    Block,
    Paragraph,
    Sheet,
    Style,
)
from scheduler.invites.pdf.lines import lines
from scheduler.invites.pdf.shaping import TextLine

_BASELINE: Final = 0.97
"""From the top of a line to the feet of its letters, in sizes of them."""
_TOP, _BOTTOM = HEIGHT - MARGIN, MARGIN + FOOT
_FOOT_LINES: Final = 5


class Placed(NamedTuple):
    """A line where it stands: left edge and feet of its letters."""

    line: TextLine
    style: Style
    x: float
    y: float


Page = list[Placed]


def pages(sheet: Sheet) -> list[Page]:
    """The pages of a sheet. A block is broken only if it is longer than a page."""
    made = _filled(sheet.blocks)
    for number, page in enumerate(made, 1):
        right = MARGIN + (CODE if sheet.code else 0)
        placed, _ = _column(sheet.foot_of(number, len(made)), MARGIN, _BOTTOM - GAP, right)
        page += placed[:_FOOT_LINES]
    return made


def _filled(blocks: Iterable[Block]) -> list[Page]:
    made: list[Page] = [[]]
    top = _TOP
    for block in blocks:
        placed, height = _block(block)
        if made[-1] and (block.begins_page or top - height < _BOTTOM):
            made.append([])
            top = _TOP
        made[-1] += [each._replace(y=top + each.y) for each in placed]
        top -= height + GAP
    return made


def _block(block: Block) -> tuple[list[Placed], float]:
    """The lines of a block, their heights told from its top, and how high it is."""
    placed, top = _column(block.above, MARGIN, 0.0)
    if not block.times:
        return placed, -top
    (times,) = lines(block.times, Style.NAME, WIDTH)
    beside, end = _column(block.beside, MARGIN + BESIDE, top)
    placed.append(Placed(times, Style.NAME, MARGIN, top - _BASELINE * Style.NAME.value.size))
    return placed + beside, -end


def _column(
    paragraphs: Sequence[Paragraph], left: float, top: float, right: float = MARGIN
) -> tuple[list[Placed], float]:
    """The lines of paragraphs below each other from a height on, and the height where they end.

    `right` is kept free at that edge.
    """
    placed = []
    for style, text in paragraphs:
        look = style.value
        top -= look.above
        for line in lines(text, style, WIDTH - right - left):
            placed.append(Placed(line, style, left, top - _BASELINE * look.size))
            top -= LEADING * look.size
        top -= look.below
    return placed, top
