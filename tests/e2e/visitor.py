"""A person in a browser who signs in by the emailed link and uses the pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from api.language.catalogs import texts
from tests.e2e.stack import Up
from tests.support.workers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PATIENCE = 120_000
"""Milliseconds, only to keep a broken test from waiting forever."""


class Visitor:
    """A browser window with its own cookies."""

    def __init__(self, chromium: Browser, up: Up, *, language: str = "en", **options: Any) -> None:
        context = chromium.new_context(base_url=up.site, locale=language, **options)
        context.set_default_timeout(PATIENCE)
        self.up, self.language = up, language
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)

    def say(self, text: str, **values: object) -> str:
        """Return a page text in the visitor's language."""
        found = texts(self.language).gettext(text)
        return found % values if values else found

    def sign_in(self, email: str, *, at: str = "/", by_keyboard: bool = False) -> None:
        """Request a link, find it in the email, and confirm."""
        earlier = set(self._mailed_links(email))
        self.page.goto(at)
        field = self.page.get_by_label(self.say("Email address"))
        if by_keyboard:
            self.tab_to(field)
            self.page.keyboard.type(email)
            self.page.keyboard.press("Enter")
        else:
            field.fill(email)
            self.press(self.say("Send sign-in link"))
        self.page.get_by_role("heading", name=self.say("Check your email")).wait_for()
        self.page.goto(self._new_link(email, earlier))
        confirm = self.page.get_by_role("button", name=self.say("Sign in"))
        if by_keyboard:
            self.tab_to(confirm)
            self.page.keyboard.press("Enter")
        else:
            confirm.click()
        self.page.get_by_text(email).first.wait_for(state="attached")

    def tab_to(self, found: Locator) -> None:
        """Press Tab until a field or button has the focus."""
        for _ in range(self.page.locator("a, button, input, select, textarea, summary").count() + 1):
            if found.evaluate("(each) => each === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{found} is not reached by keyboard")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).click()

    def open(self, name: str) -> int:
        """Follow an entry of a menu of the page's head, ignoring its count. Return the number of clicks.

        An entry in a collapsed menu takes one more.
        """
        menu = self.page.get_by_role("banner")
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
        """Wait for a new link. Each works once."""
        links: list[str] = []

        def has_come() -> bool:
            links.extend(link for link in self._mailed_links(email) if link not in earlier)
            return bool(links)

        eventually(has_come)
        return links[0]
