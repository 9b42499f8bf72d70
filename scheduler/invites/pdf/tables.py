"""Tables as one block per row: pages break between rows, and repeat the header."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.invites.pdf.blocks import GAP, MARGIN, WIDTH, Block, Paragraph, TableCell

ROOM = WIDTH - 2 * MARGIN
"""Text width in points."""


def table_blocks(
    above: Sequence[Paragraph],
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    parts: Sequence[float],
    *,
    words: int = 1,
) -> list[Block]:
    """Return one block per row. The first block includes the paragraphs above the table.

    `parts` are relative column widths. The first `words` columns are left-aligned text, the others
    right-aligned numbers.
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
