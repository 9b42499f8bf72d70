"""Hostile requests: every route, with each field that its view reads, one value at a time."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import AnyConverter, IntegerConverter, Rule
from werkzeug.test import TestResponse

from scheduler.storage.database import Database
from tests.e2e.test_browser_axe import PAGES, whole
from tests.integration.crafted import bodies, texts
from tests.integration.crafted.crafted_requests import Faults, Pairs, encoded, names
from tests.integration.identity import table
from tests.integration.identity.route_requests import BODIES, LEAVES, PEOPLE, Askers, name_of, read, routes
from tests.support.forms import PageForms
from tests.support.web import Browser

FORM = "application/x-www-form-urlencoded"
BY_ROLE = {"signed out": "nobody", "organiser": "owner"}
"""Accounts by role: the owner may do more than an organiser."""
ASKERS = ("owner", "exhibitor", "attendee", "chamber", "operator", "stranger", "nobody")
NOT_SENT = {*LEAVES, "sign_in.redeem_link", "team_invitations.accept_invitation"}
"""They end a session, or start one for a new record, which is not kept here."""
FEW = 2
"""Number of texts for a field, besides those for every field."""
MOST_FIELDS = 25
"""Fields of one request. The form of a file's columns has hundreds of similar ones."""


@dataclass(frozen=True)
class Start:
    """A request as a page makes it: `fields` are sent, `others` are further optional fields."""

    asker: str
    endpoint: str
    path: str
    fields: Pairs = ()
    others: tuple[str, ...] = ()


