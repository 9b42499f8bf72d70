"""An event with one of everything, and browsers by role and language."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import url_for
from sqlalchemy import select, update

from scheduler.services.directory import firm_notes
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, Invitation
from tests.e2e.test_browser_axe import whole
from tests.integration.forms.table import Typed
from tests.support import clocks
from tests.support.everything import Everything
from tests.support.factories import NOW
from tests.support.forms import Control, Form, PageForms
from tests.support.web import Browser, web_app

LATER = "later"
"""Suffix of a role's name: after the first meeting has ended."""


class Site:
    """The browsers of one event, each signed in once and shared, because invalid input changes nothing."""

    def __init__(self, everything: Everything) -> None:
        self.everything, self.now = everything, NOW
        self._browsers: dict[str, Browser] = {}
        self._speaks: dict[str, str] = {}
        self._forms: dict[int, tuple[Form, str]] = {}

    def browser(self, role: str, language: str) -> Browser:
        is_later = role.endswith(LATER)
        person = role.removesuffix(f" {LATER}")
        self.now = self.everything.expo.slots[0].end + timedelta(hours=1) if is_later else NOW
        if role not in self._browsers:
            account = None if person == "signed out" else self.everything.account(person)
            if account is not None:
                Browser(self.everything.app, account)  # another device, which some forms are about
            self._browsers[role] = Browser(self.everything.app, account)
            self._browsers[role].get("/sign-in")
        browser = self._browsers[role]
        if self._speaks.get(person) != language:
            browser.client.post("/language", data={"language": language, "csrf_token": browser.token})
            self._speaks[person] = language
        return browser

    def mails_in(self, language: str) -> None:
        """Change the language of the emails whose links are opened."""
        with self.everything.database.write() as session:
            session.execute(update(Attendee).values(mail_language=language))
            for sent in session.scalars(select(Invitation)):
                sent.content = {**sent.content, "language": language}

    def known(self, text: str) -> str:
        return text.format_map(self.everything.known)

    def endpoint(self, path: str) -> str:
        return str(self.everything.app.url_map.bind("x").match(path, method="POST")[0])

    def form(self, typed: Typed, browser: Browser) -> tuple[Form, str]:
        """Return the form of a row as on its page, with its path."""
        if id(typed) not in self._forms:
            self._forms[id(typed)] = self._form(typed, browser)
        return self._forms[id(typed)]

    def _form(self, typed: Typed, browser: Browser) -> tuple[Form, str]:
        address = whole(typed.page, self.everything.known)
        if typed.sent:
            controls = [
                Control(name, "hidden" if value else "textarea", self.known(value), {})
                for name, value in typed.sent
            ]
            return Form("post", [], controls), self.path_of(typed, controls)
        page = PageForms(browser.get(address), address)
        wanted = whole(typed.path, self.everything.known) if typed.path else ""
        found = [
            (form, path)
            for form, path in page.posting()
            if self.endpoint(path) == typed.endpoint and form.typed and wanted in ("", path)
            and all(map(form.of, typed.only))
        ]  # fmt: skip
        assert found, (typed, "its page has no such form")
        return found[0]

    def path_of(self, typed: Typed, controls: list[Control]) -> str:
        with self.everything.app.test_request_context():
            kind = (
                {"kind": typed.page.rpartition("/")[2]} if typed.endpoint.startswith("participants") else {}
            )
            return url_for(typed.endpoint, event_key=self.everything.expo.event.key, **kind)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("forms") / "test.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with pytest.MonkeyPatch.context() as patch:
        made: list[Site] = []
        now: datetime = NOW
        clocks.hold(patch, lambda: made[0].now if made else now)
        everything = Everything(database, web_app(database, "redis://127.0.0.1:1"))
        with database.write() as session:
            owner = everything.expo.organiser.id
            firm_notes.save_firm(session, everything.expo.actor(0), "f8", is_saved=True, now=NOW)
            session.execute(update(Account).where(Account.id == owner).values(is_operator=True))
        made.append(Site(everything))
        yield made[0]
    database.dispose()
