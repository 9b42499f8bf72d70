"""Conditional requests of the API: ETag, If-None-Match, If-Match, and what caches may keep."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.services.board import draft_view
from scheduler.services.identity import api_tokens
from scheduler.storage.database import Database
from tests.integration.api.test_api_drafts import Desk
from tests.support.api import Program, make_token
from tests.support.factories import Expo, make_event, make_request
from tests.support.web import web_app

RECORD = "/participants/people/f0-p0"


def _program(database: Database, broker_url: str) -> tuple[Expo, Program]:
    with database.write() as session:
        expo = make_event(session, firms=9)
        make_request(session, expo)
    return expo, Program(web_app(database, broker_url), make_token(database, expo.organiser_actor()))


def _ask(program: Program, path: str, **headers: str) -> Any:
    """Send a GET with more headers, such as If_None_Match."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return program.client.get(f"/api/v1{path}", headers=program.headers | more)


@pytest.mark.parametrize("path", ["/event", "/firms", "/requests", "/meetings", RECORD, "/audit-log"])
def test_an_answer_that_has_not_changed_is_not_sent_again(
    database: Database, broker_url: str, path: str
) -> None:
    _, program = _program(database, broker_url)
    first = _ask(program, path)
    again = _ask(program, path, If_None_Match=first.headers["ETag"])
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    for response in (first, again):
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert {"Authorization", "Chainmeet-Event"} <= {*response.vary}
        assert response.headers["ETag"] == first.headers["ETag"]
    assert _ask(program, path, If_None_Match='"other", "more"').status_code == 200
    weak = f'"other", W/{first.headers["ETag"].removeprefix("W/")}'
    assert _ask(program, path, If_None_Match=weak).status_code == 304


def test_a_changed_answer_has_another_etag(database: Database, broker_url: str) -> None:
    _, program = _program(database, broker_url)
    first = _ask(program, "/firms")
    program.post("/participants/firms/f1/change", {"cells": {"website": "https://f1.example"}})
    again = _ask(program, "/firms", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.headers["ETag"] == first.headers["ETag"]) == (200, False)


def test_a_compressed_answer_has_a_weak_etag_that_is_known_again(database: Database, broker_url: str) -> None:
    _, program = _program(database, broker_url)
    packed = _ask(program, "/firms", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    etag = packed.headers["ETag"]
    assert etag.startswith("W/")
    assert _ask(program, "/firms", Accept_Encoding="gzip", If_None_Match=etag).status_code == 304


def test_other_answers_are_kept_by_no_cache(database: Database, broker_url: str) -> None:
    _, program = _program(database, broker_url)
    missing = _ask(program, "/firms/none")
    changed = program.send("/participants/firms/f1/change", {"cells": {"website": "https://f1.example"}})
    file = _ask(program, "/exports/firms")
    for response in (missing, changed, file):
        assert response.headers["Cache-Control"] == "no-store", response.status
        assert "ETag" not in response.headers
    assert [missing.status_code, changed.status_code] == [404, 200]


def test_a_revoked_token_is_refused_though_the_etag_is_known(database: Database, broker_url: str) -> None:
    expo, program = _program(database, broker_url)
    etag = _ask(program, "/firms").headers["ETag"]
    with database.write() as session:
        actor = expo.organiser_actor()
        for card in api_tokens.list_api_tokens(session, actor):
            api_tokens.revoke_api_token(session, actor, card.id, now=database.now())
    assert _ask(program, "/firms", If_None_Match=etag).status_code == 401


def test_a_record_is_changed_only_in_the_version_that_if_match_names(
    database: Database, broker_url: str
) -> None:
    _, program = _program(database, broker_url)
    seen = _ask(program, RECORD)
    assert seen.headers["ETag"] == f'"{seen.json["version"]}"'

    def change(title: str, if_match: str) -> Any:
        headers = program.headers | {"If-Match": if_match}
        body = {"cells": {"title": title}}
        return program.client.post(f"/api/v1{RECORD}/change", json=body, headers=headers)

    assert change("CEO", seen.headers["ETag"]).status_code == 200
    for outdated in (seen.headers["ETag"], '"other"', f'W/"{seen.json["version"]}"'):
        refused = change("CFO", outdated)
        assert (refused.status_code, refused.json["type"]) == (412, "urn:chainmeet:error:precondition-failed")
    assert change("CFO", '"one", "two"').status_code == 400
    assert program.get(RECORD)["cells"]["title"] == "CEO"
    assert change("COO", "*").status_code == 200


def test_a_known_draft_is_not_read_again(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(database, broker_url)
    etag = _ask(desk.program, "/drafts/2").headers["ETag"]
    assert etag.startswith("W/")
    with monkeypatch.context() as patch:
        patch.setattr(draft_view, "get_draft", None)
        assert _ask(desk.program, "/drafts/2", If_None_Match=etag).status_code == 304
    fewer = desk.with_scopes("schedule:read")
    assert _ask(fewer, "/drafts/2", If_None_Match=etag).status_code == 200
    desk.post("lock", request=desk.hall.one.key)
    assert _ask(desk.program, "/drafts/2", If_None_Match=etag).status_code == 200
