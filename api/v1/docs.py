"""The OpenAPI document, and a page made from it that needs no script."""

from __future__ import annotations

from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, json, render_template

from api.v1 import openapi

blueprint = APIBlueprint("docs", __name__, enable_openapi=False, url_prefix="/api/v1")


@blueprint.get("/openapi.json")
def spec() -> Response:
    """The document, as programs read it."""
    return Response(json.dumps(_document()), content_type="application/json")


@blueprint.get("/docs")
def page() -> str:
    """The document, as people read it."""
    document = _document()
    operations: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            entry = {"path": path, "method": method.upper(), **described}
            operations.setdefault(described["tags"][0], []).append(entry)
    return render_template(
        "docs.html", document=document, groups=operations, schemas=document["components"]["schemas"]
    )


@blueprint.app_template_filter("schema_type")
def schema_type(schema: dict[str, Any]) -> str:
    """A JSON Schema in a few words, such as `list of FirmOut or null`."""
    if "$ref" in schema:
        return cast(str, schema["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in schema:
        return " or ".join(schema_type(part) for part in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {schema_type(schema.get('items') or schema.get('prefixItems', [{}])[0])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {schema_type(schema['additionalProperties'])}"
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    if values:
        return ", ".join(map(str, values))
    return str(schema.get("format") or schema.get("type", "any"))


@blueprint.app_template_filter("schema_limits")
def schema_limits(schema: dict[str, Any]) -> str:
    """The limits of a JSON Schema in words."""
    parts = [part for part in (schema, *schema.get("anyOf", ())) if isinstance(part, dict)]
    words = {
        "minimum": "from {}",
        "maximum": "to {}",
        "minLength": "{} or more characters",
        "maxLength": "at most {} characters",
        "maxItems": "at most {}",
        "pattern": "like {}",
        "default": "by default {}",
    }
    found = [text.format(part[key]) for part in parts for key, text in words.items() if key in part]
    return ", ".join(found)


def _document() -> dict[str, Any]:
    return openapi.document(cast(APIFlask, current_app))
