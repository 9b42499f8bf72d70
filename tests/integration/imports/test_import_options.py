"""Import options: remembered values, withdrawal of missing records, and undo."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import WrongState
from scheduler.services.imports import choices, import_files, sheet_import, undoable_import
from scheduler.services.participants import journal
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Firm, MeetingRequest
from scheduler.storage.schema import upgrade_schema
from tests.integration.imports.test_import_kinds import SHEETS
from tests.support.factories import NOW, Expo, make_event
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

NOT_UNDONE = ("import_file", "registry_change", "audit_log_entry", "audit_chain", "account")
"""Rows that an undo keeps: the audit log, and accounts."""


def everything(database: Database) -> dict[str, list[Any]]:
    """Return all rows that an undo restores, without the time of their last change: that is the undo's."""
    with database.read() as session:
        return {
            table.name: [
                tuple(row)
                for row in session.execute(
                    select(*(column for column in table.columns if column.name != "updated_at")).order_by(
                        *table.primary_key
                    )
                )
            ]
            for table in Base.metadata.sorted_tables
            if table.name not in NOT_UNDONE
        }


def taken(database: Database, expo: Expo, octets: bytes, given: choices.ImportChoices | None = None) -> int:
    """Import a file as its page does. Return its number."""
    actor = expo.organiser_actor()
    with database.write() as session:
        number = import_files.store_file(session, actor, octets, name="expo.xlsx", kind="", now=NOW)
        choices.save_choices(session, actor, number, given or choices.ImportChoices())
    parts = sheet_import.read_parts(octets, "")
    with database.write() as session:
        options = choices.load_options(session, actor, number)
        look = undoable_import.apply_import(
            session, actor, parts, settings=SETTINGS, now=NOW, options=options
        )
        session.rollback()
    with database.write() as session:
        undoable_import.import_file(session, actor, number, parts, digest=look.digest,
                                    settings=SETTINGS, now=NOW,
                       options=options)  # fmt: skip
    return number


def undo(database: Database, expo: Expo, number: int) -> None:
    actor = expo.organiser_actor()
    with database.write() as session:
        step = next(
            file.registry_change_id for file in import_files.list_files(session, actor) if file.id == number
        )
        assert step is not None
        journal.undo_step(session, actor, step, settings=SETTINGS, now=NOW)


def test_an_import_of_every_kind_is_undone_by_one_press(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, tables=1, halls=1)
    before = everything(database)
    number = taken(database, expo, write_xlsx(SHEETS))
    assert everything(database) != before
    undo(database, expo, number)
    after = everything(database)
    assert after == before
    with database.read() as session:
        assert import_files.list_files(session, expo.organiser_actor())[0].undone_at == NOW


def test_what_changed_since_is_not_undone(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
    firms = OutputSheet(
        "Firms", ["Key", "Name", "Country", "Tier"], [["f0", "Another name", "DE", "midstream"]]
    )
    number = taken(database, expo, write_xlsx([firms]))
    with database.write() as session:
        session.scalars(select(Firm).where(Firm.key == "f0")).one().name = "A third name"
    with pytest.raises(WrongState, match="changed again since"):
        undo(database, expo, number)


def test_who_is_not_in_the_file_leaves_and_comes_back_by_undo(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3)
    row = expo.firms[0]
    firms = OutputSheet(
        "Firms", ["Key", "Name", "Country", "Tier"], [["f0", row.name, row.country, str(row.tier)]]
    )
    before = everything(database)
    number = taken(database, expo, write_xlsx([firms]), choices.ImportChoices(withdraw=("firms",)))
    with database.read() as session:
        gone = session.scalars(
            select(Firm.key).where(Firm.withdrawn_at.is_not(None)).order_by(Firm.key)
        ).all()
    assert gone == ["f1", "f2"]
    undo(database, expo, number)
    assert everything(database) == before


def browser_of(database: Database, expo: Expo) -> Browser:
    return Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)


