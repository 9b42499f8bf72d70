"""Busy times page: nothing is saved before its preview, and errors are at their fields."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import select

from api import context
from scheduler.invites.busy import MAX_OCTETS
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AttendeeBusy, BusySource
from scheduler.untrusted import parsers
from scheduler.untrusted.pool import LimitExceeded, PoolExhausted
from tests.support import clocks
from tests.support.calendars import FarSide, busy_in, calendar
from tests.support.factories import NOW, make_event, make_request, make_version, meet
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"
ZONE = "Asia/Shanghai"


class Site:
    """Firm 0's exhibitor at an event of six slots, with a meeting in slot 1."""

    def __init__(self, database: Database) -> None:
        self.database, self.far = database, FarSide()
        with database.write() as session:
            self.expo = make_event(session, slots="4 2")
            request = make_request(session, self.expo)
            make_version(session, self.expo, [meet(request, self.expo, slot=1)])
        self.slots = self.expo.slots
        self.app = web_app(database, NOWHERE)
        self.app.extensions[context.KEY]["fetcher"] = self.far
        self.visitor = self.browser(self.expo.people[0][0].account_id)
        self.path = f"/events/{self.expo.event.key}/busy-times"

    def browser(self, account_id: int) -> Browser:
        with self.database.read() as session:
            return Browser(self.app, session.get_one(Account, account_id))

    def upload(self, octets: bytes, status: int = 200, zone: str = ZONE, name: str = "my.ics") -> str:
        self.visitor.get(self.path)
        return self.visitor.post(
            f"{self.path}/upload", status, file=(io.BytesIO(octets), name), timezone=zone
        )

    def link(self, address: str, status: int = 200) -> str:
        self.visitor.get(self.path)
        return self.visitor.post(f"{self.path}/link", status, address=address, timezone=ZONE)

    def preview_step(self, step: str, status: int = 200, **fields: str) -> str:
        with self.database.read() as session:
            key = session.scalar(select(BusySource.key).order_by(BusySource.id.desc()))
        return self.visitor.post(f"{self.path}/preview/{key}/{step}", status, **fields)

    def unavailable(self) -> set[int]:
        with self.database.read() as session:
            return set(snapshot.build_problem(session, self.expo.event.id, now=NOW).attendees[0].unavailable)


@pytest.fixture
def site(database: Database, monkeypatch: pytest.MonkeyPatch) -> Site:
    clocks.hold(monkeypatch, NOW)
    return Site(database)


def test_the_agenda_leads_to_an_empty_page_that_says_what_to_do(site: Site) -> None:
    assert f'href="{site.path}"' in site.visitor.get(f"/events/{site.expo.event.key}/agenda")
    page = site.visitor.get(site.path)
    assert "No calendars yet." in page and re.search(r"Meeting: </span>Firm 1", page)
    assert page.count('type="checkbox"') == 6 and "data-clashes hidden" in page


def test_a_file_is_looked_at_saved_and_removed(site: Site) -> None:
    page = site.upload(busy_in(site.slots[2], site.slots[4], summary="<b>Board</b>"))
    assert (
        "Nothing is saved yet" in page and "<strong>2 of 6</strong>" in page and "2 calendar events" in page
    )
    assert "<b>Board" not in page and "&lt;b&gt;Board" in page
    assert 'type="checkbox"' not in page and site.unavailable() == set()
    page = site.preview_step("save")
    assert "Calendar saved: my.ics." in page and "Board" not in page and site.unavailable() == {2, 4}
    assert page.count('<span class="what">my.ics</span>') == 2
    key = re.search(r"calendars/(\w+)/remove", page)[1]
    page = site.visitor.post(f"{site.path}/calendars/{key}/remove")
    assert "Calendar removed: my.ics." in page and site.unavailable() == set()


def test_discarding_keeps_nothing(site: Site) -> None:
    site.upload(busy_in(site.slots[2]))
    assert "Nothing was saved" in site.preview_step("discard")
    with site.database.read() as session:
        assert session.scalars(select(BusySource)).all() == []


def test_a_calendar_that_takes_nothing_says_so(site: Site) -> None:
    page = site.upload(calendar())
    assert "blocks none of the 6" in page and "The calendar is empty." in page


def test_a_clash_with_a_published_meeting_is_told_in_words(site: Site) -> None:
    page = site.upload(busy_in(site.slots[1]))
    assert "1 published meeting is at a busy time" in page
    assert re.search(r"Firm 1, Mon, 7 Dec, 09:30</li></ul>\s*<p>The next schedule moves a meeting", page)
    agenda = f"/events/{site.expo.event.key}/agenda"
    assert "The next schedule moves a meeting" not in site.visitor.get(agenda)
    page = site.preview_step("save")
    assert "data-clashes hidden" not in page
    assert re.search(r"data-taken><b><time[^>]*>Mon, 7 Dec, 09:30</time></b>\s*Firm 1", page)
    assert "The next schedule moves a meeting" in site.visitor.get(agenda)


def test_a_clash_that_starts_soon_is_not_promised_to_move(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, site.slots[0].start)
    site.visitor = site.browser(site.expo.people[0][0].account_id)
    assert "too soon to be moved" in site.upload(busy_in(site.slots[1]))


