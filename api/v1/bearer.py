"""Who calls the API: a bearer token (RFC 6750) of one event, with its scopes; cookies say nothing here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from apiflask import HTTPTokenAuth
from flask import abort
from werkzeug.datastructures import Authorization

from api import context, limits
from api.errors import problem
from scheduler.domain.errors import NotFound
from scheduler.services.identity import api_tokens, tokens
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value", bound="DataclassInstance")
_NOTED_EVERY = timedelta(minutes=1)
_noted: dict[str, datetime] = {}


class EventToken(HTTPTokenAuth):
    """The token of a request is looked up for an actor; the roles that a view needs are scopes."""

    @property
    def actor(self) -> Actor:
        return cast(Actor, self.current_user)

    def authorize(self, role: Sequence[str], user: Actor, auth: Authorization) -> bool:
        """Answers 403, with the scope that is missing."""
        for scope in role or ():
            _require(user, scope)
        _note_use(auth.token or "")
        return True


token = EventToken(name="token", description="An API token of one event.")


@token.error_handler
def _no_token(_status: int) -> NoReturn:
    limits.require_known()
    _refuse("This needs an API token in the header Authorization: Bearer.", "")


@token.verify_token
def _actor(text: str) -> Actor:
    """The token's actor; answers 401 if it is not valid.

    Calls are counted by account and event once the token is known, else by network address.
    """
    try:
        with limits.looking_up_a_token(), context.database().read() as db:
            found = api_tokens.actor_for_token(db, text, now=context.now())
    except NotFound:
        _refuse("This API token is unknown or revoked, or its owner has left the event.", "invalid_token")
    limits.require(limits.API, found.account_id, found.event_id)
    return found


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


def _require(found: Actor, scope: str) -> None:
    if not found.has_scope(scope):
        response = problem(
            403, "insufficient-scope", "Not allowed", f"This token does not have the scope {scope}."
        )
        response.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{scope}"'
        abort(response)


def _note_use(text: str) -> None:
    """Write down that the token is in use, at most once a minute and process, as it takes the write lock."""
    now, key = context.now(), tokens.hash_token(text)
    if key in _noted and now - _noted[key] < _NOTED_EVERY:
        return
    _noted[key] = now
    with context.database().write() as db:
        api_tokens.actor_for_token(db, text, now=now)
