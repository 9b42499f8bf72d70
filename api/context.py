"""Request context: settings, database and clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from celery import Celery
from flask import Flask, current_app, g

from api.database import RequestDatabase
from api.rate_counter import Counter
from scheduler.config import Settings
from scheduler.domain.errors import NotFound
from scheduler.invites.transport.remote import Fetcher
from scheduler.services.identity.oidc_client import OidcClient
from scheduler.storage.database import Database
from scheduler.storage.schema_gate import SchemaGate

KEY = "chainmeet"


def settings() -> Settings:
    return cast(Settings, current_app.extensions[KEY]["settings"])


def signing_keys() -> list[str]:
    """Return the secret keys for signed values, oldest first. The last one signs, and all verify."""
    return keys_of(current_app)


def keys_of(app: Flask) -> list[str]:
    """Return the secret keys of an application, oldest first."""
    secret_key = cast(Settings, app.extensions[KEY]["settings"]).secret_key
    return [secret_key.key(number) for number in secret_key]


def init_app(app: Flask) -> None:
    app.teardown_appcontext(_close)


def database() -> RequestDatabase:
    """Return the request's database, whose reads share one session."""
    if "database" not in g:
        g.database = RequestDatabase(shared_database())
    return cast(RequestDatabase, g.database)


def own_transactions() -> Database:
    """Return the database for a long-running service that opens its own transactions.

    The request's read session is closed first, so that no transaction stays open meanwhile.
    """
    database().close()
    return shared_database()


def shared_database() -> Database:
    return cast(Database, current_app.extensions[KEY]["database"])


def schema_gate() -> SchemaGate:
    """Return the check whether the database schema matches this version of the code."""
    return cast(SchemaGate, current_app.extensions[KEY]["gate"])


def _close(_error: BaseException | None) -> None:
    if "database" in g:
        cast(RequestDatabase, g.pop("database")).close()


def celery() -> Celery:
    """Return the Celery application, for dispatch: dispatch.solve(run_id, app=context.celery())."""
    return cast(Celery, current_app.extensions[KEY]["celery"])


def fetcher() -> Fetcher:
    """Return the HTTP client for user-supplied calendar URLs."""
    return cast(Fetcher, current_app.extensions[KEY]["fetcher"])


def oidc_client(provider_key: str) -> OidcClient:
    """Return this site's client of an OpenID provider. Raises NotFound."""
    clients = cast(Mapping[str, OidcClient], current_app.extensions[KEY]["oidc_clients"])
    if provider_key not in clients:
        raise NotFound("provider", provider_key)
    return clients[provider_key]


def counter() -> Counter:
    """Return the rate counter."""
    return cast("Counter", current_app.extensions[KEY]["counter"])


def now() -> datetime:
    """Return the current time by the database's clock, aware, in UTC."""
    return database().moment()
