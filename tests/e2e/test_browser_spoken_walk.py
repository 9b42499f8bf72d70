"""Five tasks by keyboard, as a screen reader speaks them from the accessibility tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from scheduler.domain.entities import RequestState, VersionState
from scheduler.services.identity import sign_in
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.requests.dashboard import setup
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AttendeeBusy, ExcludedPerson, MeetingRequest, ScheduleVersion
from tests.e2e.spoken import ScreenReader
from tests.support import clocks
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event, make_request, meet
from tests.support.publishing import carry_out, draft, publish, send_all

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

WAIT = 60_000
SignIn = Callable[[int | None], ScreenReader]


@pytest.fixture
def expo(database: Database, monkeypatch: pytest.MonkeyPatch) -> Expo:
    """Firm 0 has a request of firm 1, and a published meeting of its second person with firm 2."""
    clocks.hold(monkeypatch, NOW)
    with database.write() as session:
        expo = make_event(session, firms=4, people=2)
        make_request(session, expo, 1, 0, state=RequestState.PENDING, topic="Ring gears")
        held = make_request(session, expo, 0, 2)
        people = [expo.people[0][1], expo.people[2][0]]
        publish(session, expo, draft(session, expo, [meet(held, expo, people=people)]), None)
        send_all(session, expo)
        draft(session, expo, [meet(held, expo, slot=1, people=people)])
        setup.finish_setup(session, expo.actor(0), now=NOW)
    return expo


@pytest.fixture
def listen(chromium: Browser, database: Database, expo: Expo, site: str) -> Iterator[SignIn]:
    """Yield a function that signs a person in by keyboard, and gives a screen reader of their first page."""
    context = chromium.new_context(reduced_motion="reduce")

    def sign_in_as(account_id: int | None) -> ScreenReader:
        page = context.new_page()
        page.set_default_timeout(WAIT)
        with database.write() as session:
            account = session.get_one(Account, account_id)
            token = sign_in.make_sign_in_link(session, account.id, secret_key=SECRET_KEY, now=NOW)
        page.goto(f"{site}/sign-in/{token}")
        reader = ScreenReader(page)
        reader.check()
        assert reader.focused().is_("button", "Sign in"), "the only thing to do has the focus"
        reader.go(reader.press)
        return reader

    yield sign_in_as
    context.close()


def test_a_company_is_found_and_asked_for_a_meeting(listen: SignIn, database: Database, expo: Expo) -> None:
    reader = listen(expo.people[0][0].account_id)
    reader.tab_to("link", "Skip to content", most=1)
    reader.press()
    assert reader.focused().role == "main"
    reader.jump("navigation", "Event")
    reader.tab_to("link", "Companies")
    reader.go(reader.press)
    reader.jump("heading", "Firm 3")
    reader.tab_to("link", "Request meeting with Firm 3", most=3)
    reader.go(reader.press)

    reader.jump("heading", "Meeting request to Firm 3")
    topic = reader.tab_to("textbox", "Topic", most=2)
    assert topic.states["required"]
    assert (
        topic.description
        == "What the meeting is about, in one line. Both companies see it in their calendars."
    )
    reader.tab_to("button", "Send request", most=2)
    reader.go(reader.press)

    assert reader.focused().role == "alert", "the errors have the focus, and are read at once"
    assert reader.announced("alert").startswith("The request wasn't sent. Fix this problem:")
    fault = "Topic: enter what the meeting is about, in one line."
    reader.tab_to("link", fault, most=1)
    reader.press()
    topic = reader.focused()
    assert topic.is_("textbox", "Topic") and topic.states["invalid"] == "true"
    assert topic.description.endswith(fault)
    reader.page.keyboard.type("Solid cells")
    reader.tab_to("button", "Send request", most=2)
    reader.go(reader.press)
    assert "Request sent to Firm 3." in reader.announced()
    with database.read() as session:
        assert session.scalar(select(MeetingRequest.topic).where(MeetingRequest.topic == "Solid cells"))


def test_a_request_is_answered(listen: SignIn, database: Database, expo: Expo) -> None:
    reader = listen(expo.people[0][0].account_id)
    reader.jump("region", "Requests that need your response")
    reader.jump("heading", "Firm 1")
    reader.tab_to("link", "Firm 1", most=1)
    decline = reader.tab_to("disclosure", "Decline the request from Firm 1 …", most=1)
    assert decline.states["expanded"] is False
    reader.tab_to("button", "Accept Firm 1", most=1)
    reader.go(reader.press)
    assert "Request accepted. The next scheduling run will look for a time" in reader.announced()
    with database.read() as session:
        state = session.scalar(select(MeetingRequest.state).where(MeetingRequest.topic == "Ring gears"))
    assert state is RequestState.ACCEPTED


def test_a_busy_time_is_marked(listen: SignIn, database: Database, expo: Expo) -> None:
    reader = listen(expo.people[0][0].account_id)
    reader.jump("heading", "Dashboard")
    reader.tab_to("link", "Busy times", most=1)
    reader.go(reader.press)
    reader.jump("region", "Meeting times")
    first = reader.tab_to("checkbox", "Busy on Mon, 7 December 2026, 09:00", most=2)
    assert first.states["checked"] == "false"
    reader.press("ArrowDown")
    assert reader.focused().is_("checkbox", "Busy on Mon, 7 December 2026, 09:30")
    reader.press("Space")
    assert reader.focused().states["checked"] == "true"
    reader.tab_to("combobox", "Arrival", most=1)  # the grid is one stop
    reader.tab_to("button", "Save busy times")
    reader.go(reader.press)
    assert "Saved. You marked 1 time as busy." in reader.announced()
    with database.read() as session:
        assert session.scalars(select(AttendeeBusy.slot_id)).all() == [expo.slots[1].id]


def test_an_attendee_reads_the_agenda_and_declines_a_later_meeting(
    listen: SignIn, database: Database, expo: Expo
) -> None:
    reader = listen(expo.people[0][1].account_id)
    reader.jump("navigation", "Event")
    reader.tab_to("link", "My day")
    reader.go(reader.press)
    reader.jump("heading", "Firm 2")
    cannot = reader.tab_to("disclosure", "I can't attend (meeting with Firm 2)")
    assert cannot.states["expanded"] is False
    reader.press()
    assert reader.focused().states["expanded"] is True
    note = reader.tab_to("textbox", "Note to your company contacts (optional)", most=1)
    assert not note.states.get("required")
    reader.tab_to("button", "Decline meeting", most=2)
    with reader.page.expect_response(lambda answer: answer.request.method == "POST"):
        reader.press()  # the page says it before the site has it
    reader.page.get_by_text("You can't attend").locator("visible=true").first.wait_for()
    reader.check()
    assert "You can't attend" in reader.announced(), (reader.announced(), reader.focused())
    with database.read() as session:
        assert session.scalars(select(ExcludedPerson.attendee_id)).all() == [expo.people[0][1].id]


def test_an_organiser_publishes_a_draft(listen: SignIn, database: Database, expo: Expo) -> None:
    reader = listen(expo.organiser.id)
    reader.jump("heading", "To do")
    reader.tab_to("link", "Review draft", most=3)
    reader.go(reader.press)
    assert "Waiting to start." in reader.announced()
    assert carry_out(database) == [JobEnding.DONE]
    reader.page.get_by_role("link", name="Review and publish").wait_for()  # the panel asks for itself
    reader.check()
    reader.jump("heading", "Version 2 Draft")
    reader.tab_to("link", "Review and publish")
    reader.go(reader.press)
    reader.jump("heading", "Publish version 2?")
    reader.tab_to("button", "Publish version 2")
    reader.go(reader.press)
    assert "Version 2 is being published" in " ".join(each.name for each in reader.read())
    assert carry_out(database) == [JobEnding.DONE]
    with database.read() as session:
        state = session.scalar(select(ScheduleVersion.state).where(ScheduleVersion.number == 2))
    assert state is VersionState.PUBLISHED
