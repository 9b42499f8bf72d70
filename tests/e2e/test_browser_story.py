"""End-to-end story of a Chinese and a Hungarian exhibitor and two others, on a phone and by keyboard.

Once invited, they find each other, agree, are scheduled, hand over, print, and use the site offline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pymupdf
import pytest
import zxingcpp
from sqlalchemy import select, update

from chainmeet.demo import load_sample
from scheduler.domain.entities import RequestState
from scheduler.samples.event import SampleEvent, SamplePerson
from scheduler.samples.expo import make_expo
from scheduler.services.schedule import versions
from scheduler.storage.models import Attendee, Event, MeetingRequest
from tests.e2e.first_event import Way
from tests.e2e.stack import Up
from tests.e2e.visitor import Visitor
from tests.support.workers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.smtp, pytest.mark.broker, pytest.mark.slow]

ORGANISER = "organiser@expo.example"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TOPIC = "电池回收合作"
KEPT = """async () => {
  for (const name of await caches.keys())
    for (const kept of await (await caches.open(name)).keys())
      if (name.startsWith("my-day /") && kept.url === location.href) return true;
  return false;
}"""
"""True if the service worker has cached the open page."""
CONTROLLED = """() => new Promise((done) => {
  const workers = navigator.serviceWorker;
  if (workers.controller) done();
  else workers.addEventListener("controllerchange", () => done(), { once: true });
})"""
"""Waits until a service worker answers for the page."""


@dataclass
class Story:
    """The stack, an event, and its people."""

    up: Up
    chromium: Browser
    sample: SampleEvent
    event: Event

    def __post_init__(self) -> None:
        people = self.sample.attendees
        by_firm = {p.firm_key: [q for q in people if q.firm_key == p.firm_key] for p in people}
        self.li, self.hua = next(
            (one, other)
            for staff in by_firm.values()
            for one in staff
            for other in staff
            if one.is_exhibitor and one.languages[0] == "zh" and not other.is_exhibitor
        )
        self.exhibitors = {p.firm_key: p for p in people if p.is_exhibitor}

    def visitor(self, language: str = "en", **options: object) -> Visitor:
        return Visitor(self.chromium, self.up, language=language, **options)

    def path(self, rest: str) -> str:
        return f"/events/{self.event.key}{rest}"

    def mail(self, person: SamplePerson, text: str) -> dict[str, Any]:
        """Wait for the first email to a person that contains a text."""
        found: list[dict[str, Any]] = []

        def has_come() -> bool:
            found[:] = [mail for mail in self.up.listed(person.email) if text in mail["text"]]
            return bool(found)

        eventually(has_come)
        return found[-1]

    def request(self) -> MeetingRequest:
        with self.up.database.read() as session:
            return session.scalars(select(MeetingRequest).where(MeetingRequest.topic == TOPIC)).one()

    def is_held(self) -> bool:
        with self.up.database.read() as session:
            version = versions.find_published_version(session, self.event.id)
            held = versions.list_meetings(session, version.id) if version else ()
        return self.request().key in {meeting.request for meeting in held}


@pytest.fixture
def story(up: Up, chromium: Browser) -> Iterator[Story]:
    now = up.database.now()
    sample = make_expo(firms=12, requests=40, seed=1, start=(now + timedelta(days=30)).date())
    with up.database.write() as session:
        event = load_sample.load(
            session, sample, organiser_email=ORGANISER, secret_key=up.settings.secret_key, now=now
        )
        session.execute(update(Attendee).values(invited_at=None))
        event.digest_mails, event.digests_since = True, now
    return Story(up, chromium, sample, event)


def test_four_people_are_invited_agree_and_meet(story: Story) -> None:
    organiser = story.visitor()
    organiser.sign_in(ORGANISER)
    invite(story, organiser)
    li = arrive(story, story.li, "zh")
    kovacs = choose_a_partner(story, li)
    accept_by_the_mail(story, kovacs)
    keys = ask_by_keyboard(story, kovacs)
    ask_back(story, kovacs, keys)
    hua = arrive(story, story.hua, "zh", **PHONE)
    is_never_free(story, hua)
    way = Way(organiser, story.up)
    way.run_and_publish(seconds=3)
    assert not story.is_held()
    be_free_after_all(story, hua)
    way.run_and_publish(seconds=3)
    assert story.is_held()
    stand_in_the_hall(story, hua)
    hand_over(story, li)
    print_the_agenda(story, li)
    for visitor in (organiser, li, hua):
        assert visitor.errors == []
        visitor.close()


def invite(story: Story, organiser: Visitor) -> None:
    """Invite everyone as the organiser."""
    organiser.open("Event invitations")
    organiser.page.get_by_role("checkbox", name=re.compile("^Include ")).check()
    organiser.page.get_by_role("button", name=re.compile("^Invite ")).click()
    organiser.reads("emails are being sent.")


def arrive(story: Story, person: SamplePerson, language: str, **options: object) -> Visitor:
    """Open the link of the invitation, and sign in."""
    mail = story.mail(person, story.path(""))
    assert story.event.name in mail["subject"]
    link = re.findall(rf"{re.escape(story.up.site)}/events/\S+", mail["text"])[0]
    visitor = story.visitor(language, **options)
    visitor.sign_in(person.email, at=link)
    return visitor


def choose_a_partner(story: Story, li: Visitor) -> SamplePerson:
    """Describe the firm, and request the first suggested partner as a must-have; Hua attends."""
    page = li.page
    li.open(li.say("Company profile"))
    page.get_by_label(li.say("About your company")).fill("我们回收动力电池。我们寻找电芯制造商。")
    li.press(li.say("Save"))
    page.goto(story.path("/dashboard"))
    first = page.locator("article.company a.button").first
    href = first.get_attribute("href")
    assert href is not None
    first.click()
    page.get_by_label(li.say("Topic"), exact=True).fill(TOPIC)
    page.locator("details", has=page.locator("#priority")).locator("> summary").click()
    page.get_by_label(li.say("Must-have: you're coming to the event for this meeting")).check()
    page.get_by_role("group", name=li.say("Attendees from your company")).get_by_label(
        re.compile(re.escape(story.hua.name))
    ).check()
    li.press(li.say("Send request"))
    page.locator(".request", has_text=TOPIC).first.wait_for()
    return story.exhibitors[href.split("/")[-2]]


def accept_by_the_mail(story: Story, kovacs: SamplePerson) -> None:
    """Must-haves are emailed at once. Accept one by the link, without signing in."""
    mail = story.mail(kovacs, TOPIC)
    link = re.findall(rf"{re.escape(story.up.site)}/respond/\S+/accept", mail["text"])[0]
    reader = story.visitor("hu")
    reader.page.goto(link)
    reader.page.get_by_text(TOPIC).wait_for()
    reader.page.locator("form button.button-primary").click()
    eventually(lambda: story.request().state is RequestState.ACCEPTED)
    reader.close()


def ask_by_keyboard(story: Story, kovacs: SamplePerson) -> SamplePerson:
    """Sign in, search for the firm, and request a meeting, all by keyboard."""
    known = {frozenset((r.from_firm, r.to_firm)) for r in story.sample.requests}
    person = next(
        p
        for key, p in story.exhibitors.items()
        if key not in (kovacs.firm_key, story.li.firm_key) and frozenset((key, kovacs.firm_key)) not in known
    )
    visitor = story.visitor()
    visitor.sign_in(person.email, by_keyboard=True)
    page = visitor.page
    page.goto(story.path(f"/firms/{kovacs.firm_key}/request"))
    visitor.tab_to(page.get_by_label("Topic", exact=True))
    page.keyboard.type("Cells for our chargers")
    visitor.tab_to(page.get_by_role("button", name="Send request"))
    page.keyboard.press("Enter")
    visitor.reads("Request sent to ")
    assert visitor.errors == []
    visitor.close()
    return person


def ask_back(story: Story, kovacs: SamplePerson, keys: SamplePerson) -> None:
    """In Hungarian: requesting a firm that has a pending request to one's own accepts that request."""
    visitor = arrive(story, kovacs, "hu")
    page = visitor.page
    assert page.locator("html").get_attribute("lang") == "hu"
    page.goto(story.path(f"/firms/{keys.firm_key}/request"))
    page.get_by_label(visitor.say("Topic"), exact=True).fill("Akkumulátorok")
    visitor.press(visitor.say("Accept and send"))
    page.locator(".tag-good", has_text=visitor.say("Accepted")).first.wait_for()
    assert visitor.errors == []
    visitor.close()


