"""Every time on a page is shown in the venue's and the reader's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import update

from scheduler.domain.entities import RequestState
from scheduler.services.agendas.my_day import lateness
from scheduler.services.identity import preferences, sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import Interpreter, MeetingRequest
from tests.support import clocks
from tests.support.factories import make_firm, make_request
from tests.support.running_event import Fair, before, make_fair
from tests.support.site import Site
from tests.support.web import Browser, web_app

CLOCK = re.compile(r"(?<![\d:+])([01]\d|2[0-3]):[0-5]\d(?![\d:])")


class Times(HTMLParser):
    """Parses the times of a page, and which have the reader's own time."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.parts: list[tuple[tuple[int, ...], str, bool]] = []
        self._ids: list[int] = []
        self._next = 0
        self.feed(page.partition("<main")[2].partition("<footer")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("input", "br", "img", "hr", "link", "meta", "path", "circle", "use", "option"):
            return
        if tag == "bdi":  # isolates a text and is no part of the layout
            return
        self.open.append((tag, dict(attrs).get("class") or ""))
        self._next += 1
        self._ids.append(self._next)

    def handle_endtag(self, tag: str) -> None:
        while tag in [name for name, _ in self.open]:
            name, _ = self.open.pop()
            self._ids.pop()
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self.open]
        if data.strip() and not {"script", "style", "datalist", "textarea", "svg"} & set(tags):
            is_own = any("time-own" in classes for _, classes in self.open)
            self.parts.append((tuple(self._ids), data, is_own))

    def alone(self) -> Iterator[str]:
        """Return texts with a time whose three nearest ancestors lack the reader's own."""
        own = [ids for ids, _, is_own in self.parts if is_own]
        for ids, text, is_own in self.parts:
            if is_own or not CLOCK.search(text):
                continue
            near = ids[-3:]
            if not any(set(near) & set(each) for each in own):
                yield " ".join(text.split())


@pytest.fixture
def fair(database: Database, monkeypatch: pytest.MonkeyPatch) -> Fair:
    """A day with everything that has a time: meetings, expiring requests, delays, drafts."""
    with database.write() as session:
        fair = make_fair(session, people=2, each=4, days=2, told=True)
        now = before(fair, minutes=18)
        for days, is_theirs in ((1, True), (2, False)):
            make_firm(session, fair.expo, country="HU")
            pair = (len(fair.expo.firms) - 1, 0) if is_theirs else (0, len(fair.expo.firms) - 1)
            state, until = RequestState.PENDING, now + timedelta(days=days)
            only = [fair.expo.slots[0].key]
            make_request(session, fair.expo, *pair, state=state, expires_at=until, slots=only)
        lateness.report_late(session, fair.expo.actor(1), fair.requests[0].key, 10, now=now)
        session.execute(update(MeetingRequest).values(message="We bring two references."))
        for person in (0, 1):
            preferences.save_preferences(
                session, fair.expo.actor(0, person), language="en", timezone="America/Chicago"
            )
        session.execute(update(Interpreter).values(timezone="America/Chicago"))
    clocks.hold(monkeypatch, now)
    return fair


def pages(site: Site, fair: Fair) -> list[str]:
    keys = [request.key for request in site.stored()]
    return [
        "/dashboard", "/requests/received", "/requests/sent", "/week", "/my-day", "/my-day?day=2026-12-08",
        "/agenda", "/agenda/firm", "/outcomes", "/ranked-requests", "/tokens", "/colleagues", "/preferences",
        "/firms",
        f"/firms/{fair.expo.firms[1].key}", *(f"/requests/{key}" for key in keys),
        f"/week?meeting={keys[0]}",
    ]  # fmt: skip


def exhibitor_and_attendee(site: Site, fair: Fair) -> list[Browser]:
    return [site.browser(person) for person in fair.expo.people[0]]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_wherever_a_time_stands_the_reader_s_own_stands_beside_it(
    database: Database, broker_url: str, fair: Fair
) -> None:
    site = Site(web_app(database, broker_url), database, fair.expo)
    alone, looked_at = [], 0
    for browser in exhibitor_and_attendee(site, fair):
        for path in pages(site, fair):
            response = browser.client.get(site.path(path))
            if response.status_code != 200:  # for exhibitors only
                continue
            looked_at += 1
            times = Times(response.text)
            alone += [(path, text) for text in times.alone()]
    with database.write() as session:
        account = sign_in.ensure_account(session, fair.expo.interpreters[0].email, now=before(fair, days=9))
    interpreter = Browser(site.app, account)
    for path in ("/interpreter-day", "/preferences"):
        page = interpreter.get(site.path(path))
        assert "time-own" in page
        alone += [(path, text) for text in Times(page).alone()]
    assert alone == []
    assert looked_at > 40


def test_the_own_time_has_its_day_where_that_is_another(
    database: Database, broker_url: str, fair: Fair
) -> None:
    site = Site(web_app(database, broker_url), database, fair.expo)
    browser = exhibitor_and_attendee(site, fair)[0]
    page = browser.get(site.path("/my-day"))
    own = '<span class="time-own">(Sun, 6 Dec, 19:00–19:30 in Chicago)</span>'
    assert own in page
    week = browser.get(site.path("/week"))
    assert '09:00<span class="time-own">19:00</span>' in week and "Chicago is 14 hours behind." in week


def test_who_is_at_the_venue_reads_one_time(database: Database, broker_url: str, fair: Fair) -> None:
    with database.write() as session:
        preferences.save_preferences(session, fair.expo.actor(0), language="en", timezone="Asia/Shanghai")
    site = Site(web_app(database, broker_url), database, fair.expo)
    browser = exhibitor_and_attendee(site, fair)[0]
    assert not any("time-own" in browser.get(site.path(path)) for path in ("/my-day", "/week", "/dashboard"))
    assert "time-own" in exhibitor_and_attendee(site, fair)[1].get(site.path("/my-day"))


def test_each_row_of_the_busy_times_has_the_own_time(database: Database, broker_url: str, fair: Fair) -> None:
    site = Site(web_app(database, broker_url), database, fair.expo)
    page = exhibitor_and_attendee(site, fair)[0].get(site.path("/busy-times"))
    rows = re.findall(
        r'<th scope="row" data-time="([\d:]+)">[\d:]+<span class="time-own">([\d:]+)</span>', page
    )
    assert rows[0] == ("09:00", "19:00") and len(rows) == page.count('<th scope="row"')


def test_a_form_of_times_says_the_difference_once(database: Database, broker_url: str, fair: Fair) -> None:
    site = Site(web_app(database, broker_url), database, fair.expo)
    with database.write() as session:
        make_firm(session, fair.expo)
    key = fair.expo.firms[-1].key
    page = exhibitor_and_attendee(site, fair)[0].get(site.path(f"/firms/{key}/request"))
    assert page.count('<span class="time-offset">Chicago is 14 hours behind.</span>') == 1
