"""The most frequent tasks on a phone, each in at most so many taps from the page after signing in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import func, select

from scheduler.domain.entities import RequestState, VersionState
from scheduler.services.identity import sign_in
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.requests.dashboard import setup
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AttendeeBusy, MeetingRequest, ScheduleVersion
from tests.support import clocks
from tests.support.everything import serving
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request, meet
from tests.support.publishing import carry_out, draft, publish, send_all
from tests.support.web import web_app

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
FIRMS = 13

expect.set_options(timeout=WAIT)


@dataclass
class Phone:
    """A phone's browser that counts taps. Typing is no tap; choosing the field is."""

    page: Page
    taps: int = 0

    def tap(self, target: Locator) -> None:
        target.first.tap()
        self.taps += 1

    def write(self, target: Locator, text: str) -> None:
        target.first.fill(text)


@pytest.fixture
def expo(database: Database, monkeypatch: pytest.MonkeyPatch) -> Expo:
    """Firm 0 is set up, and has ten requests to respond to, and a published meeting with firm 11."""
    clocks.hold(monkeypatch, NOW)
    with database.write() as session:
        expo = make_event(session, firms=FIRMS)
        for sender in range(1, 11):
            make_request(session, expo, sender, 0, state=RequestState.PENDING, topic=f"Topic {sender}")
        held = make_request(session, expo, 0, 11)
        publish(session, expo, draft(session, expo, [meet(held, expo)]), None)
        send_all(session, expo)
        draft(session, expo, [meet(held, expo, slot=1)])
        setup.finish_setup(session, expo.actor(0), now=NOW)
    return expo


@pytest.fixture
def phone(
    chromium: Browser, database: Database, expo: Expo, broker_url: str
) -> Iterator[Callable[[int | None], Phone]]:
    """Yield a function that signs a person in, and gives their phone on the page that follows."""
    contexts = []
    with serving(web_app(database, broker_url)) as site:

        def sign_in_as(account_id: int | None) -> Phone:
            context = chromium.new_context(
                viewport={"width": 390, "height": 844},
                has_touch=True,
                is_mobile=True,
                reduced_motion="reduce",
            )
            contexts.append(context)
            page = context.new_page()
            page.set_default_timeout(WAIT)
            with database.write() as session:
                account = session.get_one(Account, account_id)
                token = sign_in.make_sign_in_link(session, account.id, secret_key=SECRET_KEY, now=NOW)
            page.goto(f"{site}/sign-in/{token}")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
            page.goto(f"{site}/events/{expo.event.key}")
            return Phone(page)

        yield sign_in_as
        for context in contexts:
            context.close()


@pytest.fixture
def exhibitor(phone: Callable[[int | None], Phone], expo: Expo) -> Phone:
    return phone(expo.people[0][0].account_id)


def test_a_request_takes_three_taps_from_the_company(
    exhibitor: Phone, database: Database, expo: Expo
) -> None:
    page = exhibitor.page
    page.goto(page.url.partition(f"/{expo.event.key}")[0] + f"/{expo.event.key}/firms/f12")
    exhibitor.tap(page.get_by_role("link", name="Request meeting"))
    exhibitor.tap(page.get_by_label("Topic"))
    exhibitor.write(page.get_by_label("Topic"), "Solid cells")
    send = page.get_by_role("button", name="Send request")
    box = send.bounding_box()
    assert box is not None and box["y"] + box["height"] < 844, "the button is below the first screen"
    exhibitor.tap(send)
    expect(page.get_by_role("status").first).to_contain_text("Request sent")
    assert exhibitor.taps <= 3
    with database.read() as session:
        assert session.scalar(select(MeetingRequest.topic).where(MeetingRequest.topic == "Solid cells"))


def test_ten_requests_are_accepted_by_three_taps(exhibitor: Phone, database: Database) -> None:
    page = exhibitor.page
    exhibitor.tap(page.get_by_role("navigation", name="Event").get_by_role("link", name="Requests"))
    exhibitor.tap(page.get_by_role("link", name="Select all"))
    exhibitor.tap(page.get_by_role("button", name="Accept selected"))
    expect(page.get_by_role("status").first).to_contain_text("10 requests accepted")
    assert exhibitor.taps <= 3
    with database.read() as session:
        accepted = select(func.count()).where(MeetingRequest.state == RequestState.ACCEPTED)
        assert session.scalar(accepted) == 11


def test_a_later_meeting_is_declined_by_two_taps_from_my_day(exhibitor: Phone, database: Database) -> None:
    page = exhibitor.page
    page.goto(page.url.replace("/dashboard", "/my-day"))
    exhibitor.tap(page.locator("summary", has_text="I can't attend"))
    exhibitor.tap(page.get_by_role("button", name="Decline meeting"))
    expect(page.get_by_text("You can't attend").locator("visible=true").first).to_be_visible()
    assert exhibitor.taps <= 2


def test_a_busy_time_is_entered_by_three_taps(exhibitor: Phone, database: Database) -> None:
    page = exhibitor.page
    exhibitor.tap(page.get_by_role("link", name="Busy times"))
    exhibitor.tap(page.locator(".paint-cell"))
    exhibitor.tap(page.get_by_role("button", name="Save busy times"))
    expect(page.get_by_role("status").first).to_contain_text("Saved. You marked 1 time as busy.")
    assert exhibitor.taps <= 3
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(AttendeeBusy)) == 1


def test_the_week_is_one_tap_away(exhibitor: Phone) -> None:
    page = exhibitor.page
    exhibitor.tap(page.get_by_role("navigation", name="Event").get_by_role("link", name="My week"))
    expect(page.get_by_text("Firm 11").first).to_be_visible()
    assert exhibitor.taps <= 1


def test_a_draft_is_published_by_three_taps(
    phone: Callable[[int | None], Phone], expo: Expo, database: Database
) -> None:
    organiser = phone(expo.organiser.id)
    page = organiser.page
    organiser.tap(page.get_by_role("link", name="Review draft"))
    expect(page.get_by_text("Calculating the effects of publishing").first).to_be_visible()
    assert carry_out(database) == [JobEnding.DONE]
    organiser.tap(page.get_by_role("link", name="Review and publish"))
    organiser.tap(page.get_by_role("button", name="Publish version 2"))
    expect(page.get_by_text("Version 2 is being published").first).to_be_visible()
    assert organiser.taps <= 3
    assert carry_out(database) == [JobEnding.DONE]
    with database.read() as session:
        state = session.scalar(select(ScheduleVersion.state).where(ScheduleVersion.number == 2))
    assert state is VersionState.PUBLISHED
