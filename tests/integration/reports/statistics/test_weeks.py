"""The week of a person, firm and booth has the meetings and absences that plain queries find."""

from __future__ import annotations

import re
from collections.abc import Callable

import pymupdf
import pytest
from sqlalchemy import text, update

from api.pages.reports.statistics import charts
from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.services.reports.statistics.weeks import WeekOwner, WeekRows, get_week
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, AttendeeBusy, Firm, PlaceClosure
from tests.integration.reports.statistics.test_statistics import scene
from tests.support.factories import Expo
from tests.support.queries import count_selects
from tests.support.site import Site
from tests.support.web import web_app

OF_PERSON = "EXISTS (SELECT 1 FROM planned_attendee a WHERE a.meeting_id = m.id AND a.attendee_id = :id)"
OF_FIRM = "(r.from_firm_id = :id OR r.to_firm_id = :id)"
OF_PLACE = "m.place_id = :id"
ROWS = (
    "SELECT r.key, s.key FROM planned_meeting m JOIN meeting_request r ON r.id = m.request_id JOIN slot s ON"
    " s.id = m.slot_id JOIN schedule_version v ON v.id = m.version_id WHERE v.number = :number AND "
)


def away(database: Database) -> tuple[Expo, int]:
    """The scene, with the first person absent at two times and the first table closed at one."""
    with database.write() as session:
        expo, number = scene(session)
        session.add_all(
            AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=expo.slots[at].id) for at in (3, 9)
        )
        session.add(PlaceClosure(place_id=expo.tables[0].id, slot_id=expo.slots[5].id))
    return expo, number


def rows_of(database: Database, expo: Expo, number: int, of: WeekOwner, key: str) -> WeekRows:
    with database.read() as session:
        return get_week(session, expo.organiser_actor(), number, of, key)


def test_each_week_equals_a_query_written_another_way(database: Database) -> None:
    expo, number = away(database)
    start = {slot.key: slot.start for slot in expo.slots}
    cases = [
        *((WeekOwner.PERSON, each[0].key, each[0].id, OF_PERSON) for each in expo.people),
        *((WeekOwner.FIRM, firm.key, firm.id, OF_FIRM) for firm in expo.firms),
        *((WeekOwner.PLACE, table.key, table.id, OF_PLACE) for table in expo.tables),
    ]
    seen = 0
    for of, key, own_id, which in cases:
        found = rows_of(database, expo, number, of, key)
        with database.read() as session:
            rows = session.execute(text(ROWS + which), {"number": number, "id": own_id}).all()
        assert {(each.request, each.start) for each in found.meetings} == {(r, start[s]) for r, s in rows}
        assert len(found.starts) == 12
        seen += len(rows)
    assert seen > 30
    person = rows_of(database, expo, number, WeekOwner.PERSON, expo.people[0][0].key)
    assert person.away == {expo.slots[3].start, expo.slots[9].start}
    place = rows_of(database, expo, number, WeekOwner.PLACE, expo.tables[0].key)
    assert place.away == {expo.slots[5].start}


def test_only_the_team_reads_weeks_and_nobody_those_of_another_event(database: Database) -> None:
    expo, number = away(database)
    with database.write() as session:
        other, _ = scene(session, 6)
        table = other.tables[0]
        table.key = "elsewhere"
    steps: list[tuple[type[Exception], Callable[[], object]]] = [
        (NotFound, lambda: rows_of(database, expo, number, WeekOwner.PLACE, "elsewhere")),
        (NotFound, lambda: rows_of(database, expo, number, WeekOwner.FIRM, "no\0key")),
    ]
    for error, step in steps:
        with pytest.raises(error):
            step()
    with database.read() as session, pytest.raises(NotAllowed):
        get_week(session, expo.actor(0), number, WeekOwner.FIRM, expo.firms[0].key)


def test_as_many_queries_for_more_meetings(database: Database) -> None:
    counts = []
    for requests in (6, 30):
        with database.write() as session:
            expo, number = scene(session, requests)
        counts.append(
            count_selects(
                database,
                lambda s, e=expo, n=number: get_week(  # type: ignore[misc]
                    s, e.organiser_actor(), n, WeekOwner.PERSON, e.people[0][0].key
                ),
            )
        )
    assert counts[0] == counts[1] <= 12


def test_the_page_has_the_picture_its_table_and_its_files(database: Database, broker_url: str) -> None:
    expo, number = away(database)
    site = Site(web_app(database, broker_url), database, expo)
    browser = site.organiser()
    person = expo.people[0][0]
    path = site.path(f"/weeks/people/{person.key}")
    page = browser.get(f"{path}?version={number}")
    held = len(rows_of(database, expo, number, WeekOwner.PERSON, person.key).meetings)
    assert page.count('class="h1"') == held + 1 and page.count('class="h0"') == 2 + 1  # plus the legend
    assert page.count("<desc") == 1 and "Unavailable in 2 of 12 slots." in page
    listed = browser.client.get(f"{path}/week.csv?version={number}").get_data(as_text=True)
    assert listed.count("\n") == 1 + held + 2
    shown = pymupdf.Pixmap(browser.client.get(f"{path}/week.png?version={number}").get_data())
    assert shown.width == 2 * 1180 and len(set(shown.samples)) > 20
    assert f"/weeks/people/{person.key}?version={number}" in browser.get(
        site.path(f"/board?draft={number}&rows=person")
    )
    assert "No schedule is published yet" in browser.get(path)
    site.exhibitor(0).get(path, 404)


SEEN = {
    "zh": ("王明的一周", "清流科技有限公司", "清流科技有限公司 × 清流科技有限公司"),
    "hu": ("Heti napirend: Wang Ming (王明)", "Clear Stream", "Clear Stream × Clear Stream"),
}


@pytest.mark.parametrize("language", SEEN)
def test_the_picture_has_names_as_its_reader_reads_them(
    database: Database, broker_url: str, language: str
) -> None:
    """Names in the reader's own script alone, else in both; firms in one form; a booth's week has pairs."""
    expo, number = away(database)
    with database.write() as session:
        session.execute(update(Attendee).values(name="王明", latin_name="Wang Ming"))
        session.execute(update(Firm).values(name="清流科技有限公司", latin_name="Clear Stream"))
    site = Site(web_app(database, broker_url), database, expo)
    browser = site.organiser()
    browser.post("/language", language=language, back=site.path(""))
    title, firm, pair = SEEN[language]

    def pictured(of: WeekOwner, key: str) -> list[str]:
        page = browser.get(site.path(f"/weeks/{of.value}/{key}?version={number}"))
        assert of is not WeekOwner.PERSON or title in page
        return re.findall(r"<text[^>]*>([^<]+)</text>", page)

    assert firm in pictured(WeekOwner.PERSON, expo.people[0][0].key)
    assert firm in pictured(WeekOwner.FIRM, expo.firms[0].key)
    assert pair in [each for table in expo.tables for each in pictured(WeekOwner.PLACE, table.key)]


@pytest.mark.parametrize(
    ("words", "most", "shown"),
    [
        ("Clear Stream", 12, "Clear Stream"),
        ("Clear Stream", 11, "Clear Stre…"),
        ("清流科技", 8, "清流科技"),
        ("清流科技", 7, "清流科…"),
        ("清流 Tech", 6, "清流 …"),
        ("", 4, ""),
    ],
)
def test_a_han_character_takes_the_room_of_two_letters(words: str, most: int, shown: str) -> None:
    assert charts.cut(words, most) == shown
