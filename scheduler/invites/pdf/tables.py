"""A table as blocks: a row each, so that a page ends between two rows, and the header is said again there."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.invites.pdf.blocks import GAP, MARGIN, WIDTH, Block, Paragraph, TableCell

ROOM = WIDTH - 2 * MARGIN
"""Points between the margins."""


def table_blocks(
    above: Sequence[Paragraph],
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    parts: Sequence[float],
    *,
    words: int = 1,
) -> list[Block]:
    """The rows below their header; the first of them has the paragraphs above it on its page.

    `parts` are how wide the columns are to each other. The first columns, so many as `words`, are text at the
    left; the others are numbers at the right.
    """
    scale = (ROOM - GAP * (len(parts) - 1)) / sum(parts)
    lefts = [sum(parts[:at]) * scale + GAP * at for at in range(len(parts))]

    def cells(row: Sequence[str]) -> list[TableCell]:
        return [
            TableCell(left, part * scale, text, at >= words)
            for at, (left, part, text) in enumerate(zip(lefts, parts, row, strict=True))
        ]

    head = cells(header)
    return [
        Block(above if at == 0 else (), cells=cells(row), header=head, begins_table=at == 0)
        for at, row in enumerate(rows)
    ]
