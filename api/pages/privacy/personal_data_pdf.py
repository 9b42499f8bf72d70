"""Everything about a person as a PDF: the rows of the JSON file, to be read and printed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from api.language import speaking
from api.language.speaking import gettext, ngettext
from scheduler.invites.catalogue import load_words
from scheduler.invites.pdf import document
from scheduler.invites.pdf.blocks import Block, Paragraph, Sheet, Style
from scheduler.invites.pdf.pictures import one_at_a_time
from scheduler.services.privacy.person_export import PersonData

LONGEST: Final = 400
"""Maximum length of a value. The JSON file has the whole value."""
MOST: Final = 300
"""Maximum number of rows of a table. The JSON file has all."""


def personal_data_pdf(found: PersonData) -> bytes:
    """Return the PDF, deterministically for the data."""
    title = gettext("Personal data of %(address)s", address=found.address)
    stamp = f"{found.exported_at:%Y-%m-%d %H:%M} UTC"
    language = speaking.language()
    sheet = Sheet(
        title=title,
        language=language,
        blocks=list(_blocks(found, title, stamp)),
        page=load_words(language).sheet["page"],
        foot=[f"{title} · {stamp}"],
    )
    with one_at_a_time:
        return document.write_pdf(sheet)


def _blocks(found: PersonData, title: str, stamp: str) -> Iterator[Block]:
    note = gettext(
        "Everything that this site stores about the person, with the names of the JSON file. Secrets of links"
        " and long values are only in that file or left out."
    )
    yield Block([(Style.HEADING, title), (Style.SOFT, stamp), (Style.TEXT, note)])
    for name, rows in found.tables.items():
        yield from _table(name.replace("_", " "), rows)
    yield from _table(gettext("Audit log"), found.acts)
    yield from _table(gettext("Contact details viewed by others"), found.views)


def _table(heading: str, rows: Sequence[dict[str, Any]]) -> Iterator[Block]:
    if not rows:
        return
    count = ngettext("%(num)s row", "%(num)s rows", len(rows))
    yield Block([(Style.DAY, heading), (Style.SOFT, count)])
    for row in rows[:MOST]:
        yield Block(_row(row))
    if len(rows) > MOST:
        yield Block([(Style.SOFT, gettext("The JSON file has all rows."))])


def _row(row: dict[str, Any]) -> list[Paragraph]:
    said = [f"{name}: {_value(value)}" for name, value in row.items() if value not in (None, "", [], {})]
    return [(Style.CELL, " · ".join(said))]


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
