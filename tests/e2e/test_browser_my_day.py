"""My day and an interpreter's day on a phone: available offline, and deleted at sign-out."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, Route, expect
from sqlalchemy import select, update

from scheduler.domain.entities import Partstat, RequestState
from scheduler.services.directory import firm_notes
from scheduler.services.identity import actors, preferences, sessions, sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import Interpreter, InvitationReply, LateNotice, MeetingRequest
from tests.support import clocks
from tests.support.everything import serving
from tests.support.factories import NOW, SECRET_KEY
from tests.support.running_event import Fair, before, make_fair
from tests.support.site import Site
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
TOPIC, MESSAGE, NOTE = "Cell presses", "We bring two references.", "Ask for the price per station."

expect.set_options(timeout=WAIT)


@pytest.fixture
def fair(database: Database, monkeypatch: pytest.MonkeyPatch) -> Fair:
    with database.write() as session:
        fair = make_fair(session, each=4, days=2, told=True)
        session.execute(update(MeetingRequest).values(message=MESSAGE))
        preferences.save_preferences(session, fair.expo.actor(0), language="", timezone="Asia/Shanghai")
        firm_notes.write_note(session, fair.expo.actor(0), fair.expo.firms[1].key, NOTE, now=NOW)
    clocks.hold(monkeypatch, before(fair, minutes=18))
    return fair


@dataclass
class Wire:
    """A site behind a proxy that can respond 503."""

    app: Flask
    database: Database
    address: str = ""
    is_down: bool = False

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if self.is_down:
            start_response("503 Service Unavailable", [("Content-Type", "text/html")])
            return [b"<p>Back in a moment.</p>"]
        return self.app(environ, start_response)


@pytest.fixture
def site(database: Database, broker_url: str, fair: Fair) -> Iterator[Wire]:
    wire = Wire(web_app(database, broker_url), database)
    with serving(wire) as wire.address:
        yield wire


@pytest.fixture
def page(chromium: Browser, database: Database, fair: Fair, site: Wire) -> Iterator[Page]:
    """My day, 18 minutes before the first meeting, also by the browser's clock."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.clock.install(time=before(fair, minutes=18))
    sign_in_as(page, database, fair, site.address, 0)
    yield page
    context.close()


def sign_in_as(page: Page, database: Database, fair: Fair, site: str, firm: int) -> None:
    sign_in_to(page, database, fair, site, fair.expo.people[firm][0].account_id, "my-day")


def sign_in_to(page: Page, database: Database, fair: Fair, site: str, account: int | None, path: str) -> None:
    now = before(fair, minutes=18)
    assert account is not None
    with database.write() as session:
        token = sign_in.make_sign_in_link(session, account, secret_key=SECRET_KEY, now=now)
    page.goto(f"{site}/sign-in/{token}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto(f"{site}/events/{fair.expo.event.key}/{path}")


def sign_out(page: Page) -> None:
    page.locator("summary", has_text="Account of").click()
    page.get_by_role("button", name="Sign out").click()


def wait_until_kept(page: Page, days: int = 3) -> None:
    """Wait until the service worker has cached this page and both days."""
    kept = "async () => (await (await caches.open('my-day ' + location.pathname)).keys()).length"
    for _ in range(300):
        if page.evaluate(kept) == days:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"the days are not kept: {page.evaluate(kept)}")


def test_the_day_is_one_column_in_the_middle_of_a_wide_screen(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 844})
    for part in (page.locator(".days"), page.locator(".now").first, page.locator("#later")):
        box = part.bounding_box()
        assert box is not None and box["width"] == 480
        assert box["x"] + box["width"] / 2 == 640


