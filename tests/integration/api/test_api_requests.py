"""Meeting requests in the API: idempotent submission, listing, response, withdrawal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.services.requests import requests
from scheduler.storage.database import Database
from scheduler.storage.models import IdempotencyKey, MeetingRequest
from tests.support.api import Program, make_token
from tests.support.factories import NOW, Expo, make_event, make_request
from tests.support.web import web_app

ASK = {"to_firm": "f1", "topic": "Cells"}


def _programs(database: Database, broker_url: str) -> tuple[Expo, Program, Program]:
    """Return an event, and an API client of each of its first two firms."""
    with database.write() as session:
        expo = make_event(session)
    app = web_app(database, broker_url)
    first, second = (Program(app, make_token(database, expo.actor(i))) for i in (0, 1))
    return expo, first, second


def _count(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(MeetingRequest)).all())


def test_a_request_is_submitted_read_and_accepted(database: Database, broker_url: str) -> None:
    _, asks, asked = _programs(database, broker_url)
    response = asks.send("/requests", ASK | {"slots": ["s0", "s1"], "to_attendees": ["f1-p0"]})
    made = response.json
    assert (response.status_code, made["state"], made["actions"]) == (201, "pending", ["withdraw"])
    assert response.headers["Location"] == f"/api/v1/requests/{made['key']}"
    assert (made["slots"], made["to_attendees"][0]["key"]) == (["s0", "s1"], "f1-p0")
    assert asks.get(f"/requests/{made['key']}") == made
    accepted = asked.post(f"/requests/{made['key']}/accept", {"note": "Gladly"})
    assert (accepted["state"], accepted["response_note"]) == ("accepted", "Gladly")
    assert accepted["responded_at"].endswith("Z")
    conflict = asked.post(f"/requests/{made['key']}/decline", status=409)
    assert conflict["type"] == "urn:chainmeet:error:wrong-state"


def test_an_agreed_meeting_is_withdrawn_only_as_it_was_seen(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=RequestState.ACCEPTED)
    program = Program(web_app(database, broker_url), make_token(database, expo.actor(0)))
    program.post(f"/requests/{request.key}/withdraw", {"expected_state": "pending"}, status=409)
    done = program.post(f"/requests/{request.key}/withdraw", {"expected_state": "accepted"})
    assert done["state"] == "withdrawn"


def test_only_the_asked_firm_answers(database: Database, broker_url: str) -> None:
    _, asks, _ = _programs(database, broker_url)
    key = asks.post("/requests", ASK, status=201)["key"]
    assert asks.post(f"/requests/{key}/accept", status=403)["title"] == "You don't have permission"


def test_every_fault_has_the_pointer_of_its_field(database: Database, broker_url: str) -> None:
    _, asks, _ = _programs(database, broker_url)
    body = ASK | {"priority": "3", "slots": ["s0", 7], "colour": "red"}
    found = asks.post("/requests", body, status=422)
    assert [fault["pointer"] for fault in found["errors"]] == ["#/priority", "#/slots/1", "#/colour"]
    found = asks.post("/requests", ASK | {"to_firm": "nobody", "topic": " "}, status=422)
    assert {fault["pointer"] for fault in found["errors"]} == {"#/to_firm", "#/topic"}
    assert _count(database) == 0


def test_pages_follow_each_other_by_their_cursors(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session, firms=5)
        keys = [make_request(session, expo, 0, i).key for i in range(1, 5)]
    program = Program(web_app(database, broker_url), make_token(database, expo.organiser_actor()))
    first = program.get("/requests", limit=3)
    second = program.get("/requests", limit=3, cursor=first["next_cursor"])
    assert [item["key"] for item in first["items"] + second["items"]] == keys[::-1]
    assert (first["total"], second["next_cursor"]) == (4, None)


def test_filters_and_their_faults(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        pending = make_request(session, expo, 0, 1, state=RequestState.PENDING)
        make_request(session, expo, 0, 2, state=RequestState.ACCEPTED)
        make_request(session, expo, 1, 3, state=RequestState.PENDING)
    program = Program(web_app(database, broker_url), make_token(database, expo.actor(0)))
    found = program.get("/requests", state="pending", side="from")
    assert [item["key"] for item in found["items"]] == [pending.key]
    fault = program.get("/requests", status=422, limit="1.0")
    assert fault["errors"][0]["parameter"] == "limit"
    assert program.get("/requests", status=422, cursor="x")["errors"][0]["parameter"] == "cursor"
    program.get("/requests", status=422, colour="red")
    program.get("/requests", status=403, firm="f1")
    program.get("/requests", status=404, firm="nobody")


def test_a_post_that_is_repeated_creates_once(database: Database, broker_url: str) -> None:
    _, asks, _ = _programs(database, broker_url)
    first, again = (asks.send("/requests", ASK, key="one") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.text, again.headers["Location"]) == (first.text, first.headers["Location"])
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert _count(database) == 1


def test_a_key_is_for_one_body_and_one_token(database: Database, broker_url: str) -> None:
    _, asks, other = _programs(database, broker_url)
    asks.post("/requests", ASK, status=201, key="one")
    reused = asks.post("/requests", ASK | {"topic": "Wafers"}, status=422, key="one")
    assert reused["type"] == "urn:chainmeet:error:idempotency-key-reused"
    other.post("/requests", ASK | {"to_firm": "f2"}, status=201, key="one")


def test_an_error_gives_the_key_back(database: Database, broker_url: str) -> None:
    _, asks, _ = _programs(database, broker_url)
    asks.post("/requests", ASK | {"to_firm": "nobody"}, status=422, key="one")
    asks.post("/requests", ASK, status=201, key="one")
    assert _count(database) == 1


def test_a_key_whose_first_request_is_running_waits_and_is_taken_over(
    database: Database, broker_url: str
) -> None:
    _, asks, _ = _programs(database, broker_url)
    asks.post("/requests", ASK, status=201, key="one")
    with database.write() as session:
        session.execute(update(MeetingRequest).values(state=RequestState.WITHDRAWN))
        session.execute(update(IdempotencyKey).values(status=None, body="", created_at=database.now()))
    running = asks.post("/requests", ASK, status=409, key="one")
    assert running["type"] == "urn:chainmeet:error:idempotency-key-in-use"
    with database.write() as session:
        session.execute(update(IdempotencyKey).values(created_at=database.now() - timedelta(seconds=61)))
    asks.post("/requests", ASK, status=201, key="one")
    assert _count(database) == 2


def test_a_request_whose_key_was_taken_over_creates_nothing(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = requests.submit_request

    def taken_over_meanwhile(session: Session, *args: Any, **keys: Any) -> MeetingRequest:
        session.execute(update(IdempotencyKey).values(created_at=NOW))
        return submit(session, *args, **keys)

    monkeypatch.setattr(requests, "submit_request", taken_over_meanwhile)
    _, asks, _ = _programs(database, broker_url)
    asks.post("/requests", ASK, status=409, key="one")
    assert _count(database) == 0


def test_a_key_is_forgotten_after_a_day(database: Database, broker_url: str) -> None:
    _, asks, _ = _programs(database, broker_url)
    asks.post("/requests", ASK, status=201, key="one")
    with database.write() as session:
        session.execute(update(IdempotencyKey).values(created_at=database.now() - timedelta(days=1)))
    asks.post("/requests", ASK | {"to_firm": "f2"}, status=201, key="one")


def test_a_key_that_is_no_text_is_refused(database: Database, broker_url: str) -> None:
    _, asks, _ = _programs(database, broker_url)
    asks.post("/requests", ASK, status=400, key="a b")
    asks.post("/requests", ASK, status=400, key="x" * 256)


def test_of_two_posts_at_one_moment_with_one_key_one_creates(database: Database, broker_url: str) -> None:
    _, asks, _ = _programs(database, broker_url)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: asks.send("/requests", ASK, key="one"), range(2)))
    created = [a for a in answers if a.status_code == 201 and "Idempotency-Replayed" not in a.headers]
    others = [a for a in answers if a.status_code == 409 or "Idempotency-Replayed" in a.headers]
    assert (len(created), len(others), _count(database)) == (1, 1, 1)


def test_an_organisers_program_locks_a_request_to_a_slot_and_lets_it_go(
    database: Database, broker_url: str
) -> None:
    expo, asks, _ = _programs(database, broker_url)
    with database.write() as session:
        key = make_request(session, expo).key
        for slot in expo.slots:
            slot = session.merge(slot)
            slot.start, slot.end = (at + timedelta(days=3650) for at in (slot.start, slot.end))
    app = web_app(database, broker_url)
    program = Program(app, make_token(database, expo.organiser_actor()))
    locked = program.post(f"/requests/{key}/lock", {"slot": "s1"})
    assert (locked["key"], locked["slot"]) == (key, "s1")
    with database.read() as session:
        row = session.scalars(select(MeetingRequest)).one()
        assert (row.is_locked, row.fixed_slot_id) == (True, expo.slots[1].id)
    assert program.post(f"/requests/{key}/unlock")["slot"] is None
    program.post(f"/requests/{key}/lock", {"slot": "nowhere"}, status=404)
    asks.post(f"/requests/{key}/lock", {"slot": "s1"}, status=403)
    program.post(f"/requests/{key}/withdraw")
    program.post(f"/requests/{key}/lock", {"slot": "s1"}, status=409)
