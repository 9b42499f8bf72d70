"""The complete workflow: a request in the browser, a run, and the invitation in a calendar."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from chainmeet.demo import load_sample
from scheduler.domain.entities import OutboxKind, OutboxState
from scheduler.domain.plan import Meeting
from scheduler.files.plan_file import read_plan
from scheduler.samples.event import SampleEvent, SamplePerson
from scheduler.samples.expo import make_expo
from scheduler.services.planning.runs import runs
from scheduler.services.schedule import versions
from scheduler.storage.models import Event, MeetingRequest, OutboxEmail, Run
from tests.e2e.stack import Up
from tests.e2e.visitor import Visitor
from tests.interop import readers
from tests.support.workers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.smtp, pytest.mark.broker, pytest.mark.slow]

READER = "ical.js"
"""Thunderbird's."""
ORGANISER = "organiser@expo.example"
TOPIC = "Joint tests of a new cell"


@dataclass(frozen=True)
class Scene:
    """A small expo in the running stack, and two people whose firms have no request yet."""

    up: Up
    chromium: Browser
    expo: SampleEvent
    event: Event
    asking: SamplePerson
    asked: SamplePerson

    def visitor(self, email: str) -> Visitor:
        visitor = Visitor(self.chromium, self.up)
        visitor.sign_in(email)
        return visitor

    def firm_name(self, person: SamplePerson) -> str:
        return next(firm.latin_name for firm in self.expo.firms if firm.key == person.firm_key)

    def published(self) -> tuple[int, tuple[Meeting, ...]]:
        with self.up.database.read() as session:
            version = versions.find_published_version(session, self.event.id)
            assert version is not None
            return version.number, versions.list_meetings(session, version.id)

    def mails(self) -> Counter[OutboxState]:
        """Return the states of emails of publications, without digests, which are sent when due."""
        of_publishings = select(OutboxEmail.state).where(
            OutboxEmail.event_id == self.event.id, OutboxEmail.kind != OutboxKind.DIGEST
        )
        with self.up.database.read() as session:
            return Counter(session.scalars(of_publishings))


@pytest.fixture
def scene(up: Up, chromium: Browser) -> Scene:
    readers.require(READER)
    now = up.database.now()
    expo = make_expo(firms=12, requests=60, seed=1, start=(now + timedelta(days=30)).date())
    with up.database.write() as session:
        event = load_sample.load(
            session, expo, organiser_email=ORGANISER, secret_key=up.settings.secret_key, now=now
        )
    return Scene(up, chromium, expo, event, *strangers(expo))


def strangers(expo: SampleEvent) -> tuple[SamplePerson, SamplePerson]:
    """Return two exhibitors with a common language whose firms have no request."""
    known = {frozenset((request.from_firm, request.to_firm)) for request in expo.requests}
    exhibitors = [person for person in expo.attendees if person.is_exhibitor]
    return next(
        (a, b)
        for a in exhibitors
        for b in exhibitors
        if a.firm_key != b.firm_key
        and frozenset((a.firm_key, b.firm_key)) not in known
        and set(a.languages) & set(b.languages)
    )


def test_a_request_in_the_browser_ends_as_an_invitation_in_both_calendars(scene: Scene) -> None:
    ask(scene)
    accept(scene)
    organiser = scene.visitor(ORGANISER)
    run_and_publish(scene, organiser)

    number, meetings = scene.published()
    (meeting,) = [m for m in meetings if m.request == request_key(scene)]
    assert number == 1
    assert {scene.asking.key, scene.asked.key} <= set(meeting.attendees)

    eventually(lambda: not scene.mails().keys() & {OutboxState.QUEUED, OutboxState.SENDING})
    sent = scene.mails()
    seats = [person for meeting in meetings for person in meeting.attendees]
    interpreting = {meeting.interpreter for meeting in meetings} - {None}
    # Invitations, a summary for each person, and a briefing for each interpreter with meetings.
    assert sent == {OutboxState.SENT: len(seats) + len(set(seats)) + len(interpreting)}
    invitations = [invited(scene, person, meeting) for person in (scene.asking, scene.asked)]
    assert invitations[0].uid == invitations[1].uid

    publish_the_same_again(scene, organiser)
    assert (scene.published()[0], scene.mails()) == (2, sent)
    assert organiser.errors == []
    organiser.close()

    subscribe(scene, invitations[1])


def ask(scene: Scene) -> None:
    """Find the firm and submit the request form, once with an error."""
    visitor = scene.visitor(scene.asking.email)
    visitor.open("Companies")
    page, firm = visitor.page, scene.firm_name(scene.asked)
    page.get_by_role("searchbox").fill(firm)
    page.locator("#found", has_text="1 company").wait_for()
    page.locator("#results").get_by_role("link", name="Request meeting").click()  # the only remaining firm
    page.locator("details", has=page.locator("#priority")).locator("> summary").click()
    page.get_by_label(scene.asking.name).check()  # its reader reads Chinese
    page.get_by_label(scene.asked.name).check()
    page.get_by_label("Must-have: you're coming to the event for this meeting").check()
    visitor.press("Send request")
    assert page.locator("#topic-error").inner_text() == "Topic: enter what the meeting is about, in one line."
    assert page.get_by_label(scene.asked.name).is_checked()
    page.get_by_label("Topic").fill(TOPIC)
    visitor.press("Send request")
    visitor.reads("Request sent to ")
    # the browser logs the page with the error, which has status 422
    assert [error for error in visitor.errors if "422" not in error] == []
    visitor.close()


