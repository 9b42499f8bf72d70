"""Pages of an event without any data: each empty list says what will appear in it, or has the next step."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup, Tag

from scheduler.storage.database import Database
from tests.e2e.test_browser_axe import PAGES
from tests.support.factories import make_event, make_firm
from tests.support.site import Site
from tests.support.web import Browser, web_app

SENTENCE = re.compile(r"[.?!…](?:\s|$)")
ONE_ONLY = re.compile(r"\{|\d|no-such")
"""Pages of one record, or of a search that finds nothing."""


def says_more(empty: Tag) -> bool:
    """Return True if an empty state has a link, a button or more than one sentence."""
    return empty.select_one("a, button") is not None or len(SENTENCE.findall(empty.get_text(" "))) > 1


def lists_of(role: str) -> list[str]:
    return [path for path in PAGES[role] if path[0] != "/" and not ONE_ONLY.search(path)]


def empty_states(browser: Browser, site: Site, role: str) -> dict[str, list[Tag]]:
    found: dict[str, list[Tag]] = {}
    for path in lists_of(role):
        answer = browser.client.get(site.path(f"/{path}"), follow_redirects=True)
        if answer.status_code == 200:
            found[path] = BeautifulSoup(answer.text, "html.parser").select("main .empty")
    return found


@pytest.fixture
def empty(database: Database, broker_url: str) -> Site:
    """A site with an event that has an organiser, one hall and a meeting time."""
    with database.write() as session:
        expo = make_event(session, firms=0, tables=0, slots="1")
    return Site(web_app(database, broker_url), database, expo)


def test_an_organisers_empty_lists_have_the_next_step(empty: Site) -> None:
    found = empty_states(empty.organiser(), empty, "organiser")
    assert sum(map(bool, found.values())) > 20
    silent = {path: tag.get_text() for path, tags in found.items() for tag in tags if not says_more(tag)}
    assert silent == {}


def test_an_exhibitors_empty_lists_have_the_next_step(empty: Site) -> None:
    with empty.database.write() as session:
        make_firm(session, empty.expo, people=2)
    for role, person in (("exhibitor", 0), ("attendee", 1)):
        found = empty_states(empty.browser(empty.expo.people[0][person]), empty, role)
        assert sum(map(bool, found.values())) > 6, role
        silent = {path: tag.get_text() for path, tags in found.items() for tag in tags if not says_more(tag)}
        assert silent == {}
