"""OpenAPI document: valid, complete, and honoured by the application under fuzzing; with a page."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from apiflask import APIFlask
from flask import Flask
from hypothesis import HealthCheck, Phase
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.config import SchemathesisConfig

from api.v1 import openapi
from api.v1.bearer import EVENT
from scheduler.domain.entities import RequestState, VersionState
from scheduler.services.identity import api_tokens
from scheduler.services.participants.request_table import RequestRow
from scheduler.storage.database import Database
from tests.support.api import make_token
from tests.support.factories import make_event, make_request, make_version, meet
from tests.support.web import web_app

ROOT = Path(__file__).parents[3]


@pytest.fixture
def app(database: Database, broker_url: str) -> Flask:
    return web_app(database, broker_url)


def _document(app: Flask) -> dict[str, Any]:
    response = app.test_client().get("/api/v1/openapi.json")
    assert (response.status_code, response.content_type) == (200, "application/json")
    document: dict[str, Any] = response.json
    return document


def _operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {op["operationId"]: op for methods in document["paths"].values() for op in methods.values()}


def test_the_document_is_valid(app: Flask) -> None:
    document = _document(app)
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_answers_are_described_by_the_docstrings_of_the_values_that_they_are(app: Flask) -> None:
    schemas = _document(app)["components"]["schemas"]
    row, run, request = schemas["RequestRow"], schemas["Run"], schemas["Request"]
    assert row["description"] == RequestRow.__doc__
    assert row["properties"].keys() == {each.name for each in fields(RequestRow)} == set(row["required"])
    assert "an organiser" in row["properties"]["by_organiser"]["description"].lower()
    assert "heartbeat_at" not in run["properties"]
    assert run["properties"]["max_moved"]["description"].startswith("Null: ")
    assert "requested_by" in request["properties"] and "asked_by" not in request["properties"]


def _names(app: Flask) -> set[str]:
    """Return the operations of the application, independent of the document."""
    return {name.removeprefix("v1.") for name in app.view_functions if name.startswith("v1.")}


def test_every_operation_is_in_the_document_with_its_errors_and_a_sentence(app: Flask) -> None:
    operations = _operations(_document(app))
    assert operations.keys() == _names(app)
    for name, described in operations.items():
        errors = {status: answer for status, answer in described["responses"].items() if status >= "400"}
        assert {"401", "414", "429"} <= errors.keys(), name
        too_long = errors.pop("414")["content"].keys()
        assert too_long == {"application/problem+json", "text/html"}  # ours, and the web server's
        assert {kind for answer in errors.values() for kind in answer["content"]} == {
            "application/problem+json"
        }
        assert described["summary"] and described["tags"]


def test_every_scope_opens_something(app: Flask) -> None:
    operations = _operations(_document(app)).values()
    opened = {scope for op in operations for needed in op["security"] for scope in needed["token"]}
    assert opened | {"contacts:read"} == {*api_tokens.SCOPES}, "that one only adds fields"


def test_what_creates_takes_an_idempotency_key(app: Flask) -> None:
    operations = _operations(_document(app))
    creating = {name for name, op in operations.items() if "201" in op["responses"]}
    with_key = {
        name
        for name, op in operations.items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in op["parameters"])
    }
    assert (
        creating
        == with_key
        == {
            "submit_request",
            "start_run",
            "restore_version",
            "create_scenario",
            "invite_member",
            "create_delegation",
            "create_event",
            "copy_event",
        }
    )


def test_the_page_shows_every_operation_without_a_script_of_its_own(app: Flask) -> None:
    page = app.test_client().get("/api/v1/docs").text
    for name in _names(app):
        assert f'id="{name}"' in page
    assert not re.search(r"<script(?![^>]* src=)|<style| style=|//cdn", page)
    linked = set(re.findall(r'href="#(\w+)"', page)) - {"main"}
    assert linked <= set(re.findall(r'id="(\w+)"', page))


@pytest.mark.slow
@pytest.mark.parametrize("role", ["organiser", "exhibitor"])
def test_odd_input_finds_no_fault(database: Database, app: Flask, role: str) -> None:
    """Run schemathesis briefly over every operation with all checks and a fixed seed."""
    with database.write() as session:
        expo = make_event(session)
        agreed = make_request(session, expo)
        make_request(session, expo, 0, 2, state=RequestState.PENDING)
        make_version(session, expo, [meet(agreed, expo)])
        make_version(session, expo, [], state=VersionState.DRAFT)
    actor = expo.organiser_actor() if role == "organiser" else expo.actor(0)
    # Its test client accepts compressed responses, but cannot read them.
    plain = {"Accept-Encoding": "identity"}
    headers = {"Authorization": f"Bearer {make_token(database, actor)}"} | plain
    drawn = _drawn(app)
    assert drawn.keys() == _names(app)
    for cases in drawn.values():
        assert len(cases) >= 2
        for case in cases:
            case.call_and_validate(headers=headers)


@cache
def _drawn(app: Flask) -> dict[str, list[Any]]:
    """Return valid and invalid inputs of each operation, shared by roles because generation is slow."""
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", app, config=SchemathesisConfig.from_path(ROOT / "schemathesis.toml")
    )
    found = [each.ok() for each in schema.get_all_operations()]
    return {each.definition.raw["operationId"]: _cases(each) for each in found}


def _cases(operation: Any) -> list[Any]:
    cases: list[Any] = []
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

        @hypothesis.seed(1)
        @hypothesis.settings(
            max_examples=5,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def draw(case: Any) -> None:
            case.headers.pop(EVENT, None)  # the tokens are of one event: with any other they are not valid
            cases.append(case)

        draw()
    return cases


def test_the_document_is_made_once(app: Flask) -> None:
    assert isinstance(app, APIFlask)
    _document(app)
    assert openapi.document(app) is openapi.document(app)
