"""How APIFlask reads and describes our Pydantic models: JSON's own types, every fault with its place.

APIFlask's adapter for Pydantic turns "3" into 3, takes the first of two query parameters of one name, and
describes an answer as if it were an input. It has a registry for others, where this one takes its place.
"""

from __future__ import annotations

from typing import Any

from apiflask.schema_adapters.pydantic import PydanticAdapter
from apiflask.schema_adapters.registry import registry
from flask import Request, Response, abort
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from api.errors import problem
from api.v1.schemas.base import Output, Parameters, public_name
from api.v1.schemas.derived import DocumentedSchema

REF = "#/components/schemas/{model}"


class StrictAdapter(PydanticAdapter):
    """Reads a body, a query string or headers into a model, which becomes an argument of the view."""

    model_class: type[BaseModel]

    def validate_input(self, request: Request, location: str, **kwargs: Any) -> BaseModel:
        """Answers 400, 415 or 422 with every fault at once."""
        return {"json": _body, "query": _query, "headers": _headers}[location](self.model_class, request)

    def get_openapi_schema(self, **kwargs: Any) -> dict[str, Any]:
        """The JSON Schema of what is read, or of what is written if the model is an answer."""
        mode: Any = "serialization" if issubclass(self.model_class, Output) else "validation"
        schema = self.model_class.model_json_schema(
            ref_template=REF, mode=mode, schema_generator=DocumentedSchema
        )
        if issubclass(self.model_class, Parameters):
            schema["properties"] = {name: _no_null(field) for name, field in schema["properties"].items()}
        return schema

    def get_schema_name(self) -> str:
        """The name of the component that it becomes."""
        return public_name(self.model_class.__name__)


def _body(model: type[BaseModel], request: Request) -> BaseModel:
    """The JSON body, by JSON's own types: "3" is no number. No body is {} if no field has to be there."""
    data = request.get_data(cache=True)
    if not data and not any(field.is_required() for field in model.model_fields.values()):
        data = b"{}"
    elif request.mimetype != "application/json":
        abort(problem(415, "unsupported-media-type", "Unsupported Media Type", "Send application/json."))
    try:
        return model.model_validate_json(data, strict=True)
    except ValidationError as error:
        faults = _faults(error)
        if any(fault["type"] == "json_invalid" for fault in faults):
            detail = f"The body is not JSON: {faults[0]['msg']}."
            abort(problem(400, "bad-request", "Bad Request", detail))
        abort(_invalid([{"pointer": _pointer(fault), "detail": fault["msg"]} for fault in faults]))


def _query(model: type[BaseModel], request: Request) -> BaseModel:
    """The query string; a parameter that is given twice becomes a list, for fields that take some."""
    given = {name: values[0] if len(values) == 1 else values for name, values in request.args.lists()}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        abort(_invalid([{"parameter": _name(fault), "detail": fault["msg"]} for fault in _faults(error)]))


def _headers(model: type[BaseModel], request: Request) -> BaseModel:
    """The headers that the model names; the other ones are not its own."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    given = {name: request.headers[name] for name in names if name in request.headers}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        fault = _faults(error)[0]
        detail = f"{_name(fault)}: {fault['msg']}."
        abort(problem(400, _name(fault).lower(), "Bad Request", detail))


def _faults(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_context=False, include_input=False)


def _name(fault: ErrorDetails) -> str:
    return str(fault["loc"][0]) if fault["loc"] else ""


def _pointer(fault: ErrorDetails) -> str:
    """Where it is, as a JSON Pointer (RFC 6901) in a URI fragment."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in fault["loc"])


def _invalid(faults: list[dict[str, str]]) -> Response:
    detail = "; ".join(f"{_named(fault)}: {fault['detail']}" for fault in faults[:5])
    return problem(422, "invalid-input", "Something is missing or wrong", detail, errors=faults)


def _named(fault: dict[str, str]) -> str:
    """Where a fault is, for the sentence: to_firm, or slots.0; the body if it is the whole of it."""
    return fault.get("parameter") or fault.get("pointer", "")[2:].replace("/", ".") or "body"


def _no_null(field: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema: one that may be left out is not null, which no query string can say."""
    kept = {key: value for key, value in field.items() if key not in ("title", "anyOf")}
    if kept.get("default", "") is None:
        del kept["default"]
    return kept | next((part for part in field.get("anyOf", ()) if part != {"type": "null"}), {})


registry.register("pydantic", StrictAdapter)
