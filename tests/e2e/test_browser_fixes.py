"""Applying a fix in a browser, by mouse, by keyboard and without JavaScript: the next run schedules it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser
from sqlalchemy import delete

from scheduler.services.publishing.job_execution import JobEnding
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, UnscheduledRequest
from tests.e2e.windows import WAYS, press, signed_in
from tests.integration.planning.fixes.test_fixes import planned
from tests.support.factories import Expo, make_event, make_request
from tests.support.publishing import carry_out

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
"""Milliseconds: only a hang takes so long, a busy machine does not."""


@pytest.fixture
def expo(database: Database) -> Expo:
    """Two firms with an accepted request that version 1 lacks; the requesting person is never free."""
    with database.write() as session:
        expo = make_event(session, firms=2, slots="2")
        make_request(session, expo)
        for slot in expo.slots:
            session.add(AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=slot.id))
        session.flush()
        plan, _ = planned(session, expo)
        assert plan.meetings == ()
        return expo


@pytest.mark.parametrize("way", WAYS)
def test_a_remedy_is_pressed_on_why_not_and_the_next_run_holds_the_meeting(
    chromium: Browser, database: Database, expo: Expo, site: str, way: str
) -> None:
    window = chromium.new_context(java_script_enabled=way != "no script")
    page = window.new_page()
    page.set_default_timeout(WAIT)
    signed_in(page, database, site, expo.organiser.id)
    page.goto(f"{site}/events/{expo.event.key}/versions/1/fixes")
    press(page, page.get_by_role("link", name="View 1 request"), way)
    page.get_by_role("list", name="Suggested fixes").wait_for()
    remedies = page.get_by_role("list", name="Suggested fixes").get_by_role("listitem")
    remedy = remedies.filter(has_text="available on").first
    said = remedy.locator("div").first.inner_text()
    press(page, remedy.get_by_role("button", name="Apply and lock time"), way)
    page.get_by_text("The next run schedules the meeting on").wait_for()
    page.get_by_text("Locked to").wait_for()
    with database.write() as session:
        plan, version = planned(session, expo)
    (meeting,) = plan.meetings
    page.goto(f"{site}/events/{expo.event.key}/versions/{version.number}/fixes")
    page.get_by_text("Every accepted request is scheduled in this version.").wait_for()
    start = next(each.start for each in expo.slots if each.key == meeting.slot)
    assert f"{start.astimezone(ZoneInfo(expo.event.timezone)):%H:%M}" in said, "when the button said"
    window.close()


@pytest.mark.parametrize("way", ["mouse", "no script"])
def test_reasons_that_no_run_has_found_are_found_and_the_page_follows_it(
    chromium: Browser, database: Database, expo: Expo, site: str, way: str
) -> None:
    with database.write() as session:
        session.execute(delete(UnscheduledRequest))
    window = chromium.new_context(java_script_enabled=way != "no script")
    page = window.new_page()
    page.set_default_timeout(WAIT)
    signed_in(page, database, site, expo.organiser.id)
    page.goto(f"{site}/events/{expo.event.key}/versions/1/fixes")
    page.get_by_text("The reason for 1 request isn't known yet.").wait_for()
    press(page, page.get_by_role("button", name="Find reasons"), way)
    page.get_by_text("Finding reasons and fixes").wait_for()
    assert carry_out(database) == [JobEnding.DONE]
    page.get_by_role("link", name="View 1 request").wait_for()  # it reloads itself
    assert page.get_by_role("button", name="Find reasons").count() == 0
    window.close()
