"""CSV imports for tests."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.services.identity.actors import Actor
from scheduler.services.spreadsheets import firms, people
from scheduler.services.spreadsheets.changes import ImportResult
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.sheets.tables import WorkbookSheet
from scheduler.sheets.workbook import read_workbook


def sheet_of(text: str) -> WorkbookSheet:
    """Return the only sheet of a CSV file."""
    return read_workbook(text.encode()).sheets[0]


def import_firms(session: Session, actor: Actor, text: str, *, leave_out: bool = False) -> ImportResult:
    return firms.import_firms(session, actor, sheet_of(text), ImportOptions(leave_out=leave_out))


def import_people(
    session: Session, actor: Actor, text: str, *, settings: Settings, now: datetime, leave_out: bool = False
) -> ImportResult:
    options = ImportOptions(leave_out=leave_out)
    return people.import_people(session, actor, sheet_of(text), options, settings=settings, now=now)


def import_interpreters(session: Session, actor: Actor, text: str, *, now: datetime) -> ImportResult:
    return people.import_interpreters(session, actor, sheet_of(text), now=now)