def test_the_page_is_there_without_a_network_and_says_how_old_it_is(page: Page, fair: Fair) -> None:
    expect(page.locator(".now:visible h2")).to_have_text("Next meeting, in 18 min")
    expect(page.get_by_text("Offline,")).to_be_hidden()
    wait_until_kept(page)
    page.context.set_offline(True)
    page.clock.fast_forward(timedelta(minutes=4).seconds * 1000)
    page.reload()
    expect(page.locator("#age")).to_have_text("Offline, updated at 08:42 (4 min ago)")
    expect(page.locator(".now:visible .now-time")).to_contain_text("09:00")
    page.locator(".days a").nth(1).click()
    expect(page.locator(".days a[aria-current]")).to_contain_text("Tue 8")
    expect(page.locator("#age")).to_be_visible()
    assert page.evaluate("document.styleSheets.length") == 3  # style sheets are cached, too
    assert page.evaluate("fetch(document.getElementById('my-day').dataset.icons).then((found) => found.ok)")
    assert page.evaluate("document.fonts.load('1rem \"Chainmeet Sans\"').then((faces) => faces.length)")


def test_the_next_meeting_comes_up_by_itself(page: Page, fair: Fair) -> None:
    first, second = fair.requests[0].key, fair.requests[2].key
    expect(page.locator(f"#next-{first}")).to_be_visible()
    page.clock.fast_forward(timedelta(minutes=49).seconds * 1000)
    expect(page.locator(f"#next-{second}")).to_be_visible()
    expect(page.locator(f"#next-{first}")).to_be_hidden()
    page.clock.fast_forward(timedelta(hours=2).seconds * 1000)
    expect(page.get_by_text("No more meetings today.")).to_be_visible()
    expect(page.get_by_role("heading", name="Later today")).to_be_hidden()  # it would be empty


def test_what_one_goes_into_the_meeting_with_is_there_without_a_network(page: Page) -> None:
    wait_until_kept(page)
    page.context.set_offline(True)
    page.reload()
    card = page.locator(".now:visible")
    for words in (TOPIC, MESSAGE, NOTE, "Song Wanqing"):
        expect(card.get_by_text(words)).to_be_visible()
    row = page.locator("#later > li[data-meeting]:visible").first
    row.get_by_text("Topic and notes").click()
    for words in (TOPIC, MESSAGE):
        expect(row.get_by_text(words)).to_be_visible()
    for link in ("Request details", "All my meetings"):
        page.get_by_role("link", name=link).locator("visible=true").first.click()
        expect(page.get_by_text("This needs a connection.")).to_be_visible()
        expect(page.locator("#my-day")).to_be_visible()


def say_late(page: Page, minutes: int = 10) -> Locator:
    """Report a delay on the card of the next meeting. Return the message area beside its buttons."""
    card = page.locator(".now:visible")
    card.locator("summary", has_text="Running late").click()
    card.get_by_role("button", name=f"{minutes} min").click()
    return card.locator("[data-place$=late]")


def partner_reads(site: Wire, fair: Fair, words: str) -> None:
    """Wait until the partner's page shows a text."""
    partner = Site(site.app, site.database, fair.expo).exhibitor(1)
    for _ in range(100):
        if words in (page := partner.get(f"/events/{fair.expo.event.key}/my-day")):
            return
        threading.Event().wait(0.1)
    pytest.fail(f"the partner does not read {words!r}: {page[page.find('<article') :][:3000]}")


LATE = "will be 10 minutes late (reported at 08:4"


def test_running_late_waits_for_the_network_beside_its_button(page: Page, site: Wire, fair: Fair) -> None:
    wait_until_kept(page)
    page.context.set_offline(True)
    place = say_late(page)
    expect(place).to_contain_text("10 minutes late. Saved. Will be sent when you're online.")
    page.reload()
    expect(place).to_contain_text("10 minutes late. Saved. Will be sent when you're online.")
    page.clock.fast_forward(160_000)  # the report's time is 08:42, whenever it arrives
    page.context.set_offline(False)
    expect(place).to_contain_text("10 minutes late. The other attendees see that you'll be 10 minutes late.")
    partner_reads(site, fair, "will be 10 minutes late (reported at 08:39")  # the server's clock shows 08:42
    expect(page.get_by_text("At 08:39, you reported that you'll be 10 minutes late.")).to_be_visible()
    page.clock.fast_forward(11_000)
    page.reload()
    expect(page.locator(".queued")).to_have_count(0)


