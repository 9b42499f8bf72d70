"""An import preview is exactly what the import does, all or nothing."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.services.imports import import_files, sheet_import
from scheduler.services.imports.import_files import AlreadyImported
from scheduler.services.imports.sheet_import import ImportOutdated, ImportPreview
from scheduler.services.spreadsheets.columns import REASON_HEADER, ImportKind
from scheduler.sheets.workbook import read_workbook
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Firm, ImportFile, Interpreter
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

FIRMS = OutputSheet(
    "展商",
    ["公司名称", "英文名称", "国家", "上中下游", "展馆", "展位", "备注"],
    [
        ["大丰公司", "Great Harvest Co.", "中国", "上游", "Hall 0", "E1", "x"],
        ["Kovács Kft.", None, "Magyarország", "downstream", 0, "E2", None],
    ],
)
PEOPLE = OutputSheet(
    "Tabelle2",
    ["Name", "Firma", "E-Mail", "Sprachen", "Handy", "Verantwortlich"],
    [
        ["Wang Wei", "大丰公司", "Wang@great.example", "Chinesisch, Englisch", 13800138000, "ja"],
        ["Kovács Éva", "Kovács Kft.", "eva@kovacs.example", "magyar; en", None, "nein"],
    ],
)
INTERPRETERS = OutputSheet(
    "Interpreters", ["name", "email", "languages"], [["Li Na", "li@x.example", "zh;hu"]]
)
NOTES = OutputSheet("Notes", ["to do", "until"], [["call the caterer", "Monday"]])
BOOK = write_xlsx([PEOPLE, NOTES, FIRMS, INTERPRETERS])
"""A realistic workbook: people before firms, several languages, an unrelated sheet."""


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=0, tables=0)


def kept(database: Database, expo: Expo, octets: bytes = BOOK, kind: str = "") -> int:
    with database.write() as session:
        return import_files.store_file(
            session, expo.organiser_actor(), octets, name="expo.xlsx", kind=kind, now=NOW
        )


def look(database: Database, expo: Expo, octets: bytes = BOOK, kind: str = "") -> ImportPreview:
    parts = sheet_import.read_parts(octets, kind)
    with database.write() as session:
        found = sheet_import.apply_sheets(session, expo.organiser_actor(), parts, settings=SETTINGS, now=NOW)
        session.rollback()
    return found


def take(database: Database, expo: Expo, number: int, digest: str, octets: bytes = BOOK) -> ImportPreview:
    parts = sheet_import.read_parts(octets, "")
    with database.write() as session:
        return import_files.import_file(
            session, expo.organiser_actor(), number, parts, digest=digest, settings=SETTINGS, now=NOW
        )


def test_one_workbook_has_firms_people_and_interpreters_in_any_order_and_language(
    database: Database, expo: Expo
) -> None:
    number, shown = kept(database, expo), look(database, expo)
    assert [(part.kind, part.done and part.done.added) for part in shown.parts] == [
        (ImportKind.FIRMS, 2), (ImportKind.PEOPLE, 2), (ImportKind.INTERPRETERS, 1), (None, None),
    ]  # fmt: skip
    with database.read() as session:
        assert session.scalars(select(Firm)).all() == [], "a look does nothing"
    assert take(database, expo, number, shown.digest) == shown
    with database.read() as session:
        firms = session.execute(select(Firm.key, Firm.name, Firm.country, Firm.tier).order_by(Firm.id))
        assert [tuple(row) for row in firms] == [
            ("great-harvest-co", "大丰公司", "CN", "upstream"),
            ("kovacs-kft", "Kovács Kft.", "HU", "downstream"),
        ]
        people = session.execute(
            select(Attendee.email, Attendee.languages, Attendee.phone, Attendee.is_exhibitor).order_by(
                Attendee.id
            )
        )
        assert [tuple(row) for row in people] == [
            ("wang@great.example", ["zh", "en"], "13800138000", True),
            ("eva@kovacs.example", ["hu", "en"], "", False),
        ]
        assert session.scalars(select(Interpreter.languages)).all() == [["zh", "hu"]]


def test_the_same_workbook_again_is_no_change(database: Database, expo: Expo) -> None:
    take(database, expo, kept(database, expo), look(database, expo).digest)
    again = look(database, expo)
    assert [(p.done.added, p.done.changed, p.done.unchanged) for p in again.parts if p.done] == [
        (0, 0, 2), (0, 0, 2), (0, 0, 1),
    ]  # fmt: skip
    assert not again.does_anything


def test_a_look_says_cell_by_cell_what_changes_and_what_is_not_taken(database: Database, expo: Expo) -> None:
    take(database, expo, kept(database, expo), look(database, expo).digest)
    rows = [["大丰公司", "Greater Harvest Co.", "中国", "中游", "", "", ""]]
    (part,) = look(database, expo, write_xlsx([OutputSheet("Firms", FIRMS.header, rows)])).parts
    assert part.done is not None
    assert (part.done.changed, part.done.missing, part.done.not_taken) == (1, 1, ("备注",))
    assert part.not_taken == 1
    (row,) = part.done.rows
    assert (row.line, row.key, row.is_new) == (2, "great-harvest-co", False)
    assert {(cell.column, cell.before, cell.after) for cell in row.cells} == {
        ("latin_name", "Great Harvest Co.", "Greater Harvest Co."),
        ("tier", "upstream", "midstream"),
        ("hall", "Hall 0", ""),
        ("booth", "E1", ""),
    }


def test_rows_that_are_wrong_stay_out_and_come_back_as_a_workbook_with_the_reason(
    database: Database, expo: Expo
) -> None:
    rows = [
        ["Good", "", "CN", "upstream", "", "", ""],
        ["Bad one", "", "Germoney", "upstream", "", "", ""],
        ["Bad two", "", "Germoney", "up the hill", "", "", ""],
    ]
    book = write_xlsx([OutputSheet("Firms", FIRMS.header, rows)])
    shown = look(database, expo, book)
    (part,) = shown.parts
    assert part.done is not None
    assert (part.done.added, shown.left_out) == (1, 2)
    said = "'Germoney' is not a country; enter its name or two letters like CN or DE"
    assert [(cells.header, cells.message, cells.lines) for cells in part.done.wrong] == [
        ("国家", said, (3, 4)),
        ("上中下游", "'up the hill' is not a tier; enter upstream, midstream or downstream", (4,)),
    ]
    take(database, expo, kept(database, expo, book), shown.digest, book)
    wrong = sheet_import.write_skipped_rows(sheet_import.read_parts(book, ""), shown)
    (sheet,) = read_workbook(wrong).sheets
    assert sheet.rows[0].cells[-1] == REASON_HEADER
    assert [(row.cells[0], row.cells[-1]) for row in sheet.rows[1:]] == [
        ("Bad one", f"国家: {said}"),
        (
            "Bad two",
            f"国家: {said}; 上中下游: 'up the hill' is not a tier; enter upstream, midstream or downstream",
        ),
    ]
    fixed = write_xlsx(
        [
            OutputSheet(
                "Firms", [*FIRMS.header, REASON_HEADER], [["Bad one", "", "DE", "上游", "", "", "", "x"]]
            )
        ]
    )
    assert look(database, expo, fixed).parts[0].done.added == 1  # type: ignore[union-attr]


def test_what_changed_since_the_look_is_not_taken_unseen(database: Database, expo: Expo) -> None:
    number, shown = kept(database, expo), look(database, expo)
    few = write_xlsx([OutputSheet("Firms", ["name", "country", "tier"], [["大丰公司", "CN", "upstream"]])])
    take(database, expo, kept(database, expo, few), look(database, expo, few).digest, few)
    with pytest.raises(ImportOutdated):
        take(database, expo, number, shown.digest)
    with database.read() as session:
        assert session.scalars(select(Firm.name)).all() == ["大丰公司"]
        assert session.get_one(ImportFile, number).octets is not None, "it still waits"


def test_a_file_is_taken_once_however_often_it_is_pressed(database: Database, expo: Expo) -> None:
    number, shown = kept(database, expo), look(database, expo)

    def press(_: int) -> str:
        try:
            take(database, expo, number, shown.digest)
        except (AlreadyImported, ImportOutdated) as error:
            return error.code
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(press, range(4)))
    assert ended.count("taken") == 1
    with database.read() as session:
        assert len(session.scalars(select(Firm)).all()) == 2
        file = session.get_one(ImportFile, number)
        assert (file.octets, file.counts["firms"]) == (None, [2, 0, 0, 0])


def test_two_events_bring_the_same_new_people_at_once_and_each_has_one_account(
    database: Database, expo: Expo
) -> None:
    with database.write() as session:
        other = make_event(session, firms=0, tables=0)

    def bring(mine: Expo) -> None:
        parts = sheet_import.read_parts(BOOK, "")
        with database.write() as session:
            sheet_import.apply_sheets(session, mine.organiser_actor(), parts, settings=SETTINGS, now=NOW)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(bring, (expo, other)))
    with database.read() as session:
        accounts = session.scalars(select(Attendee.account_id)).all()
        assert (len(accounts), len(set(accounts))) == (4, 2)


def test_a_file_is_of_its_event_and_of_organisers_and_is_forgotten(database: Database, expo: Expo) -> None:
    number = kept(database, expo)
    with database.write() as session:
        other = make_event(session)
        for refused, actor in ((NotFound, other.organiser_actor()), (NotAllowed, other.actor(0))):
            with pytest.raises(refused):
                import_files.load_file(session, actor, number)
        import_files.delete_file(session, other.organiser_actor(), number)
        assert import_files.load_file(session, expo.organiser_actor(), number)[2] == "expo.xlsx"
        late = NOW + import_files.RETENTION * 2
        for _ in range(import_files.MAX_PENDING_FILES + 3):
            import_files.store_file(session, expo.organiser_actor(), b"name\nx\n", name="", kind="", now=late)
        with pytest.raises(NotFound):
            import_files.load_file(session, expo.organiser_actor(), number)
        assert len(import_files.list_files(session, expo.organiser_actor())) == import_files.MAX_PENDING_FILES


def test_an_organiser_looks_takes_and_sees_the_file_in_the_list(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        make_version(session, expo, [meet(make_request(session, expo), expo, place=expo.booths[1])])
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)
    path = f"/events/{expo.event.key}/imports/"
    browser.get(path)
    text = "key;name;country;tier;hall;booth\nf0;Firm 0;CN;midstream;h0;b0\n"
    text += "f1;Firm 1;CN;midstream;h0;NEW\nf9;新公司;CN;upstream;h0;\n"
    page = browser.post(path, file=(io.BytesIO(text.encode("gb18030")), "firms.csv"))
    assert "1 added, 1 changed, 1 unchanged." in page and "1 exhibitor moves to another booth" in page
    assert "Published meetings at the previous booths: 1." in page and "Nothing has been imported yet" in page
    number = page.partition('/import"')[0].rpartition("/")[2]
    digest = page.partition('name="digest" value="')[2].partition('"')[0]
    page = browser.post(f"{path}{number}/import", digest=digest)
    assert (
        "Exhibitors: 1 added, 1 changed, 1 unchanged. Exhibitors that changed booth or no longer have one: 1."
        in page
    )
    assert "firms.csv" in page and "Exhibitors: 1 added, 1 changed." in page
    assert "already imported" in browser.get(f"{path}{number}")
    assert "already imported" in browser.post(f"{path}{number}/import", digest=digest)
    assert "already imported" in browser.get(f"{path}{number}/skipped-rows.xlsx")


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7", "The file is a PDF. Upload a spreadsheet: XLSX, ODS or CSV."),
        (b"PK\x03\x04 no zip", "The file is damaged or not a spreadsheet."),
        (b'a,b\n1,"2\n', "Row 2 can&#39;t be read as CSV (unexpected end of data). Save the file as XLSX."),
    ],
)
def test_what_is_no_spreadsheet_is_refused_at_its_field(database: Database, octets: bytes, said: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)
    browser.get(f"/events/{expo.event.key}/imports/")
    page = browser.post(f"/events/{expo.event.key}/imports/", status=422, file=(io.BytesIO(octets), "x.xlsx"))
    assert said in page and 'id="file-error"' in page


def test_the_workbook_to_begin_with_is_taken_as_it_is(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0)
    app = web_app(database, "redis://127.0.0.1:1")
    browser = Browser(app, expo.organiser)
    octets = browser.client.get(f"/events/{expo.event.key}/imports/template.xlsx").data
    shown = look(database, expo, octets)
    assert [(part.kind, part.done and part.done.added, part.faults) for part in shown.parts] == [
        (ImportKind.TABLES, 3, ()), (ImportKind.FIRMS, 5, ()), (ImportKind.PEOPLE, 6, ()),
        (ImportKind.INTERPRETERS, 2, ()), (ImportKind.CLOSURES, 1, ()), (ImportKind.ABSENCES, 2, ()),
        (ImportKind.STATIONS, 1, ()),
        (ImportKind.DELEGATIONS, 1, ()), (ImportKind.GUESTS, 1, ()), (ImportKind.REQUESTS, 8, ()),
    ]  # fmt: skip
    assert shown.left_out == 0
