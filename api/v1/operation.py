"""The blueprint of the JSON API, and what its operations share: a transaction, and creating once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, url_for
from sqlalchemy.orm import Session

from api import context
from api.v1 import bearer, idempotency, validators
from api.v1.schemas import adapter
from api.v1.schemas.headers import IdempotencyHeaders
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.api_clients import ApiClient
from scheduler.services.identity.idempotency import StoredResponse

__all__ = ["adapter", "blueprint", "later", "operation"]  # the adapter is there before the first model

blueprint = APIBlueprint("v1", __name__, url_prefix="/api/v1")

View = Callable[..., Any]


def operation(
    *,
    tag: str,
    writes: bool = False,
    creates: str | None = None,
    follow: str | None = None,
    also: tuple[int, ...] = (),
    version_field: str | None = None,
    etag: Callable[..., str | None] | None = None,
    of_event: bool = True,
    transactions: Callable[..., None] | None = None,
) -> Callable[[View], View]:
    """Make a view (session, actor, inputs, path) -> answer an operation; it stands right above `output`.

    A view that is not `of_event` takes the ApiClient instead of its Actor in an event.

    The session is of the kind that `writes` says and commits when the answer is written as JSON. `creates`,
    of what takes an Idempotency-Key, and `follow` are the endpoint of the Location: its argument, key or
    number, is in the answer. `also` are statuses of errors besides those that follow from the inputs.

    An answer to a GET has an ETag: what `etag` returns for the view's arguments, without the answer being
    made if the client has it; else the field of the answer that is its version; else a digest of its body.

    Creating with `transactions`, which open their own, is (finish, client, inputs, path): it calls
    finish(session) in the last one, in which the view writes the answer.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def run(headers: IdempotencyHeaders | None = None, **given: Any) -> Response:
            actor = bearer.token.actor if of_event else bearer.token.client
            if headers is not None:
                response = _once(view, actor, headers.idempotency_key, given, transactions)
            else:
                with context.database().write() if writes else context.database().read() as db:
                    tag = etag(db, actor, **given) if etag is not None else None
                    if tag is not None and validators.is_known(tag):
                        return validators.not_modified(tag)
                    response = _answer(view(db, actor, **given))
                _do_later()
                if not writes:
                    response = validators.with_etag(response, tag, version_field)
            return _located(response, creates or follow)

        documented = blueprint.doc(operation_id=view.__name__, tags=[tag], responses=list(also))(run)
        if creates is None:
            return documented
        return blueprint.input(IdempotencyHeaders, location="headers", arg_name="headers")(documented)

    return decorate


def later(action: Callable[..., object], *args: Any) -> None:
    """Do something after the commit, such as sending a task."""
    g.setdefault("later", []).append((action, args))


blueprint.after_request(validators.set_caching)


def _once(
    view: View,
    actor: Actor | ApiClient,
    key: str | None,
    given: dict[str, Any],
    transactions: Callable[..., None] | None,
) -> Response:
    """Create, or repeat the answer to the request that has created with this key."""
    claimed = idempotency.begin(bearer.token.client, key)
    if isinstance(claimed, StoredResponse):
        response = Response(claimed.body, claimed.status, content_type="application/json")
        response.headers[idempotency.REPLAYED] = "true"
        return response
    responses: list[Response] = []

    def finish(db: Session) -> None:
        response = _answer(view(db, actor, **given))
        if claimed is not None:
            idempotency.keep(db, claimed, response.status_code, response.get_data(as_text=True))
        responses.append(response)

    try:
        if transactions is not None:
            transactions(finish, actor, **given)
        else:
            with context.database().write() as db:
                finish(db)
    except Exception:
        if claimed is not None:
            idempotency.release(claimed)
        raise
    _do_later()
    return responses[0]


def _answer(given: tuple[Response, int]) -> Response:
    """What `output` gives, as one."""
    response, status = given
    response.status_code = status
    return response


def _do_later() -> None:
    for action, args in g.pop("later", ()):
        action(*args)


def _located(response: Response, endpoint: str | None) -> Response:
    if endpoint is not None:
        body: Any = response.json
        where = {"number": body["number"]} if "number" in body else {"key": body["key"]}
        response.headers["Location"] = url_for(endpoint, **where)
    return response
