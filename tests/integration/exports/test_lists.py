"""Lists of a schedule: content, file types, and protection against formula injection."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy.orm import Session

from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.entities import RequestState
from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.domain.plan import Plan, PlanStatus, Unscheduled
from scheduler.services.exports import calendars, prints, schedule_lists
from scheduler.services.exports.schedule_lists import VERSION_LISTS, ListName
from scheduler.services.schedule import unscheduled, versions
from scheduler.sheets.workbook import read_workbook
from scheduler.storage.database import Database
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet


def published(session: Session) -> Expo:
    """Three firms; two of them meet, and the third waits for a response."""
    expo = make_event(session, firms=3, people=2, interpreters=1, contact="Desk")
    expo.firms[0].name = "=cmd()"
    expo.people[1][0].phone = "+36 1 555"
    session.flush()
    held = make_request(session, expo, 0, 1, state=RequestState.ACCEPTED, topic="-Cells")
    make_request(session, expo, 2, 0, state=RequestState.PENDING)
    make_version(session, expo, [meet(held, expo, slot=1)])
    return expo


def test_a_workbook_has_every_list_of_a_version(database: Database) -> None:
    with database.write() as session:
        expo = published(session)
        made = schedule_lists.export_workbook(session, expo.organiser_actor())
    sheets = {sheet.name: sheet.rows for sheet in read_workbook(made.octets).sheets}
    assert list(sheets) == [name.value.capitalize() for name in VERSION_LISTS]
    assert made.name == f"schedule-{expo.event.key}-1.xlsx"
    assert {name: len(rows) - 1 for name, rows in sheets.items()} == {
        "Meetings": 1, "By exhibitor": 2, "By person": 2, "By hall": 1, "By interpreter": 0,
        "Not scheduled": 0,
    }  # fmt: skip
    day, start, end = sheets["Meetings"][1].cells[:3]
    assert (day, start, end) == ("2026-12-07", "09:30", "10:00")
    assert "=cmd()" in sheets["Meetings"][1].cells


def test_csv_has_a_mark_of_utf_8_and_no_formula(database: Database) -> None:
    with database.write() as session:
        expo = published(session)
        made = schedule_lists.export_list(session, expo.organiser_actor(), ListName.MEETINGS, "csv")
    assert made.octets.startswith(b"\xef\xbb\xbf")
    header, row = csv.reader(io.StringIO(made.octets.decode("utf-8-sig")))
    assert row[header.index("Requesting exhibitor")] == "'=cmd()"
    assert row[header.index("Topic")] == "'-Cells"


def test_who_has_not_answered_stands_by_the_firm_that_owes_it(database: Database) -> None:
    with database.write() as session:
        expo = published(session)
        made = schedule_lists.export_list(session, expo.organiser_actor(), ListName.UNANSWERED, "xlsx")
    header, row = read_workbook(made.octets).sheets[0].rows
    found = dict(zip(header.cells, row.cells, strict=False))
    assert (found["Requested exhibitor"], found["Requesting exhibitor"]) == ("=cmd()", expo.firms[2].name)


def test_an_event_without_a_schedule_has_empty_lists(database: Database) -> None:
    with database.write() as session:
        actor = make_event(session).organiser_actor()
        assert {
            len(sheet.rows)
            for sheet in read_workbook(schedule_lists.export_workbook(session, actor).octets).sheets
        } == {1}
        assert prints.make_pack(session, actor, PrintPack.PEOPLE).written().octets.startswith(b"%PDF")
        assert list(calendars.export_calendars(session, actor, domain="d.example", now=NOW)) == []
        with pytest.raises(NotFound):
            schedule_lists.export_workbook(session, actor, 7)


@pytest.mark.parametrize(
    ("kind", "owners"),
    [(PrintPack.PEOPLE, 2), (PrintPack.FIRMS, 2), (PrintPack.PLACES, 1), (PrintPack.INTERPRETERS, 0)],
)
def test_a_pack_has_a_sheet_for_each(database: Database, kind: PrintPack, owners: int) -> None:
    with database.write() as session:
        expo = published(session)
        actor = expo.organiser_actor()
        singly = dict(prints.print_each(session, actor, kind))
        made = prints.make_pack(session, actor, kind).written()
    assert len(singly) == owners
    assert made.octets.count(b"/Type/Page/") == max(owners, 1)
    assert all(octets.startswith(b"%PDF") for octets in singly.values())


def test_each_sheet_has_names_as_its_reader_reads_them(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, interpreters=1, language="en")
        expo.firms[0].name, expo.firms[0].latin_name = "长江新能源", "Yangtze New Energy"
        expo.people[0][0].name, expo.people[0][0].latin_name = "刘洋", "Liu Yang"
        expo.people[0][0].languages, expo.interpreters[0].languages = ["zh"], ["en", "zh"]
        expo.interpreters[0].name, expo.interpreters[0].latin_name = "李娜", "Li Na"
        expo.interpreters[0].mail_language = "zh"
        session.flush()
        held = make_request(session, expo, 0, 1, state=RequestState.ACCEPTED)
        make_version(session, expo, [meet(held, expo, interpreter=expo.interpreters[0])])
        actor = expo.organiser_actor()
        version = versions.find_published_version(session, expo.event.id)
        by_kind = {kind: dict(prints.list_sheets(session, actor, kind, version)) for kind in PrintPack}
    people = by_kind[PrintPack.PEOPLE]
    chinese, english = people[expo.people[0][0].key], people[expo.people[1][0].key]
    assert (chinese.language, english.language) == ("zh", "en")
    (entry,) = english.entries
    assert entry.partner == "Yangtze New Energy (长江新能源)"
    assert (entry.partner_people, entry.interpreter) == (("Liu Yang (刘洋)",), "Li Na (李娜)")
    assert chinese.owner.startswith("刘洋") and chinese.entries[0].interpreter.startswith("李娜")
    (briefing,) = by_kind[PrintPack.INTERPRETERS].values()
    assert briefing.language == "zh" and briefing.entries[0].partner.startswith("长江新能源")
    assert {sheet.owner for sheet in by_kind[PrintPack.FIRMS].values()} == {
        "Yangtze New Energy (长江新能源)", "Firm 1",
    }  # fmt: skip


def test_lists_have_names_as_their_reader_reads_them(database: Database) -> None:
    """In the lists of meetings, unscheduled and unanswered requests."""
    with database.write() as session:
        expo = make_event(session, firms=4, interpreters=1, language="en")
        asks = expo.firms[0]
        asks.name, asks.latin_name = "长江新能源", "Yangtze New Energy"
        expo.people[0][0].name, expo.people[0][0].latin_name = "刘洋", "Liu Yang"
        expo.interpreters[0].name, expo.interpreters[0].latin_name = "李娜", "Li Na"
        session.flush()
        rows = [make_request(session, expo, 0, to, state=RequestState.ACCEPTED) for to in (1, 2)]
        make_request(session, expo, 3, 0, state=RequestState.PENDING)
        version = make_version(session, expo, [meet(rows[0], expo, interpreter=expo.interpreters[0])])
        why = Unscheduled(rows[1].key, "no-common-time", "They have no time in common.")
        unscheduled.store_answers(
            session, version.id, Plan("", PlanStatus.FEASIBLE, 0, {}, None, None, (), (why,))
        )
        actor = expo.organiser_actor()

        def cells(**language: str) -> dict[str, str]:
            book = read_workbook(schedule_lists.export_workbook(session, actor, **language).octets).sheets
            alone = read_workbook(
                schedule_lists.export_list(session, actor, ListName.UNANSWERED, "xlsx", **language).octets
            ).sheets
            return {
                sheet.name: " ".join(cell for row in sheet.rows for cell in row.cells)
                for sheet in (*book, *alone)
            }

        english, chinese = cells(), cells(language="zh")
    assert len(english) == len(ListName)
    for name in english:
        assert "Yangtze New Energy (长江新能源)" in english[name], name
        assert "长江新能源" in chinese[name], name
        assert "Yangtze New Energy (长江新能源)" not in chinese[name], name
    assert "Liu Yang (刘洋)" in english["Meetings"] and "Li Na (李娜)" in english["By interpreter"]


def test_the_files_of_a_pack_are_as_many_as_its_sheets_fill(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prints, "SHEETS_PER_PART", 1)
    with database.write() as session:
        actor = published(session).organiser_actor()
        sheets = {kind: len(list(prints.print_each(session, actor, kind))) for kind in PrintPack}
        assert prints.count_parts(session, actor) == sheets
        assert max(sheets.values()) == 2
        event = make_event(session).organiser_actor()
        assert set(prints.count_parts(session, event).values()) == {0}


def test_a_calendar_has_the_meetings_of_one_person(database: Database) -> None:
    with database.write() as session:
        expo = published(session)
        found = dict(
            calendars.export_calendars(session, expo.organiser_actor(), domain="mail.example", now=NOW)
        )
    assert set(found) == {expo.people[0][0].key, expo.people[1][0].key}
    body = found[expo.people[1][0].key]
    assert body.count(b"BEGIN:VEVENT") == 1
    assert b"DTSTART;TZID=Asia/Shanghai:20261207T093000" in body


def test_only_organisers_export(database: Database) -> None:
    with database.write() as session:
        expo = published(session)
        with pytest.raises(NotAllowed):
            schedule_lists.export_workbook(session, expo.actor(0))
        with pytest.raises(NotAllowed):
            prints.make_pack(session, expo.actor(0), PrintPack.PEOPLE)
