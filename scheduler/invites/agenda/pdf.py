"""Printable agenda PDF: A4, one section per day. Equal agendas render to identical bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scheduler.invites import qr_codes
from scheduler.invites.agenda.agenda import AgendaDocument, AgendaEntry
from scheduler.invites.catalogue import load_words
from scheduler.invites.pdf import document
from scheduler.invites.pdf.blocks import SITE_LOOK, Block, Paragraph, Sheet, SheetLook, Style
from scheduler.invites.pdf.pictures import one_at_a_time


def render_agenda_pdf(agenda: AgendaDocument) -> bytes:
    """Return the PDF. It contains no creation date and no random identifier."""
    sheet = _sheet(agenda)
    with one_at_a_time:
        return document.write_pdf(sheet)


@dataclass(frozen=True, slots=True)
class Cover:
    """Cover pages that list the owners of several agendas. An entry is a name with secondary lines below."""

    title: str
    event_name: str
    language: str
    lines: Sequence[str]
    entries: Sequence[tuple[str, Sequence[str]]]
    look: SheetLook = SITE_LOOK


def render_agendas_pdf(agendas: Sequence[AgendaDocument], cover: Cover | None = None) -> bytes:
    """Return one PDF with the cover and each agenda on pages of its own. At least one of both is required."""
    sheets = [*([_cover(cover)] if cover else []), *(_sheet(agenda) for agenda in agendas)]
    with one_at_a_time:
        return document.write_pdf(*sheets)


def _sheet(agenda: AgendaDocument) -> Sheet:
    asked = agenda.words.sheet["check"] if agenda.check else ""
    return Sheet(
        title=f"{agenda.title}, {agenda.event_name}",
        language=agenda.language,
        blocks=list(_blocks(agenda)),
        page=agenda.words.sheet["page"],
        foot=[
            f"{agenda.title} · {agenda.event_name}",
            *(line for line in (agenda.stamp, agenda.questions, asked) if line),
        ],
        code=qr_codes.qr_modules(agenda.check) if agenda.check else (),
        look=agenda.look,
    )


def _cover(cover: Cover) -> Sheet:
    head = [(Style.HEADING, cover.title), (Style.SOFT, cover.event_name)]
    return Sheet(
        title=f"{cover.title}, {cover.event_name}",
        language=cover.language,
        blocks=[
            Block([*head, *((Style.TEXT, line) for line in cover.lines)]),
            *(
                Block([(Style.NAME, name), *((Style.SOFT, line) for line in lines)])
                for name, lines in cover.entries
            ),
        ],
        page=load_words(cover.language).sheet["page"],
        foot=[f"{cover.title} · {cover.event_name}"],
        look=cover.look,
    )


def _blocks(agenda: AgendaDocument) -> Iterator[Block]:
    """Yield the heading, then each meeting. A day stays on one page where it fits, next to other days."""
    head = [(Style.SOFT, line) for line in (agenda.event_name, agenda.stamp) if line]
    none = [] if agenda.entries else [(Style.TEXT, agenda.words.sheet["none"])]
    yield Block([(Style.HEADING, agenda.title), *head, *none])
    for number, (day, entries) in enumerate(agenda.days()):
        above: list[Paragraph] = [(Style.DAY, day)]
        for entry in entries:
            begins = bool(above) and number > 0
            yield Block(above, agenda.times(entry), _meeting(agenda, entry), begins_part=begins)
            above = []


def _meeting(agenda: AgendaDocument, entry: AgendaEntry) -> list[Paragraph]:
    said = "called_off" if entry.is_called_off else "declined" if entry.is_declined else ""
    off = [(Style.OFF, agenda.words.sheet[said])] if said else []
    rows = [(Style.SOFT, f"{label}{agenda.words.colon}{value}") for label, value in agenda.rows(entry)]
    return [(Style.NAME, entry.partner), *off, (Style.TEXT, agenda.location(entry)), *rows]
