"""Page layout: each line with its position, in points from the page's lower left corner."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from scheduler.invites.pdf.blocks import (
    BESIDE,
    CODE,
    FOOT,
    GAP,
    HEIGHT,
    LEADING,
    LOGO_HEIGHT,
    LOGO_WIDTH,
    MARGIN,
    WIDTH,
    Block,
    BlockStyle,
    Paragraph,
    Sheet,
    SheetLook,
    Style,
    TableCell,
)
from scheduler.invites.pdf.faces import find_glyphs
from scheduler.invites.pdf.lines import break_lines, line_width
from scheduler.invites.pdf.rasters import Raster
from scheduler.invites.pdf.shaping import TextLine
from scheduler.invites.pdf.structure import BlockParts, Element, build_structure
from scheduler.invites.pdf.vectors import Ink, Outline, Vectors

_BASELINE: Final = 0.97
"""Distance from the top of a line to its baseline, in multiples of the font size."""
_TOP, _BOTTOM = HEIGHT - MARGIN, MARGIN + FOOT
_FOOT_LINES: Final = 5
_ROW: Final = 2.5
"""Points of padding above and below a row's text."""
_RULE: Final = Ink(fill=0xD9E1E1)
_HEAVY: Final = Ink(fill=0x51606E)


class PlacedLine(NamedTuple):
    """A line with the position of its left edge and baseline."""

    line: TextLine
    look: BlockStyle
    x: float
    y: float
    part: Element | None = None
    """The structure element of the content. None for artifacts, such as page numbers."""


class PlacedOutlines(NamedTuple):
    """Outlines with their origin, y downwards, and scale."""

    outlines: Sequence[Outline]
    x: float
    y: float
    scale: float = 1.0
    part: Element | None = None


class PlacedRaster(NamedTuple):
    """A decorative picture with its lower left corner and size."""

    raster: Raster
    x: float
    y: float
    width: float
    height: float
    part: Element | None = None


Page = list[PlacedLine | PlacedOutlines | PlacedRaster]


def lay_out_pages(sheet: Sheet, root: Element) -> list[Page]:
    """Return the pages of a sheet, adding its structure elements to the root.

    A block is split only if it is longer than a page.
    """
    logo = _logo(sheet.look, is_rtl=sheet.is_rtl)
    made = _filled(sheet, build_structure(sheet, root), _TOP - (logo.height + GAP if logo else 0))
    made = [[_tinted(each, sheet.look) for each in page] for page in made]
    made[0][:0] = [logo] if logo else []
    for number, page in enumerate(made, 1):
        right = MARGIN + (CODE if sheet.code else 0)
        foot = sheet.foot_of(number, len(made))
        placed, _ = _column(foot, MARGIN, _BOTTOM - GAP, right, is_rtl=sheet.is_rtl)
        page += placed[:_FOOT_LINES]
    return made


def _logo(look: SheetLook, *, is_rtl: bool) -> PlacedRaster | None:
    """Return the logo at the top of the first page."""
    if look.logo is None:
        return None
    width, height = look.logo.fitted(LOGO_WIDTH, LOGO_HEIGHT)
    x = WIDTH - MARGIN - width if is_rtl else MARGIN
    return PlacedRaster(look.logo, x, _TOP - height, width, height)


def _tinted(
    placed: PlacedLine | PlacedOutlines | PlacedRaster, look: SheetLook
) -> PlacedLine | PlacedOutlines | PlacedRaster:
    """Return the name of a day in the accent colour, and anything else unchanged."""
    if look.accent is None or not isinstance(placed, PlacedLine) or placed.look is not Style.DAY.value:
        return placed
    return placed._replace(look=replace(placed.look, colour=look.accent))


def _filled(sheet: Sheet, said: Sequence[BlockParts], top: float) -> list[Page]:
    """Return the pages of a sheet's blocks. The text of the first one begins at `top`."""
    blocks, is_rtl = sheet.blocks, sheet.is_rtl
    made: list[Page] = [[]]
    is_row = False
    drawn = [
        _block(*each, says_header=each[0].begins_table, is_rtl=is_rtl)
        for each in zip(blocks, said, strict=True)
    ]
    for at, (block, (placed, height)) in enumerate(zip(blocks, drawn, strict=True)):
        top -= GAP if is_row and not block.cells else 0
        is_row = bool(block.cells)
        wanted = _whole(blocks, drawn, at) if block.begins_part else height
        if made[-1] and top - wanted < _BOTTOM:
            made.append([])
            top = _TOP
            placed, height = _block(block, said[at], says_header=True, is_rtl=is_rtl)
        made[-1] += [each._replace(y=top + each.y) for each in placed]
        top -= height + (0 if is_row else GAP)
    return made


def _whole(blocks: Sequence[Block], drawn: Sequence[tuple[Page, float]], at: int) -> float:
    """Return the height of the part that starts with a block."""
    rest = itertools.takewhile(lambda n: n == at or not blocks[n].begins_part, range(at, len(blocks)))
    return sum(drawn[n][1] + GAP for n in rest) - GAP


