"""Webhooks by page and API: created, listed with their attempts, rotated, disabled, sent again, deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from scheduler.domain.errors import RecentSignInRequired
from scheduler.domain.webhooks import AttemptFailure, MessageState
from scheduler.services.audit_log.acts import WORDS
from scheduler.services.webhooks import endpoints, messages
from scheduler.services.webhooks.event_types import EVENT_TYPES
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry, WebhookAttempt, WebhookMessage
from tests.support.api import Program, make_token
from tests.support.everything import NOWHERE
from tests.support.factories import NOW, SECRET_KEY, Expo, make_event
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app

ROOT = Path(__file__).parents[3]
NEW = {"name": "CRM", "url": "https://crm.example/hooks"}


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session)


@pytest.fixture
def app(database: Database) -> Flask:
    return web_app(database, NOWHERE)


@pytest.fixture
def program(database: Database, app: Flask, expo: Expo) -> Program:
    return Program(app, make_token(database, expo.organiser_actor(), "webhooks:write"))


def fail(database: Database, number: int, *entries: int, attempts: int = 1) -> None:
    """Store failed messages of an endpoint with their attempts."""
    with database.write() as session:
        for entry in entries:
            message = WebhookMessage(
                endpoint_id=number,
                entry=entry,
                type="venue.changed",
                state=MessageState.FAILED,
                created_at=NOW,
            )
            session.add(message)
            session.flush()
            session.add_all(
                WebhookAttempt(
                    message_id=message.id, at=NOW, status=500 + each, failure=AttemptFailure.STATUS,
                    milliseconds=7, response="no",
                )
                for each in range(attempts)
            )  # fmt: skip


def test_a_program_manages_webhooks(database: Database, program: Program) -> None:
    made = program.post("/webhooks", NEW | {"types": ["venue.changed"], "scheme": "v1"})
    number, one = made["number"], f"/webhooks/{made['number']}"
    assert made["key"].startswith("whsec_")
    assert made["webhook"]["types"] == ["venue.changed"] and "key" not in made["webhook"]
    assert program.get("/webhooks")["items"] == [program.get(one)]
    assert program.post(f"{one}/change", {"name": "New CRM"})["name"] == "New CRM"
    assert program.get(one)["url"] == NEW["url"]
    rotated = program.post(f"{one}/rotate")
    assert rotated["key"] != made["key"] and rotated["webhook"]["rotated_until"]
    assert program.post("/webhooks", NEW | {"scheme": "v1a"})["webhook"]["public_key"].startswith("whpk_")

    fail(database, number, 101, 102, attempts=12)
    page = program.get(f"{one}/messages", state="failed", limit=1)
    (message,) = page["items"]
    assert (message["entry"], message["state"], page["total"]) == (102, "failed", 2)
    assert [each["status"] for each in message["attempts"]] == list(range(511, 501, -1)), "the ten newest"
    assert program.post(f"{one}/messages/102/replay")["state"] == "pending"
    assert program.post(f"{one}/replay-failed", {"since": NOW.isoformat()}) == {"messages": 1}
    assert program.get(one)["pending"] == 2

    assert program.post(f"{one}/disable")["disabled_reason"] == "manual"
    assert program.get(one)["failed"] == 2
    assert program.post(f"{one}/disable", status=409)["type"].endswith("wrong-state")
    program.post(f"{one}/messages/102/replay", status=409)
    assert program.post(f"{one}/enable")["disabled_at"] is None
    assert program.send(one, method="delete").json == {"number": number}
    program.get(one, status=404)
    with database.read() as session:
        abouts = session.query(AuditLogEntry.about).where(AuditLogEntry.act == "webhook").all()
    assert [about for (about,) in abouts if f"webhook {number}" in about] == [
        f"webhook {number} created", f"webhook {number} changed", f"webhook {number}: signing key rotated",
        f"webhook {number}: message 102 sent again", f"webhook {number}: failed messages sent again",
        f"webhook {number} disabled", f"webhook {number} enabled", f"webhook {number} deleted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"url": "http://crm.example"}, "url"),
        ({"url": "https://crm.example:8443/"}, "url"),
        ({"url": "https://user:secret@crm.example/"}, "url"),
        ({"types": ["venue.moved"]}, "types"),
        ({"name": ""}, "name"),
    ],
)
def test_wrong_input_is_refused(program: Program, wrong: dict[str, object], path: str) -> None:
    errors = program.post("/webhooks", NEW | wrong, status=422)["errors"]
    assert [each["pointer"] for each in errors] == [f"#/{path}"]


def test_an_event_has_ten_webhooks_at_most(program: Program) -> None:
    for _ in range(endpoints.MOST):
        program.post("/webhooks", NEW)
    assert "10 webhooks" in program.post("/webhooks", NEW, status=422)["errors"][0]["detail"]


def test_other_events_and_scopes_do_not_reach_a_webhook(
    database: Database, app: Flask, expo: Expo, program: Program
) -> None:
    number = program.post("/webhooks", NEW)["number"]
    with database.write() as session:
        other = make_event(session, key="other")
    stranger = Program(app, make_token(database, other.organiser_actor(), "webhooks:write"))
    stranger.get(f"/webhooks/{number}", status=404)
    assert stranger.get("/webhooks")["items"] == []
    reader = Program(app, make_token(database, expo.organiser_actor(), "schedule:read"))
    reader.get("/webhooks", status=403)


def test_lists_have_a_constant_number_of_queries(database: Database, expo: Expo, program: Program) -> None:
    number = program.post("/webhooks", NEW)["number"]
    actor = expo.organiser_actor()

    def count() -> tuple[int, int]:
        return (
            count_selects(database, lambda session: messages.list_messages(session, actor, number)),
            count_selects(
                database,
                lambda session: endpoints.list_endpoints(session, actor, secret_key=SECRET_KEY, now=NOW),
            ),
        )

    fail(database, number, 101)
    few = count()
    program.post("/webhooks", NEW)
    fail(database, number, *range(102, 120), attempts=3)
    assert count() == few == (3, 2)


def test_an_organiser_manages_webhooks_on_pages(database: Database, app: Flask, expo: Expo) -> None:
    browser = Browser(app, expo.organiser)
    page = f"/events/{expo.event.key}/webhooks"
    browser.get(page)
    shown = browser.post(page, types="venue.changed", scheme="v1", name=NEW["name"], url=NEW["url"])
    assert "whsec_" in shown and "Signing secret." in shown
    assert "whsec_" not in browser.get(f"{page}/1")
    assert "whpk_" in browser.post(page, scheme="v1a", name=NEW["name"], url=NEW["url"])
    fail(database, 1, 101)
    shown = browser.get(f"{page}/1")
    assert "Audit log entry 101" in shown and "status 500" in shown
    browser.post(f"{page}/1/messages/101/replay")
    assert "To be sent" in browser.get(f"{page}/1")
    browser.post(f"{page}/1/disable")
    assert "Disabled. It gets no messages." in browser.get(f"{page}/1")
    browser.post(f"{page}/1/enable")
    browser.post(f"{page}/1", name="New name", url=NEW["url"])
    assert "New name" in browser.get(page)
    browser.post(f"{page}/1/delete")
    assert "New name" not in browser.get(page)


def test_a_webhook_needs_a_recent_sign_in(database: Database, expo: Expo) -> None:
    stale = replace(expo.organiser_actor(), is_stale=True)
    with database.write() as session, pytest.raises(RecentSignInRequired):
        endpoints.create_endpoint(session, stale, "CRM", NEW["url"], secret_key=SECRET_KEY, now=NOW)


def test_the_manual_has_the_table_of_event_types() -> None:
    rows = sorted((name, str(WORDS[act])) for act, name in EVENT_TYPES.items())
    table = "\n".join(f"| `{name}` | {label} |" for name, label in rows)
    assert table in (ROOT / "docs/integrators.md").read_text("utf-8"), table
