"""Pictures of every page, for the eyes of a reviewer: `python -m tests.support.page_pictures FOLDER`.

The pages are those of the table in `tests/e2e/test_browser_axe.py`, with the invented event of the tests, in
each language, at the width of a desk and of a phone, in light and dark mode. Options narrow them down:

    python -m tests.support.page_pictures build/pages --role exhibitor --only requests --width 390
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from api.language.catalogs import languages
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.e2e.conftest import CHROMIUM_OPTIONS
from tests.e2e.test_browser_axe import PAGES, whole
from tests.support import clocks, missing_programs
from tests.support.everything import Everything, serving
from tests.support.factories import NOW
from tests.support.web import web_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
TALLEST = 4_000
"""Pixels: longer pages are cut."""


@contextmanager
def event_on_sqlite() -> Iterator[Everything]:
    """Yield the event of the tests in a database of its own, with the clock frozen before it."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        database = Database(f"sqlite:///{folder}/pictures.db")
        upgrade_schema(database)
        clocks.hold(patch, NOW)
        yield Everything(database, web_app(database, "redis://127.0.0.1:1"))
        database.dispose()


def take_pictures(options: argparse.Namespace) -> int:
    """Write the pictures into the folder, by role. Return their number."""
    taken = 0
    with ExitStack() as stack:
        everything = stack.enter_context(event_on_sqlite())
        site = stack.enter_context(serving(everything.app))
        chromium = stack.enter_context(sync_playwright()).chromium
        browser = chromium.launch(executable_path=missing_programs.chromium(), args=list(CHROMIUM_OPTIONS))
        for role in options.role or PAGES:
            paths = [path for path in PAGES[role] if all(word in path for word in options.only)]
            for language in options.language or languages():
                for width in options.width or WIDTHS:
                    for scheme in options.scheme or SCHEMES:
                        page = _open(browser, everything, site, role, language, width, scheme)
                        for path in paths:
                            page.goto(site + whole(path, everything.known))
                            _write(page, options.folder / role, f"{path}-{language}-{width}-{scheme}")
                            taken += 1
                        page.context.close()
        browser.close()
    return taken


def _open(
    browser: Browser, everything: Everything, site: str, role: str, language: str, width: int, scheme: str
) -> Page:
    """Return a page of a new browser, signed in as the role, which reads the language."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        locale=language,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    if role != "signed out":
        page.goto(site + everything.link(everything.account(role)))
        page.locator("main form button").first.click()
    return page


def _write(page: Page, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    height = min(TALLEST, int(page.evaluate("document.documentElement.scrollHeight")))
    size = page.viewport_size or {"width": WIDTHS[0], "height": 900}
    page.set_viewport_size(
        {"width": size["width"], "height": max(900, height)}
    )  # sticky bars stay at the end
    page.screenshot(path=folder / (re.sub(r"[^\w-]+", "_", name).strip("_") + ".png"))
    page.set_viewport_size({"width": size["width"], "height": 900})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--role", nargs="*", choices=list(PAGES))
    parser.add_argument("--only", nargs="*", default=[], help="pages with these words in the path")
    parser.add_argument("--language", nargs="*", choices=sorted(languages()))
    parser.add_argument("--width", nargs="*", type=int)
    parser.add_argument("--scheme", nargs="*", choices=SCHEMES)
    options = parser.parse_args()
    sys.stdout.write(f"{take_pictures(options)} pictures in {options.folder}\n")


if __name__ == "__main__":
    main()
