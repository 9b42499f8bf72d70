"""Preferences page: language, time zone, emails, feed and sessions, and their effects."""

from __future__ import annotations

import html
import re
from email import message_from_bytes

import pytest

from scheduler.services.delivery import rendering
from scheduler.services.identity import preferences, summary_subscriptions
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee
from tests.support import replies
from tests.support.factories import NOW, make_event
from tests.support.published import Published
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


def section(page: str, name: str) -> str:
    """Return the section of a page with this ID."""
    found = re.search(rf'<section [^>]*id="{name}".*?</section>', page, re.DOTALL)
    assert found is not None, name
    return found[0]


def chosen(page: str, name: str) -> str:
    """Return the selected radio button of a group."""
    found = re.findall(rf'name="{name}" value="([\w-]+)" checked', page)
    assert len(found) == 1, (name, found)
    return str(found[0])


def shown(page: str) -> str:
    """Return the page's text without tags, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2])).split())


def test_an_attendee_chooses_and_sees_how_a_mail_says_it(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = Browser(web_app(database, NOWHERE), account)
    path = f"/events/{expo.event.key}/preferences"
    page = browser.get(path)
    assert "Automatic: English" in page and "time only." in page
    page = browser.post(path, language="hu", timezone="Europe/Budapest")
    assert "Nyelv és időzóna mentve." in section(page, "language"), "in the language that was chosen"
    assert "Mikor 2026. december 7., hétfő, 09:00–09:30 (pekingi idő, UTC+08:00)" in shown(page)
    assert "Az Ön ideje szerint 2026. december 7., hétfő, 02:00–02:30" in shown(page)


def test_a_wrong_choice_is_said_at_its_field_and_kept_in_the_form(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = Browser(web_app(database, NOWHERE), account)
    path = f"/events/{expo.event.key}/preferences"
    browser.get(path)
    page = browser.post(path, status=422, language="zh", timezone="Mars/Base")
    field = page.partition('<label for="timezone"')[2].partition("</div>")[0]
    assert "Choose a time zone from the list. Type a city or a country, like Budapest." in field
    assert 'value="Mars/Base"' in field and 'aria-invalid="true"' in field
    assert '<option value="zh" selected>中文' in page


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Chicago, United States", "America/Chicago"),
        ("Chicago, United States (UTC-05:00)", "America/Chicago"),
        ("chicago", "America/Chicago"),
        ("America/Chicago", "America/Chicago"),
        ("Tell City", "America/Indiana/Tell_City"),
        ("Buenos Aires, Argentina", "America/Argentina/Buenos_Aires"),
        ("", ""),
    ],
)
def test_a_zone_is_found_by_its_city_and_shown_by_its_name(database: Database, typed: str, zone: str) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = Browser(web_app(database, NOWHERE), account)
    path = f"/events/{expo.event.key}/preferences"
    page = browser.get(path)
    assert "<option>Beijing, China" not in page and "<option>Shanghai, China (UTC+08:00)</option>" in page
    assert "Truk" not in page and "Calcutta" not in page and "Kolkata, India" in page
    assert "Language and time zone saved." in browser.post(path, language="en", timezone=typed)
    with database.read() as session:
        assert session.get_one(Attendee, expo.people[0][0].id).timezone == zone


def test_zones_have_their_names_in_the_language_of_the_page(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = Browser(web_app(database, NOWHERE), account)
    path = f"/events/{expo.event.key}/preferences"
    browser.get(path)
    assert "芝加哥，美国" in (page := browser.post(path, language="zh", timezone="Chicago"))
    assert 'value="芝加哥，美国（UTC-06:00）"' in page and "北京时间" in browser.get(
        f"/events/{expo.event.key}/week"
    )
    page = browser.post(path, language="hu", timezone="芝加哥，美国（UTC-06:00）")
    assert 'value="Chicago, Egyesült Államok (UTC-06:00)"' in page
    assert "pekingi idő" in browser.get(f"/events/{expo.event.key}/week")


def test_organisers_have_no_mails_of_their_own_to_choose_for(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    browser.get(f"/events/{expo.event.key}/preferences", status=403)


def linked(database: Database, language: str) -> tuple[Published, Browser, str]:
    """A published meeting whose first attendee reads a language in Budapest time, and their link."""
    published = Published(database)
    with database.write() as session:
        actor = published.expo.actor(0)
        preferences.save_preferences(session, actor, language=language, timezone="Europe/Budapest")
    published.mails |= published.publish_again(slot=1)
    link = f"/answers/{replies.token(published.mail_to(0))}"
    return published, Browser(web_app(database, NOWHERE)), link


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "zh",
            [
                "与Firm 1洽谈",
                "2026年12月7日 星期一 09:30–10:00 北京时间",
                "您的当地时间：2026年12月7日 星期一 02:30–03:00（布达佩斯，UTC+01:00）",
                "您代表贵公司作决定。如果您谢绝，这场洽谈将取消。",
                "其他选项",
            ],
        ),
        (
            "hu",
            [
                "Találkozó: Firm 1",
                "2026. december 7., hétfő, 09:30–10:00 pekingi idő, UTC+08:00",
                "Az Ön ideje szerint: 2026. december 7., hétfő, 02:30–03:00 (Budapest, UTC+01:00)",
                "Ön dönt a cége nevében. Ha elutasítja, a találkozó elmarad.",
                "További lehetőségek",
            ],
        ),
    ],
)
def test_the_page_behind_a_link_speaks_the_mails_language(
    database: Database, language: str, texts: list[str]
) -> None:
    _, visitor, link = linked(database, language)
    page = visitor.get(f"{link}/decline")
    assert f'<html lang="{language}" dir="ltr">' in page
    assert [text for text in texts if text not in shown(page)] == []


def test_what_the_buttons_say_is_in_the_mails_language_too(database: Database) -> None:
    _, visitor, link = linked(database, "zh")
    visitor.get(f"{link}/accept")
    assert "您的回复：接受。" in visitor.post(f"{link}/accept", sequence=1)
    assert "请从列表中选择一个时间。" in visitor.post(f"{link}/propose", 422, sequence=1, slot="x")
    assert "留言过长，请控制在1000个字符以内。" in visitor.post(
        f"{link}/decline", 422, sequence=1, comment="x" * 1001
    )
    assert "您建议的时间：2026年12月7日 星期一 10:30–11:00" in visitor.post(
        f"{link}/propose", sequence=1, slot="s3"
    )
    assert "这场洽谈已变更或取消" in visitor.post(f"{link}/accept", 409, sequence=0)


def test_times_to_propose_are_told_by_both_clocks(database: Database) -> None:
    _, visitor, link = linked(database, "en")
    page = shown(visitor.get(f"{link}/propose"))
    assert "Mon 7 Dec 10:30–11:00 · Your time: 03:30" in page


def test_summaries_are_stopped_and_sent_again_here_as_by_their_link(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2, summary_mails=True)
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = Browser(web_app(database, NOWHERE), account)
    path = f"/events/{expo.event.key}/preferences"

    def stopped() -> list[bool]:
        with database.read() as session:
            return [
                session.get_one(Attendee, row[0].id).summaries_stopped_at is not None for row in expo.people
            ]

    assert chosen(browser.get(path), "summaries") == "on"
    page = browser.post(f"{path}/emails", summaries="off")
    assert "Email settings saved." in section(page, "emails")
    assert chosen(page, "summaries") == "off" and stopped() == [True, False]
    assert chosen(browser.post(f"{path}/emails", summaries="on"), "summaries") == "on"
    assert stopped() == [False, False]
    with database.write() as session:
        summary_subscriptions.set_own_subscription(session, expo.actor(0), is_wanted=False, now=NOW)
    assert chosen(browser.get(path), "summaries") == "off", "by whatever way it was done"


def test_an_event_without_summaries_says_so(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = Browser(web_app(database, NOWHERE), account)
    page = browser.get(f"/events/{expo.event.key}/preferences")
    assert "This event sends no schedule summaries." in page and 'name="summaries"' not in page


def test_who_is_no_attendee_stops_no_summaries(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    browser.get("/")
    browser.post(f"/events/{expo.event.key}/preferences/emails", status=403, summaries="off")


def test_each_section_says_at_its_place_that_it_is_saved(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1, summary_mails=True, digest_mails=True)
        account = session.get_one(Account, expo.people[0][0].account_id)
    browser = Browser(web_app(database, NOWHERE), account)
    path = f"/events/{expo.event.key}/preferences"
    browser.get(path)
    sentences = {
        "language": "Language and time zone saved.",
        "emails": "Email settings saved.",
        "feed": "Your calendar feed has a new address. The old one no longer works.",
        "sessions": "All other browsers signed out.",
    }
    sent = {
        "language": path,
        "emails": f"{path}/emails",
        "feed": f"{path}/feed",
        "sessions": "/sessions/others/end",
    }
    for name, address in sent.items():
        response = browser.client.post(
            address, data={"csrf_token": browser.token, "back": path, "timezone": ""}
        )
        assert response.headers["Location"] == f"{path}#{name}"
        page = browser.get(path)
        assert {each: text in section(page, each) for each, text in sentences.items()} == {
            each: each == name for each in sentences
        }
        assert page.count(sentences[name]) == 1, "and nowhere else"


def published_with_settings(database: Database) -> tuple[Published, Browser, str]:
    """A published meeting, and an attendee's browser with the path of their preferences."""
    published = Published(database)
    with database.read() as session:
        account = session.get_one(Account, published.expo.people[0][0].account_id)
    browser = Browser(web_app(database, NOWHERE), account)
    return published, browser, f"/events/{published.expo.event.key}/preferences"


