"""Whether the web is alive, and what of all that belongs to it is ready."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from api import context
from scheduler.services.delivery import mail_alerts
from scheduler.services.operations import pulses
from scheduler.storage import schema
from workers import presence

blueprint = APIBlueprint("health", __name__, enable_openapi=False)

KEPT_SECONDS = 1.0
"""However many ask, database and broker are asked once in this time."""
OLD_TICK_SECONDS = 60
OLD_MAIL_SECONDS = 900


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    found: dict[str, Any] = field(default_factory=dict)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """503 if pages cannot work: database or schema. Whatever else is not ready is named, with 200."""
    kept: _Kept = current_app.extensions.setdefault("chainmeet-readiness", _Kept())
    with kept.lock:
        if time.monotonic() >= kept.until:
            kept.found = {**_database(), **_broker()}
            kept.until = time.monotonic() + KEPT_SECONDS
        found = kept.found
    broken = [name for name, value in found.items() if _is_wrong(value)]
    is_down = "database" in broken or "schema" in broken
    status = "down" if is_down else "degraded" if broken else "ok"
    return jsonify(status=status, not_ready=broken, **found), 503 if is_down else 200


def _is_wrong(value: Any) -> bool:
    return value != "ok" if isinstance(value, str) else isinstance(value, dict) and 0 in value.values()


def _database() -> dict[str, Any]:
    try:
        with context.database().read() as db:
            schema.check(db.connection())
            now = context.shared_database().now_in(db)
            tick, mail = pulses.last(db, pulses.TICK), mail_alerts.oldest_due(db, now=now)
    except schema.NotNow as error:
        return {"database": "ok", "schema": str(error)}
    except SQLAlchemyError as error:
        return {"database": type(error).__name__}
    tick_age = None if tick is None else max(0, round((now - tick).total_seconds()))
    mail_age = 0 if mail is None else max(0, round((now - mail).total_seconds()))
    return {
        "database": "ok",
        "schema": "ok",
        "clock": "ok" if tick_age is not None and tick_age <= OLD_TICK_SECONDS else "no tick",
        "last_tick_seconds": tick_age,
        "mails": "ok" if mail_age <= OLD_MAIL_SECONDS else "waiting",
        "oldest_mail_seconds": mail_age,
    }


def _broker() -> dict[str, Any]:
    try:
        with presence.connect(context.settings().redis_url) as broker:
            return {"broker": "ok", "workers": presence.count(broker)}
    except RedisError as error:
        return {"broker": type(error).__name__}
