"""Interpreter stations: a sheet assigns interpreters to tables by slot; importing it again does nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.services.imports import sheet_import
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import Interpreter, InterpreterAssignment, Place, Slot
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS

HEADER = ["译员", "Table", "Day", "From", "To"]


@pytest.fixture
def expo(database: Database) -> Expo:
    """Two tables, a booth per firm, two interpreters, and half-hour slots from nine."""
    with database.write() as session:
        return make_event(session, firms=2, tables=2, interpreters=2, slots="4")


def take(session: Session, expo: Expo, *rows: list[str], goes: bool = False) -> ImportPreview:
    return sheet_import.apply_sheets(
        session,
        expo.organiser_actor(),
        sheet_import.read_parts(write_xlsx([OutputSheet("Stations", HEADER, rows)]), ""),
        settings=SETTINGS,
        now=NOW,
        options=ImportOptions(withdraw=frozenset((ImportKind.STATIONS,) if goes else ())),
    )


def counts(look: ImportPreview) -> tuple[int, int, int, int, int]:
    (part,) = look.parts
    assert part.done is not None
    done = part.done
    return done.added, done.changed, done.unchanged, done.missing, done.withdrawn


def seats(session: Session) -> list[tuple[str, int, str]]:
    """Return interpreter, position of the slot, and table."""
    rows = session.execute(
        select(Interpreter.key, Slot.position, Place.key)
        .join(InterpreterAssignment, InterpreterAssignment.interpreter_id == Interpreter.id)
        .join(Slot, Slot.id == InterpreterAssignment.slot_id)
        .join(Place, Place.id == InterpreterAssignment.place_id)
        .order_by(Interpreter.id, Slot.position)
    )
    return [(key, position, place) for key, position, place in rows]


def test_rows_tie_change_and_leave_alone(database: Database, expo: Expo) -> None:
    one, other = (each.key for each in expo.interpreters)
    a, b = (each.key for each in expo.tables)
    with database.write() as session:
        both = [one, a, "", "", ""], [other, b, "", "", ""]
        assert counts(take(session, expo, *both)) == (2, 0, 0, 0, 0)
        assert seats(session) == [
            (who, at, where) for who, where in ((one, a), (other, b)) for at in range(4)
        ]
        again = take(session, expo, *both)
        assert counts(again) == (0, 0, 2, 0, 0) and not again.does_anything
        assert counts(take(session, expo, [one, b, "", "09:30", "10:00"])) == (0, 1, 0, 2, 0)
        assert seats(session)[:3] == [(one, 0, a), (one, 1, b), (one, 2, a)]


def test_what_is_not_in_the_file_goes_only_where_that_is_asked(database: Database, expo: Expo) -> None:
    one, other = (each.key for each in expo.interpreters)
    a, b = (each.key for each in expo.tables)
    with database.write() as session:
        take(session, expo, [one, a, "", "", ""], [other, b, "", "", ""])
        kept = [one, a, "", "09:00", "10:00"]
        assert counts(take(session, expo, kept)) == (0, 0, 1, 2, 0)
        assert len(seats(session)) == 8
        assert counts(take(session, expo, kept, goes=True)) == (0, 0, 1, 0, 2)
        assert seats(session) == [(one, 0, a), (one, 1, a)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["nobody", "{a}", "", "", ""]], "'nobody' is not a person of this event"),
        ([["{one}", "{booth}", "", "", ""]], "is not a table of this event"),
        ([["{one}", "{a}", "", "", ""], ["{one}", "{b}", "", "09:00", ""]], "use the same table as"),
        ([["{one}", "{a}", "", "03:00", "04:00"]], "the event has no slot at this time"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_of_it_is_taken(
    database: Database, expo: Expo, rows: list[list[str]], said: str
) -> None:
    named = {
        "one": expo.interpreters[0].key,
        "a": expo.tables[0].key,
        "b": expo.tables[1].key,
        "booth": "no-table",
    }
    with database.write() as session:
        look = take(session, expo, *([cell.format(**named) for cell in row] for row in rows))
        (part,) = look.parts
        wrong = [lines.message for lines in part.done.wrong] if part.done else []
        assert any(said in message for message in [*wrong, *map(str, part.faults)])
        session.rollback()
        assert seats(session) == []