def test_running_late_survives_a_site_that_is_down_and_a_closed_tab(
    page: Page, site: Wire, fair: Fair
) -> None:
    site.is_down = True
    expect(say_late(page)).to_contain_text("Saved. The site isn't responding. Sending will be retried.")
    page.close()
    again = page.context.new_page()
    site.is_down = False
    again.goto(f"{site.address}/events/{fair.expo.event.key}/firms")  # the next page of any kind sends it
    expect(again.locator("#words")).to_contain_text("The other attendees see that you'll be 10 minutes late.")
    partner_reads(site, fair, LATE)


def test_running_late_is_tried_again_by_itself(page: Page, site: Wire, fair: Fair) -> None:
    site.is_down = True
    place = say_late(page)
    expect(place).to_contain_text("Sending will be retried.")
    site.is_down = False
    page.clock.run_for(31_000)
    expect(place).to_contain_text("The other attendees see that you'll be 10 minutes late.")
    partner_reads(site, fair, LATE)


def test_running_late_survives_a_session_that_ended_and_its_old_token(
    page: Page, database: Database, site: Wire, fair: Fair
) -> None:
    wait_until_kept(page)
    with database.write() as session:
        sessions.end_all_sessions(session, fair.expo.people[0][0].account_id)
    place = say_late(page)
    expect(place).to_contain_text("Saved. Will be sent when you sign in.")
    page.reload()
    page.get_by_label("Email").or_(page.get_by_role("button", name="Send sign-in link")).first.wait_for()
    sign_in_as(page, database, fair, site.address, 1)  # another person's session does not send it
    expect(page.locator(".now:visible")).to_be_visible()
    expect(page.locator(".queued")).to_have_count(0)
    sign_out(page)
    page.get_by_text("You've signed out.").wait_for()
    sign_in_as(page, database, fair, site.address, 0)
    expect(page.get_by_text("you reported that you'll be 10 minutes late.").first).to_contain_text("At 08:4")
    partner_reads(site, fair, LATE)
    with database.read() as session:
        assert session.scalars(select(LateNotice.attendee_id)).all() == [fair.expo.people[0][0].id]


def test_running_late_on_a_page_that_is_older_than_the_session(
    page: Page, database: Database, site: Wire, fair: Fair
) -> None:
    other = page.context.new_page()
    page.context.clear_cookies()
    sign_in_as(other, database, fair, site.address, 0)  # a new session, and a new token
    expect(say_late(page)).to_contain_text("The other attendees see that you'll be 10 minutes late.")
    partner_reads(site, fair, LATE)


def test_running_late_survives_signing_out(page: Page, database: Database, site: Wire, fair: Fair) -> None:
    wait_until_kept(page)
    page.route("**/late", lambda route: route.abort())
    expect(say_late(page)).to_contain_text("Saved. Will be sent when you're online.")
    sign_out(page)
    page.get_by_text("You've signed out.").wait_for()
    assert [name for name in page.evaluate("caches.keys()") if name.startswith("my-day /")] == []
    page.unroute("**/late")
    sign_in_as(page, database, fair, site.address, 0)
    expect(page.get_by_text("you reported that you'll be 10 minutes late.").first).to_contain_text("At 08:4")
    partner_reads(site, fair, LATE)


def test_a_word_whose_answer_was_lost_is_one_word(
    page: Page, database: Database, site: Wire, fair: Fair
) -> None:
    def lose_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    wait_until_kept(page)  # while the service worker takes the page over, requests bypass routes
    page.route("**/late", lose_answer)
    place = say_late(page)
    expect(place).to_contain_text("Saved.")
    page.unroute("**/late")
    page.clock.run_for(31_000)
    expect(place).to_contain_text("The other attendees see that you'll be 10 minutes late.")
    partner_reads(site, fair, LATE)
    with database.read() as session:
        assert session.scalars(select(LateNotice.minutes)).all() == [10]


