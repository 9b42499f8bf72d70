"""Import errors at their cause: exact names first, consequences grouped under the cause."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from scheduler.services.imports import choices, import_files, sheet_import, undoable_import
from scheduler.services.imports.sheet_import import ImportPart, ImportPreview
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, AttendeeBusy, Firm, MeetingRequest, PlaceClosure
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

Rows = list[list[Cell]]


def firms(rows: Rows) -> OutputSheet:
    return OutputSheet("Firms", ["name", "country", "tier"], rows)


def people(rows: Rows) -> OutputSheet:
    return OutputSheet("People", ["firm", "name", "email", "languages"], rows)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=0, tables=1)


def keep(database: Database, expo: Expo, *sheets: OutputSheet) -> int:
    with database.write() as session:
        octets = write_xlsx(list(sheets))
        return import_files.store_file(
            session, expo.organiser_actor(), octets, name="e.xlsx", kind="", now=NOW
        )


def look(database: Database, expo: Expo, number: int, *, take: bool = False) -> ImportPreview:
    actor = expo.organiser_actor()
    with database.write() as session:
        octets, kind, _ = import_files.load_file(session, actor, number)
        options = choices.load_options(session, actor, number)
        found = undoable_import.apply_import(
            session, actor, sheet_import.read_parts(octets, kind), settings=SETTINGS, now=NOW, options=options
        )
        if not take:
            session.rollback()
    return found


def part(found: ImportPreview, kind: ImportKind) -> ImportPart:
    return next(part for part in found.parts if part.kind is kind)


def test_an_exact_name_beats_a_reading_that_is_remembered(database: Database, expo: Expo) -> None:
    all_firms = firms([["Paxkron S.A. 9", "DE", "upstream"], ["Paxkron S.A. 409", "DE", "upstream"]])
    person = people([["Paxkron S.A. 9", "Anna", "anna@paxkron.example", "en"]])
    request = OutputSheet("Requests", ["from_firm", "to_firm"], [["Paxkron S.A. 9", "Paxkron S.A. 409"]])
    number = keep(database, expo, all_firms, person, request)
    read_as = {"Paxkron S.A. 9": "Paxkron S.A. 409"}
    with database.write() as session:
        given = choices.ImportChoices(
            values={"people": {"firm": read_as}, "requests": {"from_firm": read_as, "to_firm": read_as}}
        )
        choices.save_choices(session, expo.organiser_actor(), number, given)
    found = look(database, expo, number, take=True)
    assert found.left_out == 0
    assert part(found, ImportKind.PEOPLE).done.read_as == ()  # type: ignore[union-attr]
    with database.read() as session:
        assert session.scalars(select(Firm.name).join(Attendee)).all() == ["Paxkron S.A. 9"]
        asking = select(Firm.name).join(MeetingRequest, MeetingRequest.from_firm_id == Firm.id)
        assert session.scalars(asking).all() == ["Paxkron S.A. 9"]


def test_a_name_of_the_file_is_read_as_nothing_else_and_waits_for_its_row(
    database: Database, expo: Expo
) -> None:
    wrong: Rows = [[f"Paxkron Energy {at}", "Atlantis", "upstream"] for at in range(3)]
    good: Rows = [[f"Paxkron Energy {at}0", "DE", "upstream"] for at in range(3)]
    rows: Rows = [[f"Paxkron Energy {at % 3}", f"P {at}", f"p{at}@example.com", "en"] for at in range(7)]
    odd: Rows = [["Paxkron Energi 00", "P", "p@example.com", "en"]]
    request = OutputSheet("Requests", ["from_firm", "to_firm", "from_people"],
                       [["Paxkron Energy 10", "Paxkron Energy 1", ""]])  # fmt: skip
    number = keep(database, expo, firms(wrong + good), people(rows + odd), request)
    found = look(database, expo, number)
    done = part(found, ImportKind.PEOPLE).done
    assert done is not None
    (cause,) = done.causes
    assert cause.value == "Paxkron Energi 00" and cause.proposals.is_likely
    waiting = done.waiting[ImportKind.FIRMS]
    assert sorted(len(cells.lines) for cells in waiting) == [2, 2, 3]
    assert all(cells.proposals.choices == () and cells.value is None for cells in waiting)
    assert "row 2 of its sheet" in waiting[0].message
    assert part(found, ImportKind.REQUESTS).done.waiting.keys() == {ImportKind.FIRMS}  # type: ignore[union-attr]
    page = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser).get(
        f"/events/{expo.event.key}/imports/{number}"
    )
    assert "7 rows skipped until you fix 3 rows of Exhibitors above" in page
    assert page.index("Paxkron Energi 00") < page.index("7 rows skipped until")
    octets = write_xlsx([firms(wrong + good), people(rows + odd), request])
    assert sheet_import.write_skipped_rows(sheet_import.read_parts(octets, ""), found)


def test_causes_of_more_than_a_page_can_all_be_reached(database: Database, expo: Expo) -> None:
    wrong: Rows = [[f"Firm {at}", f"Nowhere {at}", "upstream"] for at in range(120)]
    number = keep(database, expo, firms(wrong))
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)
    path = f"/events/{expo.event.key}/imports/{number}"
    seen: set[int] = set()
    for start in ("", "?firms=50", "?firms=100"):
        page = browser.get(path + start)
        seen |= {int(at) for at in re.findall(r"Nowhere (\d+)\W", page)}
    assert seen == set(range(120))
    assert "101 to 120 of 120 errors" in page and "Next errors" not in page
    assert browser.get(f"{path}?firms=x&people=-4")


STRICT = {
    "absences": (["Person", "Urlaub bis"], ["p0@example.com", "Tue 14:00-16:00"], AttendeeBusy),
    "closures": (["Place", "Gesperrt bis"], ["t0", "12:00"], PlaceClosure),
    "requests": (["From", "To", "Handschlag"], ["Good", "Other", "yes"], MeetingRequest),
}


@pytest.mark.parametrize("kind", STRICT)
@pytest.mark.parametrize("header", ["named", "without a name"])
def test_a_column_that_is_not_read_stops_a_sheet_until_it_is_chosen_or_left_out(
    database: Database, expo: Expo, kind: str, header: str
) -> None:
    columns, cells, table = STRICT[kind]
    base = firms([["Good", "DE", "upstream"], ["Other", "DE", "upstream"]])
    person = people([["Good", "Anna", "p0@example.com", "en"]])
    odd = columns[2 if kind == "requests" else 1] if header == "named" else ""
    shown = [*columns[:-1], odd]
    sheet = OutputSheet(kind.capitalize(), shown, [list(cells)])
    number = keep(database, expo, base, person, sheet)
    found = part(look(database, expo, number, take=True), ImportKind(kind))
    assert found.done is None
    (fault,) = found.faults
    assert ("is not recognised" if odd else "has no header") in fault.message
    with database.read() as session:
        assert session.scalars(select(func.count()).select_from(table)).one() == 0
    if not odd:
        return
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)
    path = f"/events/{expo.event.key}/imports/{number}"
    assert "Skip this column" in browser.get(path)
    at = len(columns) - 1
    form = {f"header-{kind}-{i}": text for i, text in enumerate(shown)}
    form |= {f"was-{kind}-{i}": "?" if i == at else "x" for i in range(len(shown))}
    form |= {f"column-{kind}-{i}": "" if i == at else "x" for i in range(len(shown))}
    browser.post(f"{path}/choose", **form)
    after = part(look(database, expo, number), ImportKind(kind))
    assert after.faults == () and after.done is not None and after.done.added == 1


def test_a_failed_formula_is_named_and_a_number_of_a_time_is_one(database: Database, expo: Expo) -> None:
    rows: Rows = [["One", "#N/A", "upstream"], ["#DIV/0!", "DE", "upstream"], ["Two", "DE", "upstream"]]
    person = people([["Two", "Anna", "p0@example.com", "en"]])
    absences = OutputSheet(
        "Absences", ["person", "start", "end"], [["p0@example.com", "0.375", "0.3958333333"]]
    )
    found = look(database, expo, keep(database, expo, firms(rows), person, absences), take=True)
    done = part(found, ImportKind.FIRMS).done
    assert done is not None and (done.added, done.left_out) == (1, 2)
    assert {(cells.header, cells.message.split(";")[0]) for cells in done.causes} == {
        ("country", "the formula failed (#N/A)"),
        ("name", "the formula failed (#DIV/0!)"),
    }
    away = part(found, ImportKind.ABSENCES).done
    assert away is not None and (away.added, away.left_out) == (1, 0)
    with database.read() as session:
        assert session.scalars(select(func.count()).select_from(AttendeeBusy)).one() == 1
