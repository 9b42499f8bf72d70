"""Sensitive actions require a recent sign-in, which preserves the submitted form."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from api import context
from scheduler.services.identity import sign_in, tokens
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    ApiToken,
    ScheduleVersion,
    SignInLink,
)
from tests.integration.identity.clock import HOUR, Clock, person
from tests.support.factories import SECRET_KEY, Expo
from tests.support.web import Browser


class Person:
    """Signs in, waits, and follows the emailed link."""

    def __init__(self, app: Flask, clock: Clock, account: Account) -> None:
        self.app, self.clock = app, clock
        self.browser = Browser(app, account)

    def mailed_link(self) -> str:
        """Process the sign-in request as a worker does. Return the link's path."""
        with self.app.app_context(), context.database().write() as session:
            assert sign_in.process_sign_in_requests(session, context.settings(), now=self.clock.now)
            link = session.scalars(select(SignInLink).order_by(SignInLink.id.desc())).first()
            assert link is not None
            return f"/sign-in/{tokens.derive_token(SECRET_KEY, tokens.SIGN_IN, link.seed)}"

    def ask_again(self, page: str) -> None:
        """Submit the page that requires a recent sign-in."""
        assert "Sign in again" in page
        self.browser.post("/sign-in/again", errand=field(page, "errand"))

    def follow(self, link: str, browser: Browser | None = None) -> str:
        using = browser or self.browser
        using.get(link)
        return using.post(link)


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


@pytest.fixture
def organiser(app: Flask, clock: Clock, expo: Expo) -> Person:
    organiser = Person(app, clock, expo.organiser)
    clock.now += 31 * HOUR / 60
    return organiser


def test_what_was_typed_is_kept_through_a_fresh_sign_in(
    database: Database, organiser: Person, expo: Expo
) -> None:
    path = f"/events/{expo.event.key}/tokens"
    organiser.browser.get(path)
    fields = {"name": 'CRM "7" <b>', "scopes": ["runs:read", "people:read"]}
    organiser.ask_again(organiser.browser.post(path, status=403, **fields))
    with database.read() as session:
        assert session.scalars(select(ApiToken)).all() == []
    page = organiser.follow(organiser.mailed_link())
    assert "Your entries are still here" in page and f'action="{path}"' in page
    typed = {name: html.unescape(value) for name, value in re.findall(r'name="(name)" value="([^"]*)"', page)}
    scopes = re.findall(r'name="scopes" value="([^"]*)"', page)
    assert "Your token" in organiser.browser.post(path, **typed, scopes=scopes)
    with database.read() as session:
        made = session.scalars(select(ApiToken)).one()
        assert (made.name, made.scopes) == ('CRM "7" <b>', "people:read runs:read")


@pytest.mark.parametrize(
    ("signed_in", "asked_again"),
    [(-1, False), (-10, True)],
    ids=["that morning", "the evening before"],
)
def test_on_a_day_of_the_event_a_sign_in_of_that_day_is_enough_to_publish(
    app: Flask, clock: Clock, expo: Expo, signed_in: int, asked_again: bool
) -> None:
    opening = expo.slots[0].start
    clock.now = opening + signed_in * HOUR
    browser = Browser(app, expo.organiser)
    clock.now = opening
    for step, asks in (
        ("publish", asked_again),
        ("end-hold", asked_again),
        ("restore", True),
        ("trial", True),
    ):
        browser.get("/")
        path = f"/events/{expo.event.key}/versions/1/{step}"
        response = browser.client.post(path, data={"csrf_token": browser.token})
        assert ("Sign in again" in response.text) == asks, step


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "versions/1/publish"),
        ("post", "versions/1/restore"),
        ("post", "tokens"),
        ("get", "exports/event.xlsx"),
        ("get", "exports/lists/by-person.csv"),
        ("get", "exports/schedule.xlsx"),
        ("get", "calendar-status/calls.csv"),
        ("get", "audit-log.csv"),
    ],
)
def test_what_does_most_harm_needs_a_fresh_sign_in(
    organiser: Person, expo: Expo, method: str, path: str
) -> None:
    browser = organiser.browser
    browser.get("/")
    address = f"/events/{expo.event.key}/{path}"
    send: Callable[..., str] = browser.post if method == "post" else browser.get
    page = send(address, status=403)
    assert "Sign in again" in page and "within the last 30 minutes" in page
    browser.sign_in(organiser.app, expo.organiser)
    response = browser.client.open(
        address, method=method.upper(), data={"csrf_token": browser.token} if method == "post" else None
    )
    assert b"Sign in again" not in response.data and response.status_code != 403


