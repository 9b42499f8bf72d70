"""Errors in exhibitors' and attendees' forms, in the reader's language.

Each field has its own error, and submitted values are preserved, even if the session has expired.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.domain.entities import RequestState
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest
from tests.support.factories import make_request
from tests.support.site import Site
from tests.support.web import Browser

TYPED = "Zellen – 电芯"
FORMS: dict[str, dict[str, Any]] = {
    "/firms/f1/request": {
        "fields": {"topic": "", "message": TYPED, "priority": "3", "length": "1", "place": "bar"},
        "zh": ["洽谈主题：请用一行文字填写洽谈内容。", "请选择展位、洽谈桌或不限"],
        "hu": [
            "Téma: írja le egy sorban, miről szól a találkozó.",
            "standot, asztalt vagy bármelyiket válasszon",
        ],
    },
    "/busy-times/link": {
        "fields": {"address": f"http://{TYPED}/", "timezone": "Asia/Shanghai"},
        "zh": ["请输入有效的日历地址。"],
        "hu": ["Érvényes naptárcímet adjon meg."],
    },
    "/tokens": {
        "fields": {"name": TYPED, "days": "7"},
        "zh": ["请至少选择一项", "请选择以下之一："],
        "hu": ["válasszon legalább egyet", "válasszon ezek közül:"],
    },
    "/profile": {
        "fields": {"description": TYPED + "x" * 4_000, "website": TYPED},
        "zh": ["最多输入4,000个字符"],
        "hu": ["Legfeljebb 4 000 karaktert adjon meg"],
    },
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, broker_url: str) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("faults") / "test.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield Site.of_three_firms(database, broker_url)
    database.dispose()


def reader(site: Site, language: str) -> Browser:
    browser = site.exhibitor(0)
    browser.get(site.path("/firms"))
    browser.post("/language", language=language, back=site.path("/firms"))
    return browser


@pytest.mark.parametrize("language", ["zh", "hu"])
def test_a_fault_is_said_at_its_field_and_what_was_typed_is_kept(language: str, site: Site) -> None:
    browser = reader(site, language)
    for path, form in FORMS.items():
        page = browser.post(site.path(path), status=422, **form["fields"])
        assert f'<html lang="{language}"' in page and TYPED in page, path
        for sentence in form[language]:
            assert sentence in page.replace("\N{NO-BREAK SPACE}", " "), re.findall(
                r'class="fault"[^<]*<', page
            )


def test_what_is_wrong_with_a_calendar_is_said_though_another_process_reads_it(site: Site) -> None:
    page = reader(site, "hu").post(
        site.path("/busy-times/upload"),
        status=422,
        timezone="UTC",
        file=(io.BytesIO(b"BEGIN:VCARD\r\nEND:VCARD\r\n"), "my.ics"),
    )
    assert "Ez nem naptárfájl (hiányzik a BEGIN:VCALENDAR). Exportálja újra a naptárt." in page, re.findall(
        r'class="fault"[^<]*<', page
    )


def test_a_form_that_was_sent_without_a_session_is_there_after_it_in_the_reader_s_language(
    site: Site,
) -> None:
    browser, path = reader(site, "hu"), site.path("/firms/f1/request")
    browser.post("/sign-out")
    browser.client.set_cookie("language", "hu")
    page = browser.post(path, 403, topic="", message=TYPED, priority="3", length="1", place="any")
    assert '<html lang="hu"' in page and 'name="errand"' in page


@pytest.mark.parametrize(("language", "said"), [("zh", "该请求已撤回。"), ("hu", "A kérést visszavonták.")])
def test_a_step_that_comes_too_late_says_what_became_of_the_request(
    language: str, said: str, site: Site
) -> None:
    browser = reader(site, language)
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=RequestState.PENDING)
    browser.get(site.path("/requests/received"))
    with site.database.write() as session:
        session.get_one(MeetingRequest, request.id).state = RequestState.WITHDRAWN
    page = browser.post(site.path(f"/requests/{request.key}/accept"))
    assert said in page


@pytest.mark.parametrize(("language", "said"), [("zh", "这是您自己的公司"), ("hu", "Ez az Ön cége.")])
def test_a_page_that_is_not_for_the_reader_says_so(language: str, said: str, site: Site) -> None:
    page = reader(site, language).get(site.path("/firms/f0/request"), status=403)
    assert said in page
