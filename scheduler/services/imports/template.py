"""The workbook that shows how a file may look: our columns, what each means, and rows to be overwritten."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.imports.columns import COLUMNS, REQUIRED, ImportKind
from scheduler.sheets.writing import Cell, SheetOut, xlsx
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
    "min_meetings": "At least so many meetings are sought.",
    "languages": "Names or codes, with semicolons between.",
    "exhibitor": "yes: this person asks for meetings and answers requests in the firm's name.",
    "mail_language": "en, zh or hu. Empty: by the country of the firm.",
    "timezone": "Such as Europe/Budapest. Empty: by the country of the firm.",
}


def workbook(session: Session, actor: Actor) -> bytes:
    """XLSX with a sheet a kind, in the words of the event's own halls and areas."""
    actor.require(Right.IMPORT)
    hall = session.scalar(select(Hall).where(Hall.event_id == actor.event_id).order_by(Hall.id).limit(1))
    areas = "; ".join(list(session.get_one(Event, actor.event_id).areas.values())[:2])
    hall_name = hall.name if hall else ""
    rows: dict[ImportKind, list[dict[str, Cell]]] = {
        ImportKind.FIRMS: [
            {"key": "great-harvest", "name": "大丰公司", "latin_name": "Great Harvest Co.", 
             "country": "China", "tier": "upstream", "areas": areas, "hall": hall_name, "booth": "A-101"},
            {"key": "kovacs", "name": "Kovács Kft.", "country": "Hungary", "tier": "downstream",
             "areas": areas},
        ],
        ImportKind.PEOPLE: [
            {"key": "wang-wei", "firm": "great-harvest", "name": "王伟", "latin_name": "Wang Wei",
             "email": "wang.wei@great-harvest.example", "languages": "Chinese; English", "exhibitor": "yes"},
            {"key": "kovacs-eva", "firm": "kovacs", "name": "Kovács Éva",
             "email": "eva@kovacs.example", "languages": "Hungarian; English", "exhibitor": "yes"},
        ],
        ImportKind.INTERPRETERS: [
            {"key": "li-na", "name": "李娜", "latin_name": "Li Na", "email": "li.na@interpreters.example",
             "languages": "Chinese; Hungarian"},
        ],
    }  # fmt: skip
    return xlsx([_sheet(kind, rows[kind]) for kind in ImportKind])


def _sheet(kind: ImportKind, rows: list[dict[str, Cell]]) -> SheetOut:
    columns = COLUMNS[kind]
    notes = {
        column: f"{_MEANING.get(column, '')} {'Needed.' if column in REQUIRED[kind] else ''}".strip()
        for column in columns
    }
    return SheetOut(
        kind.value.capitalize(),
        columns,
        [[row.get(column) for column in columns] for row in rows],
        {column: note for column, note in notes.items() if note},
    )