def accept(scene: Scene) -> None:
    visitor = scene.visitor(scene.asked.email)
    visitor.open("Requests")
    card = visitor.page.locator(".request", has_text=TOPIC)
    card.get_by_role("button", name="Accept the request from").click()
    card.get_by_text("Request accepted. The next scheduling run will look for a time").wait_for()
    assert card.locator(".request-when .tag-good").inner_text() == "Accepted"
    assert visitor.errors == []
    visitor.close()


def run_and_publish(scene: Scene, organiser: Visitor) -> None:
    """Start a run, follow it without reloading, review the draft, publish."""
    organiser.open("Schedule")
    page = organiser.page
    page.get_by_label("Search time (seconds)").fill("5")
    organiser.press("Run now")
    page.evaluate("window.sameDocument = true")
    page.locator("#run .tag-info, #run .tag-good").wait_for()
    page.locator("#run .tag-good").wait_for()
    assert page.evaluate("window.sameDocument") is True
    assert page.locator("#run dt").first.text_content() == "Best score"
    page.locator("#rest", has_text="Version 1").wait_for()  # the rest of the page was updated
    page.get_by_role("button", name="Run now").wait_for()
    assert page.evaluate("window.sameDocument") is True
    organiser.follow("Review draft")
    organiser.reads("This is the first publication.")
    organiser.follow("Review and publish")
    organiser.reads("Notifications")
    organiser.press("Publish version 1")
    organiser.press("Cancel publication")
    organiser.reads("Version 1 is a draft again. No one was notified.")
    organiser.follow("Review and publish")
    organiser.press("Publish version 1")
    organiser.press("Publish now")
    organiser.reads("Version 1 is published.")


def publish_the_same_again(scene: Scene, organiser: Visitor) -> None:
    """A second run with the same plan creates a draft that notifies no one."""
    with scene.up.database.write() as session:
        run = session.scalars(select(Run).where(Run.event_id == scene.event.id)).one()
        same = versions.store_draft(
            session,
            event_id=scene.event.id,
            run_id=run.id,
            plan=read_plan(runs.get_plan_file(session, run.id)),
            now=scene.up.database.now(),
        )
    organiser.page.goto(f"/events/{scene.event.key}/versions/{same.number}")
    organiser.reads("No emails are sent, apart from those already on their way.")
    organiser.follow("Review and publish")
    organiser.press(f"Publish version {same.number}")
    organiser.press("Publish now")
    organiser.reads(f"Version {same.number} is published. 0 emails were queued.")


def request_key(scene: Scene) -> str:
    with scene.up.database.read() as session:
        return session.scalars(
            select(MeetingRequest.key).where(
                MeetingRequest.event_id == scene.event.id, MeetingRequest.topic == TOPIC
            )
        ).one()


def invited(scene: Scene, person: SamplePerson, meeting: Meeting) -> readers.Event:
    """Return what ical.js reads from the only email to a person about the meeting."""
    mails = [mail for mail in scene.up.invitations(person.email) if TOPIC in readable(mail)]
    (mail,) = mails
    part = calendar_part(mail)
    (calendar,) = readers.read(READER, [part.get_payload(decode=True)])
    assert (calendar.method, part.get_param("method")) == ("REQUEST", "REQUEST")
    (event,) = calendar.events
    slot = next(slot for slot in scene.expo.slots if slot.key == meeting.slot)
    assert (event.start, event.zone) == (slot.start, scene.expo.timezone)
    assert (event.sequence, event.attendees) == (0, (f"mailto:{person.email}",))
    (sender,) = mail["From"].addresses
    assert event.organizer == f"mailto:{sender.addr_spec}"
    return event


def readable(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def calendar_part(mail: EmailMessage) -> EmailMessage:
    return next(part for part in mail.walk() if part.get_content_type() == "text/calendar")


def subscribe(scene: Scene, invitation: readers.Event) -> None:
    """Subscribe to the feed of the requested person, which agrees with the email and supports ETags."""
    visitor = scene.visitor(scene.asked.email)
    visitor.open("My agenda")
    visitor.reads(TOPIC)
    address = visitor.page.get_by_label("Link for Google Calendar").input_value()
    visitor.close()
    with urllib.request.urlopen(address) as response:
        (feed,), tag = readers.read(READER, [response.read()]), response.headers["ETag"]
    assert feed.method is None
    shown = {event.uid: event for event in feed.events}[invitation.uid]
    assert (shown.start, shown.end, shown.sequence) == (invitation.start, invitation.end, 0)
    with pytest.raises(urllib.error.HTTPError) as unchanged:
        urllib.request.urlopen(urllib.request.Request(address, headers={"If-None-Match": tag}))
    assert unchanged.value.code == 304
