"""Scenarios and the fairness curve on their pages and in the API."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
import python_calamine
from bs4 import BeautifulSoup

from api.pages.planning.fairness.drawing import picture
from api.pages.schedule.priority_levels import LEVELS
from scheduler.domain.solving import ScenarioState
from scheduler.domain.team import TeamRole
from scheduler.services.planning.scenarios import comparison, fairness_curve, scenario_execution, scenarios
from scheduler.services.planning.scenarios.comparison import FIGURES
from scheduler.services.planning.scenarios.fairness_curve import CurvePoint
from scheduler.services.planning.scenarios.scenario_changes import SlotsChange, TablesChange
from scheduler.storage.database import Database
from scheduler.storage.models import Event
from tests.integration.planning.runs.scene import SETTINGS
from tests.integration.planning.scenarios.test_solving import look, made, scene
from tests.support import clocks
from tests.support.api import Program, make_token
from tests.support.factories import NOW, Expo, make_interpreter, make_member
from tests.support.web import Browser, web_app

LONGER: Any = {"kind": "slots", "day": "2026-12-07", "start": "10:00", "end": "10:30"}
"""An additional meeting time, when the third request fits."""


@pytest.fixture(autouse=True)
def held_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, NOW)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = scene(session)
        make_interpreter(session, expo)
    return expo


def solve_all(database: Database) -> None:
    while scenario_execution.execute_scenario(database, settings=SETTINGS):
        pass


def opened(database: Database, broker_url: str, expo: Expo) -> tuple[Browser, str]:
    """Return the organiser's browser, and the page's address."""
    return Browser(web_app(database, broker_url), expo.organiser), f"/events/{expo.event.key}/scenarios"


def test_a_person_makes_changes_solves_compares_and_deletes(
    database: Database, broker_url: str, expo: Expo
) -> None:
    browser, path = (
        Browser(web_app(database, broker_url), expo.organiser),
        f"/events/{expo.event.key}/scenarios",
    )
    assert "No scenarios yet" in browser.get(path)
    assert "enter 1 to 80 characters" in browser.post(path, status=422, name=" ")
    assert "No changes yet" in browser.post(path, name="Fewer tables")
    assert "Remove last tables" in browser.get(f"{path}/1?kind=tables")
    typed = {"kind": "tables", "hall": expo.halls[0].key, "step": "fewer", "day": ""}
    page = browser.post(f"{path}/1/add", status=422, **typed, count="900")
    assert "enter 200 or less" in page and 'value="900"' in page
    page = browser.post(f"{path}/1/add", **typed, count="2")
    assert f"2 fewer tables in {expo.halls[0].name}, on all days" in page
    page = browser.post(f"{path}/1/add", status=422, kind="removed_firm", firm="Nobody Ltd")
    assert "enter the full name or ID of one exhibitor of this event" in page and 'value="Nobody Ltd"' in page
    assert "Without Firm 1" in browser.post(f"{path}/1/add", kind="removed_firm", firm="firm 1")
    assert "Without Firm 1" not in browser.post(f"{path}/1/drop", position="1")
    assert "Waiting for a worker since" in browser.post(f"{path}/1/solve")
    solve_all(database)
    page = browser.get(f"{path}/1")
    said = " ".join(BeautifulSoup(page, "html.parser").get_text(" ").split())
    assert "2 fewer requests scheduled. 3 exhibitors lose meetings." in said
    assert "2 requests no longer scheduled, by reason No table or booth is free 2" in said
    assert "Fewer meetings 3" in said and "More meetings 0" in said
    assert "No exhibitors match. Choose another filter." in browser.get(f"{path}/1?show=gain")
    page = browser.get(path)
    assert "Comparison" in page and "Fewer tables" in page
    assert '<span class="diff text-bad">−2<span class="visually-hidden"> (worse)</span></span>' in page
    assert "(copy)" in browser.post(f"{path}/1/copy")
    assert "Six of one" in browser.post(f"{path}/2/change", name="Six of one", seconds="30")
    assert "enter a value from 5 to 600" in browser.post(
        f"{path}/2/change", status=422, name="x", seconds="1"
    )
    assert "Scenario deleted" in browser.post(f"{path}/2/delete")
    assert "Six of one" not in browser.get(path)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "slots", "step": "close", "day": "2026-12-07", "start": "09:00", "end": "10:00"},
         "No meetings from 09:00 to 10:00 on Mon 7 Dec"),
        ({"kind": "slots", "step": "close", "day": "2026-12-07", "start": "900", "end": "1000"},
         "No meetings from 09:00 to 10:00 on Mon 7 Dec"),
        ({"kind": "interpreters", "step": "more", "count": "2", "first": "en", "second": "zh"},
         "2 more interpreters for English and Chinese"),
        ({"kind": "shift", "interpreter": "", "step": "available", "day": ""},
         "All interpreters available all day, on all days"),
        ({"kind": "quota", "firm": "", "min_meetings": "1", "max_per_day": "4"},
         "At least 1 meeting in total and at most 4 per day for every exhibitor"),
        ({"kind": "added_firm", "like": "f1"}, "One more exhibitor like Firm 1"),
        ({"kind": "priority", "priority": "fair_share", "value": "60"}, "Minimum share (%): 60"),
        ({"kind": "priority", "priority": "max_in_row", "value": "3"}, "Meetings in a row: 3"),
        ({"kind": "priority", "priority": "max_days", "value": "2"}, "Days with meetings: 2"),
        ({"kind": "fairness", "point": "2"}, "Fairness: medium"),
    ],
)  # fmt: skip
def test_each_form_adds_its_change_in_a_sentence(
    database: Database, broker_url: str, expo: Expo, fields: dict[str, str], sentence: str
) -> None:
    with database.write() as session:
        scenarios.create_scenario(session, expo.organiser_actor(), "Try", now=NOW)
    browser, path = (
        Browser(web_app(database, broker_url), expo.organiser),
        f"/events/{expo.event.key}/scenarios",
    )
    assert "Add change" in browser.get(f"{path}/1?kind={fields['kind']}")
    assert sentence in browser.post(f"{path}/1/add", **fields)
    browser.post(f"{path}/1/solve")
    solve_all(database)
    found = look(database, expo, 1)
    assert found.state is ScenarioState.DONE, found.error


def test_the_table_says_what_is_older_and_is_taken_along(
    database: Database, broker_url: str, expo: Expo
) -> None:
    made(database, expo, name="As it is")
    solve_all(database)
    with database.write() as session:
        session.get_one(Event, expo.event.id).policy = {"factors": {"idle": 11}}
    made(database, expo, SlotsChange(**LONGER), name="Longer")
    solve_all(database)
    with database.read() as session:
        table = comparison.compare_scenarios(session, expo.organiser_actor())
    assert [(one.name, one.is_old) for one in table.columns] == [
        ("As it is", True),
        ("Longer", False),
    ]
    held = FIGURES[0]
    assert (table.value(held), table.columns[1].value(held), table.columns[1].difference(held)) == (2, 3, 1)
    browser, path = (
        Browser(web_app(database, broker_url), expo.organiser),
        f"/events/{expo.event.key}/scenarios",
    )
    assert "Outdated" in browser.get(path)
    lines = browser.get(f"{path}/comparison.csv").splitlines()
    assert "Longer: difference" in lines[0] and len(lines) == len(FIGURES) + 1
    assert browser.client.get(f"{path}/comparison.xlsx").data[:2] == b"PK"


def test_the_exhibitors_of_a_scenario_are_exported_as_the_page_lists_them(
    database: Database, broker_url: str, expo: Expo
) -> None:
    made(database, expo, TablesChange(hall=expo.halls[0].key, step="fewer", count=2))
    browser, path = opened(database, broker_url, expo)
    browser.get(f"{path}/1/exhibitors.xlsx", status=404)
    solve_all(database)
    assert f"{path}/1/exhibitors.xlsx" in browser.get(f"{path}/1")
    octets = browser.client.get(f"{path}/1/exhibitors.xlsx").data
    book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(octets))
    header, *rows = book.get_sheet_by_name("Exhibitors").to_python()
    assert header[2:6] == ["Live plan", "Scenario", "Difference", "Accepted requests"]
    lost = "No table or booth is free"
    assert [row[1:] for row in rows] == [
        ["f1", 2, 0, -2, 2, 0, lost],
        ["f0", 1, 0, -1, 2, 0, lost],
        ["f2", 1, 0, -1, 2, 0, lost],
    ]


def test_a_reader_looks_and_changes_nothing(database: Database, broker_url: str, expo: Expo) -> None:
    made(database, expo)
    solve_all(database)
    with database.write() as session:
        reader = make_member(session, expo, TeamRole.VIEWER)
    browser, path = Browser(web_app(database, broker_url), reader), f"/events/{expo.event.key}/scenarios"
    page = browser.get(f"{path}/1")
    assert "Scenario and live plan" in page and "Calculate again" not in page
    assert "Create scenario" not in browser.get(path)


def test_the_curve_is_solved_drawn_and_sets_the_dial(database: Database, broker_url: str, expo: Expo) -> None:
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/versions/1/fairness"
    assert "Calculate all five fairness levels" in browser.get(path)
    assert "0 of 5 levels calculated" in browser.post(f"{path}/curve", do="ask")
    solve_all(database)
    with database.read() as session:
        found = fairness_curve.get_curve(session, expo.organiser_actor())
    assert found is not None and found.is_whole and not found.is_open
    assert all(point.gap == 0 for point in found.points), "so small a problem is solved to its end"
    page = browser.get(path)
    assert '<polyline class="line"' in page and "Same number of meetings" in page
    most = max(point.scheduled_bound for point in found.points if point.scheduled_bound is not None)
    assert f"No schedule, fair or not, can include more than {most} meetings (proven)." in page
    assert "Medium" in page and 'class="bound"' not in page, "no bound is drawn that is not of its point"
    choice = BeautifulSoup(page, "html.parser").select('select[name="point"] option')
    assert [(each["value"], each.text) for each in choice] == [
        (str(n), str(name)) for n, name in enumerate(LEVELS)
    ]
    assert [each["value"] for each in choice if each.has_attr("selected")] == ["0"]
    files = f"/events/{expo.event.key}/statistics/curve"
    assert f"{files}.png?version=1" in page
    lines = browser.get(f"{files}.csv?version=1").splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == [str(point.scheduled) for point in found.points]
    assert browser.client.get(f"{files}.png?version=1").data.startswith(b"\x89PNG")
    browser.post(f"{path}/priority", point="3")
    with database.read() as session:
        assert session.get_one(Event, expo.event.id).policy["factors"]["unfair"] == 300
    assert "Current level" in browser.get(path)
    browser.post(f"{path}/curve", do="discard")
    assert "Calculate all five fairness levels" in browser.get(path)


def test_a_program_makes_one_follows_it_and_deletes_it(
    database: Database, broker_url: str, expo: Expo
) -> None:
    app = web_app(database, broker_url)
    program = Program(app, make_token(database, expo.organiser_actor()))
    more = {"kind": "tables", "hall": expo.halls[0].key, "count": 1}
    made: Any = program.post("/scenarios", {"name": "More", "changes": [more, LONGER]}, status=201)
    assert (made["number"], made["state"], made["result"]) == (1, "new", None)
    assert program.post("/scenarios/1/solve")["state"] == "queued"
    program.post("/scenarios/1/solve", status=409)
    solve_all(database)
    found = program.get("/scenarios/1")
    assert found["state"] == "done" and found["result"]["scenario"]["scheduled"] == 3
    assert program.get("/scenarios")["items"] == [found]
    program.post("/scenarios", {"name": "x", "changes": [{**more, "colour": 1}]}, status=422)
    unknown = program.post("/scenarios", {"name": "x", "changes": [{**more, "hall": "h9"}]}, status=422)
    assert "'h9' is not in this event" in str(unknown)
    assert program.post("/scenarios/1/change", {"changes": []})["state"] == "new"
    program.post("/scenarios/1/stop", status=409)
    assert program.send("/scenarios/1", method="delete").json == {"number": 1}
    program.get("/scenarios/1", 404)
    other = Program(app, make_token(database, expo.organiser_actor(), "runs:read"))
    other.post("/scenarios", {"name": "x"}, status=403)


def test_the_curve_is_drawn_in_its_scale() -> None:
    def point(number: int, scheduled: int, bound: int | None) -> CurvePoint:
        return CurvePoint(number, scheduled, bound, 1, None, None, 1, 1, 1, 0)

    drawn = picture([point(0, 7858, 7900), point(4, 7791, 7900)])
    assert drawn.ticks == [(240.0, 7780), (187.5, 7800), (135.0, 7820), (82.5, 7840), (30.0, 7860)]
    first, last = drawn.dots
    assert (first.x, last.x) == (110, 620) and last.y > first.y
    assert last.y == round(240 - 210 * 11 / 80, 1)
