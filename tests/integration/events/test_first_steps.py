"""First steps: each is ticked by the act itself through the pages, and open again once it is undone."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from scheduler.domain.entities import AlertKind, RequestState
from scheduler.domain.errors import NotAllowed
from scheduler.domain.team import TeamRole
from scheduler.services.delivery import claims
from scheduler.services.events import organiser_steps
from scheduler.services.identity import onboarding
from scheduler.services.operations import alerts
from scheduler.services.requests.dashboard import exhibitor_steps
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, Place
from tests.support import clocks
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_attendee,
    make_event,
    make_member,
    make_request,
)
from tests.support.forms import PageForms
from tests.support.publishing import carry_out, draft
from tests.support.queries import count_selects
from tests.support.site import Site
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


class Person:
    """A person's browser in an event, which reads the first steps on their dashboard."""

    def __init__(self, database: Database, expo: Expo, browser: Browser) -> None:
        self.database, self.browser = database, browser
        self.base = f"/events/{expo.event.key}"

    def steps(self, path: str = "/first-steps") -> dict[str, bool]:
        """Return the steps of a page: True by name for those that it says are completed."""
        page = BeautifulSoup(self.browser.get(self.base + path), "html.parser")
        found = {}
        for step in page.select("[data-test=first-steps] > li"):
            spoken = step.get_text(" ", strip=True)
            assert spoken.startswith(("Completed:", "To do:")), spoken
            assert ("is-done" in (step.get("class") or [])) == spoken.startswith("Completed:")
            found[str(step["data-step"])] = spoken.startswith("Completed:")
        return found

    def is_done(self, name: str) -> bool:
        return self.steps()[name]

    def submit(self, page: str, action: str, **changed: object) -> str:
        """Submit a form of a page as a browser does, with some fields changed."""
        form = PageForms(self.browser.get(self.base + page), self.base + page).sending_to(self.base + action)[
            0
        ]
        values: dict[str, object] = {}
        for name, value in form.sent():
            values[name] = [*values.get(name, []), value] if name in values else [value]  # type: ignore[misc]
        return self.browser.post(self.base + action, **values | changed)

    def change_venue(self, action: str, **fields: object) -> None:
        """Preview a change of the venue, and save it."""
        look = self.browser.post(f"{self.base}/venue/{action}", **fields)
        digest = re.search(r'name="digest" value="(\w+)"', look)
        assert digest, look
        self.browser.post(f"{self.base}/venue/{action}", **fields, digest=digest[1])


@pytest.fixture(autouse=True)
def _standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, NOW)


def organiser_of(database: Database, **columns: object) -> tuple[Expo, Person]:
    with database.write() as session:
        expo = make_event(session, **columns)  # type: ignore[arg-type]
    return expo, Person(database, expo, Browser(web_app(database, NOWHERE), expo.organiser))


def contact_of(database: Database, expo: Expo) -> Person:
    return Person(database, expo, Site(web_app(database, NOWHERE), database, expo).exhibitor(0))


def test_an_organisers_steps_follow_what_is_set_up(database: Database) -> None:
    _, organiser = organiser_of(database, firms=0, tables=0, live_at=None, contact="")
    steps = organiser.steps("")
    assert list(steps) == [
        "venue", "contact", "exhibitors", "email", "live", "invite", "run", "publish", "overnight",
    ]  # fmt: skip
    assert not any(steps.values())

    organiser.change_venue(
        "new-tables", hall="h0", at_hall="h0", prefix="R-", first="1", count="1", capacity="1"
    )
    assert organiser.is_done("venue")
    with database.read() as session:
        table = session.scalars(select(Place.key)).one()
    organiser.change_venue("removal", pick=table, at_hall="h0")
    assert not organiser.is_done("venue")

    organiser.submit("/settings", "/settings", contact="help@expo.example")
    assert organiser.is_done("contact")
    organiser.submit("/settings", "/settings", contact="")
    assert not organiser.is_done("contact")

    organiser.submit("/overnight", "/overnight", **{"at-0": "02:00", "weekdays-0": ["1"], "then-0": "draft"})
    assert organiser.is_done("overnight")
    organiser.submit("/overnight", "/overnight", **{"at-0": ""})
    assert not organiser.is_done("overnight")

    assert not organiser.is_done("live")
    organiser.submit("/rehearsal", "/rehearsal/go-live")
    assert organiser.is_done("live")


def test_exhibitors_are_imported_and_their_contacts_invited(database: Database) -> None:
    expo, organiser = organiser_of(database, firms=1)
    steps = organiser.steps()
    assert steps["exhibitors"] and not steps["invite"]
    organiser.submit("/event-invitations", "/event-invitations", group="new")
    assert organiser.is_done("invite")
    with database.write() as session:
        make_attendee(session, expo, 0, is_exhibitor=True)
    assert not organiser.is_done("invite")
    organiser.browser.post(f"{organiser.base}/participants/firms/remove", keys=["f0"], sure="yes")
    steps = organiser.steps()
    assert not steps["exhibitors"] and not steps["invite"]


