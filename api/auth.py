"""Sessions: the cookie carries the id of a session row, which expires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from flask import Flask, g, redirect, render_template, request, session, url_for
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api import context, sign_in_errands
from scheduler.domain.errors import NotFound
from scheduler.services.identity import actors, sessions
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.sessions import SignedIn

log = structlog.get_logger()
login_manager = LoginManager()

_ID = "_user_id"
"""Session key under which Flask-Login stores `User.get_id()`."""
_AWAITING = "awaiting"
"""Session key of a session that awaits its second factor. Flask-Login doesn't know it, so no page is open."""


@dataclass(frozen=True, slots=True)
class User:
    """The signed-in account, as a Flask-Login user. `secret` is the session id in the cookie."""

    secret: str
    session: SignedIn
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return self.secret

    @property
    def account_id(self) -> int:
        return self.session.account_id

    @property
    def email(self) -> str:
        return self.session.email

    @property
    def is_operator(self) -> bool:
        return self.session.is_operator


def init_app(app: Flask) -> None:
    login_manager.init_app(app)
    login_manager.session_protection = None  # it compares IP addresses, which change on an expo's network


@login_manager.user_loader
def _load(secret: str) -> User | None:
    """Load the signed-in account.

    On a page of an event, load its roles there too, because such a page needs them next.
    """
    database = context.database()
    event_key = (request.view_args or {}).get("event_key")
    asked: dict[str, Any] = {"settings": context.settings(), "now": database.clock()}
    with database.read() as db:
        if event_key is None:
            found = sessions.find_session(db, secret, **asked)
        else:
            found, actor = sessions.find_session_in_event(db, secret, event_key, **asked)
            if found is not None and actor is not None:
                g.setdefault("actors", {})[event_key] = _as_signed_in(actor, found)
    if found is None:
        return None
    database.note_moment(found.found_at)
    if found.found_at - found.last_seen_at > sessions.SEEN_EVERY:
        _note_seen(found)
    return User(secret, found)


def _note_seen(found: SignedIn) -> None:
    """Record the session's last use at intervals. Errors are logged and do not fail the page."""
    try:
        with context.database().write() as db:
            sessions.record_session_use(db, found, now=context.now())
    except SQLAlchemyError as error:
        log.warning("last seen was not written", error=type(error).__name__)


@login_manager.unauthorized_handler
def _ask() -> Response | tuple[str, int]:
    """Redirect to sign-in. Afterwards the requested page or the submitted form continues."""
    if "HX-Request" in request.headers:  # htmx would swap the sign-in page into an element of this page
        return Response(status=204, headers={"HX-Redirect": url_for("sign_in.show_sign_in_form")})
    if find_awaiting() is not None:
        return redirect(url_for("second_factor.show_second_factor"), 303)
    if request.method == "GET":
        return redirect(url_for("sign_in.show_sign_in_form", next=request.full_path.rstrip("?")))
    kept = sign_in_errands.of_request()
    return render_template(
        "identity/sign_in/ask.html", errand=sign_in_errands.sealed(kept), has_form="fields" in kept
    ), 403


def begin(
    account_id: int,
    errand: Mapping[str, Any],
    *,
    provider: str = "",
    authenticated_at: datetime | None = None,
    is_verified: bool = False,
) -> None:
    """Start a new session and end the old one, which prevents session fixation.

    `provider`, `authenticated_at` and `is_verified` are as in `sessions.begin_session`. A session that awaits
    its second factor signs nobody in.
    """
    settings, now = context.settings(), context.now()
    database = context.database()
    with database.write() as db:
        _end_old(db)
        secret = sessions.begin_session(
            db,
            account_id,
            settings=settings,
            agent=request.user_agent.string,
            errand=errand,
            provider=provider,
            authenticated_at=authenticated_at,
            is_verified=is_verified,
            now=now,
        )
        found = sessions.find_session(db, secret, settings=settings, now=database.clock())
    session.clear()
    session.permanent = True
    if found is not None:
        login_user(User(secret, found))
    else:
        session[_AWAITING] = secret