def test_a_word_can_be_taken_back_while_it_waits(page: Page, database: Database) -> None:
    page.context.set_offline(True)
    place = say_late(page)
    place.get_by_role("button", name="Undo").click()
    expect(page.locator(".queued")).to_have_count(0)
    page.context.set_offline(False)
    page.clock.run_for(31_000)
    page.wait_for_timeout(500)
    with database.read() as session:
        assert session.scalars(select(LateNotice.minutes)).all() == []


def test_a_word_that_is_out_of_date_ends_with_a_sentence(page: Page, database: Database) -> None:
    wait_until_kept(page)
    page.context.set_offline(True)
    say_late(page)
    page.clock.fast_forward(timedelta(minutes=50).seconds * 1000)
    page.context.set_offline(False)
    ended = page.locator("#words")  # its button is collapsed with the meeting
    expect(ended).to_contain_text("10 minutes late. Not sent. This meeting is over.")
    page.reload()
    expect(page.get_by_text("Not sent. This meeting is over.").locator("visible=true")).to_have_count(1)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".queued")).to_have_count(0)
    with database.read() as session:
        assert session.scalars(select(LateNotice.minutes)).all() == []


def test_a_refusal_stands_beside_its_button_with_the_reason(
    page: Page, database: Database, fair: Fair
) -> None:
    with database.write() as session:
        session.execute(
            update(MeetingRequest)
            .where(MeetingRequest.key == fair.requests[0].key)
            .values(state=RequestState.WITHDRAWN)
        )
    place = say_late(page)
    expect(place).to_contain_text(
        "10 minutes late. Not sent. The meeting was changed or cancelled. Check its details and try again."
    )


def test_i_cannot_come_is_on_every_row_says_what_it_does_and_waits_too(
    page: Page, database: Database, site: Wire, fair: Fair
) -> None:
    wait_until_kept(page)
    rows = page.locator("#later > li[data-meeting]:visible")
    expect(rows).to_have_count(1)
    expect(rows.locator("summary", has_text="I can't attend")).to_have_count(1)
    page.context.set_offline(True)
    row, key = rows.first, fair.requests[2].key
    row.locator("summary", has_text="I can't attend").click()
    expect(row).to_contain_text("You decide for your company. If you decline, the meeting is cancelled.")
    row.get_by_label("Note to both companies (optional)").fill("Our plant is on fire.")
    row.get_by_role("button", name="Decline meeting").click()
    expect(row.locator("[data-place$=answer]")).to_contain_text("You can't attend. Saved. Will be sent when")
    page.reload()
    expect(row.locator("[data-place$=answer]")).to_contain_text("You can't attend. Saved. Will be sent when")
    page.context.set_offline(False)
    expect(page.locator(f"#row-{key}")).to_contain_text("Cancelled. It won't be in the next schedule.")
    with database.read() as session:
        request = session.scalars(select(MeetingRequest).where(MeetingRequest.key == key)).one()
        assert (request.state, request.response_note) == (RequestState.WITHDRAWN, "Our plant is on fire.")


def test_accepting_without_a_network_waits_too(page: Page, database: Database, fair: Fair) -> None:
    wait_until_kept(page)
    page.context.set_offline(True)
    card = page.locator(".now:visible")
    card.get_by_role("button", name="Accept").click()
    expect(card.locator("[data-place$=answer]")).to_contain_text("Accepted. Saved. Will be sent when")
    page.context.set_offline(False)
    expect(card.locator("[data-place$=answer]")).to_contain_text(
        "The other attendees expect you at this meeting."
    )
    with database.read() as session:
        given = session.scalars(select(InvitationReply.partstat)).all()
    assert given == [Partstat.ACCEPTED]


