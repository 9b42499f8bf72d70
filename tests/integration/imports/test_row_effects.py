"""Each row of a file has its effect: added, changed cell by cell, unchanged, or an error."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

import pytest

from scheduler.services.imports import import_files, row_effects, sheet_import
from scheduler.services.imports.bulk_import import stored_preview
from scheduler.services.imports.row_effects import Effect, RowFilter
from scheduler.services.imports.sheet_import import ImportPart, ImportPreview
from scheduler.services.spreadsheets.changes import (
    MAX_CHARACTERS,
    MAX_SHOWN,
    CellChange,
    ImportResult,
    ImportTally,
    RowChange,
)
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS
from scheduler.services.spreadsheets.table import Table
from scheduler.sheets.tables import SheetRow, WorkbookSheet
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

BROKER = "redis://127.0.0.1:1"
HEADER = ["key", "name", "country", "tier"]
FIRMS = OutputSheet(
    "Firms",
    HEADER,
    [
        ["f0", "Firm 0", "CN", "midstream"],
        ["f1", "Alpha", "DE", "midstream"],
        ["f9", "Neo", "HU", "upstream"],
        ["f8", "Odd", "Nowhere", "upstream"],
    ],
)
PEOPLE = OutputSheet(
    "People",
    ["firm", "name", "email", "languages"],
    [["Neo", "Anna", "anna@example.com", "en"], ["Odd", "Ben", "ben@example.com", "en"]],
)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=4, tables=0)


def path_of(database: Database, expo: Expo, *sheets: OutputSheet) -> str:
    with database.write() as session:
        octets = write_xlsx(list(sheets))
        number = import_files.store_file(
            session, expo.organiser_actor(), octets, name="e.xlsx", kind="", now=NOW
        )
    return f"/events/{expo.event.key}/imports/{number}/errors"


def texts_of(page: str) -> str:
    """Return the words of the list of rows, without markup."""
    table = page[page.index("<tbody>") : page.rindex("</tbody>")] if "<tbody>" in page else ""
    return " ".join(re.sub(r"<[^>]+>", " ", table).split())


def tabs_of(page: str) -> dict[str, str]:
    nav = page[page.index('<nav class="tabs"') :].partition("</nav>")[0]
    return dict(re.findall(r'">\s*([^<]+?)\s*<span class="count[^"]*">([\d,]+)<', nav))


def test_tabs_have_the_numbers_of_the_preview_and_each_row_its_effect(database: Database, expo: Expo) -> None:
    path = path_of(database, expo, FIRMS, PEOPLE)
    browser = Browser(web_app(database, BROKER), expo.organiser)
    page = browser.get(f"{path}?rows=all")
    assert tabs_of(page) == {
        "Errors": "2",
        "All": "6",
        "Added": "2",
        "Changed": "1",
        "No change": "1",
        "Not in the file": "6",
    }
    rows = texts_of(page)
    assert "2 Firm 0 f0 No change" in rows
    assert re.search(r"3 Alpha f1 Changed .*Country: ?China Germany", rows), rows
    assert "4 Neo f9 Added" in rows
    assert "5 Odd f8 Error &#39;Nowhere&#39; is not a country" in rows
    assert "2 Anna Neo Added" in rows and "3 Ben Odd Error" in rows, "a person of a skipped exhibitor waits"
    changed = texts_of(browser.get(f"{path}?rows=changed"))
    assert "Alpha" in changed and not any(name in changed for name in ("Neo", "Odd", "Anna"))
    people = texts_of(browser.get(f"{path}?rows=added&sheet=1"))
    assert "Anna" in people and "f9" not in people, "one sheet of two"
    missing = texts_of(browser.get(f"{path}?rows=missing&sheet=0"))
    assert "Firm 2 f2 No change" in missing and "Firm 3 f3 No change" in missing and "Alpha" not in missing


def test_records_to_remove_are_in_the_list_of_those_not_in_the_file(database: Database, expo: Expo) -> None:
    path = path_of(database, expo, FIRMS)
    browser = Browser(web_app(database, BROKER), expo.organiser)
    browser.post(path.replace("/errors", "/choose"), withdraw="firms")
    page = browser.get(f"{path}?rows=missing")
    assert tabs_of(page)["Not in the file"] == "2"
    assert "f2 Will be removed" in texts_of(page) and "f3 Will be removed" in texts_of(page)


def test_a_workbook_without_errors_has_all_rows_and_no_grid(database: Database, expo: Expo) -> None:
    path = path_of(database, expo, OutputSheet("Firms", HEADER, FIRMS.rows[:3]))
    browser = Browser(web_app(database, BROKER), expo.organiser)
    assert f'href="{path}?rows=all"' in browser.get(path.removesuffix("/errors"))
    page = browser.get(f"{path}?rows=errors")
    assert "No rows with errors" in page and tabs_of(page)["Errors"] == "0"


def large_preview(count: int) -> tuple[list[tuple[ImportKind | None, WorkbookSheet]], ImportPreview]:
    """Return exhibitors and their preview: every tenth row is new, those with an odd number changed."""
    rows = [SheetRow(1, tuple(HEADER))]
    changes, unchanged = [], []
    for line in range(2, count + 2):
        rows.append(SheetRow(line, (f"k{line}", f"Name {line}", "CN", "upstream")))
        if line % 10 == 0:
            changes.append(RowChange(line, f"k{line}", f"Name {line}", True, ()))
        elif line % 2:
            changes.append(
                RowChange(line, f"k{line}", f"Name {line}", False, (CellChange("country", "DE", "CN"),))
            )
        else:
            unchanged.append(line)
    new = sum(change.is_new for change in changes)
    done = ImportResult(
        new, len(changes) - new, len(unchanged), rows=tuple(changes), unchanged_lines=tuple(unchanged)
    )
    parts: list[tuple[ImportKind | None, WorkbookSheet]] = [
        (ImportKind.FIRMS, WorkbookSheet("Firms", tuple(rows)))
    ]
    return parts, ImportPreview((ImportPart("Firms", ImportKind.FIRMS, (), done),), "")


def test_ten_thousand_rows_are_listed_fifty_at_a_time_in_the_order_of_the_file() -> None:
    parts, look = large_preview(10_000)
    assert row_effects.count_rows(look) == {
        RowFilter.ALL: 10_000,
        RowFilter.ADDED: 1_000,
        RowFilter.CHANGED: 5_000,
        RowFilter.UNCHANGED: 4_000,
        RowFilter.MISSING: 0,
    }
    found = row_effects.list_row_effects(
        parts, look, DEFAULT_OPTIONS, RowFilter.ALL, sheet=None, start=9_999, record_names=lambda *_: {}
    )
    ((at, _, rows),) = found.groups
    assert (at, found.total, found.start, found.last) == (0, 10_000, 9_950, 10_000)
    assert [row.line for row in rows] == list(range(9_952, 10_002))
    assert rows[0].effect is Effect.UNCHANGED and rows[0].names == ("Name 9952", "k9952")
    assert rows[1].cells == (CellChange("country", "DE", "CN"),)
    for wanted, count in row_effects.count_rows(look).items():
        shown = row_effects.list_row_effects(
            parts, look, DEFAULT_OPTIONS, wanted, sheet=None, start=0, record_names=lambda *_: {}
        )
        assert shown.total == count, "a tab lists as many rows as it counts"


def test_values_of_new_rows_and_of_too_much_text_are_not_stored_beyond_the_first_rows() -> None:
    rows = [SheetRow(line, (f"h{line}", f"Hall {line}")) for line in range(2, MAX_SHOWN + 6)]
    sheet = WorkbookSheet("Halls", (SheetRow(1, ("key", "name")), *rows))
    tally = ImportTally(Table.read(ImportKind.HALLS, sheet, DEFAULT_OPTIONS), frozenset())
    half = "x" * (MAX_CHARACTERS // 2)
    *first, new, short, long, too_long = tally.table.rows
    for row in first:
        tally.add(row, {"name": ("a", "b")}, is_new=True)
    tally.add(new, {"name": (None, "b")}, is_new=True)
    for row, text in ((short, "b"), (long, half), (too_long, half + half)):
        tally.add(row, {"name": ("a", text)})
    done = tally.done()
    assert (done.added, done.changed, len(done.rows)) == (MAX_SHOWN + 1, 3, MAX_SHOWN + 4)
    assert all(row.cells for row in done.rows[:MAX_SHOWN])
    stored = [bool(row.cells) for row in done.rows[MAX_SHOWN:]]
    assert stored == [False, True, True, False], "a new row, two changed ones, and one with too much text"


def test_a_stored_preview_is_the_preview(database: Database, expo: Expo) -> None:
    """A worker's preview has the same numbers of people and rows as one that is made at once."""
    parts = sheet_import.read_parts(write_xlsx([FIRMS, PEOPLE]), "")
    with database.write() as session:
        look = sheet_import.apply_sheets(session, expo.organiser_actor(), parts, settings=SETTINGS, now=NOW)
        session.rollback()
    look = ImportPreview(look.parts, look.digest, notified=3, readdressed=2, address_notices=1)
    stored = json.loads(json.dumps(stored_preview.serialize_preview(look)))
    assert asdict(stored_preview.parse_preview(stored)) == asdict(look)
