"""The page My day: what it says, the word about being late, and what a telephone keeps of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest

from scheduler.services.my_day import lateness
from scheduler.storage.database import Database
from tests.support import clocks
from tests.support.factories import NOW
from tests.support.fair import Fair, before, make_fair
from tests.support.site import Site
from tests.support.web import web_app

MakeSite = Callable[..., tuple[Site, Fair]]


@pytest.fixture
def make_site(database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> MakeSite:
    """A site ten minutes before its first meeting."""

    def make(*, minutes: int = 10, **of_fair: int | bool) -> tuple[Site, Fair]:
        with database.write() as session:
            fair = make_fair(session, **of_fair)  # type: ignore[arg-type]
        now: list[datetime] = [before(fair, minutes=minutes)]
        clocks.hold(monkeypatch, lambda: now[0])
        return Site(web_app(database, broker_url), database, fair.expo), fair

    return make


def test_the_page_says_time_place_walk_and_people(make_site: MakeSite) -> None:
    site, fair = make_site(each=3, days=1, told=True)
    page = site.exhibitor(0).get(site.path("/my-day"))
    first = page[page.index("<article") : page.index("</article>")]
    for words in ("Your next meeting", ">09:00</time>", "Table t0, Hall 0", "Song Wanqing", "Interpreter",
                  "speaks Chinese and English", "Running late", "I can’t come", "Accept"):  # fmt: skip
        assert words in first, words
    assert "In the hall of your booth" in first and "Leave at 09:21" in page and "9 min" in page
    assert page.count("<article") == 3 and len(re.findall(r"<article[^>]* hidden>", page)) == 2
    partner = site.exhibitor(1).get(site.path("/my-day"))
    assert "Table t0, Hall 0" in partner and "With you" not in partner and "Ulmenbr" in partner
    assert fair.requests[0].key in partner


@pytest.mark.parametrize(("minutes", "first"), [(10, "Running late"), (60 * 24, "Accept")])
def test_before_the_day_accepting_comes_first_and_on_the_day_being_late(
    make_site: MakeSite, minutes: int, first: str
) -> None:
    site, _ = make_site(each=1, days=1, told=True, minutes=minutes)
    page = site.exhibitor(0).get(site.path("/my-day"))
    steps = page[page.index('<div class="late">') : page.index("</article>")]
    there = {words: steps.find(words) for words in ("Running late", "Accept", "I can’t come")}
    assert min((at, words) for words, at in there.items() if at >= 0)[1] == first
    assert ('class="primary big"' in steps) == (first == "Accept")


def test_an_empty_day_and_no_schedule_say_what_comes(make_site: MakeSite, site: Site) -> None:
    assert "No schedule is published yet" in site.exhibitor(0).get(site.path("/my-day"))
    full, fair = make_site(each=1, days=2)
    last = fair.expo.slots[-1].start.date()
    browser = full.exhibitor(0)
    assert "You have no meeting on Tue, 8 December 2026" in browser.get(full.path(f"/my-day?day={last}"))
    assert 'aria-current="page">Mon 7' in browser.get(full.path("/my-day?day=no-day"))


@pytest.fixture
def site(database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    clocks.hold(monkeypatch, NOW)
    return Site.of_three_firms(database, broker_url)


def test_running_late_is_said_with_three_buttons_and_read_by_the_others(make_site: MakeSite) -> None:
    site, fair = make_site(each=1, days=1)
    path, late = site.path("/my-day"), site.path(f"/my-day/{fair.requests[0].key}/late")
    mine, theirs = site.exhibitor(0), site.exhibitor(1)
    assert [f'value="{minutes}"' in mine.get(path) for minutes in (*lateness.CHOICES, 0)] == [1, 1, 1, 0]
    assert "The others read that you come 10 minutes late." in mine.post(late, minutes="10")
    assert "You said at 08:50 that you come 10 minutes late" in mine.get(path)
    assert "comes 10 minutes late, said at 08:50" in theirs.get(path)
    assert "Choose one of the minutes that are offered." in mine.post(late, minutes="7")
    mine.post(late, minutes="0")
    assert "minutes late" not in theirs.get(path)


def test_accepting_on_my_day_comes_back_to_it_and_shows_the_contact(make_site: MakeSite) -> None:
    site, fair = make_site(each=1, days=1, told=True)
    key = fair.requests[0].key
    mine, theirs = site.exhibitor(0), site.exhibitor(1)
    for browser in (mine, theirs):
        page = browser.get(site.path("/my-day"))
        sequence = re.search(r'name="sequence" value="(\d+)"', page)
        back = re.search(r'name="back" value="([^"]+)"', page)
        assert sequence and back and "mailto:" not in page
        answer = browser.client.post(
            site.path(f"/agenda/{key}/accept"),
            data={"csrf_token": token(page), "sequence": sequence[1], "back": back[1]},
        )
        assert (answer.status_code, answer.location) == (303, back[1])
    assert f'href="mailto:{fair.expo.people[1][0].email}"' in mine.get(site.path("/my-day"))
    assert f'href="mailto:{fair.expo.people[0][0].email}"' in theirs.get(site.path("/my-day"))


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_page_says_for_whom_it_may_be_kept_and_no_two_readers_are_one(make_site: MakeSite) -> None:
    site, _ = make_site(each=1, days=1)
    mine, theirs = site.exhibitor(0), site.exhibitor(1)
    kept = [
        browser.client.get(site.path("/my-day")).headers["X-Kept-For"] for browser in (mine, mine, theirs)
    ]
    assert kept[0] == kept[1] != kept[2] and len(kept[0]) == 16
    assert "X-Kept-For" not in mine.client.get(site.path("/agenda")).headers


def test_the_worker_controls_this_page_alone_and_signing_out_clears_what_is_kept(make_site: MakeSite) -> None:
    site, _ = make_site(each=1, days=1)
    browser = site.exhibitor(0)
    worker = browser.client.get(site.path("/my-day/worker.js"))
    assert worker.headers["Service-Worker-Allowed"] == site.path("/my-day")
    assert (worker.mimetype, worker.headers["Cache-Control"]) == ("text/javascript", "no-cache")
    manifest = browser.client.get(site.path("/my-day/manifest.webmanifest"))
    assert manifest.mimetype == "application/manifest+json"
    assert manifest.json["start_url"] == site.path("/my-day") and manifest.json["display"] == "standalone"
    for each in manifest.json["icons"]:
        assert browser.client.get(each["src"]).status_code == 200
    page = browser.get(site.path("/my-day"))
    left = browser.client.post("/sign-out", data={"csrf_token": token(page)})
    assert left.headers["Clear-Site-Data"] == '"storage"'


def test_a_day_of_twelve_meetings_is_small(make_site: MakeSite) -> None:
    site, _ = make_site(each=12, days=1, slots=12, told=True)
    assert len(site.exhibitor(0).get(site.path("/my-day")).encode()) < 100_000
