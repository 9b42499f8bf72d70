"""Runs, schedule versions, changes and agendas in the API."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scheduler.domain.entities import VersionState
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.support.api import Program, make_token
from tests.support.factories import Expo, make_event, make_request, make_version, meet
from tests.support.publishing import carry_out
from tests.support.web import web_app


def _event(database: Database, broker_url: str) -> tuple[Expo, Program]:
    """Return an event with a published meeting and a draft of two, and an organiser's API client."""
    with database.write() as session:
        expo = make_event(session)
        one, two = make_request(session, expo), make_request(session, expo, 1, 2)
        make_version(session, expo, [meet(one, expo, slot=0)])
        draft = [meet(one, expo, slot=1), meet(two, expo, slot=2)]
        make_version(session, expo, draft, state=VersionState.DRAFT)
    return expo, Program(web_app(database, broker_url), make_token(database, expo.organiser_actor()))


def test_a_run_is_started_once_followed_and_cancelled(database: Database, broker_url: str) -> None:
    _, program = _event(database, broker_url)
    wanted = {"seconds": 20, "note": "Add tables"}
    first, again = (program.send("/runs", wanted, key="night") for _ in range(2))
    assert (first.status_code, first.json) == (201, again.json)
    assert (first.json["number"], first.json["state"], first.json["progress"]) == (1, "queued", None)
    assert (first.json["note"], first.json["stop_requested"]) == ("Add tables", False)
    assert first.headers["Location"] == "/api/v1/runs/1"
    assert program.post("/runs", status=409)["type"] == "urn:chainmeet:error:run-already-open"
    assert program.get("/runs/1") == first.json
    program.post("/runs/1/stop", status=409)
    assert program.post("/runs/1/cancel")["state"] == "cancelled"
    program.post("/runs/1/cancel", status=409)
    assert [run["number"] for run in program.get("/runs")["items"]] == [1]


def test_a_run_that_publishes_needs_the_scope_for_it(database: Database, broker_url: str) -> None:
    expo, _ = _event(database, broker_url)
    token = make_token(database, expo.organiser_actor(), "runs:write")
    program = Program(web_app(database, broker_url), token)
    program.post("/runs", {"when_finished": "publish"}, status=403)
    assert program.post("/runs", {"when_finished": "draft"}, status=201)["when_finished"] == "draft"


def test_a_draft_is_looked_at_and_published_once(database: Database, broker_url: str) -> None:
    _, program = _event(database, broker_url)
    wait = program.send("/versions/2/changes", method="get")
    assert (wait.status_code, wait.headers["Retry-After"]) == (503, "2")
    assert carry_out(database) == [JobEnding.DONE]
    changes = program.get("/versions/2/changes")
    assert (changes["compared_with"], changes["affected"], changes["people_notified"]) == (1, 1, 3)
    assert [item["kind"] for item in changes["items"]] == ["added", "moved"]
    assert [item["details"] for item in program.get("/versions/2/changes", kind="moved")["items"]] == [
        ["slot"]
    ]
    program.post("/versions/2/publish", status=415)
    program.post("/versions/2/publish", {}, status=422)
    conflict = program.post("/versions/2/publish", {"compared_with": None}, status=409)
    assert conflict["type"] == "urn:chainmeet:error:version-conflict"
    asked = program.send("/versions/2/publish", {"compared_with": 1})
    assert (asked.status_code, asked.json["state"]) == (202, "queued")
    assert asked.headers["Location"] == "/api/v1/versions/2/publishing"
    assert program.post("/versions/2/publish", {"compared_with": 1}, status=202) == asked.json
    assert carry_out(database) == [JobEnding.DONE]
    done = program.get("/versions/2/publishing")
    assert (done["state"], done["done"], done["emails"]) == ("done", 3, changes["emails"])
    assert program.get("/versions/2")["state"] == "published"
    program.post("/versions/2/publish", {"compared_with": 2}, status=409)
    with database.read() as session:
        assert len(session.scalars(select(OutboxEmail)).all()) == done["emails"]
    after = program.get("/versions/2/changes")
    assert (after["compared_with"], after["emails"], after["total"]) == (1, None, 2)


