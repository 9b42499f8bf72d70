"""Calendar status in the API: the same as on pages, for organisers' tokens only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from scheduler.services.identity import api_tokens
from scheduler.storage.database import Database
from tests.support import clocks
from tests.support.api import Program, make_token
from tests.support.event_with_replies import Health
from tests.support.factories import NOW
from tests.support.web import web_app

NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def health(database: Database, monkeypatch: pytest.MonkeyPatch) -> Health:
    clocks.hold(monkeypatch, NOW)
    return Health(database)


def program(health: Health, actor: object = None) -> Program:
    app: Flask = web_app(health.database, NOWHERE)
    return Program(app, make_token(health.database, actor or health.expo.organiser_actor()))  # type: ignore[arg-type]


def test_people_come_with_their_meetings_and_answers(health: Health) -> None:
    health.answer(0, "TENTATIVE", lines="COMMENT:Perhaps\n")
    found = program(health).get("/calendar-status", state="tentative")
    assert (found["total"], found["version"], found["timezone"]) == (1, 1, "Asia/Shanghai")
    (person,) = found["items"]
    assert (person["email"], person["status"], person["call_reason"]) == (health.first, "tentative", "")
    (meeting,) = person["meetings"]
    assert (meeting["request"], meeting["sequence"]) == (health.request.key, 0)
    assert (meeting["reply"]["comment"], meeting["reply"]["source"]) == ("Perhaps", "email")
    assert program(health).get(f"/people/{person['key']}/calendar-status") == person


def test_filters_narrow_the_list_and_wrong_ones_are_named(
    health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, NOW + timedelta(days=4))
    client = program(health)
    assert client.get("/calendar-status", needs_call="true", limit=1)["total"] == 2
    assert client.get("/calendar-status", day="2026-12-08")["items"] == []
    for name, value in (("state", "asleep"), ("day", "soon"), ("needs_call", "maybe"), ("sort", "shoe")):
        fault = client.get("/calendar-status", 422, **{name: value})["errors"][0]
        assert fault["parameter"] == name


def test_failed_emails_are_listed_with_their_errors(health: Health) -> None:
    health.move(2, 10, refuse=health.first)
    (letter,) = program(health).get("/failed-emails")["items"]
    assert (letter["address"], letter["failure"], letter["error"]) == (health.first, "permanent", "550 no")
    assert program(health).get("/failed-emails", retrying="true")["items"] == []


@pytest.mark.parametrize(
    "scopes", [("calendar-status:read", "people:read"), ("calendar-status:read", "contacts:read")]
)
def test_addresses_and_numbers_need_a_scope_of_their_own(health: Health, scopes: tuple[str, ...]) -> None:
    health.move(2, 10, refuse=health.first)
    actor = health.expo.organiser_actor()
    client = Program(web_app(health.database, NOWHERE), make_token(health.database, actor, *scopes))
    sees = "contacts:read" in scopes
    people = client.get("/calendar-status")["items"]
    key = health.person(0).key
    one = client.get(f"/people/{key}/calendar-status")
    (letter,) = client.get("/failed-emails")["items"]
    said = [*(person["email"] for person in people), one["email"], letter["address"]]
    assert all(said) if sees else said == [None] * len(said)
    assert all((person["phone"] is None) is not sees for person in [*people, one])
    assert client.get("/calendar-status", text=health.first)["total"] == (1 if sees else 0)
    if "people:read" in scopes:
        assert client.get(f"/people/{key}")["email"] is None


def test_the_scope_of_schedules_reads_nobodys_calendar(health: Health) -> None:
    actor = health.expo.organiser_actor()
    others = set(api_tokens.SCOPES) - {"calendar-status:read"}
    client = Program(web_app(health.database, NOWHERE), make_token(health.database, actor, *others))
    for path in ("/calendar-status", f"/people/{health.person(0).key}/calendar-status", "/failed-emails"):
        assert "calendar-status:read" in client.get(path, 403)["detail"]


def test_an_exhibitors_token_sees_none_of_it(health: Health) -> None:
    client = program(health, health.expo.actor(0))
    for path in ("/calendar-status", f"/people/{health.person(0).key}/calendar-status", "/failed-emails"):
        client.get(path, 403)
