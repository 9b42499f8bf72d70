"""Oversized integers, forged cursors and hostile texts get a 4xx response on every route."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import NotFound
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from api import errors
from scheduler.domain.errors import InvalidInput
from scheduler.domain.team import TeamRole
from scheduler.services.events.new_event import NewEvent, check_form
from scheduler.services.paging import decode_cursor
from scheduler.storage.database import Database
from scheduler.storage.models import Account, TeamMember
from tests.support.api import make_token
from tests.support.factories import NOW, make_event, make_request
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"
HUGE = (2**31, 2**63, 10**40)
TEXTS = ("x", "\x00", "é" * 300)
SHORT = tuple(zip(HUGE[:2], TEXTS[:2], strict=True))
LEAVES = {"sign_in.sign_out", "sessions.end_all_sessions", "sessions.end_session"}
"""They end the session that the others need, so they come last."""
FIELDS = (
    "page", "compared_with", "sequence", "mail", "priority", "length", "days", "number", "seconds", "limit",
    "fair_share", "mail_per_minute", "max_per_day", "slots", "slot", "version", "text", "firm", "hall", "day",
    "key", "name", "timezone", "language", "halls", "tables_per_hall", "slot_minutes", "walking_minutes",
)  # fmt: skip
"""Names of fields and parameters, numeric ones first; a view ignores unknown ones."""


def cursor(*document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


CURSORS = (
    cursor("firms", ["a"], "1"),
    cursor("firms", "a", float("inf")),
    cursor("firms", None, "1"),
    cursor("firms", "a", str(2**40)),
    cursor("firms", "a", "9" * 5000),
    cursor("firms", {"a": 1}, True),
    cursor("requests", "0001-01-01T00:00:00+23:59", "1"),
    cursor("requests", "9999-12-31T23:59:59-23:59", "1"),
    cursor("firms", "\x00", "1"),
    cursor("firms", "\ud800", "1"),
    cursor(),
    base64.urlsafe_b64encode(b"[" * 3000).decode(),
    base64.urlsafe_b64encode(b"7").decode(),
    "é",
)


@pytest.mark.parametrize("crafted", CURSORS)
def test_a_crafted_cursor_is_said_to_be_none(crafted: str) -> None:
    from datetime import datetime

    for name, types in (("firms", (str, int)), ("requests", (datetime, int))):
        with pytest.raises(InvalidInput, match="cursor"):
            decode_cursor(name, types, crafted)


def filled(rule: Rule, event_key: str, number: int, text: str) -> str:
    """Return a URL of the rule with these values."""
    values: dict[str, Any] = {}
    for name, kind in rule._converters.items():
        values[name] = number if isinstance(kind, IntegerConverter) else text
        if isinstance(kind, AnyConverter):
            values[name] = min(kind.items)
    built = rule.build({**values, **({"event_key": event_key} if "event_key" in values else {})})
    assert built is not None, rule
    return built[1]


def rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    listed = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    for rule in sorted(listed, key=lambda rule: (rule.endpoint in LEAVES, rule.rule)):
        yield from ((rule, method) for method in sorted((rule.methods or set()) & {"GET", "POST"}))


def test_a_number_that_no_column_can_hold_is_not_found_by_any_method(database: Database) -> None:
    app = web_app(database, NOWHERE)
    adapter = app.url_map.bind("x")
    numbered = [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods or ())
        if any(isinstance(kind, IntegerConverter) for kind in rule._converters.values())
    ]
    assert ("v1.delete_scenario", "DELETE") in {(rule.endpoint, method) for rule, method in numbered}
    for rule, method in numbered:
        assert adapter.match(filled(rule, "expo", 2**31 - 1, "x"), method=method)
        for number in HUGE:
            with pytest.raises(NotFound):
                adapter.match(filled(rule, "expo", number, "x"), method=method)


def send(client: FlaskClient, path: str, method: str, fields: dict[str, str], token: str) -> int:
    if method == "GET":
        return client.get(path, query_string=fields).status_code
    return client.post(path, data={**fields, "csrf_token": token}).status_code


@pytest.mark.own_schema
def test_no_page_breaks(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo, 0, 1)
        account = session.get_one(Account, expo.people[0][0].account_id)
        account.is_operator = True  # has access to every page: as exhibitor, organiser and operator
        session.add(TeamMember(event_id=expo.event.id, account_id=account.id, role=TeamRole.OWNER))
    app = web_app(database, NOWHERE)
    browser = Browser(app, account)
    browser.get("/sessions")
    crafted, tried = itertools.cycle(CURSORS), 0
    for (rule, method), (number, text) in itertools.product(
        rules(app), zip(HUGE[:2], TEXTS[:2], strict=True)
    ):
        if rule.endpoint.startswith("v1.") or rule.endpoint == "health.readyz":
            continue
        path = filled(rule, expo.event.key, number, text)
        for value in (str(number), text, next(crafted)):
            fields = dict.fromkeys((*FIELDS, "cursor"), value)
            assert send(browser.client, path, method, fields, browser.token) < 500, (method, path, value)
            tried += 1
    assert tried > 350


def inputs(document: Any, name: str) -> tuple[list[str], list[str]]:
    """Return the query parameters of an operation, and the fields of its body."""
    calls = [call for methods in document["paths"].values() for call in methods.values()]
    call = next(call for call in calls if call["operationId"] == name)
    query = [each["name"] for each in call["parameters"] if each["in"] == "query"]
    if "requestBody" not in call:
        return query, []
    body = call["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return query, list(document["components"]["schemas"][body]["properties"])


def test_no_call_breaks(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    app = web_app(database, NOWHERE)
    headers = {"Authorization": f"Bearer {make_token(database, expo.organiser_actor())}"}
    client = app.test_client()
    document = client.get("/api/v1/openapi.json").json
    for (rule, method), number, text in itertools.product(rules(app), HUGE, TEXTS[:2]):
        if not rule.endpoint.startswith("v1."):
            continue
        path = filled(rule, expo.event.key, number, text)
        names, fields = inputs(document, rule.endpoint.removeprefix("v1."))
        query = dict.fromkeys(names, number)
        body = dict.fromkeys(fields, number) if fields else None
        response = client.open(path, method=method, query_string=query, json=body, headers=headers)
        assert response.status_code < 500, (method, path, response.text)
        for crafted in CURSORS if "cursor" in query else ():
            answered = client.get(path, query_string={"cursor": crafted}, headers=headers)
            assert answered.status_code in (404, 422), (path, crafted, answered.text)


@pytest.mark.parametrize("number", HUGE)
def test_a_number_that_no_column_holds_is_not_found(database: Database, number: int) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    for path in ("runs/{}", "runs/{}/panel", "versions/{}", "inbox/{}", "inbox/{}/raw"):
        browser.get(f"/events/{expo.event.key}/{path.format(number)}", status=404)


def test_an_event_cannot_take_an_address_of_the_site() -> None:
    with pytest.raises(InvalidInput, match="'new' is reserved for the site"):
        check_form(NewEvent("New", "Expo", "UTC", NOW.date()), now=NOW)


def test_an_address_that_is_too_long_is_refused_in_our_words(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    path = f"/events/{expo.event.key}/firms?text="
    page = browser.get(path + "x" * (errors.MAX_ADDRESS - len(path) + 1), status=414)
    assert "<h1>URL too long</h1>" in page and "longer than 4,000 characters" in page
    browser.get(path + "x" * (errors.MAX_ADDRESS - len(path)))
    answer = browser.client.get("/api/v1/firms?text=" + "x" * errors.MAX_ADDRESS)
    assert (answer.status_code, answer.content_type) == (414, "application/problem+json")


@pytest.mark.parametrize("broken", ["http://[::1", "//[", "https://example.com]/"])
def test_an_address_that_is_none_leads_nowhere(database: Database, broken: str) -> None:
    """Sign-in is not required to send one."""
    with database.write() as session:
        make_event(session)
    client = web_app(database, NOWHERE).test_client()
    assert client.get("/sign-in", query_string={"next": broken}).status_code == 200
    browser = Browser(web_app(database, NOWHERE))
    browser.get("/sign-in")
    fields = {"csrf_token": browser.token, "language": "hu", "back": broken}
    assert browser.client.post("/language", data=fields).location == "/"


def test_a_part_of_a_print_that_is_no_number_is_the_first(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    for part in ("-1", str(2**63), "9" * 400, "٣", "x"):
        path = f"/events/{expo.event.key}/exports/print/people.pdf?part={part}"
        assert browser.client.get(path).status_code == 200, part
