"""A matrix of walking minutes is imported completely, whichever half is filled."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest
from sqlalchemy import select

from scheduler.services.imports import sheet_import
from scheduler.services.imports.sheet_import import ImportPreview
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import Hall, WalkingTime
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS

Filled = Callable[[int, int], bool]
HALVES: dict[str, Filled] = {
    "both": lambda a, b: a != b,
    "upper": lambda a, b: a < b,
    "lower": lambda a, b: a > b,
    "with the diagonal": lambda a, b: True,
}


def minutes(a: int, b: int) -> int:
    """Return a distinct number for each pair, the same both ways."""
    low, high = sorted((a, b))
    return 10 * low + high if low != high else 0


def matrix(size: int, filled: Filled, *, title: bool = False) -> OutputSheet:
    halls = [f"Hall {at}" for at in range(size)]
    rows: list[list[Cell]] = [
        [name, *(minutes(a, b) if filled(a, b) else "" for b in range(size))] for a, name in enumerate(halls)
    ]
    header = ["from / to", *halls]
    return (
        OutputSheet("Walking", ["Walking time (minutes)", *[""] * size], [header, *rows])
        if title
        else OutputSheet("Walking", header, rows)
    )


def event_of(database: Database, size: int) -> Expo:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, halls=1)
        first = session.scalars(select(Hall)).one()
        first.name = "Hall 0"
        for at in range(1, size):
            session.add(Hall(event_id=expo.event.id, key=f"x{at}", name=f"Hall {at}", position=at))
    return expo


def imported(database: Database, expo: Expo, sheet: OutputSheet) -> ImportPreview:
    parts = sheet_import.read_parts(write_xlsx([sheet]), "")
    with database.write() as session:
        return sheet_import.apply_sheets(session, expo.organiser_actor(), parts, settings=SETTINGS, now=NOW)


def walks(database: Database) -> dict[tuple[str, str], int]:
    with database.read() as session:
        names = {hall.id: hall.name for hall in session.scalars(select(Hall))}
        rows = session.scalars(select(WalkingTime)).all()
        found = {tuple(sorted((names[row.from_hall_id], names[row.to_hall_id]))): row.minutes for row in rows}
        assert len(found) == len(rows)
        return found  # type: ignore[return-value]


@pytest.mark.parametrize("title", [False, True], ids=["plain", "below a title"])
@pytest.mark.parametrize("filled", HALVES)
@pytest.mark.parametrize("size", [3, 8])
def test_every_pair_of_a_matrix_comes(database: Database, size: int, filled: str, title: bool) -> None:
    expo = event_of(database, size)
    sheet = matrix(size, HALVES[filled], title=title)
    look = imported(database, expo, sheet)
    pairs = list(combinations(range(size), 2))
    assert (look.added, look.left_out) == (len(pairs), 0)
    assert walks(database) == {(f"Hall {a}", f"Hall {b}"): minutes(a, b) for a, b in pairs}
    again = imported(database, expo, sheet)
    assert (again.added, again.changed, again.left_out) == (0, 0, 0)


def test_halves_that_differ_are_named_and_neither_is_taken(database: Database) -> None:
    expo = event_of(database, 3)
    sheet = matrix(3, HALVES["both"])
    sheet.rows[2][1] = 99
    look = imported(database, expo, sheet)
    (part,) = look.parts
    assert part.done is not None
    assert [(cells.lines, cells.message) for cells in part.done.wrong] == [
        ((2,), "enter the same minutes both ways: 2 here, 99 on the way back"),
        ((4,), "enter the same minutes both ways: 99 here, 2 on the way back"),
    ]
    assert walks(database) == {("Hall 0", "Hall 1"): 1, ("Hall 1", "Hall 2"): 12}


@pytest.mark.parametrize(
    "header",
    [
        ["Von Halle", "Nach Halle", "Gehminuten"],
        ["起点馆", "终点馆", "步行分钟"],
        ["Minuten", "von", "nach"],
    ],
)
def test_pairs_under_native_headers_are_no_matrix(database: Database, header: list[str]) -> None:
    expo = event_of(database, 3)
    pairs: list[list[Cell]] = [["Hall 0", "Hall 1", 4], ["Hall 1", "Hall 2", 5]]
    rows = [[row[2], *row[:2]] for row in pairs] if header[0] == "Minuten" else pairs
    imported(database, expo, OutputSheet("Gehzeiten", header, rows))
    assert walks(database) == {("Hall 0", "Hall 1"): 4, ("Hall 1", "Hall 2"): 5}


def test_a_corner_that_says_minutes_is_of_a_matrix(database: Database) -> None:
    expo = event_of(database, 2)
    imported(
        database,
        expo,
        OutputSheet("Walking", ["Minutes", "Hall 0", "Hall 1"], [["Hall 0", 0, 6], ["Hall 1", 6, 0]]),
    )
    assert walks(database) == {("Hall 0", "Hall 1"): 6}