def _block(block: Block, said: BlockParts, *, says_header: bool, is_rtl: bool) -> tuple[Page, float]:
    """Return the lines of a block, with y relative to its top, and its height."""
    placed, top = _column(block.above, MARGIN, 0.0, parts=said.above, is_rtl=is_rtl)
    if block.picture is not None:
        return [*placed, *_picture(block.picture, top, said.figure)], _height(block.picture) - top
    if block.cells:
        rows, end = _rows(block, top, said, says_header=says_header, is_rtl=is_rtl)
        return [*placed, *rows], -end
    if not block.times:
        return [*placed], -top
    look = Style.NAME.value
    (times,) = break_lines(block.times, look, WIDTH, is_rtl=is_rtl)
    x = _left(times, look.size, MARGIN, WIDTH, is_rtl=is_rtl)
    if (space := find_glyphs(is_bold=True)[" "]) is not None:  # read before the name beside the times
        times = times._replace(glyphs=(*times.glyphs, space))
    beside, end = _column(block.beside, MARGIN + BESIDE, top, parts=said.beside, is_rtl=is_rtl)
    placed.append(PlacedLine(times, look, x, top - _BASELINE * look.size, said.times))
    return [*placed, *beside], -end


def _column(
    paragraphs: Sequence[Paragraph],
    left: float,
    top: float,
    right: float = MARGIN,
    parts: Sequence[Element] = (),
    *,
    is_rtl: bool = False,
) -> tuple[list[PlacedLine], float]:
    """Return the lines of stacked paragraphs from a height down, and the height where they end.

    `left` and `right` are the margins, mirrored from right to left. Without `parts` the lines are artifacts.
    """
    placed, room = [], WIDTH - right - left
    for (style, text), part in itertools.zip_longest(paragraphs, parts):
        look = style.value
        top -= look.above
        for line in break_lines(text, look, room, is_rtl=is_rtl):
            x = _left(line, look.size, left, room, is_rtl=is_rtl)
            placed.append(PlacedLine(line, look, x, top - _BASELINE * look.size, part))
            top -= LEADING * look.size
        top -= look.below
    return placed, top


def _left(line: TextLine, size: float, start: float, room: float, *, is_rtl: bool) -> float:
    """Return the x of a line whose room begins at `start`, from the edge where its language begins."""
    if not is_rtl:
        return start
    is_shaped = bool(line.glyphs) and line.glyphs[0].at is not None  # in its place within the room
    return WIDTH - start - (room if is_shaped else line_width(line, size))


def _rows(
    block: Block, top: float, said: BlockParts, *, says_header: bool, is_rtl: bool
) -> tuple[Page, float]:
    """Return a row with a thin rule below it, with the header and its rule above if requested.

    Only the first header of a table is in the reading order.
    """
    made: Page = []
    if says_header:
        made, top = _row(block.header, Style.HEAD.value, top, _HEAVY, said.header, is_rtl=is_rtl)
    row, end = _row(block.cells, Style.CELL.value, top, _RULE, said.cells, is_rtl=is_rtl)
    return [*made, *row], end


def _row(
    cells: Sequence[TableCell],
    look: BlockStyle,
    top: float,
    rule: Ink,
    parts: Sequence[Element],
    *,
    is_rtl: bool,
) -> tuple[Page, float]:
    made: Page = []
    lowest = top
    for cell, part in itertools.zip_longest(cells, parts):
        y = top - _ROW
        for line in break_lines(cell.text, look, cell.room, is_rtl=is_rtl):
            spare = cell.room - line_width(line, look.size) if cell.is_right else 0
            x = _left(line, look.size, MARGIN + cell.left + spare, cell.room, is_rtl=is_rtl)
            made.append(PlacedLine(line, look, x, y - _BASELINE * look.size, part))
            y -= LEADING * look.size
        lowest = min(lowest, y)
    end = lowest - _ROW
    made.append(PlacedOutlines([Outline(f"M0 0H{WIDTH - 2 * MARGIN:g}V0.5H0z", rule)], MARGIN, end + 0.5))
    return made, end


def _height(picture: Vectors) -> float:
    return picture.height * (WIDTH - 2 * MARGIN) / picture.width


def _picture(picture: Vectors, top: float, figure: Element | None) -> Page:
    """Return the picture's outlines, then its texts, each on one line."""
    scale = (WIDTH - 2 * MARGIN) / picture.width
    made: Page = [PlacedOutlines(picture.outlines, MARGIN, top, scale, figure)]
    for words in picture.words:
        look = BlockStyle(round(words.size * scale, 2), words.colour)
        for line in break_lines(words.text, look, WIDTH)[:1]:
            back = {"start": 0.0, "middle": 0.5, "end": 1.0}[words.anchor] * line_width(line, look.size)
            x = MARGIN + words.x * scale - back
            made.append(PlacedLine(line, look, x, top - words.y * scale, figure))
    return made