def test_a_mended_word_and_a_named_column_are_remembered_for_the_next_file(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
    browser, path = browser_of(database, expo), f"/events/{expo.event.key}/imports/"
    rows = "".join(f"Firm {number},Corea,midstream,{number}\n" for number in range(3))
    file = f"name,country,tier,Termine\n{rows}".encode()
    browser.get(path)
    page = browser.post(path, file=(io.BytesIO(file), "firms.csv"))
    assert "3 rows skipped because of errors" in page and "Fix 3 rows" in page
    assert "1 value isn't recognised" in page and ">South Korea?</option>" in page
    fixed = {"fix-0": "South Korea", "fix-kind-0": "firms", "fix-column-0": "country",
              "fix-of-0": "Corea", "header-firms-0": "Termine", "was-firms-0": "",
              "column-firms-0": "max_per_day", "keep_empty": "yes"}  # fmt: skip
    page = browser.post(f"{path}1/choose", **fixed)
    assert "3 added" in page and "skipped because" not in page
    browser.post(f"{path}1/discard")
    page = browser.post(path, file=(io.BytesIO(file), "again.csv"))
    assert "3 added" in page and "Fix" not in page
    digest = page.partition('name="digest" value="')[2].partition('"')[0]
    number = page.partition(f'action="{path}')[2].partition("/")[0]
    browser.post(f"{path}{number}/import", digest=digest)
    with database.read() as session:
        assert set(session.execute(select(Firm.country, Firm.max_per_day))) == {
            ("KR", 0),
            ("KR", 1),
            ("KR", 2),
        }
    page = browser.post(f"{path}steps/1/undo")
    assert "undone." in page
    with database.read() as session:
        assert session.scalars(select(Firm)).all() == []


def test_what_is_likely_is_read_once_it_is_pressed_and_can_be_forgotten(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
        expo.event.areas = {"energy": "Clean energy", "farm": "Green farming"}
        session.merge(expo.event)
    browser, path = browser_of(database, expo), f"/events/{expo.event.key}/imports/"
    rows = ["A,Hungry,upstream,Clean enrgy; 农业", "B,Hungry,upstrem,Clean enrgy", "C,Atlantis,midstream,"]
    file = "\n".join(["name,country,tier,areas", *rows]).encode()
    browser.get(path)
    page = browser.post(path, file=(io.BytesIO(file), "firms.csv"))
    fields = dict(re.findall(r'type="hidden" name="((?:fix-[a-z]+|likely)-[0-9]+)" value="([^"]*)"', page))
    picks = {
        name: value.strip()
        for name, value in re.findall(r'name="(pick-[0-9]+)">\s*<option value="([^"]*)"', page)
    }
    said = {fields[f"fix-of-{name[5:]}"]: value for name, value in picks.items()}
    assert said == {
        "Hungry": "HU",
        "Clean enrgy": "energy",
        "upstrem": "upstream",
        "农业": "",
        "Atlantis": "",
    }
    assert "3 values aren't recognised" in page
    untouched = browser.post(f"{path}1/choose", **fields, **picks, keep_empty="yes")
    assert "0 added" in untouched, "nothing that is only proposed is taken"
    hungry, atlantis = (
        next(name[7:] for name, word in fields.items() if name.startswith("fix-of") and word == chosen)
        for chosen in ("Hungry", "Atlantis")
    )
    chosen = {**picks, f"pick-{atlantis}": "GR"}
    page = browser.post(f"{path}1/choose", **fields, **chosen, fix=hungry)
    for read in ("“Atlantis” is imported as GR", "“Hungry” is imported as HU"):
        assert read in page, "what was chosen is taken by any press, what is proposed by its own"
    assert "“upstrem” is read as" not in page
    for word in ("Atlantis", "Hungry"):
        browser.post(f"{path}1/choose", forget=f"firms:country:{word}")
    page = browser.post(f"{path}1/choose", **fields, **picks, fix="all")
    assert "1 added" in page and "“Hungry” is imported as HU" in page and "isn't recognised" not in page
    of = {"fix-kind-0": "firms", "fix-column-0": "areas", "fix-of-0": "农业"}
    assert "2 added" in browser.post(f"{path}1/choose", **of, **{"pick-0": "farm", "fix": "0"})
    page = browser.post(f"{path}1/choose", forget="firms:country:Hungry")
    assert "0 added" in page and "“Hungry” is read as" not in page
    of = {"fix-kind-0": "firms", "fix-column-0": "country", "fix-of-0": "Hungry"}
    page = browser.post(f"{path}1/choose", **of, **{"fix-0": "Hungary"})
    browser.post(f"{path}1/import", digest=page.partition('name="digest" value="')[2].partition('"')[0])
    with database.read() as session:
        firms = session.scalars(select(Firm).order_by(Firm.name))
        assert [(row.name, row.country, row.areas) for row in firms] == [
            ("A", "HU", ["energy", "farm"]),
            ("B", "HU", ["energy"]),
        ]


def test_no_choice_but_those_of_the_page_is_kept(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser, path = browser_of(database, expo), f"/events/{expo.event.key}/imports/"
    browser.get(path)
    browser.post(path, file=(io.BytesIO(b"name,country,tier\nA,CN,upstream\n"), "a.csv"))
    page = browser.post(f"{path}1/choose", withdraw="halls")
    assert "can&#39;t be removed" in page
    wrong = {"fix-0": "x", "fix-kind-0": "firms", "fix-column-0": "id", "fix-of-0": "y"}
    assert "nter one of key, name" in browser.post(f"{path}1/choose", **wrong)


FAULTS = {
    "Tables": ("hall", "Hall 77", "is not a hall of this event"),
    "Firms": ("country", "Corea", "is not a country; enter its name or two letters"),
    "Firms ": ("tier", "sideways", "'sideways' is not a tier; enter upstream"),
    "Firms  ": ("max_per_day", "ca. 8", "enter a whole number, or leave empty"),
    "People": ("firm", "Nobody Ltd.", "is not an exhibitor of this event; import exhibitors first"),
    "People ": ("email", "no address", "enter an email address"),
    "People  ": ("languages", "Klingonish", "is not a language; enter its name or a code"),
    "People   ": ("phone", "ask me", "enter a phone number like"),
    "Closures": ("place", "T-99", "is not a table or booth of this event; enter an existing ID"),
    "Closures ": ("start", "noon", "enter it like 09:00"),
    "Absences": ("day", "1999-01-01", "is not a day of this event; choose from"),
    "Requests": ("state", "maybe", "enter pending"),
}
"""Twelve kinds of errors by sheet (blanks only make keys distinct): the column, the cell, and the fix."""


def test_twelve_faults_of_twelve_kinds_are_each_named_with_their_fix(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0)
    sheets: dict[str, tuple[list[str], list[dict[str, Any]]]] = {
        "Tables": (["key", "hall"], [{"key": f"T-{n}", "hall": "h0"} for n in range(80)]),
        "Firms": (["name", "country", "tier", "max_per_day"], [
            {"name": f"Firm {n}", "country": "China", "tier": "upstream", "max_per_day": 8}
            for n in range(650)
        ]),
        "People": (["firm", "name", "email", "languages", "phone"], [
            {"firm": f"Firm {n % 500 + 100}", "name": f"P {n}", "email": f"p{n}@f.example", "languages": "zh",
             "phone": "+86 1"} for n in range(1500)
        ]),
        "Closures": (["place", "day", "start"], [
            {"place": f"T-{n}", "start": "09:00"} for n in range(40, 60)
        ]),
        "Absences": (["person", "day"], [{"person": f"p{n}@f.example"} for n in range(20, 60)]),
        "Requests": (["from_firm", "to_firm", "state"], [
            {"from_firm": f"Firm {n + 300}", "to_firm": f"Firm {n + 301}", "state": "accepted"}
            for n in range(300)
        ]),
    }  # fmt: skip
    planted = {}
    for at, (sheet, (column, cell, fix)) in enumerate(FAULTS.items()):
        header, rows = sheets[sheet.strip()]
        line = at + 5
        rows[line][column] = cell
        letters = chr(ord("A") + header.index(column))
        planted[sheet.strip(), line + 2, column] = letters, fix
    book = write_xlsx([OutputSheet(name, header, [[row.get(each, "") for each in header] for row in rows])
                 for name, (header, rows) in sheets.items()])  # fmt: skip
    began = time.process_time()
    with database.write() as session:
        look = sheet_import.apply_sheets(
            session, expo.organiser_actor(), sheet_import.read_parts(book, ""), settings=SETTINGS, now=NOW
        )
    assert time.process_time() - began < 20
    found = {
        (part.sheet, line, wrong.header): wrong.message
        for part in look.parts
        for wrong in (part.done.wrong if part.done else ())
        for line in wrong.lines
    }
    assert found.keys() == planted.keys()
    assert all(fix in found[place] for place, (_, fix) in planted.items()), found
    assert look.left_out == 12
    assert all(part.faults == () for part in look.parts)


KILLED = """
import os, signal, sys
from sqlalchemy import event
from scheduler.storage.database import Database
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from tests.support.factories import NOW
from tests.support.publishing import SETTINGS
from scheduler.services.imports import import_files, sheet_import, undoable_import
url, account, event_id, number, digest = sys.argv[1:]
database = Database(url)
actor = Actor(account_id=int(account), event_id=int(event_id), event_key="x", team_role=Role.OWNER)
with database.read() as session:
    octets, kind, _ = import_files.load_file(session, actor, int(number))
parts = sheet_import.read_parts(octets, kind)
with database.write() as session:
    undoable_import.import_file(session, actor, int(number), parts, digest=digest, settings=SETTINGS, now=NOW)
    event.listen(session.connection().engine, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_process_that_is_killed_in_the_commit_leaves_nothing_half_done(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/expo.db"
    database = Database(url)
    upgrade_schema(database)
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0)
    octets, actor = write_xlsx(SHEETS), expo.organiser_actor()
    with database.write() as session:
        number = import_files.store_file(session, actor, octets, name="expo.xlsx", kind="", now=NOW)
    with database.write() as session:
        look = undoable_import.apply_import(
            session, actor, sheet_import.read_parts(octets, ""), settings=SETTINGS, now=NOW
        )
        session.rollback()
    before = everything(database)
    arguments = [url, str(actor.account_id), str(actor.event_id), str(number), look.digest]
    ended = subprocess.run([sys.executable, "-c", KILLED, *arguments], timeout=120, check=False,
                           cwd=Path(__file__).parents[3], env=os.environ)  # fmt: skip
    assert ended.returncode == -signal.SIGKILL
    assert everything(database) == before
    with database.read() as session:
        assert import_files.list_files(session, actor)[0].imported_at is None
        assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    with database.write() as session:
        parts = sheet_import.read_parts(octets, "")
        undoable_import.import_file(session, actor, number, parts, digest=look.digest,
                       settings=SETTINGS, now=NOW)  # fmt: skip
    with database.read() as session:
        assert session.scalars(select(MeetingRequest.state)).all() == [RequestState.ACCEPTED]
        assert len(session.scalars(select(Attendee)).all()) == 2
    database.dispose()
