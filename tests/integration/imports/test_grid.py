"""Rows with errors are corrected in a grid, all at once, before the import."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.services.imports import choices, error_grid, import_files
from scheduler.services.imports.bulk_import import import_execution, import_jobs
from scheduler.services.spreadsheets import file_fixes
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.file_fixes import FileFixes, Replacement, SubmittedFixes
from scheduler.sheets.tables import SheetRow, WorkbookSheet
from scheduler.sheets.workbook import read_workbook
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Event, Firm, Hall, ImportFile, WalkingTime
from tests.support.factories import NOW, Expo, make_account, make_event
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

BROKER = "redis://127.0.0.1:1"
FIRMS = OutputSheet(
    "Firms",
    ["key", "name", "country", "tier", "max_per_day"],
    [
        ["a", "Alpha", "Corea", "upstream", "8"],
        ["b", "Beta", "Corea", "upstream", "ca. 8"],
        ["c", "Gamma", "DE", "sideways", ""],
        ["d", "Delta", "CN", "upstream", ""],
        ["e", "Total", "", "", "16"],
    ],
)
PEOPLE = OutputSheet(
    "People", ["firm", "name", "email", "languages"], [["Alpha", "Anna", "anna@example.com", "en"]]
)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=0, tables=0)


def keep(database: Database, expo: Expo, sheets: Sequence[OutputSheet]) -> int:
    with database.write() as session:
        return import_files.store_file(
            session, expo.organiser_actor(), write_xlsx(sheets), name="e.xlsx", kind="", now=NOW
        )


def browser_of(database: Database, expo: Expo) -> Browser:
    return Browser(web_app(database, BROKER), expo.organiser)


def fields(page: str) -> dict[str, Any]:
    """Return what a browser without JavaScript submits of the grid: hidden fields and cells."""
    form = page[page.index('class="grid-form') :].partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and "checkbox" not in tag and name[1] != "csrf_token":
            found[name[1]] = value[1] if value else ""
    return found


def test_cells_words_and_rows_are_mended_by_one_press(database: Database, expo: Expo) -> None:
    number = keep(database, expo, [FIRMS, PEOPLE])
    browser = browser_of(database, expo)
    path = f"/events/{expo.event.key}/imports/{number}"
    page = browser.get(f"{path}/errors")
    form = fields(page)
    assert form["cell-2-2"] == form["cell-3-2"] == "Corea" and form["cell-3-4"] == "ca. 8"
    assert "cell-5-2" not in form, "a row without a fault is not on the page"
    assert {name for name in form if name.startswith("all-")} == {"all-2-0"}
    given: dict[str, Any] = {
        "all-2-0": "South Korea",
        "cell-3-4": "8",
        "cell-4-3": "midstream",
        "drop-6": "yes",
    }
    page = browser.post(f"{path}/errors", **(form | given))
    assert "No rows with errors" in page or "Row skipped" in page
    changed = browser.get(f"{path}/errors?sheet=changed")
    assert "<del>ca. 8</del>" in changed and "<ins>South Korea</ins>" in changed and "Row skipped" in changed
    with database.read() as session:
        assert session.scalars(select(Firm)).all() == [], "nothing is imported before the file is"
    take(browser, path)
    with database.read() as session:
        firms = session.execute(select(Firm.key, Firm.country, Firm.max_per_day).order_by(Firm.key)).all()
        assert [tuple(row) for row in firms] == [
            ("a", "KR", 8),
            ("b", "KR", 8),
            ("c", "DE", None),
            ("d", "CN", None),
        ]
        assert session.scalars(select(Attendee.name)).all() == ["Anna"]


def take(browser: Browser, path: str) -> None:
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', browser.get(path))
    assert digest
    browser.post(f"{path}/import", digest=digest[1])


def test_a_row_that_was_skipped_is_in_the_file_of_what_is_left_out(database: Database, expo: Expo) -> None:
    number = keep(database, expo, [FIRMS])
    browser = browser_of(database, expo)
    path = f"/events/{expo.event.key}/imports/{number}"
    browser.post(
        f"{path}/errors", **(fields(browser.get(f"{path}/errors")) | {"drop-6": "yes", "cell-4-3": "odd"})
    )
    sheet = read_workbook(browser.client.get(f"{path}/skipped-rows.xlsx").data).sheets[0]
    reasons = {row.cells[1]: (row.cells[3], row.cells[-1]) for row in sheet.rows[1:]}
    assert reasons["Total"][1] == "dropped"
    assert reasons["Gamma"][0] == "odd", "its cells are as they were changed"


def test_what_is_found_is_replaced_in_the_whole_column_and_may_be_remembered(
    database: Database, expo: Expo
) -> None:
    browser = browser_of(database, expo)
    first = keep(database, expo, [FIRMS])
    path = f"/events/{expo.event.key}/imports/"
    form = fields(browser.get(f"{path}{first}/errors"))
    page = browser.post(
        f"{path}{first}/errors", **(form | {"find-column": "2", "find": "corea", "replace": "South Korea"})
    )
    assert 'value="Corea"' not in page and "Changed from “Corea”" in page
    again = keep(database, expo, [FIRMS])
    page = browser.get(f"{path}{again}/errors")
    assert "Corea" in page, "another file does not know of it"
    browser.post(f"{path}{again}/errors", **(fields(page) | {"all-2-0": "South Korea", "remember": "yes"}))
    third = keep(database, expo, [FIRMS])
    assert "is not a country" not in browser.get(f"{path}{third}/errors"), "it was remembered"


def test_each_change_and_all_can_be_undone(database: Database, expo: Expo) -> None:
    number = keep(database, expo, [FIRMS])
    browser = browser_of(database, expo)
    path = f"/events/{expo.event.key}/imports/{number}/errors"
    given = {"cell-2-2": "KR", "cell-3-2": "KR", "drop-6": "yes"}
    browser.post(path, **(fields(browser.get(path)) | given))
    page = browser.get(f"{path}?sheet=changed")
    names = re.findall(r'name="undo" value="([^"]*)"', page)
    assert sorted(names) == ["all", "cell:2:2:Firms", "cell:3:2:Firms", "dropped:6:Firms"]
    browser.post(path, sheet="changed", undo="cell:2:2:Firms")
    assert kept(database, number).cells == {("Firms", 3, 2): "KR"}
    browser.post(path, sheet="changed", undo="all")
    assert kept(database, number) == FileFixes()
    assert 'value="Corea"' in browser.get(path)


def kept(database: Database, number: int) -> FileFixes:
    with database.read() as session:
        return file_fixes.parse_fixes(session.get_one(ImportFile, number).fixes)


def test_a_sheet_of_which_a_column_is_asked_is_mended_with_the_others(database: Database, expo: Expo) -> None:
    odd = OutputSheet("Firms", ["name", "country", "tier", "Stand (m²)"], [["Alpha", "DE", "upstream", "12"]])
    number = keep(database, expo, [odd])
    browser = browser_of(database, expo)
    path = f"/events/{expo.event.key}/imports/{number}/errors"
    assert "Stand (m²)" in browser.get(path)
    form: dict[str, Any] = {"header-firms-0": "name", "was-firms-0": "name", "column-firms-0": "name"}
    form |= {"header-firms-1": "Stand (m²)", "was-firms-1": "?", "column-firms-1": ""}
    assert "No rows with errors" in browser.post(path, **form) or "Changed" in browser.get(path)
    assert kept(database, number).columns == {ImportKind.FIRMS: {"stand m2": ""}}


def test_a_new_event_is_mended_before_it_is_made(database: Database) -> None:
    with database.write() as session:
        operator = make_account(session, is_operator=True)
    event = OutputSheet(
        "Event", ["setting", "value"], [["name", "Expo"], ["key", "grid-expo"], ["timezone", "Asia/Shanghai"]]
    )
    browser = Browser(web_app(database, BROKER), operator)
    number = upload(database, browser, write_xlsx([event, FIRMS]))
    path = f"/events/new/workbook/{number}"
    assert "Fix errors in a grid" in browser.get(path)
    form = fields(browser.get(f"{path}/errors"))
    assert "remember" not in form
    given: dict[str, Any] = {
        "all-2-0": "South Korea",
        "cell-3-4": "8",
        "cell-4-3": "midstream",
        "drop-6": "yes",
    }
    browser.post(f"{path}/errors", **(form | given))
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', browser.get(path))
    assert digest
    pressed: dict[str, Any] = {"with": "all", "digest": digest[1]}
    browser.post(f"{path}/create", **pressed)
    with database.read() as session:
        made = session.scalars(select(Event).where(Event.key == "grid-expo")).one()
        firms = session.execute(
            select(Firm.key, Firm.country).where(Firm.event_id == made.id).order_by(Firm.key)
        )
        assert [tuple(row) for row in firms] == [("a", "KR"), ("b", "KR"), ("c", "DE"), ("d", "CN")]


def upload(database: Database, browser: Browser, octets: bytes) -> int:
    browser.post("/events/new/workbook/", file=(io.BytesIO(octets), "w.xlsx"))
    with database.read() as session:
        return session.scalars(select(ImportFile.id)).one()


def big(rows: int) -> OutputSheet:
    wrong: list[list[Cell]] = [[f"k{at}", f"Firm {at}", "Corea", "upstream", f"x{at}"] for at in range(rows)]
    return OutputSheet("Firms", FIRMS.header, wrong)


def test_a_large_file_is_mended_by_one_look_of_the_worker(database: Database, expo: Expo) -> None:
    number = keep(database, expo, [big(3_000)])
    browser = browser_of(database, expo)
    path = f"/events/{expo.event.key}/imports/{number}"
    with database.write() as session:
        import_jobs.request_preview(session, expo.organiser_actor(), number, now=NOW)
    import_execution.execute_import(database, number, worker="w", settings=SETTINGS)
    page = browser.get(f"{path}/errors")
    assert "1 to 50 of 3,000 rows" in page and page.count('name="drop-') == error_grid.PAGE_SIZE
    assert len(page) < 200_000, "the page has its rows alone"
    browser.post(
        f"{path}/errors", **(fields(page) | {"all-2-0": "South Korea", "cell-2-4": "5", "drop-3": "yes"})
    )
    assert import_execution.execute_import(database, number, worker="w", settings=SETTINGS).value == "done"
    page = browser.get(f"{path}/errors")
    assert "2,998 rows" in page and "is not a country" not in page
    last = browser.get(f"{path}/errors?sheet=0&from=2990")
    assert "2,951 to 2,998 of 2,998 rows" in last


def test_only_organisers_of_the_event_see_and_mend_a_file(database: Database, expo: Expo) -> None:
    number = keep(database, expo, [FIRMS])
    with database.write() as session:
        other = make_event(session, firms=1)
    path = f"/events/{expo.event.key}/imports/{number}/errors"
    stranger = browser_of(database, other)
    assert stranger.client.get(path).status_code == 404
    stranger.post(path, status=404, **{"cell-2-2": "KR", "sheet-name": "Firms"})
    with database.write() as session, pytest.raises(NotFound):
        choices.save_fixes(session, other.organiser_actor(), number, SubmittedFixes({("Firms", 2, 2): "KR"}))
    assert kept(database, number) == FileFixes()


@pytest.mark.parametrize(
    "given",
    [
        SubmittedFixes({("Firms", line, 2): "x" for line in range(file_fixes.MAX_CELLS + 1)}),
        SubmittedFixes({("Firms", line, 2): "x" * 5_000 for line in range(300)}),
        SubmittedFixes(dropped=frozenset(("Firms", line) for line in range(file_fixes.MAX_DROPPED + 1))),
        SubmittedFixes(replaced=[
            Replacement("Firms", 1, f"t{at}", "v") for at in range(file_fixes.MAX_REPLACED + 1)
        ]),
        SubmittedFixes({("Firms", 2, 9_999): "x"}),
        SubmittedFixes({("Firms", 10**9, 1): "x"}),
        SubmittedFixes({("a\0b", 1, 1): "x"}),
        SubmittedFixes(columns={"firms": {"x": "no_such"}}),
    ],
)  # fmt: skip
def test_changes_are_bounded(given: SubmittedFixes) -> None:
    with pytest.raises(InvalidInput):
        file_fixes.merge_fixes(FileFixes(), given)


def test_changes_are_kept_as_json_and_come_back_as_they_were() -> None:
    made = file_fixes.merge_fixes(
        FileFixes(),
        SubmittedFixes(
            {("S", 3, 1): "x"},
            frozenset((("S", 4),)),
            [Replacement("S", 0, "a", "b"), Replacement("S", 0, "c", "c")],
            {"firms": {"Land": ""}},
        ),
    )
    assert file_fixes.parse_fixes(file_fixes.serialize_fixes(made)) == made
    assert made.count == 4 and len(made.replaced) == 1
    assert file_fixes.remove_fixes(made, frozenset(file_fixes.name_fixes(made))).count == 0


def test_cells_are_changed_before_they_are_read_and_the_header_stays() -> None:
    sheet = WorkbookSheet(
        "Firms",
        tuple(
            SheetRow(at, cells) for at, cells in enumerate([("name", "country"), ("A", "country"), ("B",)], 1)
        ),
    )
    made = FileFixes(
        {("Firms", 3, 1): "DE"},
        frozenset(),
        (Replacement("Firms", 1, "COUNTRY", "CN"), Replacement("Firms", 0, "A", "AA", True)),
    )
    ((_, after),) = file_fixes.apply_fixes([(ImportKind.FIRMS, sheet)], made)
    assert [row.cells for row in after.rows] == [("name", "country"), ("AA", "CN"), ("B", "DE")]


HALLS = OutputSheet("Halls", ["key", "name"], [["h0", "North"], ["h1", "South"], ["h2", "East"]])


def walking(database: Database) -> list[tuple[str, str, int]]:
    with database.read() as session:
        names = {hall.id: hall.name for hall in session.scalars(select(Hall))}
        rows = session.scalars(select(WalkingTime))
        return sorted(
            (*sorted((names[row.from_hall_id], names[row.to_hall_id])), row.minutes) for row in rows
        )


def test_each_cell_of_a_matrix_is_fixed_where_it_stands(database: Database, expo: Expo) -> None:
    matrix = OutputSheet(
        "Walking",
        ["", "North", "Soth", "East"],
        [["North", 0, 5, "far"], ["South", "", 0, "7 or 8"], ["Eest", "", 9, 0]],
    )
    number = keep(database, expo, [HALLS, matrix])
    browser = browser_of(database, expo)
    path = f"/events/{expo.event.key}/imports/{number}"
    page = browser.get(f"{path}/errors")
    form = fields(page)
    cells = {name: text for name, text in form.items() if name.startswith("cell-")}
    assert cells == {"cell-1-2": "Soth", "cell-4-0": "Eest", "cell-2-3": "far", "cell-3-3": "7 or 8"}
    assert 'aria-label="Cell D2"' in page and 'name="empty-2-3"' in page and 'name="drop-4"' in page
    given: dict[str, Any] = {"cell-1-2": "South", "cell-2-3": "4", "cell-4-0": "East", "empty-3-3": "yes"}
    page = browser.post(f"{path}/errors", **(form | given))
    assert "No rows with errors" in page or "Your changes" in page
    take(browser, path)
    assert walking(database) == [("East", "North", 4), ("East", "South", 9), ("North", "South", 5)]


def test_a_row_of_a_matrix_is_skipped_and_a_word_replaced_in_every_column(
    database: Database, expo: Expo
) -> None:
    rows: list[list[Cell]] = [
        ["North", "", "5 min", "6 min"],
        ["Nowhere", 1, 2, 3],
        ["East", "", "7 min", ""],
    ]
    number = keep(database, expo, [HALLS, OutputSheet("Walking", ["", "North", "South", "East"], rows)])
    browser = browser_of(database, expo)
    path = f"/events/{expo.event.key}/imports/{number}"
    form = fields(browser.get(f"{path}/errors")) | {"drop-3": "yes"}
    browser.post(
        f"{path}/errors",
        **(form | {"find-column": "every", "find": " min", "replace": "", "inside": "yes"}),
    )
    take(browser, path)
    assert walking(database) == [("East", "North", 6), ("East", "South", 7), ("North", "South", 5)]


def test_a_matrix_of_many_halls_has_a_page_of_cells_at_a_time(database: Database, expo: Expo) -> None:
    size = 120
    halls = OutputSheet("Halls", ["key", "name"], [[f"x{at}", f"Place {at}"] for at in range(size)])
    names = [f"Place {at}" for at in range(size)]
    rows: list[list[Cell]] = [[name, *["?"] * size] for name in names]
    number = keep(database, expo, [halls, OutputSheet("Walking", ["", *names], rows)])
    browser = browser_of(database, expo)
    page = browser.get(f"/events/{expo.event.key}/imports/{number}/errors")
    assert f"1 to 50 of {size * (size - 1):,} rows" in page
    assert len(re.findall(r'<input[^>]* name="cell-', page)) == error_grid.PAGE_SIZE and len(page) < 200_000


def test_rows_say_what_waits_for_them(database: Database, expo: Expo) -> None:
    firms = OutputSheet("Firms", FIRMS.header, [["a", "Alpha", "Corea", "upstream", "8"]])
    people = OutputSheet(
        "People",
        PEOPLE.header,
        [["Alpha", "Anna", "anna@example.com", "en"], ["Alpha", "Bela", "bela@example.com", "hu"]],
    )
    number = keep(database, expo, [firms, people])
    page = browser_of(database, expo).get(f"/events/{expo.event.key}/imports/{number}/errors")
    assert "rows that depend on them: People 2" in page
    assert "Rows that depend on it: People 2" in page and "People: rows 2, 3" in page


def test_the_page_says_what_the_rest_would_do_and_imports_it(database: Database, expo: Expo) -> None:
    number = keep(database, expo, [FIRMS])
    browser = browser_of(database, expo)
    path = f"/events/{expo.event.key}/imports/{number}"
    page = browser.get(f"{path}/errors")
    assert "1 row added" in page and "0 rows changed" in page and "4 rows skipped" in page
    assert "4 rows with errors are skipped." in page and "Import 1 row</button>" in page
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', page)
    assert digest
    browser.post(f"{path}/import", digest=digest[1])
    with database.read() as session:
        assert session.scalars(select(Firm.name)).all() == ["Delta"]