def test_the_feed_follows_each_change_until_its_link_is_reset(database: Database) -> None:
    published, browser, path = published_with_settings(database)

    def address() -> str:
        found = re.search(r'id="feed-address"[^>]* value="[^"]*(/calendar/\w+\.ics)"', browser.get(path))
        assert found is not None
        return found[1]

    first = address()
    stranger = Browser(web_app(database, NOWHERE))
    before = stranger.client.get(first).text
    published.publish_again(slot=1)
    assert stranger.client.get(first).text != before
    browser.post(f"{path}/feed")
    assert address() != first
    assert stranger.client.get(first).status_code == 404 and stranger.client.get(address()).status_code == 200


def test_a_new_choice_sends_nothing_and_the_next_invitation_has_it(database: Database) -> None:
    published, browser, path = published_with_settings(database)
    browser.get(path)
    page = browser.post(path, language="hu", timezone="Budapest")
    example = re.findall(r"<d[dt][^>]*>(.*?)</d[dt]>", section(page, "language"))
    published.mails = published.publish_again(slot=0)
    assert published.mails == {}, "who was told already is not told again"
    published.mails = published.publish_again(slot=1)
    mail = message_from_bytes(rendering.render_invitation_email(SETTINGS, published.mail_to(0)).data)
    parts = {
        part.get_content_type(): part.get_payload(decode=True).decode()  # type: ignore[union-attr]
        for part in mail.walk()
        if not part.is_multipart()
    }
    texts = [re.sub("<[^>]+>", "", each).replace("09:00–09:30", "09:30–10:00") for each in example]
    texts = [each.replace("02:00–02:30", "02:30–03:00") for each in texts]
    assert len(texts) == 4 and [text for text in texts if text not in parts["text/plain"]] == []
    assert "SUMMARY:Találkozó" in parts["text/calendar"]


def test_who_wants_no_other_emails_still_gets_invitations(database: Database) -> None:
    published, browser, path = published_with_settings(database)
    page = browser.get(path)
    assert "Invitations and changes to your own meetings are always sent." in page
    browser.post(f"{path}/emails", asked="off", reminders="off", answers="off", summaries="off")
    published.mails = published.publish_again(slot=1)
    assert published.mail_to(0)
