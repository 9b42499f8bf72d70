"""Fixtures of end-to-end tests: the stack, and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from chainmeet.stack import broker
from scheduler.storage.database import Database
from tests.conftest import skip_or_fail
from tests.e2e.stack import Up, chainmeet_up
from tests.support import clocks, missing_programs
from tests.support.everything import serving
from tests.support.web import web_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def site(database: Database, broker_url: str) -> Iterator[str]:
    """Yield the URL of a web server over the test's own database."""
    with serving(web_app(database, broker_url)) as address:
        yield address


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`chainmeet up` on an empty folder, one a module, as its ten processes take seconds to start."""
    try:
        if broker.external_url() is None:
            broker.find_server()
    except broker.BrokerMissing as missing:
        skip_or_fail(str(missing))
    with chainmeet_up(tmp_path_factory.mktemp("up") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Yield a headless Chromium, scoped to the module because its event loop occupies this thread."""
    from playwright.sync_api import sync_playwright

    missing_programs.require("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=missing_programs.chromium(), args=list(CHROMIUM_OPTIONS)
        )
        _hold_clock(browser)
        yield browser
        browser.close()


def _hold_clock(browser: Browser) -> None:
    """Make the scripts of every page in this browser use the test clock."""
    make = browser.new_context

    def new_context(**options: Any) -> BrowserContext:
        context = make(**options)
        context.add_init_script(CLOCK.replace("AHEAD", str(round(clocks.ahead() * 1000))))
        return context

    browser.new_context = new_context  # type: ignore[method-assign]
    browser.new_page = lambda **options: new_context(**options).new_page()  # type: ignore[method-assign]


CLOCK = """{
  const Machine = Date;
  globalThis.Date = class extends Machine {
    constructor(...given) { super(...(given.length ? given : [Machine.now() + AHEAD])); }
    static now() { return Machine.now() + AHEAD; }
  };
}"""
