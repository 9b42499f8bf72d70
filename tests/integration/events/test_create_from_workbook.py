"""New event from a workbook: preview, then all or nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from scheduler.domain.errors import ChainmeetError, NotAllowed, NotFound
from scheduler.domain.team import TeamRole
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.imports import create_from_workbook, sheet_import, template
from scheduler.services.imports.sheet_import import ImportOutdated
from scheduler.sheets.workbook import read_workbook
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    AttendeeBusy,
    AuditLogEntry,
    Event,
    Firm,
    Hall,
    ImportFile,
    Interpreter,
    MeetingRequest,
    Place,
    RunSchedule,
    Slot,
    TeamMember,
    WalkingTime,
)
from tests.support.factories import NOW, make_account
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

EXAMPLE = template.example_workbook()
ALL = (Event, Slot, Hall, WalkingTime, Place, Firm, Attendee, Interpreter, AttendeeBusy, MeetingRequest)


def changed(name: str, change: Callable[[list[list[str]]], None]) -> bytes:
    """Return the example workbook with modified rows of a sheet, including its header."""
    sheets = []
    for sheet in read_workbook(EXAMPLE).sheets:
        rows = [list(row.cells) for row in sheet.rows]
        if sheet.name == name:
            change(rows)
        if rows:
            sheets.append(OutputSheet(sheet.name, rows[0], rows[1:]))
    return write_xlsx(sheets)


def without_country(rows: list[list[str]]) -> None:
    rows[1][rows[0].index("country")] = "Atlantis"


def asker(database: Database, *, is_operator: bool = True) -> SignedIn:
    with database.write() as session:
        account = make_account(session, is_operator=is_operator)
    return SignedIn(1, account.id, account.email, "", is_operator, NOW, NOW, NOW)


def counted(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {
            table.__name__: session.scalars(select(func.count()).select_from(table)).one() for table in ALL
        }


def keep(database: Database, who: SignedIn, octets: bytes = EXAMPLE) -> int:
    with database.write() as session:
        return create_from_workbook.store_workbook(session, who, octets, name="expo.xlsx", now=NOW)


def look(
    database: Database, who: SignedIn, number: int, octets: bytes = EXAMPLE
) -> create_from_workbook.NewEventPreview:
    with database.write() as session:
        return create_from_workbook.preview_new_event(
            session, who, number, sheet_import.read_parts(octets, ""), settings=SETTINGS, now=NOW
        )


def make(
    database: Database, who: SignedIn, number: int, digest: str, octets: bytes = EXAMPLE
) -> create_from_workbook.NewEventRef:
    with database.write() as session:
        made, _ = create_from_workbook.create_event(
            session,
            who,
            number,
            sheet_import.read_parts(octets, ""),
            digest=digest,
            settings=SETTINGS,
            now=NOW,
        )
    return made


def test_a_look_makes_nothing_and_the_event_has_all_that_it_showed(database: Database) -> None:
    who = asker(database)
    number = keep(database, who)
    found = look(database, who, number)
    assert found.event is not None and found.faults == ()
    assert (found.event.name, found.event.timezone) == ("Danube Battery Days", "Europe/Budapest")
    assert set(counted(database).values()) == {0}
    made = make(database, who, number, found.look.digest)
    assert made.key == "danube-battery-days"
    with database.read() as session:
        assert session.scalars(select(RunSchedule)).one().next_at is not None
    assert counted(database) == {
        "Event": 1, "Slot": 20, "Hall": 2, "WalkingTime": 1, "Place": 6, "Firm": 5, "Attendee": 6,
        "Interpreter": 2, "AttendeeBusy": 2, "MeetingRequest": 8,
    }  # fmt: skip
    with database.read() as session:
        event = session.scalars(select(Event)).one()
        assert event.digest_mails
        (member,) = session.scalars(select(TeamMember))
        assert (member.account_id, member.role) == (who.account_id, TeamRole.OWNER)
        (file,) = session.scalars(select(ImportFile))
        assert (file.event_id, file.octets, file.imported_at is not None) == (event.id, None, True)
        acts = session.scalars(
            select(AuditLogEntry.act).where(AuditLogEntry.chain == event.id).order_by(AuditLogEntry.id)
        )
        assert [*acts] == ["event", "settings", "import", "import"], "what it added, and whom"
    with pytest.raises(NotFound):
        make(database, who, number, found.look.digest)


def test_a_sheet_of_settings_needs_no_header(database: Database) -> None:
    who = asker(database)
    octets = changed("Event", lambda rows: rows.pop(0))
    number = keep(database, who, octets)
    found = look(database, who, number, octets)
    assert found.event is not None and found.event.name == "Danube Battery Days"
    assert make(database, who, number, found.look.digest, octets).key == "danube-battery-days"


def test_what_a_sheet_of_another_form_lacks_is_said_beside_it(database: Database) -> None:
    def other(rows: list[list[str]]) -> None:
        rows[:] = [["Veranstaltung", "Donau"], ["Tage", "22.06.2027"], ["Name", ""]]

    who = asker(database)
    octets = changed("Event", other)
    number = keep(database, who, octets)
    assert {fault.path for fault in look(database, who, number, octets).faults} == {"name", "key", "timezone"}
    said = {"name": "Donau", "key": "donau", "timezone": "Europe/Vienna", "language": "hu"}
    with database.write() as session:
        create_from_workbook.save_event_settings(session, who, number, said)
    found = look(database, who, number, octets)
    assert found.faults == () and found.event is not None
    assert make(database, who, number, found.look.digest, octets).key == "donau"


def test_a_key_that_is_taken_does_not_say_that_the_name_is_missing(database: Database) -> None:
    who = asker(database)
    first = keep(database, who)
    make(database, who, first, look(database, who, first).look.digest)
    number = keep(database, who)
    with database.read() as session:
        account = session.get_one(Account, who.account_id)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), account)
    page = browser.get(f"/events/new/workbook/{number}")
    assert "<b>Danube Battery Days</b> can't be created yet" in page and "has no name yet" not in page


def test_what_the_person_says_holds_in_place_of_the_workbook(database: Database) -> None:
    who = asker(database)
    first = keep(database, who)
    make(database, who, first, look(database, who, first).look.digest)
    number = keep(database, who)
    taken = look(database, who, number)
    assert taken.event is None
    (fault,) = taken.faults
    assert (fault.path, fault.message) == ("key", "enter another short name; another event uses this one")
    with database.write() as session:
        create_from_workbook.save_event_settings(
            session, who, number, taken.typed | {"key": "danube-2028", "name": "Danube 2028"}
        )
    found = look(database, who, number)
    assert found.event is not None
    assert make(database, who, number, found.look.digest).name == "Danube 2028"


def test_a_sheet_of_one_kind_becomes_an_event_once_its_name_is_said(database: Database) -> None:
    octets = b"name,country,tier\nKov\xc3\xa1cs,HU,downstream\n"
    who = asker(database)
    number = keep(database, who, octets)
    assert {fault.path for fault in look(database, who, number, octets).faults} == {"key", "name", "timezone"}
    said = {"name": "Expo", "key": "expo", "timezone": "Asia/Shanghai", "solve_seconds": "1"}
    with database.write() as session:
        create_from_workbook.save_event_settings(session, who, number, said)
    found = look(database, who, number, octets)
    make(database, who, number, found.look.digest, octets)
    assert (counted(database)["Firm"], counted(database)["Slot"]) == (1, 0)


def test_rows_that_are_wrong_wait_in_the_event_or_stay_out(database: Database) -> None:
    octets = changed("Firms", without_country)
    who = asker(database)
    number = keep(database, who, octets)
    found = look(database, who, number, octets)
    assert found.look.left_out >= 1
    make(database, who, number, "", octets)
    with database.read() as session:
        (file,) = session.scalars(select(ImportFile))
        assert (file.event_id is not None, file.imported_at) == (True, None)
    assert counted(database)["Firm"] == 0


def test_nothing_is_made_when_it_would_not_be_what_was_shown(database: Database) -> None:
    who = asker(database)
    number = keep(database, who)
    with pytest.raises(ImportOutdated):
        make(database, who, number, "another digest")
    assert counted(database)["Event"] == 0
    assert look(database, who, number).event is not None


def test_only_operators_and_only_of_their_own_file(database: Database) -> None:
    nobody = asker(database, is_operator=False)
    with pytest.raises(NotAllowed):
        keep(database, nobody)
    one, other = asker(database), asker(database)
    number = keep(database, one)
    with pytest.raises(NotFound):
        look(database, other, number)
    with pytest.raises(NotFound), database.write() as session:
        create_from_workbook.delete_workbook(session, other, number)
    with database.write() as session:
        session.get_one(Account, one.account_id).is_operator = False
    with pytest.raises(NotAllowed):
        look(database, one, number)


def test_two_presses_at_once_make_one_event(database: Database) -> None:
    who = asker(database)
    number = keep(database, who)
    digest = look(database, who, number).look.digest

    def press(_: int) -> str:
        try:
            return make(database, who, number, digest).key
        except ChainmeetError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, range(2))) == ["danube-battery-days", "not-found"]
    assert counted(database)["Event"] == 1


def test_files_that_nobody_took_go(database: Database) -> None:
    who = asker(database)
    for _ in range(create_from_workbook.MAX_PENDING_FILES + 2):
        last = keep(database, who)
    with database.write() as session:
        assert (
            session.scalars(select(func.count()).select_from(ImportFile)).one()
            == create_from_workbook.MAX_PENDING_FILES
        )
        create_from_workbook.store_workbook(session, who, EXAMPLE, name="x", now=NOW + timedelta(days=8))
    with pytest.raises(NotFound):
        look(database, who, last)


def waiting(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(ImportFile.id)).one()


def test_the_pages_make_an_event_of_the_template(database: Database, broker_url: str) -> None:
    with database.write() as session:
        operator = make_account(session, is_operator=True)
    browser = Browser(web_app(database, broker_url), operator)
    assert "Create the event from a workbook" in browser.get("/events/new")
    browser.get("/events/new/workbook/")
    octets = browser.client.get("/events/new/workbook/template.xlsx").data
    page = browser.post("/events/new/workbook/", file=(io.BytesIO(octets), "expo.xlsx"))
    assert ">Danube Battery Days</span></h1>" in page and "To fix" in page
    rows = sum(map(int, re.findall(r'data-label="To import">(\d+)<', page)))
    assert f"<b>{rows} rows</b> to import" in page and f"</b> with {rows} rows" in page
    here = f"/events/new/workbook/{waiting(database)}"
    (digest,) = re.findall(r'name="digest" value="(\w+)"', page)
    page = browser.post(here + "/create", **{"with": "all", "digest": digest})
    assert "Event created from expo.xlsx." in page
    assert counted(database)["Event"] == 1


def test_the_pages_say_what_is_missing_at_its_field(database: Database, broker_url: str) -> None:
    with database.write() as session:
        operator = make_account(session, is_operator=True)
    browser = Browser(web_app(database, broker_url), operator)
    browser.get("/events/new/workbook/")
    assert "is a PDF" in browser.post("/events/new/workbook/", status=422, file=(io.BytesIO(b"%PDF-1"), "x"))
    page = browser.post(
        "/events/new/workbook/", file=(io.BytesIO(b"name,country,tier\nA,HU,upstream\n"), "x.csv")
    )
    here = f"/events/new/workbook/{waiting(database)}"
    assert 'id="key-error"' in page and "Enter the event name first" in page
    page = browser.post(here + "/details", name="Expo", key="new", timezone="Asia/Shanghai", language="en")
    assert "is reserved for the site" in page and 'value="Expo"' in page
    page = browser.post(here + "/details", name="Expo", key="expo", timezone="Asia/Shanghai", language="en")
    assert "Create event" in page
