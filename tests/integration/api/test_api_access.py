"""API access: tokens, scopes, events, and the shape of errors."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import select

from scheduler.domain.team import TeamRole
from scheduler.services.identity import api_tokens
from scheduler.storage.database import Database
from scheduler.storage.models import ApiToken
from tests.support.api import Program, make_service_token, make_token
from tests.support.factories import NOW, make_event, make_member
from tests.support.web import Browser, web_app


def test_without_a_token_nothing_is_said(database: Database, broker_url: str) -> None:
    app = web_app(database, broker_url)
    for token in (None, "cm_nobody"):
        response = Program(app, token).client.get("/api/v1/event", headers=Program(app, token).headers)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert response.content_type == "application/problem+json"


def test_a_session_opens_no_api(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    assert browser.client.get("/api/v1/event").status_code == 401
    assert browser.client.post("/api/v1/runs", json={}).status_code == 401


def test_a_revoked_token_ends_at_once(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    actor = expo.organiser_actor()
    program = Program(web_app(database, broker_url), make_token(database, actor))
    program.get("/event")
    with database.write() as session:
        token = session.scalars(select(ApiToken)).one()
        assert token.last_used_at is not None
        api_tokens.revoke_api_token(session, actor, token.id, now=NOW)
    program.get("/event", status=401)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "/requests", "requests:read"),
        ("post", "/requests", "requests:write"),
        ("get", "/runs", "runs:read"),
        ("post", "/runs", "runs:write"),
        ("get", "/versions", "schedule:read"),
        ("post", "/versions/1/publish", "schedule:publish"),
        ("get", "/firms", "people:read"),
        ("get", "/people", "people:read"),
    ],
)
def test_each_operation_needs_its_scope(
    database: Database, broker_url: str, method: str, path: str, scope: str
) -> None:
    with database.write() as session:
        expo = make_event(session)
    others = sorted(set(api_tokens.SCOPES) - {scope})
    program = Program(web_app(database, broker_url), make_token(database, expo.organiser_actor(), *others))
    assert scope in getattr(program, method)(path, status=403)["detail"]


def test_a_token_sees_its_own_event_alone(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo, other = make_event(session, firms=1), make_event(session, firms=3)
    program = Program(web_app(database, broker_url), make_token(database, expo.organiser_actor()))
    assert program.get("/event")["key"] == expo.event.key
    assert program.get("/firms")["total"] == 1
    program.get(f"/firms/{other.firms[2].key}", status=404)


def test_firms_are_searched_and_mail_addresses_kept(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    program = Program(web_app(database, broker_url), make_token(database, expo.actor(0)))
    assert [firm["key"] for firm in program.get("/firms", text="firm 1", country="CN")["items"]] == ["f1"]
    program.get("/firms", status=422, country="cn")
    assert program.get("/firms/f1")["people"][0]["email"] is None
    assert program.get("/people/f0-p0")["email"] == expo.people[0][0].email
    assert [person["key"] for person in program.get("/people", firm="f2")["items"]] == ["f2-p0"]


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"topic": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"null", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"x" * (1 << 20) + b"x", "application/json", 413),
    ],
)
def test_a_body_that_is_none_is_refused(
    database: Database, broker_url: str, data: bytes, content_type: str, status: int
) -> None:
    with database.write() as session:
        expo = make_event(session)
    program = Program(web_app(database, broker_url), make_token(database, expo.actor(0)))
    response = program.client.post(
        "/api/v1/requests", data=data, content_type=content_type, headers=program.headers
    )
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert response.json["status"] == status


def test_wrong_addresses_and_methods_are_problems_too(database: Database, broker_url: str) -> None:
    program = Program(web_app(database, broker_url), None)
    program.get("/nothing", status=404)
    response = program.client.delete("/api/v1/runs")
    assert (response.status_code, response.content_type) == (405, "application/problem+json")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_a_token_is_made_shown_once_used_and_revoked(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    app = web_app(database, broker_url)
    browser = Browser(app, expo.organiser)
    path = f"/events/{expo.event.key}/tokens"
    assert "No tokens yet" in browser.get(path)
    assert "Choose at least one." in browser.post(path, status=422, name="ERP")
    page = browser.post(path, name="ERP", scopes=["runs:read", "people:read"])
    token = re.search(r'<code class="mono" id="token">(cm_\w+)</code>', page)
    assert token is not None
    assert Program(app, token[1]).get("/event")["scopes"] == ["people:read", "runs:read"]
    page = browser.get(path)
    assert "ERP" in page and token[1] not in page
    number = re.search(r"/tokens/(\d+)/revoke", page)
    assert number is not None
    assert "Token revoked" in browser.post(f"{path}/{number[1]}/revoke")
    Program(app, token[1]).get("/event", status=401)


def test_a_token_for_all_events_is_made_on_the_same_page(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        make_member(session, other, TeamRole.ORGANISER, account=expo.organiser)
    app = web_app(database, broker_url)
    browser, path = Browser(app, expo.organiser), f"/events/{expo.event.key}/tokens"
    refused = browser.post(path, status=422, name="CRM", events="all")
    assert re.search(r'name="events" value="all" checked', refused)
    page = browser.post(path, name="CRM", events="all", scopes=["people:read"])
    assert f'-H "Chainmeet-Event: {expo.event.key}"' in html.unescape(page)
    token = re.search(r'<code class="mono" id="token">(cm_\w+)</code>', page)
    assert token is not None
    for each in (expo, other):
        assert Program(app, token[1], each.event.key).get("/event")["key"] == each.event.key
    elsewhere = f"/events/{other.event.key}/tokens"
    number = re.search(r"/tokens/(\d+)/revoke", browser.get(elsewhere))
    assert number is not None and "All events" in browser.get(elsewhere)
    browser.post(f"{elsewhere}/{number[1]}/revoke")
    Program(app, token[1], expo.event.key).get("/event", status=401)


def test_owners_see_the_tokens_of_services_on_the_page(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        organiser = make_member(session, expo, TeamRole.ORGANISER)
    make_service_token(database, "people:read", name="Badge system")
    app, path = web_app(database, broker_url), f"/events/{expo.event.key}/tokens"
    page = Browser(app, expo.organiser).get(path)
    assert "Tokens of services" in page and "Badge system" in page and "/revoke" not in page
    assert "Badge system" not in Browser(app, organiser).get(path)
