"""Change review in a real browser: a rejected change is excluded from the next run."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from scheduler.domain.entities import VersionState
from scheduler.services.planning.runs import execution
from scheduler.services.publishing import comparisons
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Run
from tests.e2e.windows import WAYS, press, signed_in
from tests.support.everything import serving
from tests.support.factories import make_event, make_request, make_version, meet
from tests.support.publishing import SETTINGS
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def compare(database: Database, event_id: int, number: int) -> None:
    with database.write() as session:
        version = versions.get_version(session, event_id, number)
        worked = comparisons.compute_comparison(session, version, SETTINGS, now=database.now_in(session))
        comparisons.store_comparison(session, worked)


@pytest.mark.parametrize("way", WAYS)
def test_rejected_changes_stay_as_people_have_them_once_the_rest_is_solved_again(
    chromium: Browser, database: Database, broker_url: str, way: str
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=6, tables=3, slots="6")
        moved, new, other = (make_request(session, expo, *pair) for pair in ((0, 1), (0, 2), (3, 4)))
        make_version(session, expo, [meet(moved, expo)])
        after = [meet(moved, expo, slot=2), meet(new, expo, slot=3), meet(other, expo, place=expo.tables[1])]
        make_version(session, expo, after, state=VersionState.DRAFT)
        event_id, key = expo.event.id, expo.event.key
    compare(database, event_id, 2)
    with serving(web_app(database, broker_url)) as site:
        window = chromium.new_context(java_script_enabled=way != "no script")
        page = window.new_page()
        page.set_default_timeout(60_000)
        signed_in(page, database, site, expo.organiser.id)
        page.goto(f"{site}/events/{key}/versions/2/changes")
        for request in (moved, new):
            press(page, page.locator(f"#c-{request.key}").get_by_role("button", name="Reject"), way)
            page.locator(f"#c-{request.key}.is-rejected").wait_for()
        page.get_by_text("2 rejected").wait_for()
        press(page, page.get_by_role("link", name="By person"), way)
        page.get_by_role("heading", name="F0-P0").wait_for()
        assert page.locator(".wide .is-rejected").count() == 4, "of both people of both"
        press(page, page.get_by_role("button", name="Reschedule the rest"), way)
        page.wait_for_url("**/schedule*")
        with database.read() as session:
            run = session.scalars(select(Run.id).order_by(Run.id.desc())).first()
        assert run is not None
        execution.execute_run(database, run, worker="w", settings=SETTINGS)
        with database.read() as session:
            held = {
                m.request: m
                for m in versions.list_meetings(session, versions.get_version(session, event_id, 3).id)
            }
        assert held[moved.key].slot == "s0"
        assert new.key not in held
        assert other.key in held
        compare(database, event_id, 3)
        page.goto(f"{site}/events/{key}/versions/3/changes")
        assert page.locator(f"#c-{moved.key}").count() == 0
        press(page, page.get_by_role("button", name="Allow Firm 0 × Firm 2 again"), way)
        page.get_by_text("Change accepted.").wait_for()
        window.close()
