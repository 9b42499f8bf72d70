"""What a page is made of: styles, and blocks that no page's end breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from scheduler.invites.pdf.vectors import Vectors

WIDTH, HEIGHT = 595.0, 842.0
MARGIN: Final = 48.0
FOOT: Final = 24.0
GAP: Final = 7.0
"""Points: of A4, around a page, of the lines at its foot, between two blocks."""
BESIDE: Final = 96.0
"""Points from the margin to what stands beside the times."""
LEADING: Final = 1.3
"""The height of a line in sizes of its letters."""
CODE: Final = 62.0
"""Points of a QR code with its quiet zone, in the corner of a page below its lines."""


@dataclass(frozen=True, slots=True)
class BlockStyle:
    """The style of a paragraph: size in points, colour as 0xRRGGBB, space in points above and below."""

    size: float
    colour: int
    is_bold: bool = False
    above: float = 0.0
    below: float = 0.0


class Style(Enum):
    """The style of a paragraph: its role and its look."""

    HEADING = BlockStyle(18.0, 0x1B2733, True, below=3.0)
    DAY = BlockStyle(12.0, 0x1F5F8B, True, above=10.0, below=5.0)
    NAME = BlockStyle(10.5, 0x1B2733, True)
    TEXT = BlockStyle(9.5, 0x1B2733)
    SOFT = BlockStyle(9.5, 0x51606E)
    OFF = BlockStyle(9.5, 0xA3262B, True)
    HEAD = BlockStyle(8.0, 0x51606E, True)
    CELL = BlockStyle(8.5, 0x1B2733)
    FOOT = BlockStyle(8.0, 0x51606E)


Paragraph = tuple[Style, str]


class TableCell(NamedTuple):
    """A text in a column: where that begins, in points from the margin, how wide it is, and its edge."""

    left: float
    room: float
    text: str
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Paragraphs over the whole width, then times that never wrap, with paragraphs beside them.

    Or, below the paragraphs, a row of a table: `cells` below `header`, which is said by a row with
    `begins_table`, and again where a page begins with the row. Or a picture as wide as the page's room.
    `begins_part`: it and the blocks up to the next such stand on one page where they can.
    """

    above: Sequence[Paragraph] = ()
    times: str = ""
    beside: Sequence[Paragraph] = ()
    begins_part: bool = False
    cells: Sequence[TableCell] = ()
    header: Sequence[TableCell] = ()
    begins_table: bool = False
    picture: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document: its title, its language (BCP 47), its blocks, and what its pages say at their foot.

    `page` has `{page}` and `{pages}` for the numbers. It stands before the first line of the foot. `code` has
    the rows of a QR code, whose modules are dark or not, for the corner of each page.
    """

    title: str
    language: str
    blocks: Sequence[Block]
    page: str
    foot: Sequence[str]
    code: Sequence[Sequence[bool]] = ()

    def foot_of(self, number: int, pages: int) -> list[Paragraph]:
        first, *others = self.foot
        numbered = f"{self.page.format(page=number, pages=pages)} · {first}"
        return [(Style.FOOT, line) for line in (numbered, *others)]
