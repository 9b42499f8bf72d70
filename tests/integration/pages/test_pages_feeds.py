"""Calendar feeds: their URLs, and their content."""

from __future__ import annotations

import logging
from datetime import timedelta
from urllib.robotparser import RobotFileParser

import pytest
from sqlalchemy import select

from api import context
from scheduler.domain.entities import VersionState
from scheduler.services.schedule import feed_addresses
from scheduler.storage.models import Attendee, CalendarUse, Firm
from tests.support import clocks
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    make_attendee,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import publish_version
from tests.support.queries import statements
from tests.support.site import Site


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the clock before the event."""
    clocks.hold(monkeypatch, NOW)


def _publish(site: Site) -> None:
    """Publish a meeting of firms 0 and 1, with invitations in the outbox."""
    with site.database.write() as session:
        meeting = meet(make_request(session, site.expo), site.expo)
        make_version(session, site.expo, [meeting], state=VersionState.DRAFT)
    with site.database.write() as session, site.app.app_context():
        publish_version(
            session,
            event_id=site.expo.event.id,
            number=1,
            compared_with=None,
            by=None,
            settings=context.settings(),
            now=NOW,
        )


def _feed(row: Attendee | Firm) -> str:
    owner = feed_addresses.build_owner(row)
    return f"/calendar/{feed_addresses.feed_token(owner, SECRET_KEY)}.ics"


def test_trap_20_the_feed_needs_no_cookie_and_is_a_calendar_whatever_is_asked_for(site: Site) -> None:
    _publish(site)
    client = site.app.test_client()
    for headers in ({}, {"Accept": "text/html"}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        answer = client.get(_feed(site.expo.people[0][0]), headers=headers)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer.headers["Cache-Control"] == "private, max-age=300"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert "Last-Modified" not in answer.headers, "If-Modified-Since is not answered"
        assert not answer.headers["ETag"].startswith("W/") and answer.get_etag()[0]
        assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers.get("Vary", "")
        assert answer.data.count(b"BEGIN:VEVENT") == 1
    head = client.head(_feed(site.expo.people[0][0]))
    assert head.status_code == 200 and head.data == b"" and head.headers["ETag"] == answer.headers["ETag"]


def test_1_9_an_unchanged_feed_is_not_sent_again_by_weak_tag_list_or_star(site: Site) -> None:
    _publish(site)
    client = site.app.test_client()
    path = _feed(site.expo.people[0][0])
    tag = client.get(path).headers["ETag"]
    for same in (tag, f"W/{tag}", f'"other", {tag}', f'W/"other",W/{tag}', "*"):
        answer = client.get(path, headers={"If-None-Match": same})
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag), same
        assert client.head(path, headers={"If-None-Match": same}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    since = {"If-Modified-Since": "Tue, 24 Nov 2026 08:00:00 GMT"}
    assert client.get(path, headers=since).status_code == 200


def test_an_unchanged_feed_takes_one_query_and_writes_nothing(site: Site) -> None:
    _publish(site)
    client = site.app.test_client()
    path = _feed(site.expo.people[0][0])
    tag = client.get(path).headers["ETag"]
    with statements(site.database.engine) as seen:
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    asked = [words for words in seen if words != "BEGIN" and not words.startswith("PRAGMA")]
    assert [words.split()[0] for words in asked] == ["SELECT"]


def test_a_feed_that_is_polled_counts_as_used_again_after_half_a_day(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = site.expo.people[0][0]
    client = site.app.test_client()
    tag = client.get(_feed(person)).headers["ETag"]
    used = []
    for hours in (11, 12):
        clocks.hold(monkeypatch, NOW + timedelta(hours=hours))
        assert client.get(_feed(person), headers={"If-None-Match": tag}).status_code == 304
        with site.database.read() as session:
            used.append(session.scalars(select(CalendarUse.last_used_at)).one() - NOW)
    assert used == [timedelta(), timedelta(hours=12)]


def test_1_9_a_feed_without_meetings_is_still_a_calendar(site: Site) -> None:
    answer = site.app.test_client().get(_feed(site.expo.people[0][0]))
    assert answer.data.startswith(b"BEGIN:VCALENDAR\r\n") and b"BEGIN:VTIMEZONE" in answer.data


def test_a_wrong_or_renewed_address_is_not_found(site: Site) -> None:
    person = site.expo.people[0][0]
    browser = site.browser(person)
    page = browser.get(site.path("/agenda"))
    address = "127.0.0.1:8000" + _feed(person)
    assert f'value="http://{address}"' in page and f'value="webcal://{address}"' in page
    page = browser.post(site.path("/agenda/feed"))
    assert "Your calendar feed has a new link" in page and _feed(person) not in page
    client = site.app.test_client()
    assert client.get(_feed(person)).status_code == 404
    assert client.get("/calendar/wrong.ics").status_code == 404
    with site.database.read() as session:
        renewed = session.get_one(Attendee, person.id)
    assert client.get(_feed(renewed)).status_code == 200


def test_the_firms_calendar_has_an_address_when_an_exhibitor_wants_one_and_until_it_ends(site: Site) -> None:
    _publish(site)
    browser, client = site.exhibitor(0), site.app.test_client()
    path = site.path("/agenda/firm")
    assert "Create link" in browser.get(path) and "/calendar/" not in browser.get(path)
    page = browser.post(f"{path}/feed")
    with site.database.read() as session:
        address = _feed(session.get_one(Firm, site.expo.firms[0].id))
    for scheme in ("http", "webcal"):
        assert f'value="{scheme}://127.0.0.1:8000{address}"' in page
    answer = client.get(address)
    assert answer.status_code == 200 and answer.data.count(b"BEGIN:VEVENT") == 1
    assert address not in browser.post(f"{path}/feed")
    assert client.get(address).status_code == 404
    assert "Create link" in browser.post(f"{path}/feed/end")


def test_only_exhibitors_see_the_address_of_the_firms_calendar(site: Site) -> None:
    with site.database.write() as session:
        feed_addresses.renew_firm_feed(session, site.expo.actor(0), secret_key=SECRET_KEY)
        colleague = make_attendee(session, site.expo, 0)
    page = site.browser(colleague).get(site.path("/agenda/firm"))
    assert "/calendar/" not in page and "Create link" not in page
    site.browser(colleague).get(site.path("/agenda"))
    browser = site.browser(colleague)
    browser.get(site.path("/agenda"))
    for step in ("feed", "feed/end"):
        browser.post(site.path(f"/agenda/firm/{step}"), status=403)


@pytest.mark.parametrize(
    ("service", "updates"),
    [
        ("Google", "checks for changes only every 8 to 24 hours. Emails are faster."),
        ("Outlook", "Changes can take a few hours to appear."),
        ("Apple", "There you can choose how often the calendar refreshes."),
        ("Thunderbird", "It refreshes every 30 minutes by default."),
    ],
)
def test_1_9_the_page_says_how_to_add_the_feed_to_a_calendar(site: Site, service: str, updates: str) -> None:
    page = site.exhibitor(0).get(site.path("/agenda"))
    assert f"<dt>{service}</dt>" in page
    assert updates in page.partition(f"<dt>{service}</dt>")[2].partition("<dt>")[0]


def test_trap_20_robots_may_fetch_feeds_and_nothing_else(site: Site) -> None:
    answer = site.app.test_client().get("/robots.txt")
    rules = RobotFileParser()
    rules.parse(answer.text.splitlines())
    assert rules.can_fetch("Google-Calendar-Importer", "https://meet.example/calendar/abc.ics")
    assert not rules.can_fetch("Googlebot", "https://meet.example/events/expo")


def test_1_9_no_secret_address_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = feed_addresses.feed_token(feed_addresses.build_owner(site.expo.people[0][0]), SECRET_KEY)
    client = site.app.test_client()
    for path in (f"/calendar/{token}.ics", f"/calendar/{token[1:]}x.ics"):
        client.get(path)
    assert token[5:] not in caplog.text
