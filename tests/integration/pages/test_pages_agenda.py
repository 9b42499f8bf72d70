"""Agenda pages and PDFs."""

from __future__ import annotations

import pymupdf
import pytest

from scheduler.storage.models import Attendee
from tests.support import clocks
from tests.support.factories import (
    NOW,
    make_request,
    make_version,
    meet,
)
from tests.support.site import Site
from tests.support.web import Browser


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the clock before the event."""
    clocks.hold(monkeypatch, NOW)


def test_the_agenda_is_empty_before_the_first_publishing(site: Site) -> None:
    browser = site.exhibitor(0)
    assert "No schedule is published yet" in browser.get(site.path("/agenda"))
    assert "No schedule is published yet" in browser.get(site.path("/agenda/firm"))


def test_agendas_show_who_meets_whom_when_and_where(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, topic="Solid cells")
        colleague = site.expo.people[0][1]
        people = [colleague, site.expo.people[1][0]]
        make_version(session, site.expo, [meet(request, site.expo, slot=2, people=people)])
    page = site.browser(colleague).get(site.path("/agenda"))
    assert "Tue, 8 December 2026" in page and ">09:00</time>" in page and "<small>09:30</small>" in page
    assert "Beijing time, UTC+08:00" in page and "Table t0" in page and "Hall 0" in page
    assert "Firm 1" in page and "F1-P0" in page and "Solid cells" in page
    exhibitor = site.exhibitor(0)
    assert "You have no meetings in the published schedule" in exhibitor.get(site.path("/agenda"))
    page = exhibitor.get(site.path("/agenda/firm"))
    assert "Solid cells" in page and "F0-P1" in page
    assert "Solid cells" in exhibitor.get(site.path("/people/f0-p1/agenda"))
    exhibitor.get(site.path("/people/f1-p0/agenda"), 403)
    organiser = Browser(site.app, site.expo.organiser)
    page = organiser.get(site.path("/firms/f1"))
    for path in ("/firms/f1/agenda", "/people/f1-p0/agenda"):
        assert f'href="{site.path(path)}"' in page and "Solid cells" in organiser.get(site.path(path))


def _pdf(browser: Browser, page: str, path: str, status: int = 200) -> str:
    """Return the text of the PDF that a page links to."""
    assert f'href="{path}" download' in browser.get(page)
    answer = browser.client.get(path)
    assert answer.status_code == status
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/pdf", "private, no-store")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    return "\n".join(sheet.get_text() for sheet in pymupdf.open("pdf", answer.data))


def test_each_agenda_can_be_downloaded_as_a_pdf_by_those_who_may_read_it(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1, topic="Solid cells")
        people = [*site.expo.people[0], site.expo.people[1][0]]
        make_version(session, site.expo, [meet(request, site.expo, slot=2, people=people)])
    colleague, exhibitor = site.browser(site.expo.people[0][1]), site.exhibitor(0)
    organiser = Browser(site.app, site.expo.organiser)
    said = _pdf(colleague, site.path("/agenda"), site.path("/agenda.pdf"))
    for words in (
        "Agenda of F0-P1",
        "Tuesday, 8 December 2026",
        "09:00–09:30",
        "Your colleagues: F0-P0",
        "Firm 1",
    ):
        assert words in said
    said = _pdf(exhibitor, site.path("/agenda/firm"), site.path("/agenda/firm.pdf"))
    assert "Agenda of Firm 0" in said and "Firm 0: F0-P0, F0-P1" in said
    for browser, path in (
        (exhibitor, "/people/f0-p1/agenda"),
        (organiser, "/people/f1-p0/agenda"),
        (organiser, "/firms/f1/agenda"),
    ):
        assert "Topic: Solid cells" in _pdf(browser, site.path(path), site.path(f"{path}.pdf"))
    for path in ("/people/f1-p0/agenda.pdf", "/firms/f1/agenda.pdf"):
        exhibitor.get(site.path(path), 403)


def test_a_pdf_is_written_in_the_language_that_its_reader_chose(site: Site) -> None:
    with site.database.write() as session:
        session.get_one(Attendee, site.expo.people[0][0].id).mail_language = "zh"
        make_version(session, site.expo, [meet(make_request(session, site.expo), site.expo)])
    said = _pdf(site.exhibitor(0), site.path("/agenda"), site.path("/agenda.pdf"))
    assert "F0-P0的日程" in said and "北京时间" in said


def test_a_withdrawn_meeting_says_by_whom_and_why_on_the_partner_s_agenda_and_request(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 0, 1)
        make_version(session, site.expo, [meet(request, site.expo)])
    path = site.path(f"/requests/{request.key}")
    mine = site.exhibitor(0)
    mine.get(path)
    mine.post(f"{path}/withdraw", note="We <move> booth", seen="accepted")
    who = f"by {site.expo.people[0][0].name}, {site.expo.firms[0].name}"
    for page in (site.path("/agenda"), site.path("/agenda/firm"), path):
        text = site.exhibitor(1).get(page)
        assert who in text and "We &lt;move&gt; booth" in text, page
