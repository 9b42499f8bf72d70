"""Request context: settings, database and clock."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from celery import Celery
from flask import Flask, current_app, g

from api.database import RequestDatabase
from api.rate_counter import Counter
from scheduler.config import Settings
from scheduler.invites.transport.remote import Fetcher
from scheduler.storage.database import Database
from scheduler.storage.schema_gate import SchemaGate

KEY = "chainmeet"


def settings() -> Settings:
    return cast(Settings, current_app.extensions[KEY]["settings"])


def init_app(app: Flask) -> None:
    app.teardown_appcontext(_close)


def database() -> RequestDatabase:
    """The database for what a request reads and writes itself: one reading session for all of it."""
    if "database" not in g:
        g.database = RequestDatabase(shared_database())
    return cast(RequestDatabase, g.database)


def own_transactions() -> Database:
    """The database for a service that works for long and opens transactions of its own.

    What the request has read is let go, so that no transaction stays open meanwhile.
    """
    database().close()
    return shared_database()


def shared_database() -> Database:
    return cast(Database, current_app.extensions[KEY]["database"])


def schema_gate() -> SchemaGate:
    """Whether the database can be used by this version of the code, at this time."""
    return cast(SchemaGate, current_app.extensions[KEY]["gate"])


def _close(_error: BaseException | None) -> None:
    if "database" in g:
        cast(RequestDatabase, g.pop("database")).close()


def celery() -> Celery:
    """The application by which tasks are sent: dispatch.solve(run_id, app=context.celery())."""
    return cast(Celery, current_app.extensions[KEY]["celery"])


def fetcher() -> Fetcher:
    """How calendars are fetched from addresses that people give."""
    return cast(Fetcher, current_app.extensions[KEY]["fetcher"])


def counter() -> Counter:
    """The counter of requests by their sender."""
    return cast("Counter", current_app.extensions[KEY]["counter"])


def now() -> datetime:
    """The time, aware, in UTC, by the database's clock."""
    return database().moment()