def find_awaiting() -> User | None:
    """Return who signed in with a link in this browser and has yet to prove a second factor, or None."""
    secret, database = session.get(_AWAITING), context.database()
    if not secret:
        return None
    with database.read() as db:
        found = sessions.find_awaiting_session(db, secret, settings=context.settings(), now=database.clock())
    return None if found is None else User(secret, found)


def sign_out() -> None:
    """End this browser's session and invalidate every copy of its cookie."""
    with context.database().write() as db:
        _end_old(db)
    logout_user()
    session.clear()


def _end_old(db: Session) -> None:
    for secret in filter(None, (session.get(_ID), session.get(_AWAITING))):
        sessions.end_session_by_secret(db, secret)


def settle(*, ask: bool) -> None:
    """Load the current user for an error page, or set the anonymous user if that fails.

    Without `ask` the database is not queried, because it may be the cause of the error.
    """
    if "_login_user" in g:  # Flask-Login sets it after loading the user
        return
    try:
        if ask and current_user.is_authenticated:
            return
    except SQLAlchemyError:
        pass
    g._login_user = login_manager.anonymous_user()


def user() -> Any:
    """Return the signed-in User, or Flask-Login's anonymous user."""
    return current_user


def actor(event_key: str) -> Actor:
    """Return the account's roles in an event. Raises NotFound for delegation managers and interpreters too.

    Delegation managers see only their delegations: those pages use `actor_or_delegation_manager`.
    Interpreters see only their own day: that page uses `interpreter`.
    """
    found = actor_or_delegation_manager(event_key)
    if found.is_delegation_manager_only:
        raise NotFound("event", event_key)
    return found


def actor_or_delegation_manager(event_key: str) -> Actor:
    """Return the actor, including delegation managers. Raises NotFound for interpreters."""
    found = anybody(event_key)
    if found.is_interpreter_only:
        raise NotFound("event", event_key)
    return found


def anybody(event_key: str) -> Actor:
    """Return the account's roles in an event, cached for the request. Raises NotFound if it has none."""
    cache: dict[str, Actor] = g.setdefault("actors", {})
    if event_key not in cache:
        with context.database().read() as db:
            actor = actors.actor_for(db, current_user.account_id, event_key, now=context.now())
        cache[event_key] = _as_signed_in(actor, current_user.session)
    g.reads = cache[event_key].language
    g.clock = cache[event_key].timezone, cache[event_key].country
    return cache[event_key]


def _as_signed_in(actor: Actor, signed_in: SignedIn) -> Actor:
    """Return the actor with the age of the sign-in. Sensitive actions require a recent one."""
    return replace(actor, is_stale=signed_in.is_stale, signed_in_at=signed_in.authenticated_at)


def organiser(event_key: str) -> Actor:
    """Return the actor if an owner or organiser. Raises NotFound for others."""
    found = actor(event_key)
    if not found.is_organiser:
        raise NotFound("event", event_key)
    return found


def interpreter(event_key: str) -> Actor:
    """Return the actor if an interpreter of the event. Raises NotFound for others."""
    found = anybody(event_key)
    if found.interpreter_id is None:
        raise NotFound("event", event_key)
    return found


def participant(event_key: str) -> Actor:
    """Return the actor, including pure interpreters. Raises NotFound as `actor`."""
    found = anybody(event_key)
    return found if found.interpreter_id is not None else actor(event_key)


def of_delegations(event_key: str) -> Actor:
    """Return the actor if an organiser or a delegation manager. Raises NotFound for others."""
    found = actor_or_delegation_manager(event_key)
    if not found.is_organiser and found.managed is None:
        raise NotFound("event", event_key)
    return found


def team(event_key: str) -> Actor:
    """Return the actor if in the organising team, in any role. Raises NotFound for others."""
    found = actor(event_key)
    if found.team_role is None or found.managed is not None:
        raise NotFound("event", event_key)
    return found
