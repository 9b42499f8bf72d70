"""Pages in Arabic: for guests only, from right to left, with values in their own direction."""

from __future__ import annotations

import pytest

from tests.support import clocks
from tests.support.factories import NOW, make_request, make_version, meet
from tests.support.site import Site
from tests.support.web import Browser

RTL = '<html lang="ar" dir="rtl">'


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the clock before the event."""
    clocks.hold(monkeypatch, NOW)


def in_arabic(browser: Browser) -> Browser:
    browser.client.set_cookie("language", "ar")
    return browser


def test_a_person_signs_in_requests_a_meeting_and_sees_the_agenda_in_arabic(site: Site) -> None:
    page = in_arabic(Browser(site.app)).get("/sign-in")
    assert RTL in page and "<h1>تسجيل الدخول</h1>" in page
    browser = site.exhibitor(0)
    assert RTL in browser.post("/language", language="ar", back="/sessions")
    page = browser.get(site.path("/firms/f1/request"))
    assert RTL in page and "طلب اجتماع مع \u2068Firm 1\u2069" in page and "إرسال الطلب" in page
    page = browser.post(site.path("/firms/f1/request"), status=422, topic="")
    assert RTL in page and "أدخل" in page and "Enter" not in page
    page = browser.post(
        site.path("/firms/f1/request"), topic="Cells", priority="5", length="1", place="booth"
    )
    assert "تم إرسال الطلب إلى \u2068Firm 1\u2069. سيظهر ردّهم هنا." in page
    with site.database.write() as session:
        held = make_request(session, site.expo, 0, 2, topic="Tools")
        make_version(session, site.expo, [meet(held, site.expo)])
    page = browser.get(site.path("/agenda"))
    assert RTL in page and "<h1>جدول مواعيدي</h1>" in page and "<bdi>Firm 2</bdi>" in page
    assert "الاثنين، 7 ديسمبر 2026" in page
    answer = browser.client.get(site.path("/agenda.pdf"))
    assert answer.data.startswith(b"%PDF") and b"/Direction/R2L" in answer.data


def test_the_team_reads_its_second_language_and_is_not_offered_arabic(site: Site) -> None:
    organiser = in_arabic(site.organiser())
    page = organiser.get(site.path("/firms"))
    assert '<html lang="en" dir="ltr">' in page and 'value="zh" lang="zh"' in page
    assert 'value="ar"' not in page
    headers = {"Accept-Language": "ar,zh;q=0.5"}
    for path in ("/firms", "/settings", "/requests/no-such-key"):
        assert '<html lang="zh" dir="ltr">' in organiser.client.get(site.path(path), headers=headers).text
    assert 'value="ar" lang="ar" aria-current="true"' in in_arabic(site.exhibitor(0)).get(site.path("/firms"))