def test_the_assumed_zone_is_shown_and_can_be_changed(site: Site) -> None:
    page = site.upload(
        calendar("BEGIN:VEVENT", "DTSTART:20261207T090000", "DURATION:PT30M", "SUMMARY:Call", "END:VEVENT")
    )
    assert "Times without a time zone were read in Asia/Shanghai." in page and "<strong>1 of 6" in page
    page = site.preview_step("zone", timezone="Europe/Budapest")
    assert "were read in Europe/Budapest." in page and "blocks none of the 6" in page
    assert 'value="Budapest, Hungary (UTC+01:00)"' in page
    assert "were read in Asia/Tokyo." in site.preview_step("zone", timezone=" tokyo ")
    assert "were read in America/Sao_Paulo." in site.preview_step("zone", timezone="sao paulo")
    page = site.preview_step("zone", 422, timezone="Nowhere")
    field = page.partition('<label for="timezone"')[2].partition("</div>")[0]
    assert "Choose a time zone from the list" in field and 'value="Nowhere"' in field


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"garbage", "This is not a calendar file"),
        (b"x" * (MAX_OCTETS + 1), "larger than 10 MB"),
        (
            calendar("BEGIN:VEVENT", "DTSTART:20261207T0100Z", "END:VEVENT"),
            "The calendar can&#39;t be read because its times are invalid",
        ),
        (calendar("BEGIN:VEVENT", "DTSTART:20261207T010000Z", "RRULE:FREQ=SECONDLY", "END:VEVENT"), "every"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence_at_its_field(
    site: Site, octets: bytes, said: str
) -> None:
    page = site.upload(octets, 422)
    assert re.search(rf'id="file-error">.*?</span>[^<]*{said}', page) and 'aria-invalid="true"' in page


def test_no_file_and_no_zone_are_said_so(site: Site) -> None:
    assert "Choose a calendar file." in site.upload(b"", 422, name="")
    assert "IANA time zone" in site.upload(calendar(), 422, zone="Nowhere/Town")


def test_a_file_that_is_far_too_large_is_not_taken_in(site: Site) -> None:
    assert "too large" in site.upload(b"x" * (3 * MAX_OCTETS), 413)


def test_a_linked_calendar_shows_its_address_to_its_owner_alone(site: Site) -> None:
    site.far.octets = busy_in(site.slots[3])
    page = site.link("webcal://calendar.example/hunter2.ics")
    assert "calendar.example: preview" in page and "hunter2" not in page
    page = site.preview_step("save")
    assert "https://calendar.example/hunter2.ics" in page and re.search(
        r"Synced <time[^>]*>Tue, 24 Nov, 16:00</time>", page
    )
    assert site.unavailable() == {3} and site.far.asked == [("https://calendar.example/hunter2.ics", "")]
    with site.database.write() as session:
        source = session.scalars(select(BusySource)).one()
        source.failure = "The calendar server took too long to respond."
    page = site.visitor.get(site.path)
    assert "Not syncing" in page
    read_at = r"<time[^>]*>Tue, 24 Nov, 16:00</time>"
    assert re.search(rf"took too long to respond\.\s*The busy times read on {read_at} still count\.", page)
    other = site.browser(site.expo.people[1][0].account_id)
    assert "calendar.example" not in other.get(site.path)


@pytest.mark.parametrize(
    "address", ["http://calendar.example/", "ftp://x/", "nonsense", "https://u:p@x.example/"]
)
def test_an_address_that_is_none_is_refused_at_its_field_without_a_fetch(site: Site, address: str) -> None:
    page = site.link(address, 422)
    assert 'id="address-error"' in page and f'value="{address}"' in page
    assert site.far.asked == []


def test_a_fetch_that_fails_says_why_and_keeps_what_was_typed(site: Site) -> None:
    site.far.fails = "The calendar address is not on the public internet."
    page = site.link("https://calendar.example/a.ics", 422)
    assert "not on the public internet" in page and 'value="https://calendar.example/a.ics"' in page


def test_the_real_fetcher_refuses_this_machine(site: Site) -> None:
    fresh = web_app(site.database, NOWHERE)
    site.app.extensions[context.KEY]["fetcher"] = fresh.extensions[context.KEY]["fetcher"]
    assert "not on the public internet" in site.link("https://127.0.0.1/a.ics", 422)


def test_single_times_are_marked_by_hand(site: Site) -> None:
    site.visitor.get(site.path)
    page = site.visitor.post(f"{site.path}/marked", slots=["s0", "s5"])
    assert "You marked 2 times" in page and page.count(" checked") == 2 and site.unavailable() == {0, 5}
    assert "You marked 0 times" in site.visitor.post(f"{site.path}/marked")
    with site.database.read() as session:
        assert session.scalars(select(AttendeeBusy)).all() == []


def test_busy_times_are_for_attendees(site: Site) -> None:
    organiser = site.browser(site.expo.organiser.id)
    organiser.get(site.path, 404)
    organiser.get(f"/events/{site.expo.event.key}/firms")
    assert "Busy times" not in organiser.get(f"/events/{site.expo.event.key}/firms")
    site.upload(busy_in(site.slots[0]))
    with site.database.read() as session:
        key = session.scalar(select(BusySource.key))
    other = site.browser(site.expo.people[1][0].account_id)
    other.get(f"{site.path}/preview/{key}", 404)
    for step in ("save", "discard", "zone"):
        other.post(f"{site.path}/preview/{key}/{step}", 404, timezone=ZONE)
    assert Browser(site.app).client.get(site.path).status_code == 302


def test_forms_of_other_sites_do_nothing(site: Site) -> None:
    site.upload(busy_in(site.slots[0]))
    site.visitor.token = "forged"
    assert "This form has expired" in site.preview_step("save", 400)
    assert site.unavailable() == set()


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (LimitExceeded("it needs too much memory"), 422, "too much memory"),
        (PoolExhausted(), 503, "Try again in a minute"),
    ],
)
def test_a_calendar_that_is_not_read_is_a_sentence_and_keeps_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, said: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(parsers, "read_busy_times", refuse)
    assert said in site.upload(calendar(), status)
    with site.database.read() as session:
        assert session.scalars(select(BusySource)).all() == []
