"""Health checks: liveness, and readiness of each dependency.

`/readyz` returns 503 only if the database is unavailable or its schema is outdated, because pages cannot work
then. It used to return 503 while the broker was away, although every page works. Otherwise it returns 200,
possibly `degraded`, so a monitor must read the body; `paused` if operators paused the site. No process starts
on a schema of another version: the migration runs first. Each request has an ID (`X-Request-ID`), which the
log lines of its tasks contain too.
"""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify
from flask_login import current_user
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from api import context, proxies
from scheduler.services.delivery import email_alerts
from scheduler.services.operations import job_intervals, machine, site_pause
from scheduler.storage import schema
from scheduler.storage.engines import was_disk_full
from scheduler.version import installed_version
from workers import worker_registry

blueprint = APIBlueprint("health", __name__, enable_openapi=False)

KEPT_SECONDS = 1.0
"""Time to live of the cached result, which limits queries of database and broker."""
OLD_TICK_SECONDS = 60
LEAST_FREE = 32
"""Minimum free disk space in MB. Below it, writes will fail soon."""
FULL = "the disk of the database is full"
OLD_MAIL_SECONDS = 900


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    found: dict[str, Any] = field(default_factory=dict)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Liveness: the process responds."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Readiness: 503 if pages cannot work (database or schema). Other problems are named in a 200 response.

    Anonymous clients see the status only. Loopback clients and signed-in operators see the reasons and the
    version.
    """
    kept: _Kept = current_app.extensions.setdefault("chainmeet-readiness", _Kept())
    with kept.lock:
        if time.monotonic() >= kept.until:
            kept.found = {**_database(), **_disk(), **_broker()}
            kept.until = time.monotonic() + KEPT_SECONDS
        found = kept.found
    broken = [name for name, value in found.items() if name != "paused" and _is_wrong(value)]
    is_down = "database" in broken or "schema" in broken
    status = "down" if is_down else "degraded" if broken else "paused" if found.get("paused") else "ok"
    code = 503 if is_down else 200
    if not (proxies.is_of_this_machine() or _is_operator()):
        return jsonify(status=status), code
    told = {"version": installed_version(), "proxies": proxies.watched().fault or "ok", **found}
    return jsonify(status=status, not_ready=broken, **told), code


def _is_operator() -> bool:
    """True if an operator is signed in. False if the database is unavailable."""
    try:
        return current_user.is_authenticated and bool(current_user.is_operator)
    except (SQLAlchemyError, schema.DatabaseUnavailable):
        return False


def _is_wrong(value: Any) -> bool:
    return value != "ok" if isinstance(value, str) else isinstance(value, dict) and 0 in value.values()


def _database() -> dict[str, Any]:
    try:
        with context.database().read() as db:
            schema.check_usable(db.connection())
            now, pause = context.shared_database().now_in(db), site_pause.find_pause(db)
            tick, mail = (
                job_intervals.last_run_at(db, job_intervals.TICK),
                email_alerts.find_oldest_due(db, now=now),
            )
    except schema.DatabaseUnavailable as error:
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
        "paused": None if pause is None else pause.since.isoformat(),
    }


def _disk() -> dict[str, str]:
    """Return a message if disk space is low: on the database's disk, as this process knows, or locally.

    Reports of other processes are read from the broker.
    """
    database = context.shared_database()
    if was_disk_full(database.engine, within=worker_registry.FULL_SECONDS):
        return {"disk": FULL}
    folders = machine.written_folders(database).values()
    room = {folder: shutil.disk_usage(folder).free >> 20 for folder in folders}
    short = [f"{free} MB are free in {folder}" for folder, free in room.items() if free < LEAST_FREE]
    return {"disk": "; ".join(short) or "ok"}


def _broker() -> dict[str, Any]:
    try:
        with worker_registry.connect(context.settings().redis_url) as broker:
            full = {"disk": FULL} if worker_registry.is_disk_full(broker) else {}
            return {"broker": "ok", "workers": worker_registry.count(broker), **full}
    except RedisError as error:
        return {"broker": type(error).__name__}
