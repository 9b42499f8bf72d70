"""Who calls the API: a bearer token (RFC 6750) with its scopes, and the event; cookies say nothing here.

A token for all events says with a header which event a request is about, so that addresses are the same for
every token. A token of one event may leave the header out, and is not valid for another event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from apiflask import HTTPTokenAuth
from flask import abort, request
from werkzeug.datastructures import Authorization

from api import context, limits
from api.errors import problem
from scheduler.domain.errors import NotFound
from scheduler.services.identity import api_clients, tokens
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.api_clients import ApiClient
from scheduler.services.identity.rights import Right

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

EVENT = "Chainmeet-Event"
"""The header with the key of the event."""

Value = TypeVar("Value", bound="DataclassInstance")
_NOTED_EVERY = timedelta(minutes=1)
_noted: dict[str, datetime] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """The client of a request, and what it is in the event that the request is about, if it names one."""

    client: ApiClient
    actor: Actor | None


class ClientToken(HTTPTokenAuth):
    """The token of a request is looked up for a client; the roles that a view needs are scopes."""

    @property
    def client(self) -> ApiClient:
        return cast(Caller, self.current_user).client

    @property
    def actor(self) -> Actor:
        """The client in the request's event. Answers 400 if the request names none."""
        actor = cast(Caller, self.current_user).actor
        if actor is None:
            detail = f"This token is for all events. Name the event in the header {EVENT}."
            abort(problem(400, "event-required", "Bad Request", detail))
        return actor

    def authorize(self, role: Sequence[str], user: Caller, auth: Authorization) -> bool:
        """Answers 403, with the scope that is missing."""
        for scope in role or ():
            _require(user.client, scope)
        _note_use(user.client, auth.token or "")
        return True


token = ClientToken(name="token", description="An API token of one event, or of all events.")


@token.error_handler
def _no_token(_status: int) -> NoReturn:
    limits.require_known()
    _refuse("This needs an API token in the header Authorization: Bearer.", "")


@token.verify_token
def _caller(text: str) -> Caller:
    """The token's client, and the actor; answers 401 if it is not valid, or not for the event.

    Calls are counted by account and event once the token is known, else by network address. Those of a token
    for all events count together.
    """
    try:
        with limits.looking_up_a_token(), context.database().read() as db:
            client = api_clients.find_client(db, text, now=context.now())
            key = request.headers.get(EVENT) or client.event_key
            actor = None if key is None else api_clients.actor_for_client(db, client, key, now=context.now())
    except NotFound:
        detail = "This API token is unknown or revoked, or its owner has no role in the event."
        _refuse(detail, "invalid_token")
    limits.require(limits.API, counted_as(client), client.event_key or "all events")
    return Caller(client, actor)


def counted_as(who: ApiClient | Actor) -> int | str:
    """Return whose requests are counted together: the account's, or the service's."""
    return f"token {who.api_token_id}" if who.account_id is None else who.account_id


def require_scope(found: Actor, scope: str) -> None:
    """Answers 403 if the token lacks a scope that only some inputs need."""
    _require(found, scope)


def hide_contacts(found: Actor, value: Value, **instead: object) -> Value:
    """A dataclass as the actor may see it: `instead` of addresses and numbers without `contacts:read`."""
    return value if found.may(Right.READ_CONTACTS) else replace(value, **instead)


def _refuse(detail: str, error: str) -> NoReturn:
    response = problem(401, "unauthorized", "Not signed in", detail)
    response.headers["WWW-Authenticate"] = "Bearer" + (f' error="{error}"' if error else "")
    abort(response)


def _require(found: Actor | ApiClient, scope: str) -> None:
    if not found.has_scope(scope):
        response = problem(
            403, "insufficient-scope", "Not allowed", f"This token does not have the scope {scope}."
        )
        response.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{scope}"'
        abort(response)


def _note_use(client: ApiClient, text: str) -> None:
    """Write down that the token is in use, at most once a minute and process, as it takes the write lock."""
    now, key = context.now(), tokens.hash_token(text)
    if key in _noted and now - _noted[key] < _NOTED_EVERY:
        return
    _noted[key] = now
    with context.database().write() as db:
        api_clients.record_use(db, client, now=now)
