"""Import template: a workbook with our columns, their meanings, and sample rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets.columns import COLUMNS, REQUIRED, ImportKind
from scheduler.services.spreadsheets.meeting_times import EventTimes
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.models import Event, Hall

_MEANING: Final = {
    "key": "A short name that stays the same from file to file. Without this column, firms are known by "
    "their name, and people by their mail address.",
    "firm": "The key or the name of the firm.",
    "latin_name": "The name in Latin letters, for readers of other scripts. Empty: the name.",
    "country": "Its name in any of many languages, or two letters such as CN.",
    "tier": "upstream, midstream or downstream.",
    "areas": "Chain areas of the event, with semicolons between.",
    "hall": "Its key, its name or its number.",
    "booth": "The booth in that hall. A firm that gets another one leaves its old one.",
    "pavilion": "The national or regional pavilion, if the firm stands in one.",
    "max_per_day": "At most so many meetings a day. Empty: no limit.",
    "max_in_row": "The most meetings of the person without a pause. Empty: the limit of the event.",
    "max_days": "The most days on which the person has meetings. Empty: the limit of the event.",
    "min_meetings": "At least so many meetings are sought.",
    "languages": "Names or codes, with semicolons between.",
    "exhibitor": "yes: this person asks for meetings and answers requests in the firm's name. Without this "
    "column, the first person of a firm does.",
    "mail_language": "en, zh or hu. Empty: by the country of the firm.",
    "day": "As 2027-05-19. Empty: every day of the event.",
    "start": "As 09:00. Empty: from the morning.",
    "end": "As 12:30. Empty: until the evening.",
    "block": "Meeting times of one block follow each other without a break. Empty: found by the pauses.",
    "capacity": "So many meetings at once.",
    "booth_capacity": "So many meetings at once at the booth.",
    "place": "Of a closure: the key of a table or booth. Of a request: booth, table or any.",
    "person": "A key, a mail address or a name, of an attendee or an interpreter.",
    "from_firm": "The firm that asks: its key or its name.",
    "to_firm": "The firm that is asked: its key or its name.",
    "priority": "1 to 5; 5 is most important.",
    "length": "In meeting times. Empty: 1.",
    "state": "pending, accepted, declined, withdrawn or expired. Only accepted ones are planned.",
    "note": "What came with the answer.",
    "from_people": "People of the firm that asks who have to be there: keys or mail addresses.",
    "to_people": "People of the firm that is asked who have to be there.",
    "times": "Where only some are possible: starts as 2027-05-19 09:00, with semicolons between.",
    "leader": "One of its people: a key, a mail address or a name.",
    "escort": "Who accompanies it, without meetings of their own.",
    "firms": "Keys or names, with semicolons between. All their people belong to it.",
    "people": "People who come without their firm: keys or mail addresses, with semicolons between.",
    "kind": "country or province.",
    "name_en": "The name for readers of English. Empty: the name.",
    "name_zh": "The name for readers of Chinese. Empty: the name.",
    "name_hu": "The name for readers of Hungarian. Empty: the name.",
    "name_ar": "The name for readers of Arabic. Empty: the name.",
    "timezone": "Such as Europe/Budapest. Empty: by the country of the firm.",
}


_EXAMPLE: Final = json.loads(Path(__file__).with_name("example.json").read_text("utf-8"))
_FRAME: Final = (
    ImportKind.EVENT,
    ImportKind.AREAS,
    ImportKind.TIMES,
    ImportKind.HALLS,
    ImportKind.WALKING,
)
"""Kinds that an existing event already has."""
_OWN_WORDS: Final = {
    "hall": "Hall 1",
    "other_hall": "Hall 2",
    "areas": "Batteries; Recycling",
    "day": "2027-05-19",
    "start": "09:00",
    "end": "10:00",
}


def example_workbook() -> bytes:
    """Return a small complete event as XLSX, which `chainmeet plan` can read."""
    return write_xlsx([_sheet(kind, _OWN_WORDS) for kind in ImportKind])


def template_workbook(session: Session, actor: Actor) -> bytes:
    """Return an XLSX with a sheet for each kind that the event lacks, with its own halls, areas and times."""
    actor.require(Right.IMPORT)
    halls = session.scalars(select(Hall.name).where(Hall.event_id == actor.event_id).order_by(Hall.position))
    names = halls.all()
    areas = list(session.get_one(Event, actor.event_id).areas.values())
    times = EventTimes.load(session, actor.event_id)
    if not names or not times.slots:
        return example_workbook()
    ((day, start, end),) = times.spans([times.slots[0].id])
    words = {
        "hall": names[0],
        "other_hall": names[-1],
        "areas": "; ".join(areas[:2]),
        "day": day,
        "start": start,
        "end": end,
    }
    return write_xlsx([_sheet(kind, words) for kind in ImportKind if kind not in _FRAME])


def _sheet(kind: ImportKind, words: Mapping[str, str]) -> OutputSheet:
    columns = COLUMNS[kind]
    notes = {
        column: f"{_MEANING.get(column, '')} {'Needed.' if column in REQUIRED[kind] else ''}".strip()
        for column in columns
    }
    rows: list[dict[str, Any]] = _EXAMPLE[kind.value]
    return OutputSheet(
        kind.value.capitalize(),
        columns,
        [[_fill_words(row.get(column), words) for column in columns] for row in rows],
        {column: note for column, note in notes.items() if note},
    )


def _fill_words(value: Any, words: Mapping[str, str]) -> Any:
    return value.format_map(words) if isinstance(value, str) else value