def test_a_test_email_that_was_sent_is_a_step_until_the_email_check_fails(database: Database) -> None:
    _, organiser = organiser_of(database, firms=2)
    organiser.submit("/email-texts/en/new", "/email-texts/en/new", do="test")
    assert not organiser.is_done("email")
    with database.write() as session:
        (row,) = claims.claim_emails(session, worker="w", limit=9, secret_key=SECRET_KEY, now=NOW)
        claims.mark_sent(session, row.id, worker="w", now=NOW)
    assert organiser.is_done("email")
    with database.write() as session:
        alerts.raise_alert(
            session, AlertKind.MAIL_CHECK, event_id=None, about="spf", reason="No SPF.", path="/", now=NOW
        )
    assert not organiser.is_done("email")


def test_a_run_and_a_publication_are_steps(database: Database) -> None:
    expo, organiser = organiser_of(database, firms=2)
    assert not organiser.is_done("run")
    with database.write() as session:
        make_request(session, expo, 0, 1)
        draft(session, expo, [])
    steps = organiser.steps()
    assert steps["run"] and not steps["publish"]
    organiser.browser.get(f"{organiser.base}/versions/1")
    carry_out(database)
    organiser.submit("/versions/1/publish", "/versions/1/publish")
    carry_out(database)
    assert organiser.is_done("publish")


def test_an_exhibitors_steps_follow_what_they_do(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3)
    contact = contact_of(database, expo)
    steps = contact.steps("/dashboard")
    assert list(steps) == ["description", "offers", "times", "request", "respond", "feed"]
    assert not any(steps.values())

    contact.submit("/profile", "/profile", description="We make ring gears.")
    assert contact.is_done("description")
    contact.submit("/profile", "/profile", description=" ")
    assert not contact.is_done("description")

    contact.submit("/dashboard/setup", "/dashboard/setup/offers", word="ring gears", do="add")
    assert not contact.is_done("offers")
    contact.submit("/dashboard/setup", "/dashboard/setup/needs", word="bearings", do="add")
    assert contact.is_done("offers")
    contact.submit("/dashboard/setup", "/dashboard/setup/needs", remove="bearings")
    assert not contact.is_done("offers")

    contact.submit("/firms/f1/request", "/firms/f1/request", topic="Ring gears")
    assert contact.is_done("request")
    with database.read() as session:
        (key,) = session.scalars(select(MeetingRequest.key))
    contact.browser.post(f"{contact.base}/requests/{key}/withdraw")
    assert not contact.is_done("request")


def test_requests_are_answered_until_the_next_one_arrives(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3)
        key = make_request(session, expo, 1, 0, state=RequestState.PENDING).key
    contact = contact_of(database, expo)
    assert not contact.is_done("respond")
    contact.browser.post(f"{contact.base}/requests/{key}/accept", side="to")
    assert contact.is_done("respond")
    with database.write() as session:
        make_request(session, expo, 2, 0, state=RequestState.PENDING)
    assert not contact.is_done("respond")


def test_saved_times_are_a_step_even_if_there_are_none(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    contact = contact_of(database, expo)
    assert not contact.is_done("times")
    contact.submit("/busy-times", "/busy-times/marked")
    assert contact.is_done("times")


def test_a_subscribed_feed_is_a_step_until_its_link_is_reset(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    contact = contact_of(database, expo)
    page = contact.browser.get(f"{contact.base}/preferences")
    feed = re.search(r'value="https?://[^/]+(/calendar/[^"]+)"', page)
    assert feed
    contact.browser.client.get(feed[1])
    assert contact.is_done("feed")
    contact.submit("/preferences", "/preferences/feed")
    assert not contact.is_done("feed")


def test_steps_are_hidden_on_the_dashboard_and_come_back_from_their_page(database: Database) -> None:
    expo, organiser = organiser_of(database)
    contact = contact_of(database, expo)
    for person, dashboard in ((organiser, ""), (contact, "/dashboard")):
        page = person.browser.get(person.base + dashboard)
        assert f'href="{person.base}/first-steps"' in page, "the menu leads to them"
        person.submit(dashboard, "/first-steps/hide")
        assert person.steps(dashboard) == {}
        assert person.steps()
        person.submit("/first-steps", "/first-steps/show")
        assert person.steps(dashboard)


def test_steps_that_are_all_done_leave_the_dashboard() -> None:
    assert onboarding.FirstSteps({"a": True, "b": False}, is_hidden=False).is_on_dashboard
    assert not onboarding.FirstSteps({"a": True, "b": True}, is_hidden=False).is_on_dashboard


def test_who_neither_organises_nor_requests_has_none(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, people=2)
        viewer = make_member(session, expo, TeamRole.VIEWER)
        attendee = expo.actor(0, 1)
        for steps in (organiser_steps.list_organiser_steps, exhibitor_steps.list_exhibitor_steps):
            with pytest.raises(NotAllowed):
                steps(session, attendee)
        with pytest.raises(NotAllowed):
            onboarding.hide_first_steps(session, attendee, is_hidden=True)
    page = Browser(web_app(database, NOWHERE), viewer).get(f"/events/{expo.event.key}")
    assert "first-steps" not in page


def test_they_take_few_queries(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    actor, contact = expo.organiser_actor(), expo.actor(0)
    assert count_selects(database, lambda s: organiser_steps.list_organiser_steps(s, actor)) <= 3
    assert count_selects(database, lambda s: exhibitor_steps.list_exhibitor_steps(s, contact)) <= 2
