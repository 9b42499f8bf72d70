"""Fixes that a scenario suggests: changes it can try next, counted beside its own plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from scheduler.domain.plan import EventFix, Plan, ReasonSubject, UnscheduledGroup
from scheduler.domain.solving import ScenarioState
from scheduler.domain.team import TeamRole
from scheduler.services.planning.scenarios import scenario_execution, scenario_fixes
from scheduler.services.planning.scenarios.scenario_changes import (
    AnyChange,
    FairnessChange,
    InterpretersChange,
    QuotaChange,
    ShiftChange,
    TablesChange,
    parse_change,
)
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from tests.integration.planning.runs.scene import SETTINGS
from tests.integration.planning.scenarios.test_solving import look, made
from tests.support import clocks
from tests.support.factories import NOW, Expo, make_event, make_interpreter, make_member, make_request
from tests.support.publishing import draft, publish
from tests.support.web import Browser, web_app


@pytest.fixture(autouse=True)
def held_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, NOW)


@pytest.fixture
def expo(database: Database) -> Expo:
    """One table, two times, and four requests at a table between eight firms, of which two fit."""
    with database.write() as session:
        expo = make_event(session, firms=8, slots="2", tables=1)
        for one in range(0, 8, 2):
            make_request(session, expo, one, one + 1, place="table")
        make_interpreter(session, expo)
        publish(session, expo, draft(session, expo, []), None)
    return expo


def solved(database: Database, expo: Expo, *changes: AnyChange) -> int:
    number = made(database, expo, *changes)
    assert scenario_execution.execute_scenario(database, settings=SETTINGS)
    return number


def test_a_table_that_lets_in_two_requests_is_suggested_with_its_gain(database: Database, expo: Expo) -> None:
    number = solved(database, expo, FairnessChange(point=1))
    card = look(database, expo, number)
    assert card.result is not None and card.result["then"]["held"] == 2
    fixes = scenario_fixes.list_fixes(expo.organiser_actor(), card)
    assert [(fix.change, fix.gains) for fix in fixes] == [(TablesChange(hall=expo.halls[0].key), 2)]


def test_trying_a_fix_adds_it_and_calculates_the_scenario_again(
    database: Database, broker_url: str, expo: Expo
) -> None:
    number = solved(database, expo, FairnessChange(point=1))
    app, path = web_app(database, broker_url), f"/events/{expo.event.key}/scenarios/{number}"
    browser = Browser(app, expo.organiser)
    page = BeautifulSoup(browser.get(path), "html.parser")
    section = page.select_one("[aria-labelledby=fixes]")
    assert section is not None
    assert (
        f"1 more table in {expo.halls[0].name}, on all days" in section.text and "+2 requests" in section.text
    )
    fields = {str(each["name"]): str(each["value"]) for each in section.select("form input")}
    del fields["csrf_token"]
    assert "Fix added." in browser.post(f"{path}/try", **fields)
    card = look(database, expo, number)
    assert card.state is ScenarioState.QUEUED
    assert card.changes == (FairnessChange(point=1), TablesChange(hall=expo.halls[0].key))
    assert scenario_execution.execute_scenario(database, settings=SETTINGS)
    result = look(database, expo, number).result
    assert result is not None and result["then"]["held"] == 4, "the gain that was suggested"
    assert 'aria-labelledby="fixes"' not in browser.get(path)


def test_the_page_leads_to_where_its_changes_are_made_and_to_a_run(
    database: Database, broker_url: str, expo: Expo
) -> None:
    number = solved(database, expo, TablesChange(hall=expo.halls[0].key), FairnessChange(point=1))
    base, app = f"/events/{expo.event.key}", web_app(database, broker_url)
    page = BeautifulSoup(Browser(app, expo.organiser).get(f"{base}/scenarios/{number}"), "html.parser")
    links = [link["href"] for link in page.select("[aria-labelledby=draft] a")]
    assert links == [f"{base}/venue", f"{base}/priorities", f"{base}/schedule"]
    with database.write() as session:
        reader = make_member(session, expo, TeamRole.VIEWER)
    assert 'aria-labelledby="draft"' not in Browser(app, reader).get(f"{base}/scenarios/{number}")


def group(kind: str, *ids: str, holds: int | None = 1) -> UnscheduledGroup:
    return UnscheduledGroup("no-place", ReasonSubject("tables", ()), (), 1, EventFix(kind, ids), holds, 1)


def test_fixes_are_what_a_scenario_can_change_and_has_not_taken_away(database: Database, expo: Expo) -> None:
    with database.read() as session:
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
    hall, firm, who = expo.halls[0].key, expo.firms[0].key, expo.interpreters[0].key
    limited = replace(problem, firms=(replace(problem.firms[0], max_per_day=2), *problem.firms[1:]))
    groups = (
        group("add-table", hall, holds=3),
        group("add-table", hall, holds=5),
        group("firm-cap", firm, holds=4),
        group("shift", who, holds=2),
        group("add-interpreter", "hu", "zh"),
        group("add-interpreter", "zh"),
        group("add-table", "no-such-hall"),
        group("shift", "of-the-scenario"),
        group("person-cap", "f0-p0"),
        group("add-interpreter", "en", "zh", holds=0),
        group("add-interpreter", "de", "zh", holds=None),
    )
    plan = Plan("x", "feasible", 0, {}, None, None, (), groups=groups)  # type: ignore[arg-type]

    def found(*own: AnyChange) -> list[tuple[AnyChange, int]]:
        rows = scenario_fixes.collect_fixes(problem, limited, own, plan)
        return [(parse_change(row["change"]), row["gains"]) for row in rows]

    table, quota = (TablesChange(hall=hall), 5), (QuotaChange(firm=firm, max_per_day=3), 4)
    shift, speaks = (ShiftChange(interpreter=who), 2), (InterpretersChange(first="hu", second="zh"), 1)
    assert found() == [table, quota, shift, speaks]
    assert found(TablesChange(hall=hall, step="fewer")) == [quota, shift, speaks]
    assert found(QuotaChange(max_per_day=2)) == [table, shift, speaks]
    assert found(ShiftChange(step="unavailable")) == [table, quota, speaks]
    assert found(InterpretersChange(first="zh", second="hu", step="fewer")) == [table, quota, shift]
    assert found(TablesChange(hall=hall, step="more")) == [table, quota, shift, speaks]
