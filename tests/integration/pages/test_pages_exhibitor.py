"""Exhibitor pages: confidentiality, and escaping of input."""

from __future__ import annotations

import pytest

from scheduler.domain.entities import RequestState
from tests.support import clocks
from tests.support.factories import (
    NOW,
    make_attendee,
    make_event,
    make_request,
)
from tests.support.site import Site


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the clock before the event."""
    clocks.hold(monkeypatch, NOW)


def test_only_exhibitors_ask_and_answer(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    browser = site.browser(site.expo.people[0][1])
    page = browser.get(site.path("/requests/received"))
    assert (
        "You&#39;re viewing your company&#39;s requests." in page
        or "You're viewing your company's requests." in page
    )
    assert "Accept" not in page.replace("Accepted", "")
    browser.get(site.path("/firms/f1/request"), 403)
    browser.post(site.path(f"/requests/{request.key}/accept"), 403)
    assert site.stored()[0].state is RequestState.PENDING


def test_other_firms_and_events_are_not_there(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 2, state=RequestState.PENDING)
        other = make_event(session)
    browser = site.exhibitor(0)
    browser.get(site.path("/firms"))
    browser.get(site.path(f"/requests/{request.key}"), 404)
    browser.post(site.path(f"/requests/{request.key}/withdraw"), 404)
    browser.get(f"/events/{other.event.key}/firms", 404)
    browser.get(site.path("/firms/f1/agenda"), 403)


def test_whoever_is_signed_out_is_sent_to_sign_in(site: Site) -> None:
    client = site.app.test_client()
    answer = client.get(site.path("/firms"))
    assert answer.status_code == 302 and answer.location.startswith("/sign-in")
    answer = client.get(site.path("/firms"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in")


def test_a_form_without_its_token_does_nothing(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    answer = site.exhibitor(0).client.post(site.path(f"/requests/{request.key}/accept"))
    assert answer.status_code == 400 and "This form has expired" in answer.text
    assert site.stored()[0].state is RequestState.PENDING


def test_what_people_type_is_shown_as_text(site: Site) -> None:
    evil = "<script>alert(1)</script>"
    with site.database.write() as session:
        make_attendee(session, site.expo, 1, name=evil, latin_name=evil, title=evil)
        make_request(session, site.expo, 1, 0, state=RequestState.PENDING, topic=evil, message=evil)
    browser = site.exhibitor(0)
    for path in (
        "/requests/received",
        "/requests/received?text=%3Cscript%3E",
        "/firms/f1",
        "/firms/f1/request",
    ):
        page = browser.get(site.path(path))
        assert evil not in page and "&lt;script&gt;" in page
