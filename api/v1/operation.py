"""The blueprint of the JSON API, and what all its operations share: token, inputs, transaction, answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, json, url_for
from pydantic import BaseModel

from api import context, inputs
from api.v1 import bearer, idempotency, openapi
from api.v1.idempotency import Kept
from api.v1.openapi import Operation
from scheduler.services.access.actors import Actor

blueprint = APIBlueprint("v1", __name__, url_prefix="/api/v1")

View = Callable[..., Any]


def operation(
    scope: str | None,
    answer: type[BaseModel],
    *,
    tag: str,
    writes: bool = False,
    also: tuple[int, ...] = (),
    **more: Any,
) -> Callable[[View], View]:
    """Make a view (session, actor, body or query, path) -> object an operation of the document.

    The session is of the kind that `writes` says and commits when the view has returned; `creates` is the
    endpoint of what was made, whose argument (key or number) is in the answer. See openapi.Operation.
    """

    def decorate(view: View) -> View:
        described = Operation(scope=scope, answer=answer, also=frozenset(also), **more)
        openapi.OPERATIONS[view.__name__] = described

        @wraps(view)
        def run(**path: Any) -> Response:
            actor = bearer.actor(described.scope)
            given = _inputs(described)
            if described.creates is not None:
                return _once(view, described, actor, given | path)
            with context.database().write() if writes else context.database().read() as db:
                text = _text(described, view(db, actor, **given, **path))
            _do_later()
            return _respond(described, text)

        documented: View = blueprint.doc(operation_id=view.__name__, tags=[tag])(run)
        return documented

    return decorate


def later(action: Callable[..., object], *args: Any) -> None:
    """Do something after the commit, such as sending a task."""
    g.setdefault("later", []).append((action, args))


@blueprint.after_request
def _never_cached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _inputs(described: Operation) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if described.query is not None:
        given["query"] = inputs.query(described.query)
    if described.body is not None:
        given["body"] = inputs.body(described.body, optional=described.body_optional)
    return given


def _once(view: View, described: Operation, actor: Actor, given: dict[str, Any]) -> Response:
    """Create, or repeat the answer to the request that has created with this key."""
    claimed = idempotency.begin(actor)
    if isinstance(claimed, Kept):
        response = _respond(described, claimed.body)
        response.headers[idempotency.REPLAYED] = "true"
        return response
    try:
        with context.database().write() as db:
            text = _text(described, view(db, actor, **given))
            if claimed is not None:
                idempotency.keep(db, claimed, described.status, text)
    except Exception:
        if claimed is not None:
            idempotency.release(claimed)
        raise
    _do_later()
    return _respond(described, text)


def _do_later() -> None:
    for action, args in g.pop("later", ()):
        action(*args)


def _text(described: Operation, found: Any) -> str:
    return described.answer.model_validate(found, from_attributes=True).model_dump_json()


def _respond(described: Operation, text: str) -> Response:
    response = Response(text, described.status, content_type="application/json")
    found = described.creates or described.follow
    if found is not None:
        body = json.loads(text)
        where = {"number": body["number"]} if "number" in body else {"key": body["key"]}
        response.headers["Location"] = url_for(found, **where)
    return response
