"""Read the body and the query string of an API request into their models; every fault says where it is."""

from __future__ import annotations

from typing import TypeVar

from flask import Response, abort, request
from pydantic import BaseModel, ValidationError
from werkzeug.routing import IntegerConverter, Map

from api.errors import problem

MAX_WHOLE = 2**31 - 1


class NumberConverter(IntegerConverter):
    """`<int:...>` of every route: a number that no column can hold is not found."""

    def __init__(
        self, url_map: Map, fixed_digits: int = 0, min: int | None = None, max: int = MAX_WHOLE
    ) -> None:
        super().__init__(url_map, fixed_digits, min, max)


Model = TypeVar("Model", bound=BaseModel)


def body(model: type[Model], *, optional: bool) -> Model:
    """The JSON body, by JSON's own types: "3" is no number. `optional`: no body is an empty object."""
    data = request.get_data(cache=True)
    if not data and optional:
        data = b"{}"
    elif request.mimetype != "application/json":
        abort(problem(415, "unsupported-media-type", "Unsupported Media Type", "Send application/json."))
    try:
        return model.model_validate_json(data, strict=True)
    except ValidationError as error:
        if any(fault["type"] == "json_invalid" for fault in error.errors(include_url=False)):
            detail = f"The body is not JSON: {error.errors(include_url=False)[0]['msg']}."
            abort(problem(400, "bad-request", "Bad Request", detail))
        abort(_invalid(error, in_body=True))


def query(model: type[Model]) -> Model:
    """The query string; a parameter that is given twice becomes a list, which no model takes."""
    given = {name: values[0] if len(values) == 1 else values for name, values in request.args.lists()}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        abort(_invalid(error, in_body=False))


def whole(text: str | None, otherwise: int = 0) -> int:
    """A whole number of a form or a query that every column can hold (0 to 2**31 - 1), else `otherwise`."""
    is_one = text is not None and text.isascii() and text.isdigit() and len(text) <= 10
    value = int(text) if is_one and text is not None else -1
    return value if 0 <= value <= MAX_WHOLE else otherwise


def _named(fault: dict[str, str]) -> str:
    """Where a fault is, for the sentence: to_firm, or slots.0; the body if it is the whole of it."""
    return fault.get("parameter") or fault.get("pointer", "")[2:].replace("/", ".") or "body"


def _invalid(error: ValidationError, *, in_body: bool) -> Response:
    faults = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        where = [str(part).replace("~", "~0").replace("/", "~1") for part in fault["loc"]]
        place = {"pointer": "#" + "".join(f"/{part}" for part in where)}
        if not in_body:
            place = {"parameter": str(fault["loc"][0]) if fault["loc"] else ""}
        faults.append({**place, "detail": fault["msg"]})
    detail = "; ".join(f"{_named(fault)}: {fault['detail']}" for fault in faults[:5])
    return problem(422, "invalid-input", "Something is missing or wrong", detail, errors=faults)
