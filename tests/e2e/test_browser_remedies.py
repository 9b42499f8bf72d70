"""A remedy pressed in a browser, by mouse, by keyboard and without JavaScript: the next run holds it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy
from tests.e2e.windows import WAYS, press, signed_in
from tests.integration.remedies.test_remedies import planned
from tests.support.factories import Expo, make_event, make_request

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
"""Milliseconds: only a hang takes so long, a busy machine does not."""


@pytest.fixture
def expo(database: Database) -> Expo:
    """Two firms who agreed; who asks is never free, so that version 1 does not hold their meeting."""
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
    page.goto(f"{site}/events/{expo.event.key}/versions/1/remedies")
    press(page, page.get_by_role("link", name="Look at 1"), way)
    page.get_by_role("heading", name="What would let it in").wait_for()
    remedy = page.locator(".remedy").filter(has_text="available on").first
    said = remedy.locator("span").first.inner_text()
    press(page, remedy.get_by_role("button", name="Do it, and hold it there"), way)
    page.get_by_text("Done. The next run holds it on").wait_for()
    page.get_by_text("locked to").wait_for()
    with database.write() as session:
        plan, version = planned(session, expo)
    (meeting,) = plan.meetings
    page.goto(f"{site}/events/{expo.event.key}/versions/{version.number}/remedies")
    page.get_by_role("heading", name="Every accepted request is held.").wait_for()
    start = next(each.start for each in expo.slots if each.key == meeting.slot)
    assert f"{start.astimezone(ZoneInfo(expo.event.timezone)):%H:%M}" in said, "when the button said"
    window.close()
