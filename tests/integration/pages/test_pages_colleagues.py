"""Colleagues pages of exhibitors."""

from __future__ import annotations

import re

import pytest

from scheduler.storage.models import Attendee, Event
from tests.support import clocks
from tests.support.factories import NOW
from tests.support.site import Site


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the clock before the event."""
    clocks.hold(monkeypatch, NOW)


def test_a_colleague_is_added_changed_and_removed(site: Site) -> None:
    browser = site.exhibitor(0)
    page = browser.get(site.path("/colleagues"))
    days = re.findall(r'name="days" value="([0-9-]+)" checked', page)
    assert days and "Add colleague" in page
    typed = {"name": "Nagy <Anna>", "email": "anna", "languages": "hu", "days": days}
    page = browser.post(site.path("/colleagues"), 422, **typed)
    assert (
        'value="Nagy &lt;Anna&gt;"' in page
        and 'href="#email">Email address</a>: enter an email address' in page
    )
    page = browser.post(site.path("/colleagues"), **typed | {"email": "anna@firm.example"})
    assert "Nagy &lt;Anna&gt; was added" in page
    with site.database.read() as session:
        key = session.query(Attendee.key).filter_by(email="anna@firm.example").scalar()
    page = browser.get(site.path(f"/colleagues/{key}"))
    assert 'value="Hungarian"' in page and 'name="email"' not in page
    typed |= {"languages": "Hungarian; 中文", "title": "Buyer"}
    assert "Saved. The next schedule takes this into account" in browser.post(
        site.path(f"/colleagues/{key}"), **typed
    )
    assert "Buyer" in site.exhibitor(1).get(site.path("/firms/f0"))
    assert "Colleague removed. The organisers can undo this" in browser.post(
        site.path(f"/colleagues/{key}/remove")
    )
    browser.get(site.path(f"/colleagues/{key}"), status=404)
    own = site.expo.people[0][0].key
    assert "Ask another company contact" in browser.post(site.path(f"/colleagues/{own}/remove"), 422)


def test_an_empty_form_says_each_thing_once_by_the_field_s_name(site: Site) -> None:
    browser = site.exhibitor(0)
    browser.get(site.path("/colleagues"))
    page = browser.post(site.path("/colleagues"), 422)
    said = re.findall(r'<li><a href="#(\w+)">([^<]*)</a>: ([^<]*)</li>', page)
    assert len({(label, sentence) for _, label, sentence in said}) == len(said) == 4
    assert ("name", "Name", "enter a value") in said and "latin_name" not in {name for name, *_ in said}
    beside = re.findall(r'id="(\w+)-error"><span[^>]*></span>([^<]*)<', page)
    assert {name for name, _ in beside} == {name for name, *_ in said}
    assert ("name", "Enter a value.") in beside


def test_where_it_is_switched_off_the_page_says_who_keeps_the_list(site: Site) -> None:
    with site.database.write() as session:
        session.get_one(Event, site.expo.event.id).colleagues = False
    page = site.exhibitor(0).get(site.path("/colleagues"), status=403)
    assert "The organisers manage the list of people. Contact them for changes." in page
