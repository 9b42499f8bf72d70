"""URLs in emails lead to existing pages."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from scheduler.services import links
from scheduler.storage.database import Database
from tests.support.site import Site
from tests.support.web import Browser, web_app

LED_TO = [
    (links.agenda("expo"), "agenda.show_own_agenda"),
    *((links.answer("t" * 32, step), "reply_links.show_meeting") for step in links.ANSWER_STEPS),
    (links.sign_in("t" * 32), "sign_in.show_link"),
    (links.schedule("expo"), "runs.show_schedule"),
    (links.run("expo", 3), "runs.show_run"),
    (links.version("expo", 3), "versions.show_version"),
    (links.mail_text("expo", "en", "invitation"), "email_texts.edit_text"),
    (links.retried_mails("expo"), "calendar_status.list_failed_emails"),
]


@pytest.mark.parametrize(("path", "endpoint"), LED_TO)
def test_a_path_in_a_mail_is_the_page_that_it_names(
    path: str, endpoint: str, database: Database, broker_url: str
) -> None:
    routes = web_app(database, broker_url).url_map.bind("meetings.example.org")
    assert routes.match(urlsplit(path).path)[0] == endpoint


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("calendars/", "calendar-status/"),
        ("calendars", "calendar-status/"),
        ("calendars/?state=bounced&page=2", "calendar-status/?state=bounced&page=2"),
        ("calendars/calls.csv?calls=yes", "calendar-status/calls.csv?calls=yes"),
        ("calendars/people/f0-p0", "calendar-status/people/f0-p0"),
        ("calendars/dead-letters?list=retrying", "calendar-status/failed-emails?list=retrying"),
        ("calendar-status/dead-letters?list=retrying", "calendar-status/failed-emails?list=retrying"),
        ("calendar-health/people/f0-p0", "calendar-status/people/f0-p0"),
        ("desk/firms/f0", "participants/firms/f0"),
        ("dials", "priorities"),
        ("mail-texts/zh/new", "email-texts/zh/new"),
        ("nights", "overnight"),
        ("trail?act=run", "audit-log?act=run"),
        ("trail.csv", "audit-log.csv"),
        ("welcome", "event-invitations"),
        ("what-if", "scenarios"),
        ("whole", "archive"),
    ],
)
def test_an_address_of_before_in_a_mail_or_a_bookmark_leads_to_its_page(
    site: Site, before: str, now: str
) -> None:
    answer = site.organiser().client.get(site.path(f"/{before}"), follow_redirects=True)
    assert (answer.status_code, answer.request.full_path.rstrip("?")) == (200, site.path(f"/{now}"))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("figures/load.csv?version=1", "statistics/load.csv?version=1"),
        ("interpreting?day=2", "interpreter-day?day=2"),
        ("remind", "reminders"),
        ("start/changes", "dashboard/changes"),
        ("wishes", "ranked-requests"),
    ],
)
def test_an_address_of_before_of_a_page_of_others_leads_there(site: Site, before: str, now: str) -> None:
    answer = site.organiser().client.get(site.path(f"/{before}"))
    assert (answer.status_code, answer.location) == (301, site.path(f"/{now}"))


def test_the_addresses_of_before_of_emails_without_an_event_lead_there(site: Site) -> None:
    client = site.organiser().client
    assert client.get("/operators/mails/7").location == "/operators/unassigned-emails/7"
    assert client.get("/operators/mails").location == "/operators/unassigned-emails"


def test_a_link_about_a_request_in_an_email_that_was_sent_leads_to_its_page(site: Site) -> None:
    asked = Browser(site.app).client.get("/asked/a-token/accept?language=zh")
    assert (asked.status_code, asked.location) == (301, "/respond/a-token/accept?language=zh")


def test_the_page_of_mails_and_calendar_is_found_under_its_address_of_before(site: Site) -> None:
    browser = site.browser(site.expo.people[0][1])
    answer = browser.client.get(site.path("/mails-and-calendar"), follow_redirects=True)
    assert (answer.status_code, answer.request.path) == (200, site.path("/preferences"))
    asked = Browser(site.app).client.get(site.path("/mails-and-calendar"))
    assert asked.status_code == 302 and "/sign-in" in asked.location