class Walk:
    def __init__(self, askers: Askers, app: Flask, database: Database) -> None:
        self.askers, self.app, self.faults = askers, app, Faults()
        self.browsers: dict[str, Browser] = {each: askers.browser(app, database, each) for each in ASKERS}
        self.cookies = {each: self._cookie(each) for each in ASKERS}
        self.rows = read(table.PAGES, PEOPLE)
        self.random, self.known = random.Random(7), set[tuple[str, str]]()

    def looks(self) -> list[Start]:
        """Return every GET URL, as pages link to it and as its rule builds it."""
        return [*self._pages(), *self._addresses("GET")]

    def look(self) -> None:
        """Request every GET URL."""
        for start in self.looks():
            self._each_field("GET", start, "query")

    def send_forms(self) -> None:
        """Submit every form of the pages, and every POST URL without one."""
        for start in [*self.forms(), *self._addresses("POST")]:
            self._each_field("POST", start, "form")

    def call(self, tokens: dict[str, str]) -> None:
        """Call every operation of the API, with hostile values in its body one by one."""
        document = self.app.test_client().get("/api/v1/openapi.json").json or {}
        calls = {call["operationId"]: call for of in document["paths"].values() for call in of.values()}
        for method, rule in routes(self.app, programs=True):
            call = calls[rule.endpoint.removeprefix("v1.")]
            query = [each["name"] for each in call["parameters"] if each["in"] == "query"]
            some = [BODIES[rule.endpoint]] if rule.endpoint in BODIES else []
            some += bodies.of_call(call, document)
            for token in tokens.values():
                headers = {"Authorization": f"Bearer {token}"}
                self._call(method, rule, query, some, headers)

    def _call(
        self, method: str, rule: Rule, query: list[str], some: list[Any], headers: dict[str, str]
    ) -> None:
        path, client = self.askers.address(rule), self.app.test_client()

        def send(there: str, asked: Pairs = (), body: bytes | None = None, kind: str = "") -> None:
            self.faults.send(client, method, there, query=asked, body=body, kind=kind, headers=headers)

        for there in self._paths(rule):
            first = json.dumps(some[0]).encode() if some else None
            send(there, body=first, kind="application/json" if some else "")
        for name in query:
            for text in self._some():
                send(path, [(name, text)])
        for body in some:
            for place in bodies.places(body):
                for value in (self.random.choice(texts.VALUES), "\x00"):
                    sent = json.dumps(bodies.put(body, place, value)).encode()
                    send(path, body=sent, kind="application/json")
        for raw in texts.BODIES if some else ():
            send(path, body=raw, kind=self.random.choice(texts.KINDS))

    def _each_field(self, method: str, start: Start, kind: str) -> None:
        """Send each field with some texts, including fields that the view reads meanwhile."""
        done: set[str] = set()
        self._send(method, start, start.fields)
        while left := sorted((names(start.endpoint, kind) | {*start.others}) - done):
            done.update(left)
            for name in self.random.sample(left, min(len(left), MOST_FIELDS)):
                rest = [pair for pair in start.fields if pair[0] != name]
                for text in self._texts(method, start.endpoint, name):
                    self._send(method, start, [*rest, (name, text)])
                many = 400 if method == "GET" else 3_000
                if self.random.random() < 0.05:
                    self._send(method, start, [*rest, *((name, f"s{i}") for i in range(many))])
        for text in ("\x00", "1", "x"):
            self._send(method, start, [(name, text) for name in sorted(done)])

    def _texts(self, method: str, endpoint: str, name: str) -> list[str]:
        """Return some texts for a field, and fewer if another form had the same field."""
        if (endpoint, name) in self.known:
            return [self.random.choice(texts.TEXTS)]
        self.known.add((endpoint, name))
        return [*self._some(), *([self.random.choice(texts.LONG)] if method == "POST" else [])]

    def _some(self) -> list[str]:
        return [*texts.ALWAYS, *self.random.sample(texts.TEXTS, FEW)]

    def _send(self, method: str, start: Start, fields: Pairs) -> None:
        browser = self.browsers[start.asker]
        browser.client.set_cookie(*self.cookies[start.asker])  # without data of earlier responses
        if method == "GET":
            self.faults.send(browser.client, method, start.path, query=fields)
            return
        body = encoded([*fields, ("csrf_token", browser.token)]).encode()
        self.faults.send(browser.client, method, start.path, body=body, kind=FORM)

    def _cookie(self, asker: str) -> tuple[str, str]:
        name = self.app.config["SESSION_COOKIE_NAME"]
        kept = self.browsers[asker].client.get_cookie(name)
        assert kept is not None
        return name, kept.value

    def _addresses(self, method: str) -> Iterator[Start]:
        """Yield each route with a role that may request it, also with unknown parts."""
        for of, rule in routes(self.app, programs=False):
            if of == method and rule.endpoint not in NOT_SENT:
                asker = self.asker(name_of(method, rule))
                yield Start(asker, rule.endpoint, self.askers.address(rule))
                for path in self._paths(rule):
                    self._send(method, Start(asker, rule.endpoint, path), ())

    def asker(self, name: str) -> str:
        """Return a role that may request a route, by its name in the table."""
        row = self.rows[name]
        good = [each for each in ASKERS if row[each] in (200, 204, 303, 409, 422)]
        return good[0] if good else "owner" if row["owner"] != 404 else "exhibitor"

    def _paths(self, rule: Rule) -> Iterator[str]:
        values = self.askers.values(rule)
        for name, kind in rule._converters.items():
            if name == "event_key":
                continue
            tried: Iterable[Any] = texts.SEGMENTS
            if isinstance(kind, IntegerConverter):
                tried = texts.NUMBERS
            elif isinstance(kind, AnyConverter):
                tried = sorted(kind.items)
            for value in tried:
                if built := rule.build(values | {name: value}):
                    yield built[1]
            if tried is texts.SEGMENTS and (built := rule.build(values | {name: "HERE"})):
                yield built[1].replace("HERE", "%ED%A0%80%FF")  # no UTF-8

    def _pages(self) -> Iterator[Start]:
        """Yield URLs that pages link to, with their query strings."""
        for role, path, endpoint in self._known("GET"):
            page, _, asked = path.partition("?")
            yield Start(role, endpoint, page, parse_qsl(asked))

    def _known(self, method: str) -> Iterator[tuple[str, str, str]]:
        for role, paths in PAGES.items():
            for each in paths:
                path = whole(each, self.askers.everything.known)
                if endpoint := self._endpoint(path.partition("?")[0], method):
                    yield BY_ROLE.get(role, role), path, endpoint

    def _endpoint(self, path: str, method: str) -> str:
        try:
            return str(self.app.url_map.bind("x").match(path, method=method)[0])
        except HTTPException:
            return ""

    def post(self, start: Start, fields: Pairs) -> TestResponse:
        """Submit a form as its role, in the browser's initial state."""
        browser = self.browsers[start.asker]
        browser.client.set_cookie(*self.cookies[start.asker])
        body = encoded([*fields, ("csrf_token", browser.token)]).encode()
        return browser.client.post(start.path, data=body, content_type=FORM)

    def forms(self) -> list[Start]:
        """Return each form once, and again for each of its buttons."""
        found: dict[tuple[Any, ...], Start] = {}
        kinds: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for role, path, _ in self._known("GET"):
            page = self.browsers[role].client.get(path, follow_redirects=True).text
            for form, there in PageForms(page, path.partition("?")[0]).posting():
                endpoint = self._endpoint(urlsplit(there).path, "POST")
                own = tuple(sorted({each.name for each in form.controls if each.name} - {"csrf_token"}))
                if not endpoint or endpoint in NOT_SENT or own in kinds[endpoint]:
                    continue
                kinds[endpoint].add(own)
                pressed = {(c.name, c.value) for c in form.controls if c.kind in ("submit", "button")}
                for button in [None, *sorted(pair for pair in pressed if pair[0])]:
                    fields = [*form.sent(), *([button] if button else [])]
                    start = Start(role, endpoint, there, fields, own if button is None else ())
                    found.setdefault((endpoint, own, button), start)
        return list(found.values())
