"""Answers to a compliance audit as a PDF: the rows of the workbook, to be read and printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from api.language import speaking
from api.language.speaking import gettext
from scheduler.invites.catalogue import load_words
from scheduler.invites.pdf import document
from scheduler.invites.pdf.blocks import Block, Sheet, Style
from scheduler.invites.pdf.pictures import one_at_a_time


def compliance_answers_pdf(rows: Sequence[Sequence[str]], title: str, day: str) -> bytes:
    """Return the PDF, deterministically for the rows.

    A row has the topic, its articles, the answers of this site, the state, the organiser's answer, and who
    changed it.
    """
    language = speaking.language()
    topics = (block for row in rows for block in _blocks(*row))
    sheet = Sheet(
        title=title,
        language=language,
        blocks=[Block([(Style.HEADING, title), (Style.SOFT, day)]), *topics],
        page=load_words(language).sheet["page"],
        foot=[f"{title} · {day}"],
    )
    with one_at_a_time:
        return document.write_pdf(sheet)


def _blocks(topic: str, articles: str, site: str, state: str, answer: str, changed: str) -> Iterator[Block]:
    """Yield the blocks of a topic. Each line of its answer has its own, as a block is never split."""
    said = gettext("PIPL articles: %(articles)s", articles=articles)
    known = [(Style.CELL, line) for line in site.splitlines()]
    yield Block([(Style.DAY, topic), (Style.SOFT, f"{said} · {state}"), *known], begins_part=True)
    for line in filter(None, answer.splitlines()):
        yield Block([(Style.TEXT, line)])
    if changed:
        yield Block([(Style.SOFT, changed)])