def test_versions_are_listed_rolled_back_and_discarded(database: Database, broker_url: str) -> None:
    _, program = _event(database, broker_url)
    program.post("/versions/2/publish", {"compared_with": 1}, status=202)
    assert carry_out(database) == [JobEnding.DONE]
    back = program.post("/versions/1/restore", status=201, key="back")
    assert (back["number"], back["copy_of"], back["compared_with"]) == (3, 1, 2)
    assert program.post("/versions/1/restore", status=201, key="back") == back
    assert program.post("/versions/3/discard")["state"] == "discarded"
    program.post("/versions/3/discard", status=409)
    assert program.post("/versions/3/restore-draft")["state"] == "draft"
    program.post("/versions/3/restore-draft", status=409)
    page = program.get("/versions", limit=2)
    assert [version["number"] for version in page["items"]] == [3, 2]
    rest = program.get("/versions", cursor=page["next_cursor"])
    assert [version["number"] for version in rest["items"]] == [1]


def test_meetings_come_in_pages_in_time_order(database: Database, broker_url: str) -> None:
    expo, program = _event(database, broker_url)
    first = program.get("/versions/2/meetings", limit=1)
    second = program.get("/versions/2/meetings", limit=1, cursor=first["next_cursor"])
    assert [page["items"][0]["slot"] for page in (first, second)] == ["s1", "s2"]
    assert (second["next_cursor"], second["total"]) == (None, 2)
    assert first["items"][0]["start"] == f"{expo.slots[1].start:%Y-%m-%dT}01:30:00Z"
    program.get("/versions/1/meetings", status=422, cursor=first["next_cursor"])
    assert program.get("/versions/2/unscheduled")["items"] == []


def test_agendas_show_what_is_published(database: Database, broker_url: str) -> None:
    expo, program = _event(database, broker_url)
    agenda = program.get("/people/f0-p0/agenda")
    assert (agenda["version"], [item["partner"]["key"] for item in agenda["items"]]) == (1, ["f1"])
    assert program.get("/firms/f2/agenda")["items"] == []
    exhibitor = Program(web_app(database, broker_url), make_token(database, expo.actor(0)))
    assert exhibitor.get("/firms/f0/agenda")["items"][0]["is_cancelled"] is False
    exhibitor.get("/firms/f1/agenda", status=403)
    exhibitor.get("/people/f1-p0/agenda", status=403)


@pytest.mark.parametrize("path", ["/versions", "/versions/2", "/versions/2/meetings", "/versions/2/changes"])
def test_an_exhibitor_sees_no_versions(database: Database, broker_url: str, path: str) -> None:
    expo, _ = _event(database, broker_url)
    program = Program(web_app(database, broker_url), make_token(database, expo.actor(0)))
    program.get(path, status=403)


def test_what_is_not_there_is_not_found(database: Database, broker_url: str) -> None:
    _, program = _event(database, broker_url)
    for path in ("/versions/9", "/versions/0/changes", "/runs/9", "/firms/x", "/people/x", "/requests/x"):
        program.get(path, status=404)
    program.get("/versions/99999999999", status=404)
    program.post("/versions/9/publish", {"compared_with": None}, status=404)


def test_a_publishing_is_taken_back_and_begun_by_a_program(database: Database, broker_url: str) -> None:
    expo, program = _event(database, broker_url)
    with database.write() as session:
        session.merge(expo.event).publish_hold = 5
    asked = program.post("/versions/2/publish", {"compared_with": 1}, status=202)
    assert asked["starts_at"] > asked["requested_at"]
    assert carry_out(database) == [JobEnding.NOT_CLAIMED]
    assert program.post("/versions/2/publishing/cancel")["state"] == "cancelled"
    program.post("/versions/2/publishing/cancel", status=409)
    assert program.get("/versions/2")["state"] == "draft"
    program.post("/versions/2/publish", {"compared_with": 1}, status=202)
    program.post("/versions/2/publishing/start")
    assert carry_out(database) == [JobEnding.DONE]
    assert program.get("/versions/2")["state"] == "published"


def test_the_mails_of_an_event_are_steered_by_a_program(database: Database, broker_url: str) -> None:
    _, program = _event(database, broker_url)
    program.post("/versions/2/publish", {"compared_with": 1}, status=202)
    carry_out(database)
    waiting = program.get("/email-queue")
    assert waiting["queued"] > 0 and waiting["paused_at"] is None
    assert program.post("/email-queue/pause")["paused_at"] is not None
    assert program.post("/email-queue/resume")["paused_at"] is None
    stopped = program.post("/email-queue/stop")
    assert (stopped["queued"], stopped["stopped"]) == (0, waiting["queued"])
    assert program.post("/email-queue/send-stopped") == waiting


def test_an_exhibitor_steers_no_mails(database: Database, broker_url: str) -> None:
    expo, _ = _event(database, broker_url)
    program = Program(web_app(database, broker_url), make_token(database, expo.actor(0)))
    program.get("/email-queue", status=403)
    program.post("/email-queue/stop", status=403)
