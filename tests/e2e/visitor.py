"""A person at a browser: signs in by the mailed link, and does what the pages offer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.e2e.stack import Up
from tests.support.workers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PATIENCE = 120_000
"""Milliseconds; they only keep a broken test from waiting for ever."""


class Visitor:
    """A browser window with cookies of its own."""

    def __init__(self, chromium: Browser, up: Up) -> None:
        context = chromium.new_context(base_url=up.site)
        context.set_default_timeout(PATIENCE)
        self.up = up
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)

    def sign_in(self, email: str) -> None:
        """Ask for a link, find it in the mail, and confirm."""
        earlier = set(self._mailed_links(email))
        self.page.goto("/")
        self.page.get_by_label("Your mail address").fill(email)
        self.press("Email me a link")
        self.page.get_by_role("heading", name="Check your email").wait_for()
        self.page.goto(self._new_link(email, earlier))
        self.press("Sign in")
        self.page.get_by_text(email).wait_for()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).click()

    def open(self, name: str) -> int:
        """Follow an entry of the event's menu, whatever count stands behind its name. Returns the presses.

        An entry in a folded group takes one more.
        """
        menu = self.page.get_by_role("navigation", name="Event")
        called = re.compile(rf"^{re.escape(name)}( \d|$)")
        found = menu.get_by_role("link", name=called, include_hidden=True)
        is_folded = not found.is_visible()
        if is_folded:
            found.locator("xpath=ancestor::details/summary").click()
        found.click()
        return 1 + is_folded

    def reads(self, text: str) -> Locator:
        """Wait until the page shows a text."""
        found = self.page.get_by_text(text).locator("visible=true").first
        found.wait_for()
        return found

    def close(self) -> None:
        self.page.context.close()

    def _mailed_links(self, email: str) -> list[str]:
        link = rf"{re.escape(self.up.site)}/sign-in/\w+"
        return [found for mail in self.up.listed(email) for found in re.findall(link, mail["text"])]

    def _new_link(self, email: str, earlier: set[str]) -> str:
        """The link that has come since; each works once."""
        links: list[str] = []

        def has_come() -> bool:
            links.extend(link for link in self._mailed_links(email) if link not in earlier)
            return bool(links)

        eventually(has_come)
        return links[0]
