"""Addresses in mails lead to pages that exist."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from scheduler.services import links
from scheduler.storage.database import Database
from tests.support.web import web_app

LED_TO = [
    (links.agenda("expo"), "agenda.own"),
    *((links.answer("t" * 32, step), "answers.look") for step in links.ANSWER_STEPS),
    (links.sign_in("t" * 32), "sign_in.look"),
    (links.schedule("expo"), "organiser.overview"),
    (links.run("expo", 3), "organiser.run"),
    (links.version("expo", 3), "versions.show"),
    (links.mail_text("expo", "en", "invitation"), "mail_texts.edit"),
    (links.retried_mails("expo"), "calendars.letters"),
]


@pytest.mark.parametrize(("path", "endpoint"), LED_TO)
def test_a_path_in_a_mail_is_the_page_that_it_names(
    path: str, endpoint: str, database: Database, broker_url: str
) -> None:
    routes = web_app(database, broker_url).url_map.bind("meetings.example.org")
    assert routes.match(urlsplit(path).path)[0] == endpoint
