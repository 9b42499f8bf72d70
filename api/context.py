"""What a request reaches through the app: settings, the database and the clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from celery import Celery
from flask import current_app

from scheduler.config import Settings
from scheduler.invites.remote import Fetcher
from scheduler.storage.database import Database

if TYPE_CHECKING:
    from api.limits import Counter

KEY = "chainmeet"


def settings() -> Settings:
    return cast(Settings, current_app.extensions[KEY]["settings"])


def database() -> Database:
    return cast(Database, current_app.extensions[KEY]["database"])


def celery() -> Celery:
    """The application by which tasks are sent: dispatch.solve(run_id, app=context.celery())."""
    return cast(Celery, current_app.extensions[KEY]["celery"])


def fetcher() -> Fetcher:
    """How calendars are fetched from addresses that people give."""
    return cast(Fetcher, current_app.extensions[KEY]["fetcher"])


def counter() -> Counter:
    """Who asked how often."""
    return cast("Counter", current_app.extensions[KEY]["counter"])


def now() -> datetime:
    """The time, aware, in UTC, by the database's clock."""
    return database().now()
