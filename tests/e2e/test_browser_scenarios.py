"""A scenario with fewer tables in a real browser, with and without JavaScript; the live event stays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from scheduler.services.planning.scenarios import scenario_execution
from scheduler.storage.database import Database
from tests.e2e.windows import WAYS, choose, press, signed_in, write
from tests.integration.planning.runs.scene import SETTINGS
from tests.integration.planning.scenarios.test_solving import live, scene
from tests.support.factories import Expo

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
"""Milliseconds: only a hang takes so long, a busy machine does not."""


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return scene(session)


@pytest.mark.parametrize("way", WAYS)
def test_a_what_if_is_made_solved_and_compared_and_touches_nothing_live(
    chromium: Browser, database: Database, expo: Expo, site: str, way: str
) -> None:
    window = chromium.new_context(java_script_enabled=way != "no script")
    page = window.new_page()
    page.set_default_timeout(WAIT)
    signed_in(page, database, site, expo.organiser.id)
    before = live(database)
    page.goto(f"{site}/events/{expo.event.key}/scenarios")
    write(page, page.get_by_label("Scenario name"), "Without tables", way)
    press(page, page.get_by_role("button", name="Create scenario"), way)
    press(page, page.get_by_role("link", name="Tables", exact=True), way)
    choose(page, page.get_by_label("Action"), "Remove last tables", way)
    write(page, page.get_by_label("Number"), "2", way)
    press(page, page.get_by_role("button", name="Add change"), way)
    page.get_by_text("2 fewer tables in").first.wait_for()
    press(page, page.get_by_role("button", name="Calculate scenario"), way)
    page.get_by_text("Waiting for a worker").wait_for()
    assert scenario_execution.execute_scenario(database, settings=SETTINGS)
    if way == "no script":
        page.reload()
    heading = page.get_by_role("rowheader", name="Scheduled requests", exact=True)
    row = page.get_by_role("row").filter(has=heading)
    row.wait_for()
    assert [cell.inner_text().split() for cell in row.get_by_role("cell").all()] == [
        ["2"],
        ["0"],
        ["−2", "(worse)"],
    ]
    assert live(database) == before
    window.close()
