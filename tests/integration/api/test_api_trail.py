"""Audit log in the API: same content as on its page, cursor pagination, verification."""

from __future__ import annotations

import pytest
from flask import Flask

from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.storage.database import Database
from tests.integration.audit_log.test_audit_log import behind_its_back
from tests.support.api import Program, make_token
from tests.support.factories import NOW, Expo, make_event
from tests.support.web import web_app

STEPS = ("ash", "birch", "cedar", "fir", "oak")
ROWS = len(STEPS)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = make_event(session)
        for i, name in enumerate(STEPS):
            act = Act.RUN if name == "fir" else Act.SETTINGS
            recording.record_act(
                session, expo.organiser_actor(), act, f"the {name}", after={"step": i}, now=NOW
            )
    return expo


@pytest.fixture
def app(database: Database, broker_url: str) -> Flask:
    return web_app(database, broker_url)


@pytest.fixture
def program(database: Database, app: Flask, expo: Expo) -> Program:
    return Program(app, make_token(database, expo.organiser_actor()))


def test_entries_come_in_pages_the_newest_first(program: Program, expo: Expo) -> None:
    newest = program.get("/audit-log", limit=1)["items"][0]
    assert (newest["action"], newest["actor"], newest["role"]) == ("token", expo.organiser.email, "owner")
    rest = program.get("/audit-log", limit=3, cursor=program.get("/audit-log", limit=3)["next_cursor"])
    assert (rest["total"], [entry["number"] for entry in rest["items"]]) == (ROWS + 1, [3, 2, 1])
    assert rest["next_cursor"] is None
    assert rest["items"][2]["changes"] == [{"name": "step", "before": "", "after": "0"}]


def test_the_filters_are_those_of_the_page(program: Program) -> None:
    def found(**query: str) -> list[str]:
        return [entry["subject"] for entry in program.get("/audit-log", **query)["items"]]

    assert found(action="run") == ["the fir"] and found(text="CEDAR the") == ["the cedar"]
    assert found(action="settings", since="2026-11-24", until="2026-11-24", text="ash") == ["the ash"]
    assert found(action="settings", until="2026-11-23") == []
    assert found(action="scenario") == []
    for name, value in (
        ("action", "sing"),
        ("action", Act.SCENARIO.value),
        ("since", "soon"),
        ("until", "9999-12-31"),
        ("cursor", "x"),
    ):
        assert program.get("/audit-log", 422, **{name: value})["errors"][0]["parameter"] == name


def test_a_row_that_was_changed_is_found(database: Database, program: Program) -> None:
    (newest,) = program.get("/audit-log", limit=1)["items"]
    whole = program.get("/audit-log/verify")
    found = {"verified_entries": ROWS + 1, "last_hash": newest["hash"], "error": "", "erased_entries": 0}
    assert whole == found
    behind_its_back(database, "UPDATE audit_log_entry SET about = 'nothing' WHERE number = 2")
    broken = program.get("/audit-log/verify")
    assert (broken["verified_entries"], broken["error"]) == (1, "row 2, of 2026-11-24 08:00:00Z, was changed")


def test_it_names_addresses_and_so_needs_both_scopes(database: Database, app: Flask, expo: Expo) -> None:
    for scopes, missing in ((("audit-log:read",), "contacts:read"), (("contacts:read",), "audit-log:read")):
        program = Program(app, make_token(database, expo.organiser_actor(), *scopes))
        assert missing in program.get("/audit-log", 403)["detail"]
    both = Program(app, make_token(database, expo.organiser_actor(), "audit-log:read", "contacts:read"))
    both.get("/audit-log")


def test_another_event_s_trail_is_not_seen(database: Database, app: Flask, program: Program) -> None:
    with database.write() as session:
        other = make_event(session)
    token = make_token(database, other.organiser_actor())
    assert [entry["action"] for entry in Program(app, token).get("/audit-log")["items"]] == ["token"]
    assert Program(app, token).get("/audit-log/verify")["verified_entries"] == 1
