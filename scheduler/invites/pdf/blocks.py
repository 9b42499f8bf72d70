"""Page content: styles, and blocks that are kept on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from scheduler.invites.catalogue import load_words
from scheduler.invites.pdf.rasters import Raster
from scheduler.invites.pdf.vectors import Vectors

WIDTH, HEIGHT = 595.0, 842.0
MARGIN: Final = 48.0
FOOT: Final = 24.0
GAP: Final = 7.0
"""In points: A4 page size, page margin, height of the footer, gap between blocks."""
BESIDE: Final = 96.0
"""Points from the margin to the text beside the times."""
LEADING: Final = 1.3
"""Line height in multiples of the font size."""
LOGO_WIDTH, LOGO_HEIGHT = 160.0, 40.0
"""Points of the box that a logo fits into."""
CODE: Final = 62.0
"""Points of a QR code including its quiet zone, in the page corner below the text."""


@dataclass(frozen=True, slots=True)
class BlockStyle:
    """Style of a paragraph: size in points, colour as 0xRRGGBB, space in points above and below."""

    size: float
    colour: int
    is_bold: bool = False
    above: float = 0.0
    below: float = 0.0


class Style(Enum):
    """Paragraph styles by role."""

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
    """A table cell. `left` is its offset from the margin and `room` its width, in points."""

    left: float
    room: float
    text: str
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Full-width paragraphs, then times that never wrap with paragraphs beside them.

    Alternatively, a table row below the paragraphs: `cells`, with `header` above it if `begins_table` is set
    or the row starts a page. Or a picture of the full text width. `begins_part`: this block and those up to
    the next such block are kept on one page if they fit.
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
class SheetLook:
    """Look of a sheet: the colour of its days as 0xRRGGBB, and the logo above the first page's text."""

    accent: int | None = None
    logo: Raster | None = None


SITE_LOOK: Final = SheetLook()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document: title, language (BCP 47), blocks and footer.

    `page` is a template with `{page}` and `{pages}`, before the first line of the footer. `code` is the
    module matrix of a QR code (True is dark) for the corner of each page.
    """

    title: str
    language: str
    blocks: Sequence[Block]
    page: str
    foot: Sequence[str]
    code: Sequence[Sequence[bool]] = ()
    look: SheetLook = SITE_LOOK

    @property
    def is_rtl(self) -> bool:
        """True if the language is written from right to left. The layout is mirrored then."""
        return load_words(self.language).direction == "rtl"

    def foot_of(self, number: int, pages: int) -> list[Paragraph]:
        first, *others = self.foot
        numbered = f"{self.page.format(page=number, pages=pages)} · {first}"
        return [(Style.FOOT, line) for line in (numbered, *others)]