def is_never_free(story: Story, hua: Visitor) -> None:
    """Mark every time as busy, on a phone."""
    page = hua.page
    page.goto(story.path("/busy-times"))
    for box in page.locator('input[name="slots"]').all():
        box.check()
    hua.press(hua.say("Save busy times"))
    page.locator(".banner-good").first.wait_for()


def be_free_after_all(story: Story, hua: Visitor) -> None:
    """Make time by the request page, which explains why it is unscheduled."""
    page = hua.page
    page.goto(story.path(f"/requests/{story.request().key}"))
    free = page.get_by_role("button", name=hua.say("Mark available"))
    free.click()
    free.wait_for(state="detached")


def stand_in_the_hall(story: Story, hua: Visitor) -> None:
    """Check that My day shows the meeting, also offline."""
    page = hua.page
    page.goto(story.path("/my-day"))
    page.locator("article.now").first.wait_for()
    page.evaluate(CONTROLLED)
    eventually(lambda: page.evaluate(KEPT))
    page.context.set_offline(True)
    page.reload()
    page.locator("#age", has_text=re.compile("离线|Offline")).wait_for()
    page.context.set_offline(False)


def hand_over(story: Story, li: Visitor) -> None:
    """Hand over a meeting to a colleague, see the consequences, and cancel the handover."""
    page = li.page
    page.goto(story.path("/week"))
    page.locator(".slot-meeting").first.click()
    page.locator("form.hand-over button").first.click()
    page.get_by_role("button", name=li.say("Cancel handover")).click()
    page.locator("form.hand-over").first.wait_for()


def print_the_agenda(story: Story, li: Visitor) -> None:
    """Scan the QR code of the printed agenda, whose page confirms without sign-in that it is current."""
    answer = li.page.request.get(story.path("/agenda.pdf"))
    assert answer.ok
    with pymupdf.open(stream=answer.body()) as pdf:
        pixels = pdf[0].get_pixmap(dpi=200)
    picture = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, pixels.n)
    (code,) = zxingcpp.read_barcodes(picture)
    stranger = story.visitor("zh")
    stranger.page.goto(code.text)
    stranger.page.get_by_role("heading", name="是的，这份打印件是最新的。").wait_for()
    assert code.text.startswith(story.up.site)
    stranger.close()
