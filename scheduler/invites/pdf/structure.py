"""Logical structure of a document for assistive technology, in reading order (ISO 32000-1, 14.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scheduler.invites.pdf.blocks import Block, Paragraph, Sheet, Style

_LEVELS = {Style.HEADING: 1, Style.DAY: 2, Style.NAME: 3}


@dataclass(slots=True, eq=False)
class Element:
    """A structure element: its standard type and children.

    `alt` is the alternative text of a figure. `language` is set if the element has its own.
    """

    role: str
    parts: list[Element] = field(default_factory=list)
    alt: str = ""
    language: str = ""
    title: str = ""
    """Text of a heading."""

    def add(self, role: str, **values: str) -> Element:
        """Append a child element."""
        made = Element(role, **values)  # type: ignore[arg-type]
        self.parts.append(made)
        return made

    def walk(self) -> Iterator[Element]:
        """Yield the element and its descendants in reading order."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, slots=True)
class BlockParts:
    """The elements of a block's paragraphs, times, and cells or picture."""

    above: Sequence[Element]
    times: Element | None
    beside: Sequence[Element]
    header: Sequence[Element]
    cells: Sequence[Element]
    figure: Element | None


def build_structure(sheet: Sheet, root: Element) -> list[BlockParts]:
    """Return the elements of each block of a sheet, which becomes a section below the root."""
    return list(_Section(root.add("Sect", language=sheet.language)).blocks(sheet.blocks))


@dataclass(slots=True)
class _Section:
    element: Element
    level: int = 0
    table: Element | None = None

    def blocks(self, blocks: Sequence[Block]) -> Iterator[BlockParts]:
        for block in blocks:
            above = [self._paragraph(each) for each in block.above]
            times = self._heading(3, f"{block.times} {block.beside[0][1]}") if block.times else None
            beside = list(block.beside[1:] if times else block.beside)
            others = [self._paragraph(each) for each in beside]
            header, cells = self._row(block) if block.cells else ([], [])
            figure = None
            if block.picture is not None:
                figure = self.element.add("Figure", alt=" ".join(text for _, text in block.above))
            yield BlockParts(above, times, [times, *others] if times else others, header, cells, figure)

    def _paragraph(self, paragraph: Paragraph) -> Element:
        style, text = paragraph
        return self._heading(_LEVELS[style], text) if style in _LEVELS else self.element.add("P")

    def _heading(self, level: int, text: str) -> Element:
        """Add a heading without skipping a level (ISO 14289-1, 7.4.2)."""
        self.level = min(level, self.level + 1)
        return self.element.add(f"H{self.level}", title=text)

    def _row(self, block: Block) -> tuple[list[Element], list[Element]]:
        header: list[Element] = []
        if block.begins_table or self.table is None:
            self.table = self.element.add("Table")
            row = self.table.add("TR")
            header = [row.add("TH") for _ in block.header]
        row = self.table.add("TR")
        return header, [row.add("TD") for _ in block.cells]
