"""The OpenAPI 3.1 document: APIFlask makes it from the views; here is added what all operations share."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from apiflask import APIFlask
from flask.json.provider import DefaultJSONProvider

from api.v1.bearer import EVENT
from api.v1.idempotency import HEADER
from api.v1.schemas.adapter import REF
from api.v1.schemas.base import MAX_ID
from api.v1.schemas.errors import CONTENT_TYPE, Problem

DESCRIPTION = """Events with their firms, people, meeting requests, runs, schedule versions and agendas.

Every request needs a token: `Authorization: Bearer cm_...`. A token of one event needs nothing else. A
token for all events names the event in the header `Chainmeet-Event`, except for `/events`. Times are ISO
8601 in UTC. Lists are paginated: repeat the request with `cursor` set to the response's `next_cursor`. A
POST that creates something accepts an `Idempotency-Key`. Repeated with the same key and body within a day,
it creates nothing and returns the first response. Workers execute long tasks: the response is 202 with a
Location to poll until the state is done or failed, or 503 with Retry-After until the result is ready. A
JSON response to a GET has an `ETag`. Sent back as `If-None-Match`, the response is 304 without a body while
nothing has changed. Every error is `application/problem+json` (RFC 9457)."""

ALWAYS = (401, 414, 429, 503)
"""Errors that any operation may answer with."""

WITHOUT_EVENT = "/api/v1/events"
"""Operations below this path take the event from there, not from the header."""

EVENT_PARAMETER = {
    "name": EVENT,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    "description": "Key of the event. Required for a token for all events.",
}

Spec = dict[str, Any]


def init_app(app: APIFlask) -> None:
    app.config.update(SUCCESS_DESCRIPTION="Done.", SERVERS=[{"url": "/"}], DESCRIPTION=DESCRIPTION)
    written = cast(DefaultJSONProvider, app.json)
    written.sort_keys = False  # fields in the order of the models, for who reads an answer
    written.ensure_ascii = False  # a Chinese name in 2 to 4 octets a letter, not in 6 or 12
    app.spec_processor(_complete)


def document(app: APIFlask) -> Spec:
    """The document, made once an application."""
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = app.spec
    return cast(Spec, app.extensions["openapi"])


def _complete(document: Any) -> Any:
    problem = Problem.model_json_schema(ref_template=REF, mode="serialization")
    found = document["components"]["schemas"] | problem.pop("$defs") | {"Problem": problem}
    schemas = _flat({name: schema for name, schema in found.items() if name not in _OF_APIFLASK})
    document["components"]["schemas"] = schemas
    document["security"] = [{"token": []}]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            _describe(operation, schemas)
            if not path.startswith(WITHOUT_EVENT):
                operation["parameters"].append(EVENT_PARAMETER)
                operation["responses"].setdefault("400", _error(400))
    return document


_OF_APIFLASK = {"HTTPError", "ValidationError"}
"""Its own two shapes of errors; every error of ours is a Problem."""


def _flat(schemas: Spec) -> Spec:
    """Each model by its own name: APIFlask puts one that another one has in it under Outer.Inner."""
    found: Spec = {}
    for name, schema in sorted(schemas.items()):
        if found.setdefault(name.rpartition(".")[2], schema) != schema:
            raise ValueError(f"two schemas are called {name.rpartition('.')[2]}")
    return found


def _describe(operation: Spec, schemas: Spec) -> None:
    scopes = operation["security"][0]["token"]
    for scope in scopes:
        operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()
    for parameter in operation["parameters"]:
        _describe_parameter(parameter)
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        operation["requestBody"]["required"] = bool(_named(body, schemas).get("required"))
    responses = operation["responses"]
    for status in {str(status) for status in _errors(operation)} | responses.keys():
        responses[status] = _error(int(status)) if status >= "400" else _success(responses[status], schemas)


def _describe_parameter(parameter: Spec) -> None:
    schema = parameter["schema"]
    if parameter["in"] == "path":
        parameter["required"] = True
        schema |= {"minimum": 0, "maximum": MAX_ID} if schema["type"] == "integer" else {"minLength": 1}
    _lift(parameter)


def _lift(described: Spec) -> None:
    """A description stands at the parameter or header, not in its schema."""
    if "description" in described["schema"]:
        described["description"] = described["schema"].pop("description")


def _errors(operation: Spec) -> set[int]:
    """What follows from what an operation takes; the rest is said where it is declared."""
    statuses = {*ALWAYS}
    statuses |= {403} if operation["security"][0]["token"] else set()
    statuses |= {400, 413, 415} if "requestBody" in operation else set()
    is_once = any(parameter["name"] == HEADER for parameter in operation["parameters"])
    return statuses | ({400, 409, 413} if is_once else set())


def _success(answer: Spec, schemas: Spec) -> Spec:
    """With the first line about the model that it is."""
    if "application/json" not in answer["content"]:  # a file
        return answer
    schema = _named(answer["content"]["application/json"]["schema"], schemas)
    if "description" in schema:
        answer["description"] = schema["description"].splitlines()[0]
    for header in answer.get("headers", {}).values():
        _lift(header)
    return answer


def _error(status: int) -> Spec:
    content: Spec = {CONTENT_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    if status == HTTPStatus.REQUEST_URI_TOO_LONG:  # the web server's own, of an address beyond its limit
        content["text/html"] = {"schema": {"type": "string"}}
    answer: Spec = {"description": HTTPStatus(status).phrase, "content": content}
    header = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}.get(status)
    if header is not None:
        answer["headers"] = {header: {"schema": {"type": "string"}}}
    return answer


def _named(schema: Spec, schemas: Spec) -> Spec:
    """The model that a reference names."""
    return cast(Spec, schemas[schema["$ref"].rpartition("/")[2]])
