"""Participants in the API: tables, edits with optimistic locking, absences, removal, merges, undo."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.domain.entities import RequestState
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Interpreter, MeetingRequest
from tests.support import clocks
from tests.support.api import Program, make_token
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.web import web_app

SORTS = {
    "firms": ("name", "country", "tier", "hall", "awaiting_response"),
    "people": ("name", "firm", "title", "email"),
    "interpreters": ("name", "email"),
    "requests": ("newest", "priority", "from", "to"),
}


@pytest.fixture
def expo(database: Database, monkeypatch: pytest.MonkeyPatch) -> Expo:
    clocks.hold(monkeypatch, NOW)
    with database.write() as session:
        expo = make_event(session, firms=5)
        agreed = make_request(session, expo)
        make_request(session, expo, 2, 0, state=RequestState.PENDING)
        make_version(session, expo, [meet(agreed, expo)])
        for i in range(3):
            name = f"Interpreter {i}"
            session.add(
                Interpreter(event_id=expo.event.id, key=f"i{i}", name=name, latin_name=name,
                            email=f"i{i}@words.example", languages=["zh", "en"])
            )  # fmt: skip
    return expo


@pytest.fixture
def app(database: Database, broker_url: str) -> Flask:
    return web_app(database, broker_url)


@pytest.fixture
def program(database: Database, app: Flask, expo: Expo) -> Program:
    return Program(app, make_token(database, expo.organiser_actor()))


def walk(program: Program, table: str, **query: Any) -> list[str]:
    """Return the keys of all pages, two items each."""
    keys: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = program.get(f"/participants/{table}", limit=2, **query, **cursor)
        keys += [row["key"] for row in page["items"]]
        if page["next_cursor"] is None:
            assert page["total"] == len(keys)
            return keys
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize(("table", "sort"), [(table, sort) for table in SORTS for sort in SORTS[table]])
def test_every_order_of_a_table_comes_whole_in_pages(program: Program, table: str, sort: str) -> None:
    at_once = [row["key"] for row in program.get(f"/participants/{table}", sort=sort, limit=200)["items"]]
    assert len(at_once) >= 2
    assert walk(program, table, sort=sort) == at_once


def test_tables_are_searched_and_narrowed(program: Program) -> None:
    assert walk(program, "firms", text="firm 1") == ["f1"]
    (row,) = program.get("/participants/firms", text="firm 0")["items"]
    assert (row["awaiting_response"], row["accepted"], row["meetings"]) == (1, 1, 1)
    assert walk(program, "firms", state="removed") == []
    (waiting,) = program.get("/participants/requests", state="pending")["items"]
    assert (waiting["from_firm"]["key"], waiting["to_firm"]["key"]) == ("f2", "f0")
    assert program.get("/participants/requests", firm="f1")["total"] == 1
    program.get("/participants/firms", 422, sort="shoe")
    program.get("/participants/firms", 422, cursor="x")
    program.get("/participants/requests", 404, delegation="none")


def test_a_change_names_the_version_that_it_was_made_from(program: Program) -> None:
    seen = program.get("/participants/people/f0-p0")
    changed = program.post(
        "/participants/people/f0-p0/change", {"cells": {"title": "CEO"}, "expected_version": seen["version"]}
    )
    assert (changed["changed"], changed["cells"]["title"]) == (True, "CEO")
    assert changed["version"] != seen["version"]
    body = {"cells": {"title": "CFO"}, "expected_version": seen["version"]}
    assert "someone else" in program.post("/participants/people/f0-p0/change", body, status=409)["detail"]
    assert program.get("/participants/people/f0-p0")["cells"]["title"] == "CEO"
    fault = program.post("/participants/people/f0-p0/change", {"cells": {"shoe": 42}}, status=422)["errors"][
        0
    ]
    assert "shoe" in fault["pointer"]
    program.post(
        "/participants/people/none/change", {"cells": {"title": "x"}, "expected_version": "x"}, status=404
    )
    program.get("/participants/tables/f0", 404)


@pytest.mark.parametrize(("limit", "wrong"), [("max_days", "2"), ("max_in_row", "0")])
def test_an_own_limit_of_a_person_is_read_and_set(program: Program, limit: str, wrong: str) -> None:
    path = "/participants/people/f0-p0"
    assert program.get(path)["cells"][limit] == ""
    assert program.post(f"{path}/change", {"cells": {limit: "1"}})["cells"][limit] == "1"
    (fault,) = program.post(f"{path}/change", {"cells": {limit: wrong}}, status=422)["errors"]
    assert fault["pointer"].endswith(limit) and "from 1 to" in fault["detail"]


def test_a_firm_moves_to_another_booth_with_its_meetings(program: Program) -> None:
    before = program.get("/participants/firms/f1")["cells"]
    moved = program.post(
        "/participants/firms/f1/change", {"cells": {"hall": before["hall"] or "h1", "booth": "Z99"}}
    )
    assert moved["moved"] and moved["cells"]["booth"] != before["booth"]
    assert "Z99" in program.get("/participants/firms", text="firm 1")["items"][0]["booth"]


def test_a_person_is_absent_and_an_interpreter_has_shifts(program: Program) -> None:
    slots = program.get("/participants/people/f0-p0/unavailability")["slots"]
    held = [each["slot"]["key"] for each in slots if each["has_meeting"]]
    assert program.post("/participants/people/f0-p0/unavailability", {"slots": held})["meetings"] == 1
    now = program.get("/participants/people/f0-p0/unavailability")["slots"]
    assert [each["slot"]["key"] for each in now if each["is_unavailable"]] == held
    program.post("/participants/interpreters/i0/unavailability", {"slots": [slots[0]["slot"]["key"]]})
    assert (
        program.get("/participants/interpreters", text="Interpreter 0")["items"][0]["unavailable_slots"] == 1
    )
    seated = {"slots": [slots[1]["slot"]["key"]], "table": "t0"}
    program.post("/participants/interpreters/i0/unavailability", seated)
    now = program.get("/participants/interpreters/i0/unavailability")["slots"]
    assert [each["assigned_table"] for each in now[:3]] == ["", "t0", ""]
    assert [each["is_unavailable"] for each in now[:3]] == [True, False, False]
    program.post("/participants/people/f0-p0/unavailability", seated, status=404)
    program.post("/participants/people/f0-p0/unavailability", {"slots": ["none"]}, status=422)
    program.get("/participants/firms/f0/unavailability", 422)


def test_who_leaves_is_looked_at_then_gone_then_undone(database: Database, program: Program) -> None:
    look = program.post("/participants/firms/remove", {"keys": ["f0"], "dry_run": True})
    assert look == {"requests": 2, "meetings": 1}
    assert "f0" in walk(program, "firms")
    assert program.post("/participants/firms/remove", {"keys": ["f0"], "note": "Flood."}) == look
    program.post("/participants/firms/remove", {"keys": ["f0"]}, status=409)
    assert walk(program, "firms", state="removed") == ["f0"]
    step = program.get("/participants/changes")["items"][0]
    assert (step["kind"], step["note"]) == ("remove", "Flood.")
    assert program.post(f"/participants/changes/{step['number']}/undo")["undone_at"] is not None
    program.post(f"/participants/changes/{step['number']}/undo", status=409)
    assert "f0" in walk(program, "firms")
    with database.read() as session:
        states = {request.state for request in session.scalars(select(MeetingRequest))}
    assert states == {RequestState.ACCEPTED, RequestState.PENDING}


def test_who_left_comes_back_and_two_records_become_one(program: Program) -> None:
    program.post("/participants/interpreters/remove", {"keys": ["i0", "i1"]})
    assert program.post("/participants/interpreters/restore", {"keys": ["i0", "i1"]}) == {"records": 2}
    assert program.post("/participants/interpreters/i0/merge", {"into": "i1"}) == {"key": "i1", "requests": 0}
    assert program.get("/participants/interpreters", state="removed")["items"][0]["merged_into"] == "i1"
    program.post("/participants/interpreters/i1/merge", {"into": "i1"}, status=422)


def test_requests_are_answered_in_their_firms_names(program: Program) -> None:
    (waiting,) = program.get("/participants/requests", state="pending")["items"]
    body = {"keys": [waiting["key"]], "action": "accept"}
    assert program.post("/participants/requests/actions", body) == {"done": 1, "refused": []}
    (row,) = program.get("/participants/requests", text=waiting["key"])["items"]
    assert (row["state"], row["by_organiser"]) == ("accepted", True)
    again = program.post("/participants/requests/actions", body)
    assert (again["done"], len(again["refused"])) == (0, 1)
    program.post("/participants/requests/actions", {"keys": ["none"], "action": "accept"}, status=404)


def test_addresses_and_numbers_need_a_scope_of_their_own(database: Database, app: Flask, expo: Expo) -> None:
    with database.write() as session:
        address = session.scalars(select(Attendee).where(Attendee.key == "f0-p0")).one().email
    plain = Program(app, make_token(database, expo.organiser_actor(), "people:write"))
    assert {row["email"] for row in plain.get("/participants/people")["items"]} == {None}
    assert plain.get("/participants/people", text=address)["total"] == 0
    assert plain.get("/participants/interpreters", text="words.example")["total"] == 0
    assert "contacts:read" in plain.get("/participants/people", 403, sort="email")["detail"]
    record = plain.get("/participants/people/f0-p0")
    assert not {"email", "phone"} & record["cells"].keys()
    plain.post(
        "/participants/people/f0-p0/change",
        {"cells": {"title": "CEO"}, "expected_version": record["version"]},
    )


def test_another_event_s_records_are_not_there(database: Database, app: Flask, expo: Expo) -> None:
    with database.write() as session:
        other = make_event(session, firms=1)
    program = Program(app, make_token(database, other.organiser_actor()))
    program.get("/participants/firms/f4", 404)
    program.post("/participants/firms/f4/change", {"cells": {"website": "x.example"}}, status=404)
    program.post("/participants/firms/remove", {"keys": ["f4"]}, status=404)
    program.post("/participants/changes/1/undo", status=404)
