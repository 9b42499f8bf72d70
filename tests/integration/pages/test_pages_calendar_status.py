"""Calendar status pages: board, filters, call list, failed emails, addresses."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from scheduler.domain.entities import OutboxState
from scheduler.services.emails.calendar_status import calls
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, OutboxEmail, PhoneCall
from tests.support import clocks
from tests.support.event_with_replies import Health
from tests.support.factories import NOW, make_event
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


class Site:
    def __init__(self, database: Database) -> None:
        self.health = Health(database)
        self.app = web_app(database, NOWHERE)
        self.browser = Browser(self.app, self.health.expo.organiser)
        self.path = f"/events/{self.health.expo.event.key}/calendar-status"

    def page(self, path: str = "/") -> str:
        return self.browser.get(self.path + path)


@pytest.fixture
def site(database: Database, monkeypatch: pytest.MonkeyPatch) -> Site:
    made = Site(database)
    clocks.hold(monkeypatch, NOW)
    return made


def test_before_anything_is_published_the_board_says_so(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    assert "No invitations yet" in browser.get(f"/events/{expo.event.key}/calendar-status/")


def test_before_a_mail_is_sent_the_board_says_so(site: Site) -> None:
    with site.health.database.write() as session:
        session.execute(update(OutboxEmail).values(state=OutboxState.QUEUED))
    assert "no emails have been sent yet" in site.page()


def wait_for_answers(site: Site) -> None:
    """Let the emails have been sent days ago."""
    with site.health.database.write() as session:
        session.execute(update(OutboxEmail).values(sent_at=NOW - timedelta(days=4)))


def test_the_board_counts_states_in_words_and_lists_people(site: Site) -> None:
    site.health.answer(1, "ACCEPTED")
    page = site.page()
    assert re.search(rf'href="{site.path}/"[^>]*>(<[^>]*>)*Calendar status</a>', page)
    for words, share in (("Accepted", "50%"), ("No reply", "50%"), ("Declined", "0%")):
        value = rf'<dd class="bar-value">\d <small>{share}'
        assert re.search(rf"{words}</dt>(?:(?!</div>).)*{value}", page, re.DOTALL), words
    assert 'aria-hidden="true"' in page
    assert "has not replied to the invitation to 1 meeting" not in page.lower(), "it went out just now"
    wait_for_answers(site)
    assert "has not replied to the invitation to 1 meeting" in site.page().lower()


def test_filters_stand_in_the_address_and_the_list_of_calls_keeps_them(site: Site) -> None:
    site.health.answer(1, "ACCEPTED")
    page = site.page("/?state=accepted")
    assert "1 person" in page and site.health.person(1).latin_name in page
    assert f'href="{site.path}/calls.csv?state=accepted"' in page
    assert "No people match your filters" in site.page("/?state=bounced")
    assert "choose one of" in site.browser.get(site.path + "/?state=asleep", status=422)


def test_the_list_of_calls_is_a_csv_file_to_save(site: Site) -> None:
    wait_for_answers(site)
    response = site.browser.client.get(site.path + "/calls.csv?calls=yes")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.data.startswith(b"\xef\xbb\xbfName,")
    assert len(response.text.splitlines()) == 3


def test_a_person_is_shown_with_meetings_answers_and_the_way_to_reach_them(site: Site) -> None:
    with site.health.database.write() as session:
        session.execute(update(Attendee).values(phone="+86 10 6552"))
    site.health.answer(0, "TENTATIVE", lines="COMMENT:<b>Perhaps</b>\n")
    page = site.page(f"/people/{site.health.person(0).key}")
    assert "+86 10 6552" in page and "Tentative" in page and "from their calendar" in page
    assert "&lt;b&gt;Perhaps" in page and "<b>Perhaps" not in page


def test_a_call_is_given_to_somebody_of_the_team_and_what_came_of_it_is_kept(site: Site) -> None:
    wait_for_answers(site)
    first, account = f"/people/{site.health.person(0).key}", site.health.expo.organiser
    assert 'id="caller"' in site.page(first)
    page = site.browser.post(f"{site.path}{first}/call", caller=str(account.id), note="Comes <b>later</b>")
    assert "Call saved." in page and f"Last changed by {account.name or account.email}" in page
    page = site.page("/?whose=mine")
    assert "1 person" in page and "Comes &lt;b&gt;later" in page
    assert f"Call assigned to {account.name or account.email}." in page
    assert "1 person" in site.page("/?whose=nobody")
    rows = site.browser.client.get(site.path + "/calls.csv?calls=yes").text.splitlines()
    assert [row.split(",")[-1] for row in rows] == ["Note", "Comes <b>later</b>", ""]
    site.browser.post(f"{site.path}{first}/call", caller="", note="Comes")
    assert "No people match your filters" in site.page("/?whose=mine")


def test_two_who_take_a_call_at_once_leave_one_row(site: Site) -> None:
    health = site.health
    key, account = health.person(0).key, health.expo.organiser.id

    def take(note: str) -> None:
        with health.database.write() as session:
            calls.save_call(
                session, health.expo.organiser_actor(), key, caller_id=account, note=note, now=NOW
            )

    notes = [f"note {n}" for n in range(6)]
    with ThreadPoolExecutor(len(notes)) as pool:
        list(pool.map(take, notes))
    with health.database.read() as session:
        (kept,) = session.scalars(select(PhoneCall)).all()
    assert kept.note in notes


def test_a_call_of_a_stranger_or_with_a_long_note_is_refused_at_its_field(site: Site) -> None:
    wait_for_answers(site)
    path = f"{site.path}/people/{site.health.person(0).key}"
    site.browser.get(path)
    stranger = str(site.health.person(0).account_id)
    page = site.browser.post(path + "/call", status=422, caller=stranger, note="x" * 501)
    assert re.search(r'id="caller-error"><span[^>]*></span>[Cc]hoose a member of the team', page)
    assert 'id="note-error"' in page
    assert "x" * 501 in page


def test_the_phone_number_is_on_no_page_that_others_see(site: Site) -> None:
    with site.health.database.write() as session:
        session.execute(update(Attendee).values(phone="+86 10 6552"))
        exhibitor = session.get_one(Account, site.health.person(0).account_id)
    browser = Browser(site.app, exhibitor)
    key = site.health.expo.event.key
    for path in ("firms", "firms/f0", "firms/f1", "agenda", "agenda/firm"):
        assert "6552" not in browser.get(f"/events/{key}/{path}")


def test_an_address_is_corrected_and_the_record_shows_who_did_it(site: Site) -> None:
    site.health.bounce(5)
    path = f"/people/{site.health.person(0).key}"
    assert "No emails are sent to this address" in site.page(path)
    page = site.browser.post(f"{site.path}{path}/address", email="new@firm.example")
    # The invitation and the notice of the change go to the new address, because the old one bounces.
    queued = select(OutboxEmail).where(
        OutboxEmail.to_address == "new@firm.example", OutboxEmail.state == OutboxState.QUEUED
    )
    with site.health.database.read() as session:
        assert len(session.scalars(queued).all()) == 2
    assert "Email address saved. 2 emails are being sent." in page
    assert f"changed from {site.health.first} to new@firm.example" in page
    assert site.health.expo.organiser.email in page and "No emails are sent to this address" not in page


def test_a_wrong_address_is_refused_beside_its_field_and_kept_as_typed(site: Site) -> None:
    path = f"/people/{site.health.person(0).key}"
    site.page(path)
    page = site.browser.post(f"{site.path}{path}/address", status=422, email="new@firm")
    assert 'id="email-error"' in page and 'value="new@firm"' in page and 'aria-invalid="true"' in page


def test_dead_letters_are_sent_again_or_put_away(site: Site) -> None:
    assert "No failed emails." in site.page("/failed-emails")
    site.health.move(2, 10, refuse=site.health.first)
    page = site.page("/failed-emails")
    assert "Permanently rejected" in page and "550 no" in page and "Failed emails (1)" in page
    (number,) = re.findall(r'name="mail" value="(\d+)"', page)
    assert "Select at least one email." in site.browser.post(f"{site.path}/failed-emails/drop")
    page = site.browser.post(f"{site.path}/failed-emails/resend", mail=number)
    assert "1 email queued for resending." in page and "No failed emails." in page
    page = site.browser.post(f"{site.path}/failed-emails/resend", mail=number)
    assert "0 emails queued for resending. 1 was skipped: already sent, archived or replaced" in page


def test_all_dead_letters_are_sent_again_but_those_that_bounce(site: Site) -> None:
    site.health.bounce(5)
    site.health.move(2, 10, refuse=site.health.person(1).email)
    page = site.page("/failed-emails")
    assert "Resend all 1" in page and "1 email to an address that bounces" in page
    assert "1 email queued for resending." in site.browser.post(
        f"{site.path}/failed-emails/resend", all="yes"
    )
    assert "Address bounced" in site.page("/failed-emails")


def test_mails_that_are_tried_again_are_listed_with_the_next_try(site: Site) -> None:
    site.health.move(2, 10, refuse=site.health.first, permanent=False)
    page = site.page("/failed-emails?list=retrying")
    assert "Temporarily rejected" in page and "Retrying (1)" in page and 'name="mail"' not in page


def test_nobody_else_sees_these_pages_or_does_anything_there(site: Site) -> None:
    site.health.move(2, 10, refuse=site.health.first)
    (letter,) = site.health.dead()
    with site.health.database.write() as session:
        exhibitor = session.get_one(Account, site.health.person(0).account_id)
        other = make_event(session).organiser
    key = site.health.person(0).key
    for account in (exhibitor, other):
        browser = Browser(site.app, account)
        for path in ("/", "/calls.csv", "/failed-emails", f"/people/{key}"):
            browser.get(site.path + path, status=404)
        browser.get("/")
        for path in ("/failed-emails/resend", "/failed-emails/drop", f"/people/{key}/address"):
            browser.post(site.path + path, status=404, mail=letter.id, email="a@b.example")
    assert len(site.health.dead()) == 1
    assert site.health.shown(0).email == site.health.first
