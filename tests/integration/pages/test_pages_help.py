"""The contact is at the same position on each page of an event (WCAG 3.2.6)."""

from __future__ import annotations

from scheduler.storage.database import Database
from tests.support.site import Site


def test_the_organiser_to_ask_stands_at_the_bottom_of_each_page(database: Database, broker_url: str) -> None:
    site = Site.of_three_firms(database, broker_url)
    with database.write() as session:
        session.merge(site.expo.event).contact = "help@expo.example"
    paths = {
        site.organiser(): ("", "/venue", "/participants/firms", "/schedule"),
        site.exhibitor(0): ("/dashboard", "/firms", "/requests/received", "/week", "/agenda", "/my-day"),
    }
    for browser, pages in paths.items():
        for path in pages:
            bottom = browser.get(site.path(path)).partition("<footer ")[2]
            assert "help@expo.example" in bottom, path


def test_an_event_that_names_nobody_says_nothing_of_questions(database: Database, broker_url: str) -> None:
    site = Site.of_three_firms(database, broker_url)
    with database.write() as session:
        session.merge(site.expo.event).contact = ""
    assert "Questions" not in site.exhibitor(0).get(site.path("/firms"))
