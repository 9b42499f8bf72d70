"""Who is signed in: a session carries the account and its seed, and ends when the seed changes."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from flask import Flask, g, redirect, request, session, url_for
from flask_login import LoginManager, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from api import context
from scheduler.services import access
from scheduler.services.access import Actor
from scheduler.storage.models import Account

login_manager = LoginManager()


@dataclass(frozen=True, slots=True)
class User:
    """The account behind a session, as Flask-Login wants it."""

    account_id: int
    email: str
    name: str
    session_seed: str
    is_operator: bool
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return f"{self.account_id}:{self.session_seed}"


def init_app(app: Flask) -> None:
    login_manager.init_app(app)
    login_manager.session_protection = None  # it compares addresses, which change on a fair's network


def _user(account: Account) -> User:
    return User(account.id, account.email, account.name, account.session_seed, account.is_operator)


@login_manager.user_loader
def _load(user_id: str) -> User | None:
    number, _, seed = user_id.partition(":")
    with context.database().read() as db:
        account = db.get(Account, int(number)) if number.isdigit() else None
        if account is None or not hmac.compare_digest(account.session_seed, seed):
            return None
        return _user(account)


@login_manager.unauthorized_handler
def _ask() -> Response:
    if "HX-Request" in request.headers:  # htmx would swap the sign-in page into a part of this one
        return Response(status=204, headers={"HX-Redirect": url_for("sign_in.ask")})
    asked = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("sign_in.ask", next=asked))


def sign_in(account: Account) -> None:
    """Start a session anew, so that nothing of an earlier one stays in it."""
    session.clear()
    session.permanent = True
    login_user(_user(account))


def sign_out() -> None:
    logout_user()
    session.clear()


def user() -> Any:
    """The signed-in User, or Flask-Login's anonymous one."""
    return current_user


def actor(event_key: str) -> Actor:
    """The signed-in account's roles in an event, looked up once a request; raises NotFound."""
    cache: dict[str, Actor] = g.setdefault("actors", {})
    if event_key not in cache:
        with context.database().read() as db:
            cache[event_key] = access.actor_for(db, current_user.account_id, event_key)
    return cache[event_key]
