"""The main reason why a firm's requests are unscheduled: on the page of fairness and in its workbook."""

from __future__ import annotations

from io import BytesIO

import python_calamine
from bs4 import BeautifulSoup
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.plan import NOT_EXAMINED
from scheduler.domain.team import TeamRole
from scheduler.services.planning.fairness import fairness_workbook, main_reasons
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, UnscheduledRequest
from tests.integration.planning.fixes.test_groups import Scene
from tests.support.factories import make_firm, make_member, make_request
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app

# Of the scene's five requests, three of firm 0 reach the daily limit of a person, one of firms 4 and 5 has
# no interpreter, and one of firms 3 and 4 no table.
MAIN = {
    "f0": ("person-cap", 3),
    "f1": ("person-cap", 1),
    "f2": ("person-cap", 1),
    "f3": ("no-place", 1),
    "f4": ("no-interpreter", 1),
    "f5": ("no-interpreter", 1),
}


def reasons(session: Session, scene: Scene) -> dict[str, tuple[str, int]]:
    found = main_reasons.count_main_reasons(session, scene.expo.organiser_actor(), scene.version.number)
    return {firm: (main.reason, main.requests) for firm, main in found.items()}


def test_the_most_frequent_reason_of_a_firm_counts_and_among_equals_the_first_by_code(
    database: Database,
) -> None:
    with database.write() as session:
        scene = Scene(session)
        assert reasons(session, scene) == MAIN
        actor, number = scene.expo.organiser_actor(), scene.version.number
        some = main_reasons.list_main_reasons(session, actor, number, ["f0", "f4", "no-such"])
    assert {firm: (main.reason, main.requests) for firm, main in some.items()} == {
        firm: MAIN[firm] for firm in ("f0", "f4")
    }
    fixes = {firm: main.group.fix.kind for firm, main in some.items() if main.group and main.group.fix}
    assert fixes == {"f0": "person-cap", "f4": "add-interpreter"}


def test_requests_that_ended_or_were_not_examined_are_no_reason(database: Database) -> None:
    with database.write() as session:
        scene = Scene(session)
        ended = session.get_one(MeetingRequest, scene.requests[3].id)
        ended.state = RequestState.WITHDRAWN
        unexamined = session.scalars(
            select(UnscheduledRequest).where(UnscheduledRequest.request_key == scene.requests[4].key)
        ).one()
        unexamined.reason = NOT_EXAMINED
        session.flush()
        found = reasons(session, scene)
    assert found == {**{firm: MAIN[firm] for firm in ("f0", "f1", "f2")}, "f3": ("person-cap", 1)}


def test_the_page_says_why_and_offers_the_fix_to_those_who_may_apply_it(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        scene = Scene(session)
        late = make_request(session, scene.expo, 1, 5)
        reader = make_member(session, scene.expo, TeamRole.VIEWER)
    base = f"/events/{scene.expo.event.key}/versions/{scene.version.number}"
    app = web_app(database, broker_url)
    page = BeautifulSoup(Browser(app, scene.expo.organiser).get(f"{base}/fairness"), "html.parser")
    rows = {
        row.th.a["href"].split("/")[-2]: row for row in page.select("table.table-stack tbody tr") if row.th
    }
    said = {
        firm: " ".join(row.select_one('[data-label="Main reason"]').text.split())
        for firm, row in rows.items()
    }
    assert said["f0"] == (
        "An attendee has reached the daily limit Allow Anna Kiss one more meeting per day: +2 scheduled"
    )
    assert said["f1"].startswith("An attendee has reached the daily limit: 1 of 2 requests"), late.key
    assert said["f4"].startswith("No interpreter is free: 1 of 2 requests Add an interpreter for English")
    assert rows["f0"].form["action"] == f"{base}/fixes/apply"
    assert rows["f0"].select_one('[name="group"]')["value"] == "0"
    assert f"{base}/fixes/apply?group=1" in rows["f4"].find_all("a")[-1]["href"]
    seen = Browser(app, reader).get(f"{base}/fairness")
    assert "An attendee has reached the daily limit" in seen and f"{base}/fixes/apply" not in seen


def test_a_list_of_more_than_twenty_firms_has_pages(database: Database, broker_url: str) -> None:
    with database.write() as session:
        scene = Scene(session)
        for number in range(6, 25):
            make_firm(session, scene.expo)
            make_request(session, scene.expo, 0, number)
    browser = Browser(web_app(database, broker_url), scene.expo.organiser)
    path = f"/events/{scene.expo.event.key}/versions/{scene.version.number}/fairness"
    first, second = (BeautifulSoup(browser.get(f"{path}?page={n}"), "html.parser") for n in (1, 2))
    assert [len(page.select("table.table-stack tbody tr")) for page in (first, second)] == [20, 5]
    assert "Reason not found yet" in second.text


def test_the_workbook_has_every_firm_with_its_groups_and_reason(database: Database, broker_url: str) -> None:
    with database.write() as session:
        scene = Scene(session)
        make_request(session, scene.expo, 1, 5)
    browser = Browser(web_app(database, broker_url), scene.expo.organiser)
    path = f"/events/{scene.expo.event.key}/versions/{scene.version.number}/fairness"
    assert f"{path}/workbook.xlsx" in browser.get(path)
    octets = browser.client.get(f"{path}/workbook.xlsx").data
    book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(octets))
    header, *rows = book.get_sheet_by_name("Exhibitors").to_python()
    table = {row[1]: dict(zip(header, row, strict=True)) for row in rows}
    assert set(table) == set(MAIN)
    assert {
        key: table["f0"][key]
        for key in ("Accepted requests", "Scheduled", "Unscheduled", "Share (%)", "Main reason")
    } == {
        "Accepted requests": 3,
        "Scheduled": 0,
        "Unscheduled": 3,
        "Share (%)": 0,
        "Main reason": "An attendee has reached the daily limit",
    }
    assert table["f0"]["Requests with this reason"] == 3
    assert table["f5"]["Main reason"] == "No interpreter is free"
    assert {key: table["f0"][key] for key in ("Origin", "Country", "Position in the chain", "Booth")} == {
        "Origin": "home",
        "Country": "CN",
        "Position in the chain": "midstream",
        "Booth": "own booth",
    }


def test_many_firms_take_as_many_queries_as_few(database: Database) -> None:
    with database.write() as session:
        scene = Scene(session)
    actor, number = scene.expo.organiser_actor(), scene.version.number

    def listed(session: Session) -> object:
        return main_reasons.list_main_reasons(session, actor, number, ["f0", "f4"])

    def exported(session: Session) -> object:
        return fairness_workbook.export_fairness(session, actor, number)

    few = count_selects(database, listed), count_selects(database, exported)
    with database.write() as session:
        for other in range(6, 10):
            make_firm(session, scene.expo)
            key = make_request(session, scene.expo, 0, other).key
            answer = {"request": key, "reason": "no-place", "detail": "", "remedies": []}
            row = UnscheduledRequest.of(answer)
            row.version_id, row.position = scene.version.id, other
            session.add(row)

    def listed_all(session: Session) -> object:
        return main_reasons.list_main_reasons(session, actor, number, [f"f{n}" for n in range(10)])

    assert (count_selects(database, listed_all), count_selects(database, exported)) == few
    assert few[0] <= 10 and few[1] <= 10