def test_nothing_is_kept_after_signing_out_or_for_another_person(
    page: Page, database: Database, fair: Fair, site: Wire
) -> None:
    wait_until_kept(page)
    sign_out(page)
    page.get_by_role("heading", level=1).wait_for()
    assert page.evaluate("caches.keys()") == []
    sign_in_as(page, database, fair, site.address, 0)
    wait_until_kept(page)
    page.context.clear_cookies()  # signed out elsewhere
    page.reload()
    page.get_by_role("button", name="Send sign-in link").or_(page.get_by_label("Email")).first.wait_for()
    assert [name for name in page.evaluate("caches.keys()") if name.startswith("my-day /")] == []
    sign_in_as(page, database, fair, site.address, 1)
    wait_until_kept(page)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator(".now:visible .company-name")).to_contain_text("Ulmenbrücker AG")


@pytest.fixture
def interpreter(database: Database, fair: Fair) -> int:
    """Return the account of the interpreter of the first meeting."""
    with database.write() as session:
        own = session.scalars(select(Interpreter).where(Interpreter.event_id == fair.expo.event.id)).one()
        own.email = "ye.zhiqiu@interpreters.example"
        account = sign_in.ensure_account(session, own.email, now=NOW).id
        actor = actors.actor_for(session, account, fair.expo.event.key, now=NOW)
        preferences.save_preferences(session, actor, language="", timezone="Asia/Shanghai")
    return account


@pytest.fixture
def their_page(
    chromium: Browser, database: Database, fair: Fair, site: Wire, interpreter: int
) -> Iterator[Page]:
    """The interpreter's day, 18 minutes before the first meeting, also by the browser's clock."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.clock.install(time=before(fair, minutes=18))
    sign_in_to(page, database, fair, site.address, interpreter, "interpreter-day")
    yield page
    context.close()


def test_an_interpreter_s_day_is_there_without_a_network_and_turns(their_page: Page) -> None:
    page = their_page
    expect(page.locator(".now:visible h2")).to_have_text("Next meeting, in 18 min")
    wait_until_kept(page)
    page.context.set_offline(True)
    page.clock.fast_forward(timedelta(minutes=4).seconds * 1000)
    page.reload()
    expect(page.locator("#age")).to_have_text("Offline, updated at 08:42 (4 min ago)")
    card = page.locator(".now:visible")
    for words in (TOPIC, "Ulmenbrücker AG", "宋晚晴", "speaks Chinese and English"):
        expect(card.get_by_text(words).first).to_be_visible()
    assert page.evaluate("document.styleSheets.length") == 3
    page.locator(".days a").nth(1).click()
    expect(page.locator("#age")).to_be_visible()
    expect(page.get_by_text("You have no meetings on Tue, 8 December 2026.")).to_be_visible()
    page.get_by_role("link", name="Print all days").click()
    expect(page.get_by_text("This needs a connection.")).to_be_visible()
    page.locator(".days a").first.click()
    page.clock.fast_forward(timedelta(minutes=50).seconds * 1000)
    expect(page.get_by_text("No more meetings today.")).to_be_visible()


def test_an_interpreter_s_day_is_not_kept_after_signing_out_or_for_another_person(
    their_page: Page, database: Database, fair: Fair, site: Wire, interpreter: int
) -> None:
    page = their_page
    wait_until_kept(page)
    sign_out(page)
    page.get_by_text("You've signed out.").wait_for()
    assert page.evaluate("caches.keys()") == []
    sign_in_to(page, database, fair, site.address, interpreter, "interpreter-day")
    wait_until_kept(page)
    page.context.clear_cookies()  # signed out elsewhere
    page.reload()
    page.get_by_role("button", name="Send sign-in link").or_(page.get_by_label("Email")).first.wait_for()
    assert [name for name in page.evaluate("caches.keys()") if name.startswith("my-day /")] == []
    sign_in_to(page, database, fair, site.address, interpreter, "interpreter-day")
    wait_until_kept(page)
    page.context.clear_cookies()
    sign_in_as(page, database, fair, site.address, 1)  # the page of another person, by another worker
    wait_until_kept(page)
    kept = [name for name in page.evaluate("caches.keys()") if name.startswith("my-day /")]
    assert kept == [f"my-day /events/{fair.expo.event.key}/my-day"]