def test_what_does_little_harm_needs_none(database: Database, organiser: Person, expo: Expo) -> None:
    for path in ("schedule", "tokens", "imports/", "calendar-status/", "settings"):
        organiser.browser.get(f"/events/{expo.event.key}/{path}")
    with database.read() as session:
        assert session.scalars(select(ScheduleVersion)).all() == []


def test_after_a_fresh_sign_in_a_page_is_opened_that_was_asked_for(organiser: Person, expo: Expo) -> None:
    path = f"/events/{expo.event.key}/audit-log.csv"
    organiser.ask_again(organiser.browser.get(path, status=403))
    link = organiser.mailed_link()
    organiser.browser.get(link)
    response = organiser.browser.client.post(link, data={"csrf_token": organiser.browser.token})
    assert response.headers["Location"] == path


def test_a_page_that_was_asked_for_before_the_sign_in_is_opened_after_it(
    app: Flask, clock: Clock, expo: Expo
) -> None:
    visitor = Person(app, clock, expo.organiser)
    visitor.browser.get("/")
    visitor.browser.post("/sign-out")
    path = f"/events/{expo.event.key}/firms?text=cell&page=2"
    page = visitor.browser.get(path)
    visitor.browser.post("/sign-in", email=expo.organiser.email, errand=field(page, "errand"))
    link = visitor.mailed_link()
    visitor.browser.get(link)
    response = visitor.browser.client.post(link, data={"csrf_token": visitor.browser.token})
    assert response.headers["Location"] == path


def test_a_form_that_was_typed_while_a_session_ended_is_kept_for_the_same_browser_alone(
    database: Database, app: Flask, clock: Clock, expo: Expo
) -> None:
    person_in, other = Person(app, clock, person(database, expo)), Browser(app)
    path = f"/events/{expo.event.key}/firms/f1/request"
    for browser, kept in ((person_in.browser, True), (other, False)):
        person_in.browser.sign_in(app, person(database, expo))
        person_in.browser.get("/")
        clock.now += 15 * 24 * HOUR
        page = person_in.browser.post(path, status=403, topic="Cells for 2027")
        person_in.browser.post("/sign-in", email=person(database, expo).email, errand=field(page, "errand"))
        shown = person_in.follow(person_in.mailed_link(), browser)
        assert ("Cells for 2027" in shown) is kept


def test_nobody_has_anothers_link_lead_to_a_form_of_their_own(
    app: Flask, clock: Clock, expo: Expo, organiser: Person, database: Database
) -> None:
    thief = Person(app, clock, person(database, expo))
    clock.now += HOUR
    thief.browser.get("/")
    page = thief.browser.post(f"/events/{expo.event.key}/tokens", status=403, name="mine")
    thief.browser.post("/sign-in", email=expo.organiser.email, errand=field(page, "errand"))
    shown = organiser.follow(organiser.mailed_link())
    assert "mine" not in shown and "Sign out" in shown


@pytest.mark.parametrize("errand", ["", "nonsense", "eyJwYXRoIjoiLy9ldmlsLmV4YW1wbGUifQ.x"])
def test_an_errand_that_is_not_ours_is_none(app: Flask, clock: Clock, expo: Expo, errand: str) -> None:
    visitor = Person(app, clock, expo.organiser)
    visitor.browser.get("/sign-in?next=//evil.example")
    visitor.browser.post("/sign-in", email=expo.organiser.email, errand=errand)
    assert "Sign out" in visitor.follow(visitor.mailed_link())
