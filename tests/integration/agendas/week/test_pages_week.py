"""The firm's calendar page: grid, selected meeting, filters, "Seen", and handover."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from scheduler.storage.database import Database
from tests.support import clocks
from tests.support.factories import NOW
from tests.support.publishing import draft, publish, send_all
from tests.support.running_event import Fair, before, make_fair
from tests.support.site import Site
from tests.support.web import web_app

MakeSite = Callable[..., tuple[Site, Fair]]


@pytest.fixture
def make_site(database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> MakeSite:
    """Return a factory of a site two days before its first meeting."""

    def make(**of_fair: int | bool) -> tuple[Site, Fair]:
        with database.write() as session:
            fair = make_fair(session, **of_fair)  # type: ignore[arg-type]
        clocks.hold(monkeypatch, before(fair, hours=48))
        return Site(web_app(database, broker_url), database, fair.expo), fair

    return make


def test_the_grid_leads_to_each_meeting_beside_it(make_site: MakeSite) -> None:
    site, fair = make_site(people=2, each=2, days=1, told=True)
    browser, key = site.exhibitor(0), fair.requests[0].key
    page = browser.get(site.path("/week"))
    assert 'aria-label="Mon, 7 December 2026, by time and person"' in page
    assert page.count('class="slot slot-meeting') == 4 and 'id="chosen"' not in page
    assert re.search(
        r'aria-current="page"><span class="icon i-calendar" aria-hidden="true"></span>My week</a>', page
    )
    chosen = browser.get(site.path(f"/week?meeting={key}"))
    for words in (
        "Song Wanqing",
        "No reply yet",
        "Accept",
        "Propose another time",
        "Hand over",
        "once one person from each side",
    ):
        assert words in chosen[chosen.index('id="chosen"') :], words
    assert 'id="chosen"' not in browser.get(site.path("/week?meeting=none&day=x&show=y&person=z"))
    one = browser.get(site.path("/week?person=f0-p1"))
    assert one.count('class="slot slot-meeting') == 2 and one.count('scope="col"') == 2


def test_a_filter_that_matches_no_meeting_says_so_and_leads_to_all(make_site: MakeSite) -> None:
    site, _ = make_site(people=2, each=2, days=1, told=True)
    browser = site.exhibitor(0)
    page = browser.get(site.path("/week?show=changed&person=f0-p1"))
    assert "No meetings match these filters." in page and "week-grid" not in page
    way_out = re.search(r'href="(\?[^"]*)">Show all meetings<', page)
    assert way_out
    all_meetings = browser.get(site.path("/week" + way_out[1]))
    assert "week-grid" in all_meetings and "No meetings match" not in all_meetings


def test_accepting_in_the_week_stays_there_and_shows_both_sides_and_the_contact(make_site: MakeSite) -> None:
    site, fair = make_site(people=1, each=1, days=1, told=True)
    path = site.path(f"/week?meeting={fair.requests[0].key}")
    for browser in (site.exhibitor(0), site.exhibitor(1)):
        page = browser.get(path)
        sequence = re.search(r'name="sequence" value="(\d+)"', page)
        assert sequence
        page = browser.post(
            site.path(f"/agenda/{fair.requests[0].key}/accept"), sequence=sequence[1], back=path
        )
        assert "You accepted." in page and "Company week" in page
    page = site.exhibitor(0).get(path)
    assert page.count("</span>Accepted</span>") == 2 and fair.expo.people[1][0].email in page
    assert 'class="slot slot-meeting area-energy"' in page  # solid: we have accepted


def test_a_meeting_is_handed_over_and_left_as_published_again(make_site: MakeSite) -> None:
    site, fair = make_site(people=2, each=1, days=2)
    browser, key = site.exhibitor(0), fair.requests[0].key
    path, hand = site.path(f"/week?meeting={key}"), site.path(f"/week/meetings/{key}/hand-over")
    page = browser.get(path)
    assert "Conflict</span>" in page and "In a meeting with Akarattyai" in page
    page = browser.post(hand, leaver="f0-p0", colleague="f0-p1", back=path)
    assert (
        "Meeting handed over. The next schedule includes the change" in page
        and "In the next schedule, F0-P1 will attend" in page
    )
    assert ">handed over</span>" in page
    again = browser.post(hand, leaver="f0-p0", colleague="f0-p1", back=path)
    assert "This has changed in the meantime" in again
    page = browser.post(site.path(f"/week/meetings/{key}/keep"), back=path)
    assert (
        "Handover cancelled. The meeting stays as published." in page and "In the next schedule," not in page
    )
    attendee = site.browser(fair.expo.people[0][1])
    assert "Hand over" not in attendee.get(path)
    attendee.post(hand, leaver="f0-p0", colleague="f0-p1", status=403)


def test_changes_say_what_was_before_until_they_are_seen(make_site: MakeSite) -> None:
    site, fair = make_site(people=1, each=3, days=1)
    with site.database.write() as session:
        first, second, _ = fair.meetings
        moved = replace(first, slot=fair.expo.slots[5].key)
        number = draft(session, site.expo, [moved, replace(second, place=site.expo.tables[2].key)])
        publish(session, site.expo, number, 1, minutes=5)
        send_all(session, site.expo, 6)
    browser = site.exhibitor(0)
    page = browser.get(site.path("/week"))
    for words in (
        "3 changes",
        'Mon, 7 Dec, 11:30 <span class="time-own">(04:30 in Berlin)</span>',
        '(was Mon, 7 Dec, 09:00 <span class="time-own">(02:00 in Berlin)</span>)',
        "(was Table t",
        "Cancelled",
        ">moved</span>",
    ):
        assert words in page, words
    assert "Moved" in browser.get(site.path("/week?show=changed"))
    page = browser.post(site.path("/week/seen"), version="2", back=site.path("/week"))
    assert "changes" not in page and ">moved</span>" not in page
    browser.post(site.path("/week/seen"), version="7", status=404)


def test_a_day_of_the_list_is_shown_at_a_time(make_site: MakeSite) -> None:
    site, fair = make_site(people=1, each=4, days=2)
    browser = site.exhibitor(0)
    page = browser.get(site.path("/agenda/firm"))
    assert page.count('<li id="meeting-') == 2 and "Tue 8" in page
    second = browser.get(site.path("/agenda/firm?day=2026-12-08"))
    assert f'id="meeting-{fair.requests[1].key}"' in second and second.count('<li id="meeting-') == 2


def test_no_schedule_yet_says_so(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW)
    site = Site.of_three_firms(database, broker_url)
    assert "No schedule is published yet" in site.exhibitor(0).get(site.path("/week"))


def test_forty_meetings_a_person_are_small(make_site: MakeSite) -> None:
    site, fair = make_site(people=6, each=40, days=5, slots=10, told=True)
    path = site.path(f"/week?meeting={fair.requests[0].key}")
    assert len(site.exhibitor(0).get(path).encode()) < 150_000
