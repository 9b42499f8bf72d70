"""The OpenAPI 3.1 document: APIFlask walks the routes, each operation tells what it takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

from apiflask import APIFlask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.v1 import idempotency
from api.v1.schemas.base import MAX_ID
from api.v1.schemas.errors import CONTENT_TYPE, Problem

REF = "#/components/schemas/{model}"
NUMBER = {"type": "integer", "minimum": 0, "maximum": MAX_ID}
DESCRIPTION = """One event's firms, people, meeting requests, runs, schedule versions and agendas.

Every request carries a token of the event: `Authorization: Bearer cm_...`. Times are ISO 8601 in UTC. Lists
come in pages: ask again with `cursor` set to the answer's `next_cursor`. A POST that creates something takes
an `Idempotency-Key`: sent again with the same key and body within a day it creates nothing and gets the first
answer. What takes long is done by a worker: the answer is 202 with a Location to look at until the state is
done or failed, or 503 with Retry-After until it is there. Every error is `application/problem+json`
(RFC 9457)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What one operation takes and gives; `also` are statuses of errors besides those that follow from it."""

    scope: str | None
    answer: type[BaseModel]
    status: int = 200
    body: type[BaseModel] | None = None
    body_optional: bool = False
    query: type[BaseModel] | None = None
    creates: str | None = None
    follow: str | None = None
    """The endpoint, by number, at which what was asked for can be followed."""
    also: frozenset[int] = field(default_factory=frozenset)


OPERATIONS: dict[str, Operation] = {}
"""Every operation by its operationId."""


def document(app: APIFlask) -> dict[str, Any]:
    """The document, made once an application."""
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = _complete(cast("dict[str, Any]", app.spec))
    return cast("dict[str, Any]", app.extensions["openapi"])


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    schemas = _schemas()
    for methods in document["paths"].values():
        for spec in methods.values():
            _describe(spec, OPERATIONS[spec["operationId"]], schemas)
    queries = {op.query.__name__ for op in OPERATIONS.values() if op.query}
    document["components"] = {
        "schemas": {name: schema for name, schema in schemas.items() if name not in queries},
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "An API token of one event."}
        },
    }
    document["info"]["description"] = DESCRIPTION
    document["servers"] = [{"url": "/"}]
    document["security"] = [{"token": []}]
    return document


def _schemas() -> dict[str, Any]:
    found: dict[tuple[type[BaseModel], str], None] = {(Problem, "serialization"): None}
    for operation in OPERATIONS.values():
        found[operation.answer, "serialization"] = None
        for model in (operation.body, operation.query):
            if model is not None:
                found[model, "validation"] = None
    _, definitions = models_json_schema(cast("Any", list(found)), ref_template=REF)
    return cast("dict[str, Any]", definitions["$defs"])


def _describe(spec: dict[str, Any], operation: Operation, schemas: dict[str, Any]) -> None:
    if operation.scope:
        spec["description"] = f"{spec.get('description', '')}\n\nScope: `{operation.scope}`.".strip()
    paths = [parameter for parameter in spec["parameters"] if parameter["in"] == "path"]
    for parameter in paths:
        number = parameter["name"] == "number"
        parameter.update(required=True, schema=NUMBER if number else {"type": "string", "minLength": 1})
    spec["parameters"] = paths + _query(operation, schemas) + _headers(operation)
    if operation.body is not None:
        content = {"application/json": {"schema": _ref(operation.body)}}
        spec["requestBody"] = {"required": not operation.body_optional, "content": content}
    spec["responses"] = {str(operation.status): _success(operation)}
    for status in sorted(_errors(operation, has_path=bool(paths))):
        spec["responses"][str(status)] = _error(status)


def _query(operation: Operation, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """Each field of the query model as a parameter; one that may be left out is not null."""
    if operation.query is None:
        return []
    parameters = []
    for name, schema in schemas[operation.query.__name__]["properties"].items():
        schema = {key: value for key, value in schema.items() if key not in ("title", "anyOf")} | next(
            (part for part in schema.get("anyOf", ()) if part != {"type": "null"}), {}
        )
        description = schema.pop("description", None)
        if schema.get("default", "") is None:
            del schema["default"]
        parameter = {"name": name, "in": "query", "required": False, "schema": schema}
        parameters.append(parameter | ({"description": description} if description else {}))
    return parameters


def _headers(operation: Operation) -> list[dict[str, Any]]:
    if operation.creates is None:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
    return [{"name": idempotency.HEADER, "in": "header", "required": False, "schema": schema}]


def _success(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": (operation.answer.__doc__ or "Done.").strip().splitlines()[0],
        "content": {"application/json": {"schema": _ref(operation.answer)}},
    }
    if operation.follow is not None:
        answer["headers"] = {"Location": {"schema": {"type": "string"}, "required": True}}
    if operation.creates is not None:
        answer["headers"] = {
            "Location": {"schema": {"type": "string"}, "required": True},
            idempotency.REPLAYED: {
                "description": "true if this is the answer to an earlier request with the same key.",
                "schema": {"type": "string", "enum": ["true"]},
            },
        }
    return answer


def _errors(operation: Operation, *, has_path: bool) -> set[int]:
    statuses = {401, 414, 429, 503, *operation.also}
    statuses |= {403} if operation.scope else set()
    statuses |= {404} if has_path else set()
    statuses |= {422} if operation.query else set()
    statuses |= {400, 413, 415, 422} if operation.body else set()
    return statuses | ({400, 409, 413, 422} if operation.creates else set())


def _error(status: int) -> dict[str, Any]:
    content: dict[str, Any] = {CONTENT_TYPE: {"schema": _ref(Problem)}}
    if status == HTTPStatus.REQUEST_URI_TOO_LONG:  # the web server's own, of an address beyond its limit
        content["text/html"] = {"schema": {"type": "string"}}
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": content}
    header = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}.get(status)
    if header is not None:
        answer["headers"] = {header: {"schema": {"type": "string"}}}
    return answer


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REF.format(model=model.__name__)}
