"""Comparison and publication in a real browser: the page shows progress and reloads itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from scheduler.domain.entities import VersionState
from scheduler.services.identity import sign_in
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.storage.database import Database
from tests.support.factories import SECRET_KEY, make_event, make_request, make_version, meet
from tests.support.publishing import carry_out
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
"""Milliseconds: only a hang takes so long, a busy machine does not."""


@pytest.fixture
def page(chromium: Browser, database: Database, broker_url: str) -> Iterator[Page]:
    """The page of a draft with one meeting that is not compared yet."""
    with database.write() as session:
        expo = make_event(session)
        make_version(session, expo, [meet(make_request(session, expo), expo)], state=VersionState.DRAFT)
        token = sign_in.make_sign_in_link(
            session, expo.organiser.id, secret_key=SECRET_KEY, now=database.now()
        )
    server = make_server("127.0.0.1", 0, web_app(database, broker_url), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site = f"http://127.0.0.1:{server.port}"
    window = chromium.new_context()
    page = window.new_page()
    page.set_default_timeout(WAIT)
    page.goto(f"{site}/sign-in/{token}")
    page.get_by_role("button", name="Sign in").click()
    page.locator("form[action='/sign-out']").first.wait_for(state="attached")
    page.goto(f"{site}/events/{expo.event.key}/versions/1")
    yield page
    window.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_shows_what_a_worker_found_without_being_loaded_by_hand(
    page: Page, database: Database
) -> None:
    page.get_by_text("Calculating the effects of publishing").wait_for()
    assert carry_out(database) == [JobEnding.DONE]
    page.get_by_text("2 emails").wait_for()
    page.get_by_role("link", name="Review and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    page.get_by_text("Version 1 is being published").wait_for()
    assert carry_out(database) == [JobEnding.DONE]
    page.get_by_text("Version 1 is published. 2 emails were queued.").wait_for()
