"""A sheet of any script, shaped and set from the right where needed: PyMuPDF's Story, which is slower."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Final

from scheduler.invites.pdf.blocks import (
    BESIDE,
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

if TYPE_CHECKING:
    from pymupdf import Rect, Story

_COLUMN_GAP: Final = 14.0
_RULES: Final = f"""
body {{ font-family: sans-serif; line-height: {LEADING}; margin: 0; }}
table {{ width: 100%; }}
td {{ padding: 0 {_COLUMN_GAP}pt 0 0; }}
td.times {{ width: {BESIDE - _COLUMN_GAP}pt; white-space: nowrap; }}
"""
_STYLE: Final = _RULES + "".join(
    f".{style.name} {{ font-size: {style.value.size}pt; color: #{style.value.colour:06x};"
    f" font-weight: {'bold' if style.value.is_bold else 'normal'};"
    f" margin: {style.value.above}pt 0 {style.value.below}pt; }}\n"
    for style in Style
)

Page = list["Story"]
"""What stands on a page, placed and ready to be drawn."""


def written(sheet: Sheet) -> bytes:
    """The file; the glyphs that are used are embedded."""
    import pymupdf

    pages = _laid_out(sheet)
    drawn = io.BytesIO()
    writer = pymupdf.DocumentWriter(drawn)
    for number, page in enumerate(pages, 1):
        device = writer.begin_page(pymupdf.Rect(0, 0, WIDTH, HEIGHT))
        for story in [*page, _foot(sheet, number, len(pages))]:
            story.draw(device)
        writer.end_page()
    writer.close()
    with pymupdf.open("pdf", drawn) as document:
        document.set_metadata({"title": sheet.title})
        document.set_language(sheet.language)
        document.subset_fonts()
        made: bytes = document.tobytes(garbage=3, deflate=True, use_objstms=1, no_new_id=True)
        return made


def _laid_out(sheet: Sheet) -> list[Page]:
    """The blocks on pages, none of them broken."""
    pages: list[Page] = [[]]
    top = MARGIN
    for block in sheet.blocks:
        story = _story(_block(block))
        is_cut, filled = story.place(_between(top, HEIGHT - MARGIN - FOOT))
        if is_cut:
            pages.append([])
            story.reset()
            _, filled = story.place(_between(MARGIN, HEIGHT - MARGIN - FOOT))
        pages[-1].append(story)
        top = filled[3] + GAP
    return pages


def _foot(sheet: Sheet, number: int, count: int) -> Story:
    story = _story("".join(map(_paragraph, sheet.foot_of(number, count))))
    story.place(_between(HEIGHT - MARGIN - FOOT + GAP, HEIGHT - GAP))
    return story


def _story(body: str) -> Story:
    import pymupdf

    return pymupdf.Story(html=f"<body>{body}</body>", user_css=_STYLE)


def _between(top: float, bottom: float) -> Rect:
    """The part of a page from one height to another, without its margins."""
    import pymupdf

    return pymupdf.Rect(MARGIN, top, WIDTH - MARGIN, bottom)


def _block(block: Block) -> str:
    above = "".join(map(_paragraph, block.above))
    if not block.times:
        return above
    times, beside = _paragraph((Style.NAME, block.times)), "".join(map(_paragraph, block.beside))
    return f'{above}<table><tr><td class="times">{times}</td><td>{beside}</td></tr></table>'


def _paragraph(paragraph: Paragraph) -> str:
    style, text = paragraph
    return f'<p class="{style.name}">{escape(text)}</p>'
