"""An agenda as a PDF to print or to carry: A4, a section a day, the same bytes for the same agenda.

PyMuPDF lays text out in any script with fonts of its own, and embeds only the glyphs that are used.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from scheduler.invites.agenda import Agenda, Entry

if TYPE_CHECKING:
    from pymupdf import Rect, Story

_WIDTH, _HEIGHT = 595.0, 842.0
_MARGIN: Final = 48.0
_FOOT: Final = 24.0
_GAP: Final = 7.0
"""Points: of A4, around a page, of the lines at its foot, between two meetings."""

_STYLE: Final = """
body { font-family: sans-serif; font-size: 9.5pt; line-height: 1.3; color: #1b2733; margin: 0; }
h1 { font-size: 18pt; margin: 0 0 3pt; }
h2 { font-size: 12pt; margin: 10pt 0 5pt; color: #1f5f8b; }
p { margin: 0; }
table { width: 100%; }
td { padding: 0 14pt 0 0; }
td.times { width: 82pt; white-space: nowrap; }
.soft { color: #51606e; }
.title { font-weight: bold; font-size: 10.5pt; }
.off { color: #a3262b; font-weight: bold; }
.foot { font-size: 8pt; color: #51606e; }
"""

_one_at_a_time = threading.Lock()  # PyMuPDF serves one thread only


def agenda_pdf(agenda: Agenda) -> bytes:
    """The PDF; it carries no date and no random identifier of its own."""
    with _one_at_a_time:
        return _write(agenda, _laid_out(_blocks(agenda)))


Page = list["Story"]
"""What stands on a page, placed and ready to be drawn."""


def _write(agenda: Agenda, pages: Sequence[Page]) -> bytes:
    import pymupdf  # here, as it takes half a second, which only those who write a PDF should wait

    drawn = io.BytesIO()
    writer = pymupdf.DocumentWriter(drawn)
    for number, page in enumerate(pages, 1):
        device = writer.begin_page(pymupdf.Rect(0, 0, _WIDTH, _HEIGHT))
        for story in [*page, _foot(agenda, number, len(pages))]:
            story.draw(device)
        writer.end_page()
    writer.close()
    with pymupdf.open("pdf", drawn) as document:
        document.set_metadata({"title": f"{agenda.title}, {agenda.event_name}"})
        document.set_language(agenda.language)
        document.subset_fonts()
        made: bytes = document.tobytes(garbage=3, deflate=True, use_objstms=1, no_new_id=True)
        return made


def _laid_out(blocks: Iterator[str]) -> list[Page]:
    """The blocks on pages, none of them broken."""
    pages: list[Page] = [[]]
    top = _MARGIN
    for block in blocks:
        story = _story(block)
        is_cut, filled = story.place(_between(top, _HEIGHT - _MARGIN - _FOOT))
        if is_cut:
            pages.append([])
            story.reset()
            _, filled = story.place(_between(_MARGIN, _HEIGHT - _MARGIN - _FOOT))
        pages[-1].append(story)
        top = filled[3] + _GAP
    return pages


def _foot(agenda: Agenda, number: int, count: int) -> Story:
    page = agenda.words.sheet["page"].format(page=number, pages=count)
    lines = (" · ".join([page, agenda.title, agenda.event_name]), agenda.stamp)
    story = _story("".join(f'<p class="foot">{escape(line)}</p>' for line in lines))
    story.place(_between(_HEIGHT - _MARGIN - _FOOT + _GAP, _HEIGHT - _GAP))
    return story


def _story(body: str) -> Story:
    import pymupdf

    return pymupdf.Story(html=f"<body>{body}</body>", user_css=_STYLE)


def _between(top: float, bottom: float) -> Rect:
    """The part of a page from one height to another, without its margins."""
    import pymupdf

    return pymupdf.Rect(_MARGIN, top, _WIDTH - _MARGIN, bottom)


def _blocks(agenda: Agenda) -> Iterator[str]:
    """The head, then each meeting; a day's heading stays with its first meeting."""
    head = (agenda.event_name, agenda.stamp)
    yield f"<h1>{escape(agenda.title)}</h1>" + "".join(_soft(line) for line in head if line)
    if not agenda.entries:
        yield f"<p>{escape(agenda.words.sheet['none'])}</p>"
    for day, entries in agenda.days():
        heading = f"<h2>{escape(day)}</h2>"
        for entry in entries:
            yield heading + _meeting(agenda, entry)
            heading = ""


def _meeting(agenda: Agenda, entry: Entry) -> str:
    off = f'<p class="off">{escape(agenda.words.sheet["called_off"])}</p>' if entry.is_called_off else ""
    colon = agenda.words.colon
    rows = "".join(_soft(f"{label}{colon}{value}") for label, value in agenda.rows(entry))
    return (
        f'<table><tr><td class="times"><p class="title">{escape(agenda.times(entry))}</p></td>'
        f'<td><p class="title">{escape(entry.partner)}</p>{off}'
        f"<p>{escape(agenda.location(entry))}</p>{rows}</td></tr></table>"
    )


def _soft(line: str) -> str:
    return f'<p class="soft">{escape(line)}</p>'
