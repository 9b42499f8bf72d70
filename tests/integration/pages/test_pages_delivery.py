"""Delivery of pages: compression, caching, and redirects from form URLs."""

from __future__ import annotations

import gzip
import io
import re
from datetime import timedelta

import pytest
from flask import Flask

from api.pages.compression import LEAST
from scheduler.domain.entities import RequestState
from scheduler.services.identity import sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import Account
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


class Site:
    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=3, slots="2 2")
        self.app: Flask = web_app(database, NOWHERE)
        self.account = self._account()
        self.browser = Browser(self.app, self.account)

    def _account(self) -> Account:
        with self.database.read() as session:
            return session.get_one(Account, self.expo.people[0][0].account_id)

    def path(self, rest: str) -> str:
        return f"/events/{self.expo.event.key}{rest}"


@pytest.fixture
def site(database: Database) -> Site:
    return Site(database)


def test_a_page_is_compressed_for_who_takes_that(site: Site) -> None:
    path = site.path("/firms")
    plain = site.browser.client.get(path)
    packed = site.browser.client.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers and packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain.headers["Vary"] and "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data).count(b"Firm 1") == plain.data.count(b"Firm 1") > 0
    assert len(packed.data) < len(plain.data) / 2


@pytest.mark.parametrize("path", ["/agenda", "/agenda/firm", "/tokens"])
def test_a_page_with_an_address_or_token_that_opens_by_itself_is_not_compressed(
    site: Site, path: str
) -> None:
    answer = site.browser.client.get(site.path(path), headers=GZIP)
    assert answer.status_code == 200 and len(answer.data) > LEAST
    assert "Content-Encoding" not in answer.headers


def test_static_files_have_an_address_of_their_contents_and_are_kept_for_a_year(site: Site) -> None:
    page = site.browser.get(site.path("/firms"))
    addresses = set(re.findall(r'"(/static/[^"]+)"', page))
    assert len(addresses) == 6
    for address in addresses:
        answer = site.browser.client.get(address, headers=GZIP)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", address
    other = site.browser.client.get("/static/system.css?v=other")
    assert other.headers["Cache-Control"] == "no-cache", "an older page must not keep newer contents"


@pytest.mark.parametrize(
    ("form", "page"),
    [
        ("/busy-times/upload", "/busy-times"),
        ("/busy-times/link", "/busy-times"),
        ("/busy-times/caldav", "/busy-times"),
        ("/requests/KEY/accept", "/requests/KEY"),
        ("/agenda/feed", "/agenda"),
    ],
)
def test_the_address_of_a_form_leads_who_loads_it_to_its_page(site: Site, form: str, page: str) -> None:
    with site.database.write() as session:
        key = make_request(session, site.expo, 1, 0, state=RequestState.PENDING).key
    answer = site.browser.client.get(site.path(form.replace("KEY", key)))
    assert (answer.status_code, answer.location) == (303, site.path(page.replace("KEY", key)))


def test_only_who_loads_a_page_is_led_on(site: Site) -> None:
    assert site.browser.client.put(site.path("/busy-times/upload")).status_code == 405


def test_a_file_that_is_too_large_is_a_sentence_at_its_field_and_the_form_stays(site: Site) -> None:
    site.browser.get(site.path("/busy-times"))
    file = io.BytesIO(b"x" * (12 << 20)), "busy.ics"
    page = site.browser.post(site.path("/busy-times/upload"), status=413, file=file)
    assert re.search(r'id="file-error">.*?</span>The file is too large\. Files can be up to 10 MB\.', page)
    assert "Preview file" in page


def test_nobody_reads_a_form_by_sending_too_much_to_it(site: Site) -> None:
    stranger = site.app.test_client()
    data = {"file": (io.BytesIO(b"x" * (12 << 20)), "busy.ics")}
    assert "Preview file" not in stranger.post(site.path("/busy-times/upload"), data=data).text


def test_an_error_inside_an_event_keeps_its_menu(site: Site) -> None:
    page = site.browser.get(site.path("/requests/nothing"), status=404)
    assert 'aria-label="Event"' in page and site.expo.event.name in page
    other = site.browser.get("/events/nothing/firms", status=404)
    assert 'aria-label="Event"' not in other


def test_a_used_sign_in_link_takes_who_is_signed_in_on(site: Site) -> None:
    with site.database.write() as session:
        now = site.database.now()
        token = sign_in.make_sign_in_link(session, site.account.id, secret_key=SECRET_KEY, now=now)
    first = Browser(site.app)
    first.get(f"/sign-in/{token}")
    first.post(f"/sign-in/{token}")
    assert "This link doesn't work" not in first.get(f"/sign-in/{token}")
    Browser(site.app).get(f"/sign-in/{token}", status=410)


def test_who_has_to_answer_reads_how_long_there_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from api import context

    monkeypatch.setattr(context, "now", lambda: NOW)
    with site.database.write() as session:
        make_request(
            session, site.expo, 1, 0, state=RequestState.PENDING, expires_at=NOW + timedelta(days=2, hours=3)
        )
    page = site.browser.get(site.path("/requests/received"))
    assert "2 days left" in page
    assert re.search(r'class="tag tag-brand"><span[^>]*></span>Waiting for your response<', page)


def test_a_downloaded_agenda_is_named_by_its_owner_and_event(site: Site) -> None:
    with site.database.write() as session:
        person = session.merge(site.expo.people[0][0])
        person.latin_name = 'Li "Wei" / 2'
    names = [
        site.browser.client.get(site.path(path)).headers["Content-Disposition"]
        for path in ("/agenda.pdf", "/agenda/firm.pdf")
    ]
    event = site.expo.event.key
    assert names == [
        f"attachment; filename=agenda-Li_Wei_2-{event}.pdf",
        f"attachment; filename=agenda-Firm_0-{event}.pdf",
    ]
