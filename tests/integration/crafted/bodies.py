"""Request bodies generated from the OpenAPI document, and the places in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
_DEEPEST = 6
_ALONE = {"integer": [1], "number": [1.5], "boolean": [True, False], "null": [None]}
_TEXTS = {"date": "2027-06-22", "date-time": "2027-06-22T09:00:00Z"}


def of_call(call: Schema, document: Schema) -> list[Any]:
    """Return valid bodies of an operation: one, and one for each other choice of a field."""
    if "requestBody" not in call:
        return []
    return _some(call["requestBody"]["content"]["application/json"]["schema"], document, 0)


def places(body: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield each place of a body by its path, the whole body first."""
    yield at
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in inner:
        yield from places(value, (*at, key))


def put(body: Any, at: tuple[Any, ...], value: Any) -> Any:
    """Return the body with another value at a place."""
    if not at:
        return value
    changed = dict(body) if isinstance(body, dict) else list(body)
    changed[at[0]] = put(body[at[0]], at[1:], value)
    return changed


def _some(schema: Schema, document: Schema, depth: int) -> list[Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if depth > _DEEPEST:
        return [None]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return [each for choice in choices for each in _some(choice, document, depth + 1)[:3]]
    if "const" in schema or "enum" in schema:
        return [schema["const"]] if "const" in schema else schema["enum"][:3]
    kind = schema.get("type")
    if kind == "object":
        return _objects(schema, document, depth)
    if kind == "array":
        return [[each] for each in _some(schema.get("items", {}), document, depth + 1)]
    return _ALONE.get(str(kind)) or [_text(schema)]


def _objects(schema: Schema, document: Schema, depth: int) -> list[Any]:
    if "properties" not in schema:
        keys = _some(schema.get("propertyNames", {}), document, depth + 1)
        inner = schema.get("additionalProperties")
        value = _some(inner, document, depth + 1)[0] if isinstance(inner, dict) else "x"
        return [{str(key): value} for key in keys]
    of_each = {name: _some(of, document, depth + 1) for name, of in schema["properties"].items()}
    usual = {name: some[0] for name, some in of_each.items()}
    return [usual, *({**usual, name: each} for name, some in of_each.items() for each in some[1:])]


def _text(schema: Schema) -> str:
    pattern = schema.get("pattern", "")
    if pattern:
        return "09:00" if "0-5" in pattern else "CN" if "A-Z" in pattern else "zh"
    return _TEXTS.get(schema.get("format", ""), "f0")
